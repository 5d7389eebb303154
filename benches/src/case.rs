use std::fmt;

use bytes::Bytes;

use crate::bodies::Bodies;
use crate::workload::Workload;

/// What a case may fail with: a case passes on the errors of whatever crate it measures.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// Whose work a case measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Ours.
    Stage,
    /// The least that any implementation has to do.
    Floor,
    /// Another implementation.
    Peer,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Stage => "stage",
            Self::Floor => "floor",
            Self::Peer => "peer",
        })
    }
}

/// What one pass did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Records that went through.
    pub records: usize,
    /// Bytes of the files that came out, for a case that makes some.
    pub output_bytes: Option<usize>,
}

impl Outcome {
    /// A pass that makes no file.
    pub fn records(records: usize) -> Self {
        Self {
            records,
            output_bytes: None,
        }
    }

    /// A pass that ends in files.
    pub fn file(records: usize, output_bytes: usize) -> Self {
        Self {
            records,
            output_bytes: Some(output_bytes),
        }
    }
}

/// One thing to measure on a workload.
pub struct Case<'a> {
    name: &'static str,
    kind: Kind,
    pass: Box<dyn FnMut() -> Result<Outcome, Error> + 'a>,
}

impl<'a> Case<'a> {
    /// A case whose `pass` goes over the whole workload once. Whatever it keeps from pass to pass
    /// (scratch, contexts) is warm when it is measured.
    pub fn new(
        name: &'static str,
        kind: Kind,
        pass: impl FnMut() -> Result<Outcome, Error> + 'a,
    ) -> Self {
        Self {
            name,
            kind,
            pass: Box::new(pass),
        }
    }

    /// A case that does one payload after the other, each by itself: one file a payload, if it
    /// makes files.
    pub fn per_payload(
        name: &'static str,
        kind: Kind,
        workload: &'a Workload,
        mut payload: impl FnMut(&Bytes) -> Result<Outcome, Error> + 'a,
    ) -> Self {
        Self::new(name, kind, move || {
            let mut sum = Outcome::default();
            for bytes in workload.payloads() {
                let one = payload(bytes)?;
                sum.records += one.records;
                if let Some(bytes) = one.output_bytes {
                    *sum.output_bytes.get_or_insert(0) += bytes;
                }
            }
            Ok(sum)
        })
    }

    /// A case that does one line after the other.
    pub fn per_line(
        name: &'static str,
        kind: Kind,
        bodies: &'a Bodies,
        mut line: impl FnMut(&str) + 'a,
    ) -> Self {
        Self::new(name, kind, move || {
            bodies.lines().iter().for_each(|text| line(text));
            Ok(Outcome::records(bodies.lines().len()))
        })
    }

    /// The name that stands in the table and in the JSON.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Whose work it is.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// One pass over the workload.
    ///
    /// # Errors
    ///
    /// What the measured code fails with.
    pub fn pass(&mut self) -> Result<Outcome, Error> {
        (self.pass)()
    }
}

impl fmt::Debug for Case<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Case")
            .field("name", &self.name)
            .field("kind", &self.kind)
            .finish()
    }
}

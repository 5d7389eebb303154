use std::fmt;

use bytes::Bytes;

use crate::bodies::Bodies;
use crate::workload::Workload;

/// An error of a case: cases pass on the errors of the crates they measure.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// The kind of code that a case measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A stage of otlake.
    Stage,
    /// The least work that any implementation has to do.
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

/// The result of one pass.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Number of records processed.
    pub records: usize,
    /// Total size of the files in bytes, if the case writes files.
    pub output_bytes: Option<usize>,
}

impl Outcome {
    /// Returns the outcome of a pass that writes no file.
    pub fn records(records: usize) -> Self {
        Self {
            records,
            output_bytes: None,
        }
    }

    /// Returns the outcome of a pass that writes files.
    pub fn file(records: usize, output_bytes: usize) -> Self {
        Self {
            records,
            output_bytes: Some(output_bytes),
        }
    }
}

/// A piece of code to measure on a workload.
pub struct Case<'a> {
    name: &'static str,
    kind: Kind,
    pass: Box<dyn FnMut() -> Result<Outcome, Error> + 'a>,
}

impl<'a> Case<'a> {
    /// Returns a case whose `pass` processes the whole workload once. Whatever it keeps between
    /// passes (scratch, contexts) is warm during the measurement.
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

    /// Returns a case that processes payloads one by one. If it writes files, it writes one per
    /// payload.
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

    /// Returns a case that processes lines one by one.
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

    /// Returns the name of the case in the table and in the JSON.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Returns the kind of code that the case measures.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Runs one pass over the workload.
    ///
    /// # Errors
    ///
    /// Returns the error of the measured code.
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

use std::fmt::Write;

use otlake_fingerprint::{Fingerprinter, PatternOptions, Patterns, Sighting};
use otlake_row::{Row, RowSink, Signal, Value, fields};
use otlake_schema::ValueText;

/// The stage that gives every log with a body its fingerprint, and learns the patterns of the
/// bodies if it is asked to.
///
/// A body that is not a string is taken as its text, which of a map is JSON.
#[derive(Debug)]
pub struct FingerprintStage<S> {
    sink: S,
    fingerprinter: Fingerprinter,
    patterns: Option<Patterns>,
    with_template: bool,
    /// Scratch for the text of bodies that are not strings.
    text: String,
}

impl<S> FingerprintStage<S> {
    /// A stage before `sink` that computes fingerprints and learns nothing.
    pub fn new(sink: S) -> FingerprintStage<S> {
        FingerprintStage {
            sink,
            fingerprinter: Fingerprinter::new(),
            patterns: None,
            with_template: false,
            text: String::new(),
        }
    }

    /// Learns patterns as well.
    #[must_use]
    pub fn with_patterns(mut self, options: PatternOptions) -> FingerprintStage<S> {
        self.patterns = Some(Patterns::new(options));
        self
    }

    /// Learns patterns, and gives every log the template of its fingerprint as
    /// [`fields::TEMPLATE`].
    #[must_use]
    pub fn with_template(mut self, options: PatternOptions) -> FingerprintStage<S> {
        self.with_template = true;
        self.with_patterns(options)
    }

    /// What was learned, if it was asked to learn.
    pub fn patterns(&self) -> Option<&Patterns> {
        self.patterns.as_ref()
    }

    /// The sink behind.
    pub fn sink(&self) -> &S {
        &self.sink
    }

    /// The sink behind.
    pub fn sink_mut(&mut self) -> &mut S {
        &mut self.sink
    }
}

impl<S: RowSink> RowSink for FingerprintStage<S> {
    type Error = S::Error;

    #[inline]
    fn row(&mut self, row: &mut Row<'_>) -> Result<(), S::Error> {
        let message = match row.get(fields::BODY) {
            _ if row.signal() != Signal::Logs => return self.sink.row(row),
            None | Some(Value::Empty) => return self.sink.row(row),
            Some(Value::String(body)) => body,
            Some(body) => {
                self.text.clear();
                // Writing to a String does not fail.
                let _ = write!(self.text, "{}", ValueText(body));
                self.text.as_str()
            }
        };
        let fingerprint = self.fingerprinter.fingerprint(message.as_bytes());
        if let Some(patterns) = &mut self.patterns {
            patterns.learn_seen(fingerprint, message.as_bytes(), sighting(row));
        }
        row.push(fields::FINGERPRINT, Value::Int(fingerprint.as_i64()));
        if self.with_template
            && let Some(template) = self.patterns.as_ref().and_then(|p| p.template(fingerprint))
        {
            let mut row = row.reborrow();
            row.push(fields::TEMPLATE, Value::String(template));
            return self.sink.row(&mut row);
        }
        self.sink.row(row)
    }

    fn finish(&mut self) -> Result<(), S::Error> {
        self.sink.finish()
    }
}

fn sighting(row: &Row<'_>) -> Sighting {
    let int = |key| row.get(key).and_then(Value::as_int).unwrap_or(0);
    let time_unix_nano = match int(fields::TIME_UNIX_NANO) {
        0 => int(fields::OBSERVED_TIME_UNIX_NANO),
        time => time,
    };
    Sighting {
        time_unix_nano: time_unix_nano.try_into().unwrap_or(0),
        severity_number: int(fields::SEVERITY_NUMBER).try_into().unwrap_or(0),
    }
}

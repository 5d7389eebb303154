use std::fmt::Write;

use otlake_fingerprint::{Fingerprinter, PatternOptions, Patterns, Sighting};
use otlake_row::{Row, RowSink, Signal, Stage, Value, fields};
use otlake_schema::ValueText;

/// A stage that adds the fingerprint of its body to every log, and can learn the patterns of bodies.
///
/// The text of a body that is not a string is its JSON.
///
/// ```
/// use otlake::FingerprintStage;
/// use otlake::fingerprint::PatternOptions;
/// use otlake::row::{Group, Row, RowSink, Signal, Stage, Value, fields};
///
/// let stage = FingerprintStage::new().with_patterns(PatternOptions::default());
/// let mut sink = stage.before(Vec::new());
/// for body in ["disk 1 is full", "disk 2 is full"] {
///     let mut row = Row::new(Signal::Logs, Group::new(&[]), Group::new(&[]));
///     row.push(fields::BODY, Value::String(body));
///     sink.row(&mut row)?;
/// }
/// let [first, second] = &sink.sink()[..] else { unreachable!("two rows were pushed") };
/// assert_eq!(first.get(fields::FINGERPRINT), second.get(fields::FINGERPRINT));
///
/// let patterns = sink.stage().patterns().expect("patterns were asked for").patterns();
/// assert_eq!(&*patterns.to_vec()[0].template, "disk <num> is full");
/// # Ok::<(), std::convert::Infallible>(())
/// ```
#[derive(Debug, Default)]
pub struct FingerprintStage {
    fingerprinter: Fingerprinter,
    patterns: Option<Patterns>,
    with_template: bool,
    /// Scratch for the text of bodies that are not strings.
    text: String,
}

impl FingerprintStage {
    /// Returns a stage that computes fingerprints and learns nothing.
    pub fn new() -> FingerprintStage {
        FingerprintStage::default()
    }

    /// Learns patterns as well.
    #[must_use]
    pub fn with_patterns(mut self, options: PatternOptions) -> FingerprintStage {
        self.patterns = Some(Patterns::new(options));
        self
    }

    /// Learns patterns, and adds the template of its fingerprint to every log, as [`fields::TEMPLATE`].
    ///
    /// ```
    /// use otlake::FingerprintStage;
    /// use otlake::fingerprint::PatternOptions;
    /// use otlake::row::{Group, OwnedValue, Row, RowSink, Signal, Stage, Value, fields};
    ///
    /// let mut sink = FingerprintStage::new().with_template(PatternOptions::default()).before(Vec::new());
    /// let mut row = Row::new(Signal::Logs, Group::new(&[]), Group::new(&[]));
    /// row.push(fields::BODY, Value::String("disk 1 is full"));
    /// sink.row(&mut row)?;
    /// let template = OwnedValue::String("disk <num> is full".into());
    /// assert_eq!(sink.sink()[0].get(fields::TEMPLATE), Some(&template));
    /// # Ok::<(), std::convert::Infallible>(())
    /// ```
    #[must_use]
    pub fn with_template(mut self, options: PatternOptions) -> FingerprintStage {
        self.with_template = true;
        self.with_patterns(options)
    }

    /// Returns the patterns learned so far, or `None` for a stage that learns none.
    pub fn patterns(&self) -> Option<&Patterns> {
        self.patterns.as_ref()
    }
}

impl Stage for FingerprintStage {
    #[inline]
    fn row<S: RowSink>(&mut self, row: &mut Row<'_>, next: &mut S) -> Result<(), S::Error> {
        let message = match row.get(fields::BODY) {
            _ if row.signal() != Signal::Logs => return next.row(row),
            None | Some(Value::Empty) => return next.row(row),
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
            return next.row(&mut row);
        }
        next.row(row)
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

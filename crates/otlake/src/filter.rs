mod has_attribute;

use otlake_row::{Row, RowSink, Signal, Stage, Value, fields};

pub use self::has_attribute::HasAttribute;

/// A stage that drops the rows for which a predicate is true, or those for which it is false.
///
/// A predicate is a closure over the row, a [`HasAttribute`] or a [`MinSeverity`].
///
/// ```
/// use otlake::row::{Group, Row, RowSink, Signal, Stage, Value, fields};
/// use otlake::{Filter, HasAttribute};
///
/// let health_checks = |row: &Row<'_>| {
///     row.get(fields::BODY).and_then(Value::as_str).is_some_and(|body| body.contains("/healthz"))
/// };
/// let stages = (
///     Filter::min_severity(9),
///     Filter::drop(health_checks),
///     Filter::drop(HasAttribute::resource("service.name").with_value("load-test")).only(Signal::Logs),
/// );
///
/// let mut sink = stages.before(Vec::new());
/// for (severity_number, body) in [(9, "GET /cart"), (9, "GET /healthz"), (5, "cache miss")] {
///     let mut row = Row::new(Signal::Logs, Group::new(&[]), Group::new(&[]));
///     row.push(fields::SEVERITY_NUMBER, Value::Int(severity_number));
///     row.push(fields::BODY, Value::String(body));
///     sink.row(&mut row)?;
/// }
/// assert_eq!(sink.sink().len(), 1);
/// assert_eq!(sink.stage().dropped(), 2);
/// # Ok::<(), std::convert::Infallible>(())
/// ```
#[derive(Clone, Debug)]
pub struct Filter<P> {
    predicate: P,
    /// Whether the rows that match are kept, or the others.
    keeps: bool,
    signal: Option<Signal>,
    dropped: u64,
}

/// A property that a row may have. Closures over a row implement it.
///
/// ```
/// use otlake::row::{Group, Row, RowSink, Signal, Stage, Value, fields};
/// use otlake::{Filter, MinSeverity, Predicate};
///
/// /// Matches every tenth row.
/// struct EveryTenth(u64);
///
/// impl Predicate for EveryTenth {
///     fn matches(&mut self, _: &Row<'_>) -> bool {
///         self.0 += 1;
///         self.0 % 10 == 1
///     }
/// }
///
/// let mut row = Row::new(Signal::Logs, Group::new(&[]), Group::new(&[]));
/// row.push(fields::SEVERITY_NUMBER, Value::Int(5));
/// assert!(!MinSeverity(9).matches(&row));
///
/// let mut sink = Filter::keep(EveryTenth(0)).before(Vec::new());
/// for _ in 0..100 {
///     sink.row(&mut row)?;
/// }
/// assert_eq!(sink.sink().len(), 10);
/// # Ok::<(), std::convert::Infallible>(())
/// ```
pub trait Predicate {
    /// Returns whether the row has the property.
    fn matches(&mut self, row: &Row<'_>) -> bool;
}

impl<F: FnMut(&Row<'_>) -> bool> Predicate for F {
    #[inline]
    fn matches(&mut self, row: &Row<'_>) -> bool {
        self(row)
    }
}

/// A predicate that matches logs with at least a given severity. A log without a severity matches, because
/// its severity is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MinSeverity(
    /// The lowest severity number that matches: 1 TRACE, 5 DEBUG, 9 INFO, 13 WARN, 17 ERROR, 21 FATAL.
    pub i64,
);

impl Predicate for MinSeverity {
    #[inline]
    fn matches(&mut self, row: &Row<'_>) -> bool {
        let severity_number = row.get(fields::SEVERITY_NUMBER).and_then(Value::as_int);
        severity_number.is_none_or(|number| number == 0 || number >= self.0)
    }
}

impl<P: Predicate> Filter<P> {
    /// Returns a stage that keeps the rows that match, and drops the others.
    pub fn keep(predicate: P) -> Filter<P> {
        Filter {
            predicate,
            keeps: true,
            signal: None,
            dropped: 0,
        }
    }

    /// Returns a stage that drops the rows that match, and keeps the others.
    pub fn drop(predicate: P) -> Filter<P> {
        Filter {
            keeps: false,
            ..Filter::keep(predicate)
        }
    }

    /// Limits the stage to the rows of one signal. All others are kept.
    #[must_use]
    pub fn only(mut self, signal: Signal) -> Filter<P> {
        self.signal = Some(signal);
        self
    }
}

impl Filter<MinSeverity> {
    /// Returns a stage that drops the logs below a severity; see [`MinSeverity`] for the numbers. Logs
    /// without a severity, spans and data points are kept.
    pub fn min_severity(severity_number: i64) -> Filter<MinSeverity> {
        Filter::keep(MinSeverity(severity_number)).only(Signal::Logs)
    }
}

impl<P: Predicate> Stage for Filter<P> {
    #[inline]
    fn row<S: RowSink>(&mut self, row: &mut Row<'_>, next: &mut S) -> Result<(), S::Error> {
        let is_filtered = self.signal.is_none_or(|signal| signal == row.signal());
        if is_filtered && self.predicate.matches(row) != self.keeps {
            self.dropped += 1;
            return Ok(());
        }
        next.row(row)
    }

    fn dropped(&self) -> u64 {
        self.dropped
    }
}

#[cfg(test)]
mod tests;

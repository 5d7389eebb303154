mod boxed;
mod chain;

use std::any::Any;

pub use self::boxed::BoxStage;
pub use self::chain::StageChain;
use crate::{Row, RowSink};

/// A step that rows pass on their way from a decoder to a sink: it changes a row, adds to it, or drops
/// it.
///
/// A stage does not own the sink behind it. It is given the next sink with each call, so stages are plain
/// values that can be chained in any order: a tuple of stages is a stage, and so is an [`Option`] of
/// one. The compiler sees the whole chain, and no row costs a dynamic call. [`BoxStage`] is for chains
/// that are only known at run time. [`Stage::before`] turns a stage and a sink into a [`RowSink`].
///
/// # Example
///
/// ```
/// use otlake_row::{Group, Row, RowSink, Signal, Stage, Value, fields, sink_fn};
///
/// /// Drops the logs below a severity.
/// struct AtLeast {
///     severity_number: i64,
///     dropped: u64,
/// }
///
/// impl Stage for AtLeast {
///     fn row<S: RowSink>(&mut self, row: &mut Row<'_>, next: &mut S) -> Result<(), S::Error> {
///         let severity_number = row.get(fields::SEVERITY_NUMBER).and_then(Value::as_int);
///         if severity_number.unwrap_or(0) < self.severity_number {
///             self.dropped += 1;
///             return Ok(());
///         }
///         next.row(row)
///     }
///
///     fn dropped(&self) -> u64 {
///         self.dropped
///     }
/// }
///
/// let mut passed = 0;
/// let count = sink_fn(|_: &mut Row<'_>| {
///     passed += 1;
///     Ok::<_, std::convert::Infallible>(())
/// });
/// let mut sink = AtLeast { severity_number: 17, dropped: 0 }.before(count);
/// for severity_number in [9, 17, 21] {
///     let mut row = Row::new(Signal::Logs, Group::new(&[]), Group::new(&[]));
///     row.push(fields::SEVERITY_NUMBER, Value::Int(severity_number));
///     sink.row(&mut row)?;
/// }
/// assert_eq!(sink.stage().dropped(), 1);
/// assert_eq!(passed, 2);
/// # Ok::<(), std::convert::Infallible>(())
/// ```
///
/// # Values of a stage's own
///
/// A stage that adds a value registers its key once, with [`Key::register`](crate::Key::register), and
/// sets it in each row. A value that lives shorter than the row, such as text in the stage's own
/// buffer, goes into a [`Row::reborrow`].
///
/// # Holding rows back
///
/// A stage that holds rows back passes them on in [`flush`](Stage::flush) and drops them in
/// [`discard`](Stage::discard):
///
/// ```
/// use std::any::Any;
///
/// use otlake_row::{Group, OwnedRow, Row, RowSink, Signal, Stage, Value, fields};
///
/// /// Passes each body on once, with the number of times that it came.
/// #[derive(Default)]
/// struct Count {
///     body: String,
///     times: i64,
/// }
///
/// impl Stage for Count {
///     fn row<S: RowSink>(&mut self, row: &mut Row<'_>, next: &mut S) -> Result<(), S::Error> {
///         let body = row.get(fields::BODY).and_then(Value::as_str).unwrap_or_default();
///         if body != self.body {
///             self.flush(next)?;
///             self.body = body.to_owned();
///         }
///         self.times += 1;
///         Ok(())
///     }
///
///     fn flush<S: RowSink>(&mut self, next: &mut S) -> Result<(), S::Error> {
///         if self.times > 0 {
///             let mut row = Row::new(Signal::Logs, Group::new(&[]), Group::new(&[]));
///             row.push(fields::BODY, Value::String(&self.body));
///             row.push(fields::COUNT, Value::Int(self.times));
///             next.row(&mut row)?;
///         }
///         self.times = 0;
///         Ok(())
///     }
///
///     fn discard(&mut self) {
///         self.times = 0;
///     }
/// }
///
/// let mut sink = Count::default().before(Vec::<OwnedRow>::new());
/// for body in ["retry", "retry", "done"] {
///     let mut row = Row::new(Signal::Logs, Group::new(&[]), Group::new(&[]));
///     row.push(fields::BODY, Value::String(body));
///     sink.row(&mut row)?;
/// }
/// assert_eq!(sink.sink().len(), 1, "the last one is held back");
/// sink.finish()?; // flushes the stage
///
/// // A stage of a chain is found by its type.
/// sink.stage().visit(&mut |stage: &dyn Any| assert!(stage.is::<Count>()));
///
/// let (mut stage, rows) = sink.into_parts();
/// assert_eq!(rows.len(), 2);
/// stage.discard();
/// # Ok::<(), std::convert::Infallible>(())
/// ```
pub trait Stage {
    /// Handles one row: passes it to `next`, changed or not, or drops it. A stage may also hold rows
    /// back, or pass on more than one.
    ///
    /// # Errors
    ///
    /// The error of `next`. Return it as it is: the caller stops at the first one.
    fn row<S: RowSink>(&mut self, row: &mut Row<'_>, next: &mut S) -> Result<(), S::Error>;

    /// Passes on the rows that this stage holds back. It is called before files are closed, so that every
    /// record accepted so far is in them.
    ///
    /// # Errors
    ///
    /// The error of `next`.
    fn flush<S: RowSink>(&mut self, next: &mut S) -> Result<(), S::Error> {
        let _ = next;
        Ok(())
    }

    /// Discards the rows that this stage holds back. It is called when their batch has failed and will be
    /// sent again.
    fn discard(&mut self) {}

    /// Returns the number of rows that this stage has dropped so far.
    fn dropped(&self) -> u64 {
        0
    }

    /// Calls `visit` with this stage, or with each stage of a chain, so that one can be found by its
    /// type.
    fn visit<'s>(&'s self, visit: &mut dyn FnMut(&'s dyn Any))
    where
        Self: Sized + 'static,
    {
        visit(self);
    }

    /// Returns a sink that passes rows through this stage to `sink`.
    fn before<S: RowSink>(self, sink: S) -> Staged<Self, S>
    where
        Self: Sized,
    {
        Staged { stage: self, sink }
    }
}

/// A stage and the sink behind it, as one sink. [`Stage::before`] makes it.
///
/// ```
/// use otlake_row::{Group, OwnedRow, Row, RowSink, Signal, Stage, Staged};
///
/// // An empty tuple is a stage that passes rows on as they are.
/// let mut sink: Staged<(), Vec<OwnedRow>> = ().before(Vec::new());
/// sink.row(&mut Row::new(Signal::Logs, Group::new(&[]), Group::new(&[])))?;
/// assert_eq!(sink.sink().len(), 1);
///
/// // Take the rows and go on.
/// let rows = std::mem::take(sink.sink_mut());
/// assert_eq!(rows.len(), 1);
/// let (_, rest) = sink.into_parts();
/// assert!(rest.is_empty());
/// # Ok::<(), std::convert::Infallible>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Staged<T, S> {
    stage: T,
    sink: S,
}

impl<T, S> Staged<T, S> {
    /// Returns the stage.
    pub fn stage(&self) -> &T {
        &self.stage
    }

    /// Returns the sink behind the stage.
    pub fn sink(&self) -> &S {
        &self.sink
    }

    /// Returns the sink behind the stage. Rows pushed into it don't pass the stage.
    pub fn sink_mut(&mut self) -> &mut S {
        &mut self.sink
    }

    /// Returns the stage and the sink.
    pub fn into_parts(self) -> (T, S) {
        (self.stage, self.sink)
    }
}

impl<T: Stage, S: RowSink> RowSink for Staged<T, S> {
    type Error = S::Error;

    #[inline]
    fn row(&mut self, row: &mut Row<'_>) -> Result<(), S::Error> {
        self.stage.row(row, &mut self.sink)
    }

    fn finish(&mut self) -> Result<(), S::Error> {
        self.stage.flush(&mut self.sink)?;
        self.sink.finish()
    }
}

/// Passes rows through the stage if there is one, and as they are if there is none.
impl<T: Stage> Stage for Option<T> {
    #[inline]
    fn row<S: RowSink>(&mut self, row: &mut Row<'_>, next: &mut S) -> Result<(), S::Error> {
        match self {
            Some(stage) => stage.row(row, next),
            None => next.row(row),
        }
    }

    fn flush<S: RowSink>(&mut self, next: &mut S) -> Result<(), S::Error> {
        match self {
            Some(stage) => stage.flush(next),
            None => Ok(()),
        }
    }

    fn discard(&mut self) {
        if let Some(stage) = self {
            stage.discard();
        }
    }

    fn dropped(&self) -> u64 {
        self.as_ref().map_or(0, Stage::dropped)
    }

    fn visit<'s>(&'s self, visit: &mut dyn FnMut(&'s dyn Any))
    where
        Self: 'static,
    {
        if let Some(stage) = self {
            stage.visit(visit);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;
    use crate::{Group, OwnedRow, OwnedValue, Signal, Value, fields};

    /// Appends a letter to every body and counts.
    struct Append(char, u64);

    impl Stage for Append {
        fn row<S: RowSink>(&mut self, row: &mut Row<'_>, next: &mut S) -> Result<(), S::Error> {
            self.1 += 1;
            let body = row.get(fields::BODY).and_then(Value::as_str);
            let body = format!("{}{}", body.unwrap_or_default(), self.0);
            let mut row = row.reborrow();
            row.set(fields::BODY, Value::String(&body));
            next.row(&mut row)
        }

        fn dropped(&self) -> u64 {
            self.1
        }
    }

    /// Holds back the last body.
    #[derive(Default)]
    struct Delay(Option<String>);

    impl Stage for Delay {
        fn row<S: RowSink>(&mut self, row: &mut Row<'_>, next: &mut S) -> Result<(), S::Error> {
            self.flush(next)?;
            let body = row.get(fields::BODY).and_then(Value::as_str);
            self.0 = body.map(str::to_owned);
            Ok(())
        }

        fn flush<S: RowSink>(&mut self, next: &mut S) -> Result<(), S::Error> {
            match self.0.take() {
                Some(body) => push(&body, next),
                None => Ok(()),
            }
        }

        fn discard(&mut self) {
            self.0 = None;
        }
    }

    fn push<S: RowSink>(body: &str, sink: &mut S) -> Result<(), S::Error> {
        let mut row = Row::new(Signal::Logs, Group::new(&[]), Group::new(&[]));
        row.push(fields::BODY, Value::String(body));
        sink.row(&mut row)
    }

    fn bodies(rows: &[OwnedRow]) -> Vec<&str> {
        let bodies = rows.iter().map(|row| match row.get(fields::BODY) {
            Some(OwnedValue::String(body)) => &**body,
            other => panic!("not a string: {other:?}"),
        });
        bodies.collect()
    }

    #[test]
    fn rows_pass_the_stages_of_a_tuple_in_the_order_written() {
        let stages = (
            Append('a', 0),
            None::<Append>,
            Some(Append('b', 0)),
            Append('c', 0),
        );
        let mut sink = stages.before(Vec::new());
        push("x", &mut sink).unwrap();
        assert_eq!(bodies(sink.sink()), ["xabc"]);
        assert_eq!(sink.stage().dropped(), 3);
    }

    #[test]
    fn boxed_stages_in_a_list_work_like_those_in_a_tuple() {
        let stages = vec![
            BoxStage::new(Append('a', 0)),
            BoxStage::new(Delay::default()),
            BoxStage::new(Append('b', 0)),
        ];
        let mut sink = stages.before(Vec::new());
        for body in ["1", "2", "3"] {
            push(body, &mut sink).unwrap();
        }
        assert_eq!(bodies(sink.sink()), ["1ab", "2ab"]);
        sink.finish().unwrap();
        assert_eq!(bodies(sink.sink()), ["1ab", "2ab", "3ab"]);
        assert_eq!(sink.stage().dropped(), 6);
    }

    #[test]
    fn held_back_rows_pass_the_rest_of_the_chain_when_the_sink_is_finished() {
        let mut sink = (Append('a', 0), Delay::default(), Append('b', 0)).before(Vec::new());
        push("1", &mut sink).unwrap();
        push("2", &mut sink).unwrap();
        assert_eq!(bodies(sink.sink()), ["1ab"]);
        sink.finish().unwrap();
        assert_eq!(bodies(sink.sink()), ["1ab", "2ab"]);
    }

    #[test]
    fn discarded_rows_are_not_passed_on_by_a_later_flush() {
        let mut stages = (Delay::default(), BoxStage::new(Delay::default()));
        let mut rows = Vec::new();
        for body in ["1", "2"] {
            push(body, &mut Through(&mut stages, &mut rows)).unwrap();
        }
        stages.discard();
        stages.flush(&mut rows).unwrap();
        assert!(rows.is_empty());
    }

    struct Through<'a, T>(&'a mut T, &'a mut Vec<OwnedRow>);

    impl<T: Stage> RowSink for Through<'_, T> {
        type Error = Infallible;

        fn row(&mut self, row: &mut Row<'_>) -> Result<(), Infallible> {
            self.0.row(row, self.1)
        }
    }

    #[test]
    fn a_stage_is_found_by_its_type_wherever_it_is_in_a_chain() {
        let stages = (
            (Append('a', 7),),
            Some((BoxStage::new(Delay::default()), ())),
        );
        let mut found = Vec::new();
        stages.visit(&mut |stage| {
            found.push((stage.is::<Append>(), stage.is::<Delay>()));
        });
        assert_eq!(found, [(true, false), (false, true)]);
    }

    #[test]
    fn a_boxed_stage_returns_the_error_of_the_sink() {
        let mut stage = BoxStage::new((Append('a', 0), Append('b', 0)));
        let mut failing = crate::sink_fn(|row: &mut Row<'_>| {
            Err::<(), _>(row.get(fields::BODY).unwrap().as_str().unwrap().to_owned())
        });
        let mut row = Row::new(Signal::Logs, Group::new(&[]), Group::new(&[]));
        row.push(fields::BODY, Value::String("x"));
        assert_eq!(stage.row(&mut row, &mut failing), Err("xab".to_owned()));
        assert_eq!(stage.dropped(), 2);
    }

    #[test]
    fn stages_are_appended_to_a_chain_at_its_end() {
        let stages = ().with(Append('a', 0)).with(Append('b', 0)).with(Append('c', 0));
        let mut sink = stages.before(Vec::new());
        push("x", &mut sink).unwrap();
        assert_eq!(bodies(sink.sink()), ["xabc"]);
    }
}

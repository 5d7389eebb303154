use std::convert::Infallible;

use crate::{OwnedRow, Row};

/// A consumer of rows, which are pushed into it one after another.
///
/// Rows are pushed, not pulled, so that a decoder can reuse its scratch memory: the content of a [`Row`]
/// is gone when [`RowSink::row`] returns. To put a step before a sink, implement [`Stage`](crate::Stage).
///
/// ```
/// use otlake_row::{Group, Row, RowSink, Signal};
///
/// #[derive(Default)]
/// struct Count {
///     rows: u64,
/// }
///
/// impl RowSink for Count {
///     type Error = std::convert::Infallible;
///
///     fn row(&mut self, _: &mut Row<'_>) -> Result<(), Self::Error> {
///         self.rows += 1;
///         Ok(())
///     }
/// }
///
/// let mut count = Count::default();
/// count.row(&mut Row::new(Signal::Logs, Group::new(&[]), Group::new(&[])))?;
/// assert_eq!(count.rows, 1);
/// # Ok::<(), std::convert::Infallible>(())
/// ```
pub trait RowSink {
    /// The error of this sink.
    type Error;

    /// Accepts one row.
    ///
    /// # Errors
    ///
    /// Returns the sink's own error. A decoder stops at the first one and returns it.
    fn row(&mut self, row: &mut Row<'_>) -> Result<(), Self::Error>;

    /// Ends the stream of rows: a [`Staged`](crate::Staged) flushes its stage and finishes the sink behind
    /// it, and a writer closes its open files.
    ///
    /// # Errors
    ///
    /// Returns the sink's own error.
    fn finish(&mut self) -> Result<(), Self::Error> {
        Ok(())
    }
}

impl<S: RowSink + ?Sized> RowSink for &mut S {
    type Error = S::Error;

    #[inline]
    fn row(&mut self, row: &mut Row<'_>) -> Result<(), Self::Error> {
        (**self).row(row)
    }

    fn finish(&mut self) -> Result<(), Self::Error> {
        (**self).finish()
    }
}

impl<S: RowSink + ?Sized> RowSink for Box<S> {
    type Error = S::Error;

    #[inline]
    fn row(&mut self, row: &mut Row<'_>) -> Result<(), Self::Error> {
        (**self).row(row)
    }

    fn finish(&mut self) -> Result<(), Self::Error> {
        (**self).finish()
    }
}

/// Collects owned copies of the rows.
impl RowSink for Vec<OwnedRow> {
    type Error = Infallible;

    fn row(&mut self, row: &mut Row<'_>) -> Result<(), Infallible> {
        let owned = match self.last() {
            Some(previous) => row.to_owned_after(previous),
            None => row.to_owned(),
        };
        self.push(owned);
        Ok(())
    }
}

/// A sink that calls a closure, made by [`sink_fn`].
#[derive(Clone, Copy, Debug)]
pub struct SinkFn<F>(F);

/// Returns a sink that calls a closure with every row.
///
/// The wrapper is needed because a `&mut` to a closure is a closure too, which the compiler could not
/// distinguish from a `&mut` to a sink.
///
/// ```
/// use otlake_row::{Group, Row, RowSink, Signal, SinkFn, sink_fn};
///
/// fn counter(rows: &mut u64) -> SinkFn<impl FnMut(&mut Row<'_>) -> Result<(), std::fmt::Error>> {
///     sink_fn(|_| {
///         *rows += 1;
///         Ok(())
///     })
/// }
///
/// let mut rows = 0;
/// let mut sink = counter(&mut rows);
/// sink.row(&mut Row::new(Signal::Logs, Group::new(&[]), Group::new(&[])))?;
/// sink.finish()?; // does nothing
/// drop(sink);
/// assert_eq!(rows, 1);
/// # Ok::<(), std::fmt::Error>(())
/// ```
pub fn sink_fn<F, E>(row: F) -> SinkFn<F>
where
    F: FnMut(&mut Row<'_>) -> Result<(), E>,
{
    SinkFn(row)
}

impl<F, E> RowSink for SinkFn<F>
where
    F: FnMut(&mut Row<'_>) -> Result<(), E>,
{
    type Error = E;

    #[inline]
    fn row(&mut self, row: &mut Row<'_>) -> Result<(), E> {
        (self.0)(row)
    }
}

use std::convert::Infallible;

use crate::{OwnedRow, Row};

/// Takes rows, one after the other.
///
/// A sink is pushed to, rather than pulling, so that a decoder may reuse its scratch for the next
/// row: what is in a [`Row`] is gone when [`RowSink::row`] returns. Stages are sinks around sinks.
pub trait RowSink {
    /// What can go wrong in this sink.
    type Error;

    /// Takes one row.
    ///
    /// # Errors
    ///
    /// The sink's own. A decoder stops at the first error and hands it on.
    fn row(&mut self, row: &mut Row<'_>) -> Result<(), Self::Error>;

    /// Says that no more rows come: a stage passes it on, a writer closes what is open.
    ///
    /// # Errors
    ///
    /// The sink's own.
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

/// Collects owned copies.
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

/// A closure as a sink, made by [`sink_fn`].
#[derive(Clone, Copy, Debug)]
pub struct SinkFn<F>(F);

/// Makes a sink of a closure that is called with every row.
///
/// A wrapper is needed because a `&mut` to a closure is a closure too, and so could not be told
/// from a `&mut` to a sink.
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

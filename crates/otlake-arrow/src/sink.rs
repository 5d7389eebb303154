use std::convert::Infallible;

use arrow_array::RecordBatch;

/// A consumer of record batches, which are passed to it one after another: the columnar counterpart of
/// [`RowSink`](otlake_row::RowSink).
///
/// The record batches of one sink may differ in their columns, because attributes come and go. Each sink
/// decides whether a column may also change its type. A sink borrows each record batch. To keep one, clone it,
/// which copies no data. If no sink keeps it, the caller may return its memory to its
/// [`BatchBuilder`](crate::BatchBuilder::recycle).
///
/// ```
/// use std::convert::Infallible;
/// use std::sync::Arc;
///
/// use otlake_arrow::BatchSink;
/// use otlake_arrow::arrow_array::{ArrayRef, Int64Array, RecordBatch};
///
/// /// A sink that counts rows and passes the record batches on.
/// struct Counted<S> {
///     inner: S,
///     rows: usize,
/// }
///
/// impl<S: BatchSink> BatchSink for Counted<S> {
///     type Error = S::Error;
///
///     fn batch(&mut self, batch: &RecordBatch) -> Result<(), S::Error> {
///         self.rows += batch.num_rows();
///         self.inner.batch(batch)
///     }
///
///     fn finish(&mut self) -> Result<(), S::Error> {
///         self.inner.finish()
///     }
/// }
///
/// let values: ArrayRef = Arc::new(Int64Array::from(vec![200, 404]));
/// let batch = RecordBatch::try_from_iter([("status", values)]).expect("the columns have one length");
///
/// let mut sink = Counted { inner: Vec::new(), rows: 0 };
/// sink.batch(&batch)?;
/// sink.batch(&batch)?;
/// sink.finish()?;
/// assert_eq!((sink.rows, sink.inner.len()), (4, 2));
/// # Ok::<(), Infallible>(())
/// ```
pub trait BatchSink {
    /// The error of this sink.
    type Error;

    /// Accepts one record batch.
    ///
    /// # Errors
    ///
    /// Returns the sink's own error. The documentation of the sink says whether the record batch was written.
    fn batch(&mut self, batch: &RecordBatch) -> Result<(), Self::Error>;

    /// Ends the stream: an adaptor passes the call on, a writer closes its open files.
    ///
    /// # Errors
    ///
    /// Returns the sink's own error.
    fn finish(&mut self) -> Result<(), Self::Error> {
        Ok(())
    }
}

impl<S: BatchSink + ?Sized> BatchSink for &mut S {
    type Error = S::Error;

    fn batch(&mut self, batch: &RecordBatch) -> Result<(), Self::Error> {
        (**self).batch(batch)
    }

    fn finish(&mut self) -> Result<(), Self::Error> {
        (**self).finish()
    }
}

impl<S: BatchSink + ?Sized> BatchSink for Box<S> {
    type Error = S::Error;

    fn batch(&mut self, batch: &RecordBatch) -> Result<(), Self::Error> {
        (**self).batch(batch)
    }

    fn finish(&mut self) -> Result<(), Self::Error> {
        (**self).finish()
    }
}

/// Collects the record batches. Their arrays are shared, not copied.
impl BatchSink for Vec<RecordBatch> {
    type Error = Infallible;

    fn batch(&mut self, batch: &RecordBatch) -> Result<(), Infallible> {
        self.push(batch.clone());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use arrow_schema::Schema;

    use super::*;

    #[derive(Default)]
    struct Finished(usize);

    impl BatchSink for Finished {
        type Error = Infallible;

        fn batch(&mut self, _: &RecordBatch) -> Result<(), Infallible> {
            Ok(())
        }

        fn finish(&mut self) -> Result<(), Infallible> {
            self.0 += 1;
            Ok(())
        }
    }

    fn drive(mut sink: impl BatchSink<Error = Infallible>) {
        let batch = RecordBatch::new_empty(Schema::empty().into());
        sink.batch(&batch).unwrap();
        sink.finish().unwrap();
    }

    /// A forwarding implementation that forgets `finish` would silently use the default.
    #[test]
    fn references_and_boxes_forward_every_call() {
        let mut batches: Vec<RecordBatch> = Vec::new();
        drive(&mut batches);
        drive(Box::new(&mut batches) as Box<dyn BatchSink<Error = Infallible> + '_>);
        assert_eq!(batches.len(), 2);
        let mut finished = Finished::default();
        drive(&mut finished);
        drive(Box::new(&mut finished));
        assert_eq!(finished.0, 2);
    }
}

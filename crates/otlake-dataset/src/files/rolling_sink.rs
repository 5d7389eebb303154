//! A sink of record batches that writes files without a dataset.

use std::io::{self, Write};

use arrow_array::RecordBatch;
use otlake_arrow::BatchSink;
use otlake_parquet::{FileSummary, RollingError, RollingWriter};

/// Writes record batches to Parquet files outside any dataset: a [`RollingWriter`] as a [`BatchSink`].
///
/// There are no partitions, no published schema and no manifests. The caller takes the finished files.
///
/// ```
/// use std::sync::Arc;
///
/// use otlake_arrow::BatchSink;
/// use otlake_dataset::RollingSink;
/// use otlake_parquet::arrow_array::{ArrayRef, Int64Array, RecordBatch};
/// use otlake_parquet::{RollingWriter, WriterOptions};
///
/// let options = WriterOptions::new().with_rows_per_file(2);
/// let mut sink = RollingSink::new(RollingWriter::new(options, || Ok(Vec::new()))?);
///
/// let numbers: ArrayRef = Arc::new(Int64Array::from(vec![1, 2, 3]));
/// sink.batch(&RecordBatch::try_from_iter([("n", numbers)])?)?;
/// sink.finish()?;
///
/// let rows: Vec<u64> = sink.take_finished().iter().map(|(_, summary)| summary.rows).collect();
/// assert_eq!(rows, [2, 1]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct RollingSink<W, F> {
    writer: RollingWriter<W, F>,
}

impl<W, F> RollingSink<W, F>
where
    W: Write,
    F: FnMut() -> io::Result<W>,
{
    /// Creates a sink that writes to `writer`.
    pub fn new(writer: RollingWriter<W, F>) -> Self {
        Self { writer }
    }

    /// Takes the files that were finished since the last call, oldest first, and leaves the open one.
    pub fn take_finished(&mut self) -> Vec<(W, FileSummary)> {
        self.writer.take_finished()
    }
}

impl<W, F> BatchSink for RollingSink<W, F>
where
    W: Write,
    F: FnMut() -> io::Result<W>,
{
    type Error = RollingError;

    /// Writes a batch as one row group; see [`RollingWriter::write`].
    ///
    /// # Errors
    ///
    /// [`RollingError::Rejected`] leaves the open file as it was. With any other error a file is lost, and
    /// the error says how many rows with it.
    fn batch(&mut self, batch: &RecordBatch) -> Result<(), RollingError> {
        self.writer.write(batch)
    }

    /// Finishes the open file. The next batch starts a new one.
    ///
    /// # Errors
    ///
    /// Returns an error when the file can't be finished; it is lost then.
    fn finish(&mut self) -> Result<(), RollingError> {
        self.writer.close_file()
    }
}

//! Rows to files: the last stage of a pipeline.

use std::fmt;

use otlake_arrow::{BatchBuilder, BatchError};
use otlake_row::{Row, RowSink};
use otlake_schema::{OverflowCounts, Schema};

use crate::error::{EncoderError, RollingError};
use crate::names::FileNames;
use crate::options::WriterOptions;
use crate::rolling::RollingWriter;
use crate::storage::Storage;
use crate::summary::FileSummary;

/// Writes rows to files of a [`Storage`]: gathers them to row groups, finds their columns, and
/// starts a new file when one is full.
///
/// Types are free while the first row group is gathered. When it is written the schema is sealed:
/// later row groups and files may have more columns, but no column changes its type, and a value
/// that does not fit goes to the `overflow` column.
///
/// The key-value metadata of each file has `otlake.columns`: a JSON object that gives the original
/// names of every column of attributes.
pub struct ParquetSink<S: Storage> {
    builder: BatchBuilder,
    writer: RollingWriter<S>,
    row_group_rows: usize,
    row_group_bytes: usize,
    /// The pushed bytes at which the size of the row group is looked at again.
    review: usize,
    /// How many names of attributes the key-value metadata has.
    names_known: usize,
}

/// Why a [`ParquetSink`] cannot go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SinkError {
    /// A row does not fit the batch.
    #[error(transparent)]
    Batch(#[from] BatchError),
    /// A row group or a file could not be written.
    #[error(transparent)]
    Write(#[from] RollingError),
    /// The encoder of a table that is opened could not be made.
    #[error(transparent)]
    Encoder(#[from] EncoderError),
}

impl<S: Storage> ParquetSink<S> {
    /// A sink for files named `part-…`, with row groups of 131,072 rows or 64 MiB at most.
    ///
    /// # Errors
    ///
    /// When the feature of the codec is off, or its context can't be made.
    pub fn new(storage: S, schema: Schema, options: WriterOptions) -> Result<Self, EncoderError> {
        let mut writer = RollingWriter::new(storage, options)?;
        writer.set_key_values(vec![original_names(&schema)]);
        let mut sink = Self {
            builder: BatchBuilder::new(schema),
            writer,
            row_group_rows: 128 << 10,
            row_group_bytes: 64 << 20,
            review: 0,
            names_known: 0,
        };
        sink.schedule_review();
        Ok(sink)
    }

    /// Names the files.
    #[must_use]
    pub fn with_names(mut self, names: FileNames) -> Self {
        self.writer.set_names(names);
        self
    }

    /// The rows of a row group, at least 1. Default: 131,072.
    #[must_use]
    pub fn with_row_group_rows(mut self, rows: usize) -> Self {
        self.row_group_rows = rows.max(1);
        self
    }

    /// The bytes of memory that the columns of a row group may take up, before they are encoded.
    /// Default: 64 MiB. A row group is over it by one eighth and one row at most.
    #[must_use]
    pub fn with_row_group_bytes(mut self, bytes: usize) -> Self {
        self.row_group_bytes = bytes;
        self.schedule_review();
        self
    }

    /// The columns found so far.
    pub fn schema(&self) -> &Schema {
        self.builder.schema()
    }

    /// What overflowed so far, by reason.
    pub fn overflow_counts(&self) -> OverflowCounts {
        self.builder.overflow_counts()
    }

    /// The storage.
    pub fn storage(&self) -> &S {
        self.writer.storage()
    }

    /// Takes the summaries of the files closed since the last time.
    pub fn take_finished(&mut self) -> Vec<FileSummary> {
        self.writer.take_finished()
    }

    /// Writes the rows gathered so far and closes the open file, so that all rows are visible. The
    /// next row starts a new file.
    ///
    /// # Errors
    ///
    /// When they can't be written. The open file is dropped then, with its rows.
    pub fn close_file(&mut self) -> Result<(), SinkError> {
        self.write_row_group()?;
        Ok(self.writer.close_file()?)
    }

    fn write_row_group(&mut self) -> Result<(), SinkError> {
        if self.builder.rows() == 0 {
            return Ok(());
        }
        let batch = self.builder.finish_batch();
        self.builder.seal();
        self.schedule_review();
        self.keep_original_names();
        self.writer.write(&batch)?;
        self.builder.recycle(batch);
        Ok(())
    }

    /// Names are only ever added, so the metadata is made again when there are more.
    fn keep_original_names(&mut self) {
        let columns = self.builder.schema().columns();
        let names = columns.iter().map(|column| column.sources().len()).sum();
        if self.names_known != names {
            self.names_known = names;
            self.writer
                .set_key_values(vec![original_names(self.builder.schema())]);
        }
    }

    fn row_group_is_full(&mut self) -> bool {
        let rows = self.builder.rows();
        // A file takes its last rows as a smaller row group, rather than a row group being cut.
        let left = self.writer.options().rows_per_file() - self.writer.open_rows();
        if rows >= self.row_group_rows || rows as u64 >= left {
            return true;
        }
        if self.builder.pushed_bytes() < self.review {
            return false;
        }
        self.schedule_review();
        self.builder.memory_size() >= self.row_group_bytes
    }

    /// The columns are measured again when as much was pushed as an eighth of the limit: measuring
    /// looks at all of them.
    fn schedule_review(&mut self) {
        self.review = self.builder.pushed_bytes() + self.row_group_bytes / 8;
    }
}

impl<S: Storage> RowSink for ParquetSink<S> {
    type Error = SinkError;

    #[inline]
    fn row(&mut self, row: &mut Row<'_>) -> Result<(), SinkError> {
        self.builder.row(row)?;
        if self.row_group_is_full() {
            self.write_row_group()?;
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<(), SinkError> {
        self.close_file()
    }
}

impl<S: Storage> fmt::Debug for ParquetSink<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ParquetSink")
            .field("builder", &self.builder)
            .field("row_group_rows", &self.row_group_rows)
            .field("row_group_bytes", &self.row_group_bytes)
            .finish_non_exhaustive()
    }
}

fn original_names(schema: &Schema) -> (String, String) {
    let names: serde_json::Map<_, _> = schema
        .columns()
        .iter()
        .filter(|column| !column.sources().is_empty())
        .map(|column| (column.name().to_owned(), column.sources().into()))
        .collect();
    (
        "otlake.columns".to_owned(),
        serde_json::Value::Object(names).to_string(),
    )
}

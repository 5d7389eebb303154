//! Accepts the record batches of other producers.

use arrow_array::RecordBatch;
use otlake_arrow::BatchSink;
use otlake_schema::Table;

use crate::error::TableSinkError;
use crate::writer::DatasetWriter;

/// Writes the record batches of other producers to one table of a dataset, as a [`BatchSink`].
///
/// The columns of a batch have the names that they have in the files. Each of them has the type that is
/// published for its name, or a dictionary of it; a column that is not published yet is added to the
/// schema as boolean, int64, float64, utf8 or binary, before any file has it. Columns may be missing.
///
/// A new column belongs to the attribute whose full name is in the metadata of its Arrow field, under
/// `otlake.full_name`: `attr.user.id`. Without this metadata it belongs to no attribute, and an attribute of OTLP
/// rows that would have the same column name gets another column.
///
/// The placeholders of the partitioning are read from columns: `{date}` and other times from
/// `time_unix_nano` or else `timestamp`, `{resource.service.name}` from the column of that attribute,
/// `resource_service_name`. A row group is written for each record batch and partition, so record batches
/// should be large. Use [`DatasetWriter::begin_batch`] to deliver them as a batch with an identity.
///
/// ```
/// use std::sync::Arc;
///
/// use otlake_arrow::BatchSink;
/// use otlake_arrow::arrow_array::{ArrayRef, RecordBatch, StringArray};
/// use otlake_dataset::{BatchId, Dataset, Partitioning};
/// use otlake_schema::Table;
/// use otlake_storage::InMemoryStorage;
///
/// let storage = InMemoryStorage::new();
/// let dataset = Dataset::builder()
///     .partitioning("host={resource.host.name}".parse()?)
///     .open(Arc::new(storage.clone()))?;
///
/// let hosts: ArrayRef = Arc::new(StringArray::from(vec!["a", "b", "a"]));
/// let bodies: ArrayRef = Arc::new(StringArray::from(vec!["one", "two", "three"]));
/// let batch = RecordBatch::try_from_iter([("resource_host_name", hosts), ("body", bodies)])?;
///
/// let mut writer = dataset.writer();
/// writer.begin_batch(&BatchId::new("import", 7)?)?;
/// writer.table(Table::Logs).batch(&batch)?;
/// writer.finish_batch()?;
///
/// let names: Vec<_> = storage.files().into_keys().filter(|name| name.ends_with(".parquet")).collect();
/// assert!(names[0].starts_with("logs/host=a/part-import-7-"));
/// assert!(names[1].starts_with("logs/host=b/part-import-7-"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct TableSink<'a> {
    writer: &'a mut DatasetWriter,
    index: usize,
}

impl<'a> TableSink<'a> {
    pub(crate) fn new(writer: &'a mut DatasetWriter, index: usize) -> Self {
        Self { writer, index }
    }

    /// Returns the table.
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use otlake_arrow::BatchSink;
    /// use otlake_arrow::arrow_array::{ArrayRef, Int64Array, RecordBatch};
    /// use otlake_dataset::{Dataset, TableSinkError};
    /// use otlake_schema::Table;
    /// use otlake_storage::InMemoryStorage;
    ///
    /// let mut writer = Dataset::builder().open(Arc::new(InMemoryStorage::new()))?.writer();
    /// let bodies: ArrayRef = Arc::new(Int64Array::from(vec![1]));
    /// let batch = RecordBatch::try_from_iter([("body", bodies)])?;
    ///
    /// let mut sink = writer.table(Table::Logs);
    /// assert_eq!(sink.table(), Table::Logs);
    /// let Err(TableSinkError::Type { column, published, .. }) = sink.batch(&batch) else {
    ///     panic!("a body is text");
    /// };
    /// assert_eq!((&*column, &*published), ("body", "utf8"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn table(&self) -> Table {
        Table::ALL[self.index]
    }
}

impl BatchSink for TableSink<'_> {
    type Error = TableSinkError;

    /// Writes a record batch, after earlier rows of its partitions.
    ///
    /// # Errors
    ///
    /// Returns an error if a column does not fit the published schema, in which case nothing is written,
    /// or if a file or the schema can't be written.
    fn batch(&mut self, batch: &RecordBatch) -> Result<(), TableSinkError> {
        self.writer.record_batch(self.index, batch)
    }

    /// Flushes the writer with all of its tables; see [`DatasetWriter::flush`].
    fn finish(&mut self) -> Result<(), TableSinkError> {
        Ok(self.writer.flush()?)
    }
}

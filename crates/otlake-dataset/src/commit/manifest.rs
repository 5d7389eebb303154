//! The list of the files that a flush or a batch has written.

pub(crate) mod file;
mod json;
pub(crate) mod number_set;
mod types;

use otlake_parquet::FileSummary;
use otlake_schema::Table;

use self::file::ManifestFile;
use self::number_set::NumberSet;
pub(crate) use self::types::type_name;
use crate::files::batch_id::{BatchId, BatchIdError};
use crate::route::partition_value::PartitionValue;

/// The files that one flush or one batch has written to a table, with the statistics that a catalog needs, so
/// that a catalog does not have to open the files.
///
/// As JSON it is a document of the format `otlake.manifest/2`, which later versions read too. Later versions
/// may add members:
///
/// | member | value |
/// |---|---|
/// | `format`, `table` | `otlake.manifest/2`; the table's name |
/// | `batch` | `source` and `sequence` of the batch, or absent |
/// | `schema_version` | as set, or absent |
/// | `replaces` | the names of the files that are no longer part of the table once this manifest is, or absent |
/// | `retired_swaps` | ranges of numbers, such as `[[0, 17]]`: swaps with these numbers were deleted, and one that exists came too late and does not count; or absent |
/// | `totals` | `files`, `rows`, `bytes`, `row_groups` of all files |
/// | `files` | for each: `name`, `partition`, `rows`, `bytes`, `row_groups`, `row_group_offsets`, `time`, `fingerprint`, `columns`, `sort_order` |
/// | `partition` | a list of `name`, `transform`, `source` if the transform is `identity`, and `value`, which is null for the default partition |
/// | `transform` | `date`, with a value like `"2026-11-22"`; `year`, `month`, `day`, `hour`, `minute`, with an integer; `identity` or `text`, with a string |
/// | `row_group_offsets` | the position of the first byte of each row group |
/// | `time` | `min` and `max` of the column `timestamp` in RFC 3339, and `min_micros`, `max_micros` since the epoch |
/// | `fingerprint` | `min` and `max` of the column `fingerprint` |
/// | `columns` | for each: `name`, `id`, `type`, `nulls`, `bytes`, `min` and `max` where they are known, `leaves` if it is nested |
/// | `sort_order` | for each: `name`, `descending`, `nulls_first`; absent if the order of the file is unknown |
/// | `leaves` | for each: `path`, `id`, `type`, `values`, `nulls`, `bytes`, `min` and `max` where they are known |
///
/// Types are named as in a [`DatasetSchema`](otlake_schema::DatasetSchema). Integers are numbers with 64
/// bits, which JavaScript's numbers can't hold. Bytes are base64. NaN and the infinities are strings, as in the
/// JSON of proto3.
///
/// The format `otlake.manifest/1` is read as well. It had no field ids, leaves, sizes of columns or row
/// group offsets, and all partition values were text. The identity of a batch was a text: `orders-3-1048576`
/// is read as the source `orders-3` with the sequence number 1048576, and a text that does not end in such a number as
/// a source with the sequence number 0.
///
/// ```
/// use std::sync::Arc;
///
/// use otlake_dataset::{BatchId, Dataset, Manifest, ManifestCommit};
/// use otlake_parquet::Bound;
/// use otlake_row::{Group, Row, RowSink, Signal, Value, fields};
/// use otlake_schema::Table;
/// use otlake_storage::{Documents, InMemoryStorage};
///
/// let storage = InMemoryStorage::new();
/// let mut writer = Dataset::builder().open(Arc::new(storage.clone()))?.writer();
/// let batch = BatchId::new("orders-3", 1048576)?;
/// writer.begin_batch(&batch)?;
/// for severity in [3, 1, 2] {
///     let mut row = Row::new(Signal::Logs, Group::new(&[]), Group::new(&[]));
///     row.push(fields::SEVERITY_NUMBER, Value::Int(severity));
///     writer.row(&mut row)?;
/// }
/// writer.finish_batch()?;
///
/// let name = ManifestCommit::document_name(Table::Logs, &batch.to_string());
/// let document = storage.get(&name)?.expect("the batch is finished");
/// let manifest = Manifest::from_json(&document.bytes)?;
/// assert_eq!(manifest.rows(), 3);
/// let severity = manifest.files()[0].column("severity_number").expect("every file has it");
/// assert_eq!(severity.max, Some(Bound::Int64(3)));
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Manifest {
    table: Table,
    batch: Option<BatchId>,
    schema_version: Option<u64>,
    files: Vec<ManifestFile>,
    replaces: Vec<String>,
    retired_swaps: NumberSet,
}

impl Manifest {
    /// Creates a manifest without files.
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use otlake_dataset::{BatchId, Manifest, PartitionLiteral, PartitionValue, Transform};
    /// use otlake_parquet::arrow_array::{ArrayRef, Int64Array, RecordBatch};
    /// use otlake_parquet::{Encoder, FileWriter, WriterOptions};
    /// use otlake_schema::Table;
    ///
    /// // A file that another program has written, instead of an older one.
    /// let numbers: ArrayRef = Arc::new(Int64Array::from(vec![1, 2]));
    /// let mut encoder = Encoder::new(WriterOptions::new())?;
    /// let mut file = FileWriter::new(Vec::new());
    /// file.write_row_group(&mut encoder, &RecordBatch::try_from_iter([("n", numbers)])?)?;
    /// let (_, mut summary) = file.finish(&mut encoder, &[])?;
    /// summary.name = "logs/hour=07/b.parquet".to_owned();
    ///
    /// let hour = PartitionValue::new("hour", Transform::Hour, Some(PartitionLiteral::Integer(7)));
    /// let mut manifest = Manifest::new(Table::Logs)
    ///     .with_batch(BatchId::new("import", 1)?)
    ///     .with_schema_version(3)
    ///     .with_replaces(vec!["logs/hour=07/a.parquet".to_owned()]);
    /// manifest.add(&summary, vec![hour]);
    ///
    /// let read = Manifest::from_json(&manifest.to_json())?;
    /// assert_eq!((read.table(), read.schema_version()), (Table::Logs, Some(3)));
    /// assert_eq!((read.rows(), read.row_groups(), read.bytes()), (2, 1, summary.bytes));
    /// assert_eq!(read.replaces(), ["logs/hour=07/a.parquet"]);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    pub fn new(table: Table) -> Self {
        Self {
            table,
            batch: None,
            schema_version: None,
            files: Vec::new(),
            replaces: Vec::new(),
            retired_swaps: NumberSet::default(),
        }
    }

    /// Sets the batch that the files belong to.
    #[must_use]
    pub fn with_batch(mut self, batch: BatchId) -> Self {
        self.batch = Some(batch);
        self
    }

    /// Sets the version of the published schema that has all columns of the files.
    #[must_use]
    pub fn with_schema_version(mut self, version: u64) -> Self {
        self.schema_version = Some(version);
        self
    }

    /// Sets the names of the files that are no longer part of the table once this manifest is.
    #[must_use]
    pub fn with_replaces(mut self, names: Vec<String>) -> Self {
        self.replaces = names;
        self
    }

    /// Sets the numbers of the swaps that were deleted.
    pub(crate) fn with_retired_swaps(mut self, numbers: NumberSet) -> Self {
        self.retired_swaps = numbers;
        self
    }

    /// Adds a file of a partition.
    pub fn add(&mut self, file: &FileSummary, partition: Vec<PartitionValue>) {
        self.files.push(ManifestFile::of(file, partition));
    }

    /// Removes the files for which `keep` returns false.
    pub(crate) fn retain_files(&mut self, keep: impl FnMut(&ManifestFile) -> bool) {
        self.files.retain(keep);
    }

    /// Returns the table.
    pub fn table(&self) -> Table {
        self.table
    }

    /// Returns the batch that the files belong to, if there is one.
    pub fn batch(&self) -> Option<&BatchId> {
        self.batch.as_ref()
    }

    /// Returns the version of the published schema that has all columns of the files, if there is one.
    pub fn schema_version(&self) -> Option<u64> {
        self.schema_version
    }

    /// Returns the files, in the order in which they were added.
    pub fn files(&self) -> &[ManifestFile] {
        &self.files
    }

    pub(crate) fn into_files(self) -> Vec<ManifestFile> {
        self.files
    }

    /// Returns the names of the files that are no longer part of the table once this manifest is: those that the files
    /// of this manifest replace, or that retention has dropped.
    pub fn replaces(&self) -> &[String] {
        &self.replaces
    }

    /// Returns the numbers of the swaps that were deleted. A swap with such a number came too late and does not count.
    pub(crate) fn retired_swaps(&self) -> &NumberSet {
        &self.retired_swaps
    }

    /// Returns the number of rows of all files.
    pub fn rows(&self) -> u64 {
        self.sum(|file| file.rows)
    }

    /// Returns the number of bytes of all files.
    pub fn bytes(&self) -> u64 {
        self.sum(|file| file.bytes)
    }

    /// Returns the number of row groups of all files.
    pub fn row_groups(&self) -> u64 {
        self.sum(|file| file.row_groups as u64)
    }

    /// Returns a sum over all files. It saturates, because the numbers of a damaged document may be too large.
    fn sum(&self, of: impl Fn(&ManifestFile) -> u64) -> u64 {
        self.files.iter().map(of).fold(0, u64::saturating_add)
    }

    /// Reads the JSON that [`Manifest::to_json`] writes, now or in version 1. Members that this version does not
    /// know are ignored.
    ///
    /// # Errors
    ///
    /// Returns an error if the document is damaged, or was written by an incompatible version.
    pub fn from_json(json: &[u8]) -> Result<Self, ManifestError> {
        json::read(json)
    }

    /// Reads JSON without the columns of files, except for `timestamp`. That takes less time, and much less memory. Such a manifest
    /// must not be written again.
    pub(crate) fn skim_json(json: &[u8]) -> Result<Self, ManifestError> {
        json::skim(json)
    }

    /// Returns the manifest as JSON.
    pub fn to_json(&self) -> Vec<u8> {
        json::write(self)
    }
}

/// The error of [`Manifest::from_json`]: why a document is not a manifest.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ManifestError {
    /// The document is not JSON, or has unexpected members.
    #[error("the manifest is damaged: {0}")]
    Malformed(String),
    /// The document was written by an incompatible version.
    #[error(
        "the manifest has format {found:?}, this version reads {:?} and {:?}: update the reader",
        json::VERSION_1,
        json::VERSION_2
    )]
    Format {
        /// The format of the document.
        found: String,
    },
    /// The table is unknown.
    #[error(
        "the manifest is of the table {0:?}, which this version does not know: update the reader"
    )]
    UnknownTable(String),
    /// The identity of the batch is not valid.
    #[error("the manifest is damaged: its batch has no valid identity")]
    Batch(#[from] BatchIdError),
    /// The totals do not match the files.
    #[error("the manifest is damaged: its totals say {said} {what}, but its files have {found}")]
    Totals {
        /// Files, rows, bytes or row groups.
        what: &'static str,
        /// The total.
        said: u64,
        /// The sum over the files.
        found: u64,
    },
    /// Two files have the same name.
    #[error("the manifest is damaged: it has the file {0:?} twice")]
    DuplicateFile(String),
    /// A minimum or maximum does not have the type of its column.
    #[error(
        "the manifest is damaged: the column {column:?} of {file:?} has type {type_name:?} and the \
         minimum or maximum {found}"
    )]
    Bound {
        /// The name of the file.
        file: String,
        /// The name of the column.
        column: String,
        /// The type of the column.
        type_name: String,
        /// The minimum or maximum.
        found: String,
    },
}

#[cfg(test)]
mod tests;

//! What a flush wrote, for those who register files in a catalogue.

mod json;
mod types;

use otlake_schema::Table;

pub(crate) use self::types::type_name;
use crate::files::file_names::{BatchId, BatchIdError};
use otlake_parquet::{Bound, FileSummary};

/// What one flush wrote to a table: its files, with what a catalogue wants to know of each, so that
/// nobody has to open them.
///
/// As JSON it is a document of the format `otlake.manifest/1`, which later versions read too; members
/// may be added to it:
///
/// | member | value |
/// |---|---|
/// | `format`, `table` | `otlake.manifest/1`; the table's name |
/// | `batch`, `schema_version` | as set, or not there |
/// | `totals` | `files`, `rows`, `bytes`, `row_groups` of all files |
/// | `files` | for each: `name`, `partition`, `rows`, `bytes`, `row_groups`, `time`, `fingerprint`, `columns` |
/// | `partition` | a list of `name` and `value`, which is null for the default partition |
/// | `time` | `min` and `max` of the column `timestamp` in RFC 3339, and `min_micros`, `max_micros` since the epoch |
/// | `fingerprint` | `min` and `max` of the column `fingerprint` |
/// | `columns` | for each: `name`, `type`, `nulls`, and `min` and `max` where they are known |
///
/// Types are named as in a [`DatasetSchema`](otlake_schema::DatasetSchema). Integers are numbers with
/// all 64 bits, which JavaScript's are not; bytes are base64, NaN and the infinities strings as in
/// proto3's JSON.
///
/// ```
/// use otlake_parquet::arrow_array::{ArrayRef, Int64Array, RecordBatch};
/// use otlake_dataset::{Manifest, RollingWriter};
/// use otlake_parquet::{Bound, WriterOptions};
/// use otlake_storage::InMemoryStorage;
/// use otlake_schema::Table;
///
/// let count: ArrayRef = std::sync::Arc::new(Int64Array::from(vec![3, 1, 2]));
/// let mut writer = RollingWriter::new(InMemoryStorage::new(), WriterOptions::new())?;
/// writer.write(&RecordBatch::try_from_iter([("attr_count", count)])?)?;
///
/// let mut manifest = Manifest::new(Table::Logs);
/// for file in writer.finish()? {
///     manifest.add(&file, vec![("date".to_owned(), Some("2026-11-22".to_owned()))]);
/// }
/// let read = Manifest::from_json(&manifest.to_json())?;
/// assert_eq!(read.rows(), 3);
/// assert_eq!(read.files()[0].columns[0].max, Some(Bound::Int64(3)));
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Manifest {
    table: Table,
    batch: Option<BatchId>,
    schema_version: Option<u64>,
    files: Vec<ManifestFile>,
}

/// A file of a [`Manifest`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ManifestFile {
    /// Its name in the storage.
    pub name: String,
    /// The partition columns and their values, as [`Partitioner::values`](crate::Partitioner::values)
    /// gives them; none for the default partition.
    pub partition: Vec<(String, Option<String>)>,
    /// Its rows.
    pub rows: u64,
    /// Its bytes.
    pub bytes: u64,
    /// Its row groups.
    pub row_groups: usize,
    /// Its top-level columns, in the order of its schema.
    pub columns: Vec<ManifestColumn>,
}

/// A column of a [`ManifestFile`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ManifestColumn {
    /// Its name.
    pub name: String,
    /// Its type in words: `int64`, `timestamp[us, UTC]`, `list<float64>`.
    pub type_name: String,
    /// Rows in which it is null.
    pub nulls: u64,
    /// No value is less; see [`ColumnSummary::min`](crate::ColumnSummary::min).
    pub min: Option<Bound>,
    /// No value is greater; see [`ColumnSummary::max`](crate::ColumnSummary::max).
    pub max: Option<Bound>,
}

impl Manifest {
    /// Of no files yet.
    pub fn new(table: Table) -> Self {
        Self {
            table,
            batch: None,
            schema_version: None,
            files: Vec::new(),
        }
    }

    /// Says what the files are of.
    #[must_use]
    pub fn with_batch(mut self, batch: BatchId) -> Self {
        self.batch = Some(batch);
        self
    }

    /// Says which version of the dataset's published schema has all columns of the files.
    #[must_use]
    pub fn with_schema_version(mut self, version: u64) -> Self {
        self.schema_version = Some(version);
        self
    }

    /// Adds a file, which is of this partition.
    pub fn add(&mut self, file: &FileSummary, partition: Vec<(String, Option<String>)>) {
        let columns = file.columns.iter().map(|column| ManifestColumn {
            name: column.name.clone(),
            type_name: type_name(&column.data_type),
            nulls: column.nulls,
            min: column.min.clone(),
            max: column.max.clone(),
        });
        self.files.push(ManifestFile {
            name: file.name.clone(),
            partition,
            rows: file.rows,
            bytes: file.bytes,
            row_groups: file.row_groups,
            columns: columns.collect(),
        });
    }

    /// The table.
    pub fn table(&self) -> Table {
        self.table
    }

    /// What the files are of, if it was said.
    pub fn batch(&self) -> Option<&BatchId> {
        self.batch.as_ref()
    }

    /// The version of the dataset's schema, if it was said.
    pub fn schema_version(&self) -> Option<u64> {
        self.schema_version
    }

    /// The files, in the order in which they were added.
    pub fn files(&self) -> &[ManifestFile] {
        &self.files
    }

    /// The rows of all files.
    pub fn rows(&self) -> u64 {
        self.sum(|file| file.rows)
    }

    /// The bytes of all files.
    pub fn bytes(&self) -> u64 {
        self.sum(|file| file.bytes)
    }

    /// The row groups of all files.
    pub fn row_groups(&self) -> u64 {
        self.sum(|file| file.row_groups as u64)
    }

    /// Numbers of a damaged document may be too large to add up.
    fn sum(&self, of: impl Fn(&ManifestFile) -> u64) -> u64 {
        self.files.iter().map(of).fold(0, u64::saturating_add)
    }

    /// Reads the JSON that [`Manifest::to_json`] writes. Members that this version does not know are
    /// left out.
    ///
    /// # Errors
    ///
    /// When it is damaged, or of a version that does not fit this one.
    pub fn from_json(json: &[u8]) -> Result<Self, ManifestError> {
        json::read(json)
    }

    /// The JSON that is stored beside the files or sent to a catalogue.
    pub fn to_json(&self) -> Vec<u8> {
        json::write(self)
    }
}

impl ManifestFile {
    /// The column of that name.
    pub fn column(&self, name: &str) -> Option<&ManifestColumn> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// Earliest and latest `timestamp`, in microseconds since the epoch; none if no row has one.
    pub fn time_range(&self) -> Option<(i64, i64)> {
        self.integers("timestamp")
    }

    /// Least and greatest `fingerprint`; none if no row has one.
    pub fn fingerprint_range(&self) -> Option<(i64, i64)> {
        self.integers("fingerprint")
    }

    fn integers(&self, column: &str) -> Option<(i64, i64)> {
        let column = self.column(column)?;
        match (&column.min, &column.max) {
            (Some(Bound::Int64(min)), Some(Bound::Int64(max))) => Some((*min, *max)),
            _ => None,
        }
    }
}

/// Why a document is no [`Manifest`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ManifestError {
    /// It is not JSON, or its members are others.
    #[error("the manifest is damaged: {0}")]
    Malformed(String),
    /// It was written by a version that does things differently.
    #[error(
        "the manifest has format {found:?}, this version reads {:?}: update the reader",
        json::FORMAT
    )]
    Format {
        /// The format that it says it has.
        found: String,
    },
    /// There is no such table.
    #[error(
        "the manifest is of a table {0:?}, which this version does not know: update the reader"
    )]
    UnknownTable(String),
    /// The identity of its batch is none.
    #[error("the manifest is damaged: {0}")]
    Batch(#[from] BatchIdError),
    /// The totals are not those of the files.
    #[error("the manifest is damaged: its totals have {said} {what}, its files {found}")]
    Totals {
        /// Files, rows, bytes or row groups.
        what: &'static str,
        /// The total that it says.
        said: u64,
        /// The sum over its files.
        found: u64,
    },
    /// Two files have one name.
    #[error("the manifest is damaged: it has the file {0:?} twice")]
    DuplicateFile(String),
    /// A minimum or maximum is none of its column's type.
    #[error(
        "the manifest is damaged: the column {column:?} of {file:?} has type {type_name:?} and the \
         minimum or maximum {found}"
    )]
    Bound {
        /// The name of the file.
        file: String,
        /// The name of the column.
        column: String,
        /// Its type.
        type_name: String,
        /// What it has for minimum or maximum.
        found: String,
    },
}

#[cfg(test)]
mod tests;

//! The list of the files that a flush or a batch has written.

mod json;
mod types;

use otlake_schema::Table;

pub(crate) use self::types::type_name;
use crate::files::file_names::{BatchId, BatchIdError};
use otlake_parquet::{Bound, FileSummary, SortingColumn};

/// The files that one flush or one batch has written to a table, with the statistics that a catalogue needs, so
/// that a catalogue does not have to open the files.
///
/// As JSON it is a document of the format `otlake.manifest/1`, which later versions read too. Later versions
/// may add members:
///
/// | member | value |
/// |---|---|
/// | `format`, `table` | `otlake.manifest/1`; the table's name |
/// | `batch`, `schema_version` | as set, or absent |
/// | `totals` | `files`, `rows`, `bytes`, `row_groups` of all files |
/// | `files` | for each: `name`, `partition`, `rows`, `bytes`, `row_groups`, `time`, `fingerprint`, `columns`, `sort_order` |
/// | `partition` | a list of `name` and `value`, which is null for the default partition |
/// | `time` | `min` and `max` of the column `timestamp` in RFC 3339, and `min_micros`, `max_micros` since the epoch |
/// | `fingerprint` | `min` and `max` of the column `fingerprint` |
/// | `columns` | for each: `name`, `type`, `nulls`, and `min` and `max` where they are known |
/// | `sort_order` | for each: `name`, `descending`, `nulls_first`; absent if the order of the file is unknown |
///
/// Types are named as in a [`DatasetSchema`](otlake_schema::DatasetSchema). Integers are numbers with 64
/// bits, which JavaScript's numbers can't hold. Bytes are base64. NaN and the infinities are strings, as in the
/// JSON of proto3.
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
/// writer.begin_batch(&BatchId::new("orders-3-1048576")?)?;
/// for severity in [3, 1, 2] {
///     let mut row = Row::new(Signal::Logs, Group::new(&[]), Group::new(&[]));
///     row.push(fields::SEVERITY_NUMBER, Value::Int(severity));
///     writer.row(&mut row)?;
/// }
/// writer.finish_batch()?;
///
/// let name = ManifestCommit::document_name(Table::Logs, "orders-3-1048576");
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
}

/// A file of a [`Manifest`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ManifestFile {
    /// The name of the file in the storage.
    pub name: String,
    /// The partition columns and their values, from [`Partitioner::values`](crate::Partitioner::values);
    /// `None` is the value of the default partition.
    pub partition: Vec<(String, Option<String>)>,
    /// The number of rows.
    pub rows: u64,
    /// The number of bytes.
    pub bytes: u64,
    /// The number of row groups.
    pub row_groups: usize,
    /// The top-level columns, in the order of the file's schema.
    pub columns: Vec<ManifestColumn>,
    /// The columns by which the rows of the whole file are sorted, from
    /// [`FileSummary::sort_order`]; empty if the order is unknown.
    pub sort_order: Vec<SortingColumn>,
}

/// A column of a [`ManifestFile`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ManifestColumn {
    /// The name of the column.
    pub name: String,
    /// The type in words: `int64`, `timestamp[us, UTC]`, `list<float64>`.
    pub type_name: String,
    /// The number of rows in which the column is null.
    pub nulls: u64,
    /// A lower bound of the values; see [`ColumnSummary::min`](otlake_parquet::ColumnSummary::min).
    pub min: Option<Bound>,
    /// An upper bound of the values; see [`ColumnSummary::max`](otlake_parquet::ColumnSummary::max).
    pub max: Option<Bound>,
}

impl Manifest {
    /// Creates a manifest without files.
    pub fn new(table: Table) -> Self {
        Self {
            table,
            batch: None,
            schema_version: None,
            files: Vec::new(),
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

    /// Adds a file of a partition.
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
            sort_order: file.sort_order.clone(),
        });
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

    /// Reads the JSON that [`Manifest::to_json`] writes. Members that this version does not know are
    /// ignored.
    ///
    /// # Errors
    ///
    /// Returns an error if the document is damaged, or was written by an incompatible version.
    pub fn from_json(json: &[u8]) -> Result<Self, ManifestError> {
        json::read(json)
    }

    /// Returns the manifest as JSON.
    pub fn to_json(&self) -> Vec<u8> {
        json::write(self)
    }
}

impl ManifestFile {
    /// Returns the column with a name.
    pub fn column(&self, name: &str) -> Option<&ManifestColumn> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// Returns the earliest and the latest `timestamp`, in microseconds since the epoch; `None` if no row has
    /// one.
    pub fn time_range(&self) -> Option<(i64, i64)> {
        self.integers("timestamp")
    }

    /// Returns the least and the greatest `fingerprint`; `None` if no row has one.
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

/// The error of [`Manifest::from_json`]: why a document is not a manifest.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ManifestError {
    /// The document is not JSON, or has unexpected members.
    #[error("the manifest is damaged: {0}")]
    Malformed(String),
    /// The document was written by an incompatible version.
    #[error(
        "the manifest has format {found:?}, this version reads {:?}: update the reader",
        json::FORMAT
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

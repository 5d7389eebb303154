//! The files of a manifest.

use otlake_parquet::{Bound, FileSummary, SortingColumn};

use super::types::type_name;
use crate::route::partition_value::{PartitionValue, day_of, hour_of};

/// A file of a [`Manifest`](crate::Manifest).
///
/// ```
/// use std::sync::Arc;
///
/// use otlake_dataset::{Dataset, ManifestColumn, ManifestFile, ManifestLeaf, TableFiles};
/// use otlake_row::{Group, Row, RowSink, Signal, Value, fields};
/// use otlake_schema::Table;
/// use otlake_storage::InMemoryStorage;
///
/// let storage = InMemoryStorage::new();
/// let dataset = Dataset::builder().partitioning("date={date}/hour={hour}".parse()?);
/// let mut writer = dataset.open(Arc::new(storage.clone()))?.writer();
/// let mut row = Row::new(Signal::Logs, Group::new(&[]), Group::new(&[]));
/// row.push(fields::TIME_UNIX_NANO, Value::Int(1_795_305_600_000_000_000));
/// writer.row(&mut row)?;
/// writer.flush()?;
///
/// let files = TableFiles::load(&storage, Table::Logs)?;
/// let file: &ManifestFile = files.files().next().ok_or("one was written")?;
/// let micros = 1_795_305_600_000_000;
/// assert_eq!(file.time_range(), Some((micros, micros)));
/// assert_eq!(file.fingerprint_range(), None, "no stage has computed one");
/// assert_eq!((file.day(), file.hour()), (Some(20_779), Some(20_779 * 24)));
///
/// let body: &ManifestColumn = file.column("body").ok_or("every file has it")?;
/// assert_eq!((&*body.type_name, body.nulls), ("utf8", 1));
/// let is_name = |leaf: &ManifestLeaf| leaf.path == "overflow.key_value.key";
/// assert!(file.leaves().any(|leaf| is_name(&leaf)), "the names of a map are a leaf");
///
/// // The entry of a file of which a table format knows less.
/// let mut entry = ManifestFile::new("logs/a.parquet");
/// entry.columns.push(ManifestColumn::new("body", "utf8"));
/// let entry = entry.column("body").ok_or("it was pushed")?;
/// assert_eq!(entry.max, None);
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ManifestFile {
    /// The name of the file in the storage.
    pub name: String,
    /// The partition columns and their values, from [`Partitioner::values`](crate::Partitioner::values).
    pub partition: Vec<PartitionValue>,
    /// The number of rows.
    pub rows: u64,
    /// The number of bytes.
    pub bytes: u64,
    /// The number of row groups.
    pub row_groups: usize,
    /// The position of the first byte of each row group, ascending. Empty in manifests of version 1.
    pub row_group_offsets: Vec<u64>,
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
    /// The field id, if the column has one.
    pub field_id: Option<i32>,
    /// The type in words: `int64`, `timestamp[us, UTC]`, `list<float64>`.
    pub type_name: String,
    /// The number of rows in which the column is null.
    pub nulls: u64,
    /// The bytes of the column in the file; `None` in manifests of version 1.
    pub bytes: Option<u64>,
    /// A lower bound of the values; see [`ColumnSummary::min`](otlake_parquet::ColumnSummary::min).
    pub min: Option<Bound>,
    /// An upper bound of the values; see [`ColumnSummary::max`](otlake_parquet::ColumnSummary::max).
    pub max: Option<Bound>,
    /// The leaves of a list, map or struct, in the order of the file. Empty for a column of a primitive type,
    /// which is its own leaf; see [`ManifestFile::leaves`].
    pub leaves: Vec<ManifestLeaf>,
}

/// A leaf of a [`ManifestFile`]: a column of a primitive type, or a part of a nested column that has pages of its
/// own.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ManifestLeaf {
    /// The names from the column to the leaf, joined with dots: `overflow.key_value.key`.
    pub path: String,
    /// The field id, if the leaf has one.
    pub field_id: Option<i32>,
    /// The type in words: `int64`.
    pub type_name: String,
    /// The number of values, nulls included. An empty list or map counts as one.
    pub values: u64,
    /// The number of nulls, including those of lists, maps and structs around the leaf that are null or empty.
    pub nulls: u64,
    /// The bytes of the leaf in the file.
    pub bytes: u64,
    /// A lower bound of the values; `None` inside lists and maps.
    pub min: Option<Bound>,
    /// An upper bound of the values; `None` inside lists and maps.
    pub max: Option<Bound>,
}

impl ManifestColumn {
    /// Creates a column without nulls and with unknown bounds and size, for a [`Commit`](crate::Commit) of your own.
    pub fn new(name: impl Into<String>, type_name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            field_id: None,
            type_name: type_name.into(),
            nulls: 0,
            bytes: None,
            min: None,
            max: None,
            leaves: Vec::new(),
        }
    }
}

impl ManifestFile {
    /// Creates the entry of a file of which only the name is known yet, for a [`Commit`](crate::Commit) of your own that
    /// lists the files of a table format.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            partition: Vec::new(),
            rows: 0,
            bytes: 0,
            row_groups: 0,
            row_group_offsets: Vec::new(),
            columns: Vec::new(),
            sort_order: Vec::new(),
        }
    }

    /// Creates the entry of a file of a partition.
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use otlake_dataset::{Dataset, ManifestFile};
    /// use otlake_row::{Group, Row, RowSink, Signal};
    /// use otlake_storage::InMemoryStorage;
    ///
    /// let mut writer = Dataset::builder().open(Arc::new(InMemoryStorage::new()))?.writer();
    /// writer.row(&mut Row::new(Signal::Logs, Group::new(&[]), Group::new(&[])))?;
    /// writer.flush()?;
    ///
    /// let report = &writer.report()[0];
    /// let entry = ManifestFile::of(&report.files[0], Vec::new());
    /// assert_eq!((&entry.name, entry.rows), (&report.files[0].name, 1));
    /// assert_eq!(entry.column("body").map(|body| body.nulls), Some(1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn of(file: &FileSummary, partition: Vec<PartitionValue>) -> Self {
        let columns = file.columns.iter().map(|column| ManifestColumn {
            name: column.name.clone(),
            field_id: column.field_id,
            type_name: type_name(&column.data_type),
            nulls: column.nulls,
            bytes: Some(column.compressed_bytes),
            min: column.min.clone(),
            max: column.max.clone(),
            leaves: column.leaves.iter().map(ManifestLeaf::of).collect(),
        });
        Self {
            name: file.name.clone(),
            partition,
            rows: file.rows,
            bytes: file.bytes,
            row_groups: file.row_groups,
            row_group_offsets: file.row_group_offsets.clone(),
            columns: columns.collect(),
            sort_order: file.sort_order.clone(),
        }
    }

    /// Returns the column with a name.
    pub fn column(&self, name: &str) -> Option<&ManifestColumn> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// Returns all leaves in the order of the file, including the columns of primitive types. This is the form in
    /// which table formats keep statistics: by the field id of a leaf.
    pub fn leaves(&self) -> impl Iterator<Item = ManifestLeaf> {
        self.columns.iter().flat_map(|column| {
            let own = column.leaves.is_empty().then(|| ManifestLeaf {
                path: column.name.clone(),
                field_id: column.field_id,
                type_name: column.type_name.clone(),
                values: self.rows,
                nulls: column.nulls,
                bytes: column.bytes.unwrap_or_default(),
                min: column.min.clone(),
                max: column.max.clone(),
            });
            own.into_iter().chain(column.leaves.iter().cloned())
        })
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

    /// Returns the day of all rows, in days since 1970-01-01, if the partition columns determine it: `date`, or
    /// `year`, `month` and `day`.
    pub fn day(&self) -> Option<i32> {
        day_of(&self.partition)
    }

    /// Returns the hour of all rows, in hours since 1970-01-01, if the partition columns determine it: those of
    /// [`day`](Self::day), and `hour`.
    pub fn hour(&self) -> Option<i64> {
        hour_of(&self.partition)
    }

    fn integers(&self, column: &str) -> Option<(i64, i64)> {
        let column = self.column(column)?;
        match (&column.min, &column.max) {
            (Some(Bound::Int64(min)), Some(Bound::Int64(max))) => Some((*min, *max)),
            _ => None,
        }
    }
}

impl ManifestLeaf {
    fn of(leaf: &otlake_parquet::LeafSummary) -> Self {
        Self {
            path: leaf.path.to_string(),
            field_id: leaf.field_id,
            type_name: type_name(&leaf.data_type),
            values: leaf.values,
            nulls: leaf.nulls,
            bytes: leaf.compressed_bytes,
            min: leaf.min.clone(),
            max: leaf.max.clone(),
        }
    }
}

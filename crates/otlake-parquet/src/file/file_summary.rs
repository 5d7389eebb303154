//! Summaries of finished files.

use std::sync::Arc;

use arrow_schema::DataType;
use bytes::Bytes;

use crate::options::SortingColumn;

/// A summary of a finished file.
///
/// ```
/// use std::sync::Arc;
///
/// use otlake_parquet::arrow_array::{ArrayRef, ListArray, RecordBatch, StringArray, types::Int64Type};
/// use otlake_parquet::{Bound, ColumnSummary, Encoder, FileWriter, LeafSummary, WriterOptions};
///
/// let body: ArrayRef = Arc::new(StringArray::from(vec![Some("ready"), None]));
/// let counts = [Some(vec![Some(1), Some(2)]), Some(vec![])];
/// let counts: ArrayRef = Arc::new(ListArray::from_iter_primitive::<Int64Type, _, _>(counts));
/// let batch = RecordBatch::try_from_iter([("body", body), ("counts", counts)])?;
///
/// let mut encoder = Encoder::new(WriterOptions::new())?;
/// let mut file = FileWriter::new(Vec::new());
/// file.write_row_group(&mut encoder, &batch)?;
/// let (_, summary) = file.finish(&mut encoder, &[])?;
///
/// assert_eq!((summary.rows, summary.row_groups), (2, 1));
/// assert_eq!(summary.row_group_offsets, [4]);
/// let body: &ColumnSummary = &summary.columns[0];
/// assert_eq!((&*body.name, body.nulls), ("body", 1));
/// assert_eq!(body.min, Some(Bound::Utf8("ready".to_owned())));
/// let counts: &LeafSummary = &summary.columns[1].leaves[0];
/// assert_eq!((counts.values, counts.nulls), (3, 1));
/// assert!(summary.memory_size() > 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct FileSummary {
    /// The name of the file. A [`FileWriter`](crate::FileWriter) knows no name and leaves it empty.
    pub name: String,
    /// The number of rows.
    pub rows: u64,
    /// The size in bytes.
    pub bytes: u64,
    /// The number of row groups.
    pub row_groups: usize,
    /// The position of the first byte of each row group, ascending.
    pub row_group_offsets: Vec<u64>,
    /// The top-level columns, in the order of the schema.
    pub columns: Vec<ColumnSummary>,
    /// The columns by which the rows of the whole file are sorted; empty if the order is unknown.
    ///
    /// The `sorting_columns` in a footer hold for one row group. The file is sorted too if it has a single row group,
    /// or if the values of the first column never decrease from one row group to the next (or increase, in descending
    /// order), and none of them is null. If row groups share a value, only the first column is listed.
    pub sort_order: Vec<SortingColumn>,
}

impl FileSummary {
    /// Returns the bytes of memory that the summary takes.
    pub fn memory_size(&self) -> usize {
        let columns = self.columns.iter().map(|column| {
            let bounds = [&column.min, &column.max].into_iter().flatten();
            let leaves = column.leaves.iter().map(|leaf| {
                let bounds = [&leaf.min, &leaf.max].into_iter().flatten();
                size_of::<LeafSummary>() + bounds.map(Bound::heap_size).sum::<usize>()
            });
            column.name.capacity()
                + bounds.map(Bound::heap_size).sum::<usize>()
                + leaves.sum::<usize>()
        });
        let sorting = self.sort_order.iter();
        let sorting = sorting.map(|column| column.name.capacity());
        size_of::<Self>()
            + self.name.capacity()
            + self.row_group_offsets.capacity() * size_of::<u64>()
            + self.columns.capacity() * size_of::<ColumnSummary>()
            + columns.sum::<usize>()
            + self.sort_order.capacity() * size_of::<SortingColumn>()
            + sorting.sum::<usize>()
    }
}

/// A summary of a top-level column.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ColumnSummary {
    /// The name of the column.
    pub name: String,
    /// The type of the column; for dictionaries and runs that of the values.
    pub data_type: DataType,
    /// The field id, if the column has one.
    pub field_id: Option<i32>,
    /// The number of rows in which the column is null, including the rows of row groups that lack it.
    pub nulls: u64,
    /// A lower bound of the values: the least value, or a prefix of it if it is text or bytes longer than
    /// [statistics](crate::WriterOptions::with_statistics_truncate_length) may be.
    ///
    /// `None` if there are no values or if one of them is NaN, and for lists, maps, structs, decimals and
    /// other types that have no [`Bound`].
    pub min: Option<Bound>,
    /// An upper bound of the values: the greatest value, or, if it is text or bytes longer than statistics
    /// may be, a prefix of it whose last character or byte is increased. `None` if [`min`](Self::min) is.
    pub max: Option<Bound>,
    /// The size of the pages in the file, page headers included.
    pub compressed_bytes: u64,
    /// The size of the pages before compression, page headers included.
    pub uncompressed_bytes: u64,
    /// The leaves of a list, map or struct, in the order of the file. Empty for a column of a primitive type,
    /// which is its own leaf.
    pub leaves: Box<[LeafSummary]>,
}

/// A summary of a leaf of a nested column: a part of it that has pages.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct LeafSummary {
    /// The names from the column to the leaf, joined with dots: `overflow.key_value.key`. Shared by all files of
    /// an encoder.
    pub path: Arc<str>,
    /// The type of the leaf; for dictionaries and runs that of the values.
    pub data_type: DataType,
    /// The field id, if the leaf has one.
    pub field_id: Option<i32>,
    /// The number of values, nulls included. An empty list or map counts as one.
    pub values: u64,
    /// The number of nulls, including those of lists, maps and structs around the leaf that are null or empty.
    pub nulls: u64,
    /// A lower bound of the values, as [`ColumnSummary::min`]; `None` inside lists and maps, where readers can't
    /// use one.
    pub min: Option<Bound>,
    /// An upper bound of the values, as [`ColumnSummary::max`]; `None` inside lists and maps.
    pub max: Option<Bound>,
    /// The size of the pages in the file, page headers included.
    pub compressed_bytes: u64,
}

/// A lower or an upper bound of values.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Bound {
    /// A bound of booleans.
    Boolean(bool),
    /// A bound of integers other than `UInt64`, or of dates, times, timestamps or durations in their unit.
    Int64(i64),
    /// A bound of `UInt64`.
    UInt64(u64),
    /// A bound of floats. A minimum of zero is -0.0 and a maximum of zero is +0.0, as Parquet requires.
    Float64(f64),
    /// A bound of text.
    Utf8(String),
    /// A bound of bytes.
    Binary(Bytes),
}

impl Bound {
    fn heap_size(&self) -> usize {
        match self {
            Self::Utf8(text) => text.capacity(),
            Self::Binary(bytes) => bytes.len(),
            _ => 0,
        }
    }

    /// Reads a value of type `data_type` from its plain encoding.
    pub(crate) fn from_plain(data_type: &DataType, bytes: &[u8]) -> Option<Self> {
        use DataType::*;
        Some(match data_type {
            Boolean => Self::Boolean(*bytes.first()? != 0),
            UInt8 | UInt16 | UInt32 => {
                Self::Int64(i64::from(u32::from_le_bytes(bytes.try_into().ok()?)))
            }
            UInt64 => Self::UInt64(u64::from_le_bytes(bytes.try_into().ok()?)),
            Int8
            | Int16
            | Int32
            | Int64
            | Date32
            | Time32(_)
            | Time64(_)
            | Timestamp(_, _)
            | Duration(_) => Self::Int64(match bytes.len() {
                4 => i64::from(i32::from_le_bytes(bytes.try_into().ok()?)),
                _ => i64::from_le_bytes(bytes.try_into().ok()?),
            }),
            Float32 => Self::Float64(f64::from(f32::from_le_bytes(bytes.try_into().ok()?))),
            Float64 => Self::Float64(f64::from_le_bytes(bytes.try_into().ok()?)),
            Utf8 | LargeUtf8 | Utf8View => Self::Utf8(std::str::from_utf8(bytes).ok()?.to_owned()),
            Binary | LargeBinary | BinaryView => Self::Binary(Bytes::copy_from_slice(bytes)),
            // Not in their unit in the file (Date64), or not compared.
            _ => return None,
        })
    }
}

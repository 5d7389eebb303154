//! What a finished file is.

use arrow_schema::DataType;
use bytes::Bytes;

/// A finished file.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct FileSummary {
    /// Its name in the storage; empty from a [`FileWriter`](crate::FileWriter), which knows none.
    pub name: String,
    /// Its rows.
    pub rows: u64,
    /// Its bytes.
    pub bytes: u64,
    /// Its row groups.
    pub row_groups: usize,
    /// Its top-level columns, in the order of the schema.
    pub columns: Vec<ColumnSummary>,
}

/// A top-level column of a finished file.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ColumnSummary {
    /// Its name.
    pub name: String,
    /// Its type; that of the values for a dictionary.
    pub data_type: DataType,
    /// Rows in which it is null, those of row groups that lack it included.
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
    /// Bytes of its pages in the file, page headers included.
    pub compressed_bytes: u64,
    /// Bytes of its pages before compression, page headers included.
    pub uncompressed_bytes: u64,
}

/// A value that others are not less than, or not greater.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Bound {
    /// Of booleans.
    Boolean(bool),
    /// Of integers but `UInt64`, and of dates, times, timestamps and durations in their unit.
    Int64(i64),
    /// Of `UInt64`.
    UInt64(u64),
    /// Of floats. A minimum of zero is -0.0 and a maximum +0.0, as Parquet has it.
    Float64(f64),
    /// Of text.
    Utf8(String),
    /// Of bytes.
    Binary(Bytes),
}

impl Bound {
    /// A value of type `data_type` in the plain encoding of Parquet.
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

//! What a finished file is.

use arrow_schema::DataType;

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
    /// Bytes of its pages in the file, page headers included.
    pub compressed_bytes: u64,
    /// Bytes of its pages before compression, page headers included.
    pub uncompressed_bytes: u64,
}

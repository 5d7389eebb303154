use std::time::Duration;

use otlake_schema::{OverflowCounts, Table};

/// What a writer has done to a table so far. All of it only grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TableStats {
    /// The table.
    pub table: Table,
    /// Rows in the row groups that it wrote.
    pub rows: u64,
    /// Row groups that it wrote.
    pub row_groups: u64,
    /// Files that it closed, and so made visible.
    pub files: u64,
    /// Bytes of these files.
    pub bytes: u64,
    /// Time that it spent encoding and compressing row groups and handing them to the storage.
    pub encoding: Duration,
    /// Time that it spent closing files: footers, and what the storage does to make them visible.
    pub storing: Duration,
    /// Values that went to the `overflow` column, by reason; with partitions of the rows in row groups.
    pub overflow: OverflowCounts,
}

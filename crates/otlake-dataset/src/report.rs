use std::time::Duration;

use otlake_schema::{OverflowCounts, Table};

/// The work of a writer on a table so far. All numbers only grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TableStats {
    /// The table.
    pub table: Table,
    /// The number of rows in the row groups that were written.
    pub rows: u64,
    /// The number of row groups that were written.
    pub row_groups: u64,
    /// The number of files that were closed, and so made visible.
    pub files: u64,
    /// The size of these files, in bytes.
    pub bytes: u64,
    /// The time spent encoding and compressing row groups and passing them to the storage.
    pub encoding: Duration,
    /// The time spent closing files: writing footers, and waiting for the storage to make files visible.
    pub storing: Duration,
    /// The number of values that went to the overflow column, by reason. With partitions, rows that wait for
    /// their row group are not included.
    pub overflow: OverflowCounts,
}

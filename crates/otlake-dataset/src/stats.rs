use std::time::Duration;

/// What a [`ParquetSink`](crate::ParquetSink) has done so far. All of it only grows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SinkStats {
    /// Rows in row groups that were written.
    pub rows: u64,
    /// Row groups written.
    pub row_groups: u64,
    /// Files closed, and so visible.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Time that was spent encoding and compressing row groups and handing them to the storage.
    pub encoding: Duration,
    /// Time that was spent closing files: footers, and what the storage does to make them visible.
    pub storing: Duration,
}

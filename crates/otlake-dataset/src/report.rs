use std::time::Duration;

use otlake_schema::{OverflowCounts, Table};

/// The work of a writer on a table so far. All numbers only grow.
///
/// ```
/// use std::sync::Arc;
///
/// use otlake_dataset::{Dataset, TableStats};
/// use otlake_row::{Group, Row, RowSink, Signal};
/// use otlake_storage::InMemoryStorage;
///
/// let mut writer = Dataset::builder().open(Arc::new(InMemoryStorage::new()))?.writer();
/// for _ in 0..2 {
///     writer.row(&mut Row::new(Signal::Traces, Group::new(&[]), Group::new(&[])))?;
///     writer.write_row_groups()?;
/// }
/// let stats: Vec<TableStats> = writer.stats();
/// assert_eq!((stats[0].rows, stats[0].row_groups, stats[0].files), (2, 2, 0));
/// writer.flush()?;
/// assert_eq!(writer.stats()[0].files, 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
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

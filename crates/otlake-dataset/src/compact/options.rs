//! The options of compaction.

use std::time::Duration;

use otlake_parquet::{SortingColumn, WriterOptions};
use otlake_schema::Table;

use super::default_order::default_order;

/// Options for a [`Compactor`](crate::Compactor).
///
/// ```
/// use otlake_dataset::CompactionOptions;
///
/// let options = CompactionOptions::new().with_target_bytes(256 << 20).with_memory_limit(1 << 30);
/// assert_eq!(options.target_bytes(), 256 << 20);
/// // A merged file is at most as large as half of the memory.
/// assert_eq!(options.with_memory_limit(128 << 20).target_bytes(), 64 << 20);
/// ```
///
/// By the hour, newest rows first:
///
/// ```
/// use std::time::Duration;
///
/// use otlake_dataset::CompactionOptions;
/// use otlake_parquet::{SortingColumn, WriterOptions};
///
/// let newest_first =
///     SortingColumn { name: "timestamp".to_owned(), descending: true, nulls_first: false };
/// let options = CompactionOptions::new()
///     .with_window(Duration::from_secs(3_600))
///     .with_sorted_rows(vec![newest_first])
///     .with_row_group_rows(100_000)
///     .with_writer_options(WriterOptions::new().with_bloom_filter_columns(["trace_id"]));
/// assert_eq!(options.target_bytes(), 128 << 20);
/// ```
#[derive(Clone, Debug)]
pub struct CompactionOptions {
    target_bytes: u64,
    pub(crate) memory_limit: usize,
    pub(crate) window: Duration,
    pub(crate) order: Option<Vec<SortingColumn>>,
    pub(crate) writer: WriterOptions,
    pub(crate) row_group_rows: usize,
}

/// With less, a run of sorted rows would not have a page for each of its columns.
const LEAST_MEMORY: usize = 1 << 20;

impl CompactionOptions {
    /// Creates the default options, which are documented with the methods that change them.
    pub fn new() -> Self {
        Self {
            target_bytes: 128 << 20,
            memory_limit: 384 << 20,
            window: Duration::from_secs(86_400),
            order: None,
            writer: WriterOptions::new(),
            row_group_rows: 128 << 10,
        }
    }

    /// Sets the size that merged files should have, at most half of the [memory limit](Self::with_memory_limit). Files of at least
    /// half of this size stay as they are. Default: 128 MiB.
    #[must_use]
    pub fn with_target_bytes(mut self, bytes: u64) -> Self {
        self.target_bytes = bytes.max(1);
        self
    }

    /// Limits the bytes of memory that merging takes, however many files there are; at least 1 MiB. Rows are sorted in
    /// memory, and half of the limit is for those that wait for the others. So a merged file is at most half as large
    /// as the limit. Default: 384 MiB.
    ///
    /// Some things are not counted: contexts of codecs, what the storage buffers, and rows that take up more than a
    /// hundredth of the limit each.
    #[must_use]
    pub fn with_memory_limit(mut self, bytes: usize) -> Self {
        self.memory_limit = bytes.max(LEAST_MEMORY);
        self
    }

    /// Sets the length of time windows, at least a second. A file belongs to the window of its latest `timestamp`, and
    /// files of different windows are never merged, just as files of different partitions are not. So merging delays
    /// [`drop_older_than`](crate::drop_older_than) by at most a window. Default: a day, by UTC.
    #[must_use]
    pub fn with_window(mut self, window: Duration) -> Self {
        self.window = window.max(Duration::from_secs(1));
        self
    }

    /// Sets the order of the rows in merged files. Columns that do not exist are left out. With an empty order, rows stay in
    /// the order of the files, earliest first. Default: the order of the row groups of the latest of the files. If it has
    /// none, the [default order](Self::default_order) of the table.
    #[must_use]
    pub fn with_sorted_rows(mut self, order: Vec<SortingColumn>) -> Self {
        self.order = Some(order);
        self
    }

    /// Returns the order in which rows are merged if neither [`with_sorted_rows`](Self::with_sorted_rows) nor the newest of the
    /// files specify one: log records and spans by service and time, data points by service, metric and time.
    ///
    /// The names are those of [`FlatNaming`](otlake_schema::FlatNaming). In a dataset with another naming, the order is by
    /// the column that has the service there.
    ///
    /// ```
    /// use otlake_dataset::CompactionOptions;
    /// use otlake_schema::Table;
    ///
    /// let order = CompactionOptions::default_order(Table::Metrics);
    /// let names: Vec<_> = order.iter().map(|column| column.name.as_str()).collect();
    /// assert_eq!(names, ["resource_service_name", "name", "timestamp"]);
    /// ```
    pub fn default_order(table: Table) -> Vec<SortingColumn> {
        default_order(table, None)
    }

    /// Sets the codec, the bloom filters and other properties of merged files. Default: as those of a dataset. The sort
    /// order and the size of files are not taken from here.
    #[must_use]
    pub fn with_writer_options(mut self, options: WriterOptions) -> Self {
        self.writer = options;
        self
    }

    /// Sets the largest number of rows of a row group, at least 1. Default: 131,072. Row groups are also limited to a
    /// sixteenth of the memory.
    #[must_use]
    pub fn with_row_group_rows(mut self, rows: usize) -> Self {
        self.row_group_rows = rows.max(1);
        self
    }

    /// Returns the size that merged files should have: as set, and at most half of the memory limit.
    pub fn target_bytes(&self) -> u64 {
        self.target_bytes.min(self.memory_limit as u64 / 2)
    }
}

impl Default for CompactionOptions {
    fn default() -> Self {
        Self::new()
    }
}

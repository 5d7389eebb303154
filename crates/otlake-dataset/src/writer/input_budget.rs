//! Limits what one input may cause.

use otlake_row::{Group, Row};

/// A limit on the bytes that one input, such as a payload, may make a [`DatasetWriter`](crate::DatasetWriter)
/// write in addition to its rows.
///
/// A sender sends a resource once, but every row group with rows of the resource contains it again, and each
/// partition has files of its own. So a payload of a megabyte could cause gigabytes. The budget counts each
/// partition that the input opens and each row group that it ends. It charges the bytes of the resource and the
/// scope, plus 300 bytes for each column, which is about what footer and manifest say about a column.
///
/// Rows that arrive after the budget is used up are rejected and counted; see
/// [`DatasetWriter::end_input`](crate::DatasetWriter::end_input).
///
/// ```
/// use otlake_dataset::{Dataset, InputBudget};
///
/// let budget = InputBudget::new().with_ratio(16).with_unchecked_bytes(16 << 20);
/// let builder = Dataset::builder().input_budget(budget);
/// # drop(builder);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct InputBudget {
    ratio: u64,
    unchecked: u64,
}

impl InputBudget {
    /// Creates the default budget: 64 times the size of the input, and at least 64 MiB.
    pub fn new() -> Self {
        Self {
            ratio: 64,
            unchecked: 64 << 20,
        }
    }

    /// Sets how many bytes each byte of the input may cause.
    pub fn with_ratio(mut self, ratio: u64) -> Self {
        self.ratio = ratio;
        self
    }

    /// Sets the bytes that every input may cause, however small it is.
    pub fn with_unchecked_bytes(mut self, bytes: u64) -> Self {
        self.unchecked = bytes;
        self
    }

    /// Returns the bytes that an input of this size may cause.
    fn limit(&self, bytes: usize) -> u64 {
        (bytes as u64)
            .saturating_mul(self.ratio)
            .max(self.unchecked)
    }
}

impl Default for InputBudget {
    fn default() -> Self {
        Self::new()
    }
}

/// The rows of an input that were rejected because its [`InputBudget`] was used up. All rows after that point
/// are rejected.
///
/// ```
/// use std::sync::Arc;
///
/// use otlake_dataset::{Dataset, InputBudget, RejectedRows};
/// use otlake_row::{Cell, Group, Row, RowSink, Signal, Value, fields};
/// use otlake_storage::InMemoryStorage;
///
/// // Nothing is allowed, for the sake of the example.
/// let budget = InputBudget::new().with_ratio(0).with_unchecked_bytes(0);
/// let dataset = Dataset::builder()
///     .partitioning("severity={severity_number}".parse()?)
///     .input_budget(budget)
///     .open(Arc::new(InMemoryStorage::new()))?;
///
/// let mut writer = dataset.writer();
/// writer.begin_input(1_000);
/// for severity in 1..=24 {
///     let mut row = Row::new(Signal::Logs, Group::new(&[]), Group::new(&[]));
///     row.push(fields::SEVERITY_NUMBER, Value::Int(severity));
///     writer.row(&mut row)?;
/// }
/// let rejected: RejectedRows = writer.end_input().ok_or("24 partitions are too many")?;
/// assert_eq!(rejected.limit, 0);
/// assert!(rejected.rows > 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RejectedRows {
    /// The number of rows.
    pub rows: u64,
    /// The bytes that the input was allowed to cause.
    pub limit: u64,
}

/// The bytes that footer and manifest of a file of one row need for each column. Measured.
const COLUMN: u64 = 300;

/// The bytes that the current input has caused.
#[derive(Clone, Copy, Debug)]
pub(crate) struct InputUsage {
    limit: u64,
    caused: u64,
    rejected: u64,
}

impl InputUsage {
    /// The usage of rows that belong to no input. It has no limit.
    pub(crate) const NONE: Self = Self {
        limit: u64::MAX,
        caused: 0,
        rejected: 0,
    };

    pub(crate) fn new(budget: InputBudget, bytes: usize) -> Self {
        Self {
            limit: budget.limit(bytes),
            ..Self::NONE
        }
    }

    /// Returns whether no more rows are accepted.
    #[inline]
    pub(crate) fn is_used_up(&self) -> bool {
        self.caused > self.limit
    }

    #[cold]
    pub(crate) fn reject(&mut self) {
        self.rejected += 1;
    }

    /// Counts `times` partitions and row groups that begin with the resource and scope of `row`.
    #[cold]
    pub(crate) fn repeat(&mut self, times: u64, row: &Row<'_>, columns: usize) {
        let groups = group_bytes(row.resource()) + group_bytes(row.scope());
        let each = groups + columns as u64 * COLUMN;
        self.caused = self.caused.saturating_add(times.saturating_mul(each));
    }

    pub(crate) fn rejected(&self) -> Option<RejectedRows> {
        (self.rejected > 0).then_some(RejectedRows {
            rows: self.rejected,
            limit: self.limit,
        })
    }
}

fn group_bytes(group: Group<'_>) -> u64 {
    let cells = group.cells().iter();
    cells.map(|cell| cell.value.content_bytes() as u64).sum()
}

//! Limits for what one batch may write.

use std::fmt;

/// Limits for what one batch may write, over all tables, however small its input is: a payload of a megabyte
/// can have twenty thousand tenants.
///
/// A batch that exceeds its budget fails, with an error that names the limit and counts the rows. The next
/// attempt deletes the files that it has written. An [`InputBudget`](crate::InputBudget) bounds each payload, in
/// a batch or outside one.
///
/// ```
/// use otlake_dataset::{BatchBudget, Dataset};
///
/// let budget = BatchBudget::new().with_partitions(1_000).with_bytes(1 << 30);
/// let builder = Dataset::builder().batch_budget(budget);
/// # drop(builder);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct BatchBudget {
    partitions: usize,
    row_groups: usize,
    bytes: u64,
}

impl BatchBudget {
    /// Creates the default budget: 10,000 partitions, 100,000 row groups, and any number of bytes.
    pub fn new() -> Self {
        Self {
            partitions: 10_000,
            row_groups: 100_000,
            bytes: u64::MAX,
        }
    }

    /// Limits the partitions that get files.
    pub fn with_partitions(mut self, partitions: usize) -> Self {
        self.partitions = partitions;
        self
    }

    /// Limits the row groups.
    pub fn with_row_groups(mut self, row_groups: usize) -> Self {
        self.row_groups = row_groups;
        self
    }

    /// Limits the bytes of all files. A batch exceeds it by one row group at most.
    pub fn with_bytes(mut self, bytes: u64) -> Self {
        self.bytes = bytes;
        self
    }
}

impl Default for BatchBudget {
    fn default() -> Self {
        Self::new()
    }
}

/// A batch that needs more than its [`BatchBudget`].
///
/// ```
/// use std::sync::Arc;
///
/// use otlake_dataset::{BatchBudget, BatchId, BudgetExceeded, Dataset, FlushError, LossCause};
/// use otlake_row::{Group, Row, RowSink, Signal, Value, fields};
/// use otlake_storage::InMemoryStorage;
///
/// let budget = BatchBudget::new().with_partitions(10).with_row_groups(1);
/// let dataset = Dataset::builder().batch_budget(budget).open(Arc::new(InMemoryStorage::new()))?;
/// let mut writer = dataset.writer();
/// writer.begin_batch(&BatchId::new("orders-3", 17)?)?;
/// let mut write = |body| -> Result<(), FlushError> {
///     let mut row = Row::new(Signal::Logs, Group::new(&[]), Group::new(&[]));
///     row.push(fields::BODY, Value::String(body));
///     writer.row(&mut row).expect("there is memory for it");
///     writer.write_row_groups()
/// };
/// write("one")?;
/// let Err(FlushError::Lost(lost)) = write("two") else { panic!("it is the second row group") };
/// assert!(matches!(lost.cause(), LossCause::Budget(BudgetExceeded::RowGroups(1))));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BudgetExceeded {
    /// The batch has rows of more partitions.
    Partitions(usize),
    /// The batch has more row groups.
    RowGroups(usize),
    /// The files of the batch have more bytes.
    Bytes(u64),
}

impl fmt::Display for BudgetExceeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Partitions(limit) => write!(
                f,
                "the batch has rows of more than {limit} partitions: partition by something that has \
                 fewer values, or raise the batch budget"
            ),
            Self::RowGroups(limit) => write!(
                f,
                "the batch has more than {limit} row groups: allow larger ones, or raise the batch budget"
            ),
            Self::Bytes(limit) => write!(
                f,
                "the files of the batch have more than {limit} bytes: raise the batch budget"
            ),
        }
    }
}

impl std::error::Error for BudgetExceeded {}

/// The part of its budget that a batch has used.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct BatchUsage {
    pub(crate) partitions: usize,
    pub(crate) row_groups: usize,
    pub(crate) bytes: u64,
}

impl BatchBudget {
    /// Returns an error if `used` exceeds the budget.
    pub(crate) fn check(&self, used: BatchUsage) -> Result<(), BudgetExceeded> {
        if used.partitions > self.partitions {
            return Err(BudgetExceeded::Partitions(self.partitions));
        }
        if used.row_groups > self.row_groups {
            return Err(BudgetExceeded::RowGroups(self.row_groups));
        }
        if used.bytes > self.bytes {
            return Err(BudgetExceeded::Bytes(self.bytes));
        }
        Ok(())
    }
}

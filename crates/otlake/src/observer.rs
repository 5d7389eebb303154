#[cfg(feature = "metrics")]
mod metrics;
#[cfg(feature = "tracing")]
mod tracing;

use std::fmt;
use std::time::Duration;

use otlake_dataset::TableStats;
use otlake_otlp::Summary;
use otlake_row::Signal;
use otlake_schema::{OverflowCounts, Table};

#[cfg(feature = "metrics")]
pub use self::metrics::MetricsObserver;
#[cfg(feature = "tracing")]
pub use self::tracing::TracingObserver;

/// A receiver of an [`Activity`] for each call of a [`Pipeline`](crate::Pipeline), from which a service can
/// make logs and metrics of its own.
///
/// ```
/// # #[cfg(feature = "pipeline")] {
/// use std::sync::mpsc;
///
/// use otlake::{Activity, Observer, Operation, Pipeline, row::Signal, storage::InMemoryStorage};
///
/// struct Sent(mpsc::Sender<(Operation, u64)>);
///
/// impl Observer for Sent {
///     fn observe(&mut self, activity: &Activity<'_>) {
///         let rows = activity.tables.iter().map(|table| table.rows).sum();
///         let _ = self.0.send((activity.operation, rows));
///     }
/// }
///
/// let (sender, receiver) = mpsc::channel();
/// let mut pipeline = Pipeline::builder().observer(Sent(sender)).build(InMemoryStorage::new())?;
/// pipeline.ingest_logs(b"\x0a\x0a\x12\x08\x12\x06\x2a\x04\x0a\x02hi")?;
/// pipeline.finish()?;
/// let observed: Vec<_> = receiver.iter().collect();
/// assert_eq!(observed, [(Operation::Ingest(Signal::Logs), 0), (Operation::Flush, 1)]);
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Observer: Send {
    /// Receives an activity, whether it succeeded or not. The pipeline's thread calls this and waits for it.
    /// If this panics, the panic goes on to the caller of the pipeline, which has no observer from then on.
    fn observe(&mut self, activity: &Activity<'_>);
}

/// The work of one call of a [`Pipeline`](crate::Pipeline).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Activity<'a> {
    /// The call.
    pub operation: Operation,
    /// The time that the call took.
    pub elapsed: Duration,
    /// The error of the call, if it failed.
    pub error: Option<&'a (dyn std::error::Error + 'static)>,
    /// The size of the payload as it was sent, in bytes; 0 for other operations, and for requests that were
    /// passed as messages.
    pub payload_bytes: usize,
    /// The outcome for the payload's records, also if the call failed.
    pub records: Summary,
    /// The accepted records that stages dropped.
    pub dropped: u64,
    /// The row groups and files written during the call, for the tables that have rows.
    pub tables: Vec<TableActivity>,
    /// The partitions that are open now, over all tables.
    pub open_partitions: usize,
    /// An estimate of the bytes of memory that rows and open files of the dataset take up now, made without
    /// looking at every column.
    pub memory_estimate: usize,
}

/// A call of a [`Pipeline`](crate::Pipeline).
///
/// ```
/// use otlake::{Operation, row::Signal};
///
/// assert_eq!(Operation::Ingest(Signal::Logs).name(), "ingest");
/// assert_eq!(Operation::FinishBatch.name(), "finish_batch");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Operation {
    /// Ingests a payload, and writes the row groups and files that are full by then.
    Ingest(Signal),
    /// Closes all files.
    Flush,
    /// Closes the files that are too old.
    Tick,
    /// Begins a batch with an identity.
    BeginBatch,
    /// Finishes a batch.
    FinishBatch,
    /// Restarts a worker of a `Service` with a new pipeline, after a panic. The activity has the panic as its
    /// error, and as its time how long the group, or the call that built the pipeline, ran before it panicked. The old
    /// pipeline's observer is called.
    Restart,
}

impl Operation {
    /// Returns the name of the operation: `ingest`, `flush`, `tick`, `begin_batch`, `finish_batch`, `restart`.
    pub fn name(self) -> &'static str {
        match self {
            Operation::Ingest(_) => "ingest",
            Operation::Flush => "flush",
            Operation::Tick => "tick",
            Operation::BeginBatch => "begin_batch",
            Operation::FinishBatch => "finish_batch",
            Operation::Restart => "restart",
        }
    }
}

/// The row groups and files written to a table during one call.
///
/// ```
/// # #[cfg(feature = "pipeline")] {
/// use std::sync::mpsc;
///
/// use otlake::{Activity, Observer, Pipeline, TableActivity, storage::InMemoryStorage};
///
/// /// Sends the numbers of rows that were written and of files that were closed.
/// struct Progress(mpsc::Sender<(u64, u64)>);
///
/// impl Observer for Progress {
///     fn observe(&mut self, activity: &Activity<'_>) {
///         for table in &activity.tables {
///             let TableActivity { rows, files, .. } = *table;
///             let _ = self.0.send((rows, files));
///         }
///     }
/// }
///
/// let (sender, receiver) = mpsc::channel();
/// let mut pipeline = Pipeline::builder().observer(Progress(sender)).build(InMemoryStorage::new())?;
/// pipeline.ingest_logs(b"\x0a\x0a\x12\x08\x12\x06\x2a\x04\x0a\x02hi")?;
/// pipeline.finish()?;
/// assert_eq!(receiver.iter().filter(|progress| *progress == (1, 1)).count(), 1);
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TableActivity {
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
    /// The time spent encoding row groups and passing them to the storage.
    pub encoding: Duration,
    /// The time spent closing files.
    pub storing: Duration,
    /// The number of values that went to the overflow column, by reason.
    pub overflow: OverflowCounts,
}

impl TableActivity {
    /// Returns the differences between two states of a writer's counts.
    pub(crate) fn since(before: &[TableStats], after: Vec<TableStats>) -> Vec<TableActivity> {
        let activity = |after: TableStats| {
            let none = TableActivity {
                table: after.table,
                rows: after.rows,
                row_groups: after.row_groups,
                files: after.files,
                bytes: after.bytes,
                encoding: after.encoding,
                storing: after.storing,
                overflow: after.overflow,
            };
            match before.iter().find(|before| before.table == after.table) {
                // The table has its first rows.
                None => none,
                Some(before) => TableActivity {
                    table: after.table,
                    rows: after.rows - before.rows,
                    row_groups: after.row_groups - before.row_groups,
                    files: after.files - before.files,
                    bytes: after.bytes - before.bytes,
                    encoding: after.encoding - before.encoding,
                    storing: after.storing - before.storing,
                    overflow: after.overflow.since(&before.overflow),
                },
            }
        };
        after.into_iter().map(activity).collect()
    }
}

/// The observer of a pipeline, which need not implement [`fmt::Debug`].
pub(crate) struct Observed(pub(crate) Box<dyn Observer>);

impl fmt::Debug for Observed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Observer")
    }
}

#[cfg(any(feature = "metrics", feature = "tracing"))]
fn overflow_reasons(overflow: &OverflowCounts) -> [(&'static str, u64); 5] {
    [
        ("type", overflow.r#type),
        ("budget", overflow.budget),
        ("duplicate", overflow.duplicate),
        ("names", overflow.names),
        ("empty", overflow.empty),
    ]
}

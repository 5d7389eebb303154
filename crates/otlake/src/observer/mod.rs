//! What a pipeline says of itself while it works.

#[cfg(feature = "metrics")]
mod metrics;
#[cfg(feature = "tracing")]
mod tracing;

use std::fmt;
use std::time::Duration;

use otlake_otlp::Summary;
use otlake_row::Signal;
use otlake_schema::{OverflowCounts, Table};

#[cfg(feature = "metrics")]
pub use self::metrics::MetricsObserver;
#[cfg(feature = "tracing")]
pub use self::tracing::TracingObserver;

/// Is told of everything that a [`Pipeline`](crate::Pipeline) does, call by call: for logs and
/// metrics of the service around it. It costs what it does itself; the pipeline counts anyway.
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
/// let builder = Pipeline::builder().observer(Sent(sender));
/// let mut pipeline = builder.build(InMemoryStorage::new())?;
/// pipeline.ingest_logs(&b"\x0a\x0a\x12\x08\x12\x06\x2a\x04\x0a\x02hi"[..])?;
/// pipeline.finish()?;
/// let observed: Vec<_> = receiver.iter().collect();
/// assert_eq!(observed, [(Operation::Ingest(Signal::Logs), 0), (Operation::Flush, 1)]);
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Observer: Send {
    /// Something was done, well or not.
    fn observe(&mut self, activity: &Activity<'_>);
}

/// What one call of a [`Pipeline`](crate::Pipeline) has done.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Activity<'a> {
    /// Which call.
    pub operation: Operation,
    /// How long it took.
    pub elapsed: Duration,
    /// Why it failed, if it did.
    pub error: Option<&'a (dyn std::error::Error + 'static)>,
    /// Bytes of the payload; 0 of other operations, and of requests that come as messages.
    pub payload_bytes: usize,
    /// What became of the payload's records.
    pub records: Summary,
    /// What was written meanwhile, of the tables that have rows.
    pub tables: Vec<TableActivity>,
    /// Partitions that are open now, over all tables.
    pub open_partitions: usize,
    /// Bytes of memory that rows and open files take up now, as far as is known without a look at
    /// every column.
    pub memory_estimate: usize,
}

/// What a call does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Operation {
    /// Takes a payload, to rows and columns, and writes what is full by then.
    Ingest(Signal),
    /// Closes all files.
    Flush,
    /// Closes the files that are too old.
    Tick,
    /// Begins a batch with an identity.
    BeginBatch,
    /// Ends it.
    FinishBatch,
}

impl Operation {
    /// Its name: `ingest`, `flush`, `tick`, `begin_batch`, `finish_batch`.
    pub fn name(self) -> &'static str {
        match self {
            Operation::Ingest(_) => "ingest",
            Operation::Flush => "flush",
            Operation::Tick => "tick",
            Operation::BeginBatch => "begin_batch",
            Operation::FinishBatch => "finish_batch",
        }
    }
}

/// What was written of a table during one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TableActivity {
    /// Which one.
    pub table: Table,
    /// Rows in row groups that were written.
    pub rows: u64,
    /// Row groups written.
    pub row_groups: u64,
    /// Files closed, and so visible.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Time that was spent encoding row groups and handing them to the storage.
    pub encoding: Duration,
    /// Time that was spent closing files.
    pub storing: Duration,
    /// Values that went to the `overflow` column, by reason.
    pub overflow: OverflowCounts,
}

/// The observer of a pipeline, which need not say what it is.
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

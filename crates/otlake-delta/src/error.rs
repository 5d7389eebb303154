//! Errors.

use delta_kernel::KernelError;
use otlake_storage::{RetriesExhausted, StorageError};

/// The error of a commit to a Delta table.
///
/// Commits of several writers may share a version of the table, and its error. So a [`Commit`](otlake_dataset::Commit)
/// returns it as `Arc<DeltaError>`.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DeltaError {
    /// The log could not be read or written.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// Other writers were faster, or the outcome of writing was unknown, until the deadline.
    #[error(transparent)]
    Exhausted(#[from] RetriesExhausted),
    /// The state of the table could not be read from its log, or no checkpoint could be written.
    #[error("the Delta log in {directory} can't be used")]
    Log {
        /// The directory of the table.
        directory: String,
        /// The error of the Delta kernel.
        source: KernelError,
    },
    /// The thread that read the log panicked.
    #[error("reading the Delta log in {directory} panicked: please report it")]
    Panicked {
        /// The directory of the table.
        directory: String,
    },
    /// The thread that committed for a group of writers panicked. It is unknown whether the files are part of the table.
    #[error(
        "the thread that committed to the Delta table in {directory} panicked: repeat the commit"
    )]
    GroupPanicked {
        /// The directory of the table.
        directory: String,
    },
    /// An entry of the log is not what the Delta protocol demands.
    #[error(
        "{name} is not an entry of a Delta log: another program has damaged it; restore it from a backup"
    )]
    Entry {
        /// The name of the entry.
        name: String,
        /// The fault.
        source: serde_json::Error,
    },
    /// The table requires something of its writers that this version does not support.
    #[error(
        "the Delta table in {directory} needs {what}, which otlake-delta doesn't have: {advice}"
    )]
    Unsupported {
        /// The directory of the table.
        directory: String,
        /// The table feature or property.
        what: String,
        /// What to do.
        advice: &'static str,
    },
    /// A column of a file can't be a column of the table.
    #[error(transparent)]
    Column(#[from] ColumnError),
    /// A file is not in the directory of the table.
    #[error(
        "{file} is not in {directory}/, the directory of the Delta table: use a partitioning that begins with the \
         table, or name its directory with DeltaCommitBuilder::table_directory"
    )]
    Directory {
        /// The name of the file.
        file: String,
        /// The directory of the table.
        directory: String,
    },
    /// The files of the dataset have other partition columns than the table.
    #[error(
        "the dataset has the partition columns {found:?}, and the Delta table in {directory} has {expected:?}: a table \
         can't change them, so write to a new dataset or with the old partitioning"
    )]
    PartitionColumns {
        /// The directory of the table.
        directory: String,
        /// The partition columns of the dataset.
        found: Vec<String>,
        /// The partition columns of the table.
        expected: Vec<String>,
    },
    /// The sequence number of a batch does not fit into the log.
    #[error(
        "the sequence number of {batch} is above 2^63 - 1, which a Delta log can't hold: number batches below that"
    )]
    Sequence {
        /// The identity of the batch.
        batch: String,
    },
    /// It is unknown whether an earlier attempt of a commit has succeeded, because the log was cleaned up since.
    #[error(
        "{directory}: version {version} is no longer in the Delta log, so it is unknown whether {name} is \
         committed: look for its files in the table before you write its rows again"
    )]
    Forgotten {
        /// The directory of the table.
        directory: String,
        /// The name of the commit.
        name: String,
        /// The missing version.
        version: u64,
    },
}

/// The error of a column that can't be a column of a Delta table.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}: the column {column:?} can't be a column of a Delta table: {reason}")]
#[non_exhaustive]
pub struct ColumnError {
    /// The name of the file.
    pub file: String,
    /// The name of the column.
    pub column: String,
    /// The reason, and what to do.
    pub reason: String,
}

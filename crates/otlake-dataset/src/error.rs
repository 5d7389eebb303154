//! The errors of a dataset, one type for each operation.

use std::error::Error;

use otlake_arrow::BatchError;
use otlake_arrow::arrow_schema::ArrowError;
use otlake_parquet::{EncoderError, FileError};
use otlake_storage::StorageError;

use crate::catalog::published_schema::PublishError;
use crate::commit::batch_budget::BudgetExceeded;
use crate::files::batch_id::BatchId;

/// Rows that were accepted and are lost, because their file could not be written.
///
/// ```
/// use std::sync::Arc;
///
/// use otlake_dataset::{BatchBudget, BatchId, Dataset, LossCause, LostRows, RowError};
/// use otlake_row::{Group, Row, RowSink, Signal};
/// use otlake_storage::InMemoryStorage;
///
/// let dataset = Dataset::builder()
///     .row_group_rows(1)
///     .batch_budget(BatchBudget::new().with_bytes(0))
///     .open(Arc::new(InMemoryStorage::new()))?;
/// let mut writer = dataset.writer();
/// writer.begin_batch(&BatchId::new("orders-3", 17)?)?;
/// let mut row = Row::new(Signal::Logs, Group::new(&[]), Group::new(&[]));
/// let error = loop {
///     if let Err(error) = writer.row(&mut row) {
///         break error;
///     }
/// };
/// let RowError::Lost(lost) = error else { panic!("the budget is used up") };
/// let lost: LostRows = lost;
/// assert_eq!(lost.rows(), 1, "of {}", lost.file());
/// assert!(matches!(lost.cause(), LossCause::Budget(_)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, thiserror::Error)]
#[error("{rows} rows are lost with {file}: write them again")]
pub struct LostRows {
    rows: u64,
    file: String,
    #[source]
    cause: LossCause,
}

/// The cause of a loss of rows.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LossCause {
    /// The file could not be encoded or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The file could not be created or committed.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// A row did not fit its row group.
    #[error(transparent)]
    Row(#[from] BatchError),
    /// The batch has used up its budget.
    #[error(transparent)]
    Budget(#[from] BudgetExceeded),
    /// Another writer of the dataset could not close the file.
    #[error("another writer could not close the file: {0}")]
    OtherWriter(String),
}

impl LostRows {
    pub(crate) fn new(file: impl Into<String>, rows: u64, cause: impl Into<LossCause>) -> Self {
        Self {
            rows,
            file: file.into(),
            cause: cause.into(),
        }
    }

    /// Returns the number of rows that are in no file and have to be written again.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Returns the name of the file, or of the first one if several failed.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// Returns the cause of the loss.
    pub fn cause(&self) -> &LossCause {
        &self.cause
    }

    /// Adds the rows of a second loss to those of the first.
    pub(crate) fn both(first: Option<Self>, later: Option<Self>) -> Option<Self> {
        match (first, later) {
            (Some(first), Some(later)) => Some(first.and(&later)),
            (first, later) => first.or(later),
        }
    }

    fn and(mut self, later: &Self) -> Self {
        self.rows += later.rows;
        self
    }
}

/// An error of an operation with several steps, each of which may lose rows.
pub(crate) trait StepError: Sized + From<LostRows> {
    /// Returns the rows that are lost, or the error itself if no rows are lost.
    fn into_lost(self) -> Result<LostRows, Self>;

    /// Joins the results of two steps. If both failed, an error that lost rows takes precedence, and the rows
    /// that both have lost are added up.
    fn both(first: Result<(), Self>, later: Result<(), Self>) -> Result<(), Self> {
        let (first, later) = match (first, later) {
            (Err(first), Err(later)) => (first.into_lost(), later.into_lost()),
            (first, later) => return first.and(later),
        };
        Err(match (first, later) {
            (Ok(first), Ok(later)) => first.and(&later).into(),
            (Ok(lost), Err(_)) | (Err(_), Ok(lost)) => lost.into(),
            (Err(first), Err(_)) => first,
        })
    }
}

/// The error of writing row groups and closing files, in any operation.
#[derive(Debug)]
pub(crate) enum WriteError {
    Lost(LostRows),
    Publish(PublishError),
}

impl From<LostRows> for WriteError {
    fn from(lost: LostRows) -> Self {
        Self::Lost(lost)
    }
}

impl From<PublishError> for WriteError {
    fn from(error: PublishError) -> Self {
        Self::Publish(error)
    }
}

/// The error of opening a [`Dataset`](crate::Dataset).
///
/// ```
/// use std::sync::Arc;
///
/// use otlake_dataset::{Dataset, OpenError, SchemaDocument};
/// use otlake_schema::Table;
/// use otlake_storage::{Documents, InMemoryStorage, PutIf};
///
/// let storage = InMemoryStorage::new();
/// let name = SchemaDocument::document_name(Table::Logs);
/// let _ = storage.put(&name, "not a schema".into(), PutIf::Absent)?;
/// let error = Dataset::builder().open(Arc::new(storage)).map(drop);
/// assert!(matches!(error, Err(OpenError::Schema(_))));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The encoder could not be made: the codec is not in this build, or there is no memory for it.
    #[error(transparent)]
    Encoder(#[from] EncoderError),
    /// The published schema of a table could not be loaded.
    #[error(transparent)]
    Schema(#[from] PublishError),
    /// The commit target can't accept files with the partitioning of the dataset.
    #[error("the partitioning of the dataset can't be that of the table {table}")]
    Partitioning {
        /// The table.
        table: &'static str,
        /// The error of the commit target.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The storage could not be listed.
    #[error("the storage of the dataset could not be listed: check that it exists and can be read")]
    Storage(#[from] StorageError),
}

/// The error of passing a row to a [`DatasetWriter`](crate::DatasetWriter).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RowError {
    /// Rows are lost. The row itself is one of them, or it is kept.
    #[error(transparent)]
    Lost(#[from] LostRows),
    /// The types of the columns could not be published. No row is lost, and this one is kept: they wait
    /// in memory, and the next call retries.
    #[error(
        "the schema could not be published: the rows stay in memory until the next call retries"
    )]
    Publish(#[source] PublishError),
    /// The types of the columns could not be published, and the memory limit is reached. This row was
    /// not accepted; earlier rows are kept.
    #[error(
        "the row was rejected, because the memory limit is reached and the schema could not be published: \
         write it again later"
    )]
    Rejected(#[source] PublishError),
    /// The encoder of a table could not be made, so the row was not accepted.
    #[error("the row was rejected")]
    Encoder(#[from] EncoderError),
    /// The files of a flush could not be committed; only from
    /// [`finish`](otlake_row::RowSink::finish).
    #[error(transparent)]
    Commit(#[from] CommitError),
}

/// The error of [`flush`](crate::DatasetWriter::flush), [`tick`](crate::DatasetWriter::tick) and
/// [`begin_batch`](crate::DatasetWriter::begin_batch).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FlushError {
    /// Rows are lost. All others are visible.
    #[error(transparent)]
    Lost(#[from] LostRows),
    /// The types of the columns could not be published. No row is lost: they wait in memory, and the
    /// next call retries.
    #[error(
        "the schema could not be published: the rows stay in memory until the next call retries"
    )]
    Publish(#[source] PublishError),
    /// All rows are visible, but their files could not be committed. The next flush retries.
    #[error(transparent)]
    Commit(#[from] CommitError),
}

/// The error of [`begin_batch`](crate::DatasetWriter::begin_batch). No batch is open.
///
/// ```
/// use std::error::Error;
/// use std::sync::Arc;
///
/// use otlake_dataset::{BatchId, BeginBatchError, Commit, CommitOutcome, Dataset, Manifest};
/// use otlake_storage::InMemoryStorage;
///
/// /// A catalog that can't be reached.
/// #[derive(Debug)]
/// struct Unreachable;
///
/// impl Commit for Unreachable {
///     fn commit(&self, _: &str, _: &Manifest) -> Result<CommitOutcome, Box<dyn Error + Send + Sync>> {
///         Err("the connection was refused".into())
///     }
///
///     fn is_finished(&self, _: &BatchId) -> Result<bool, Box<dyn Error + Send + Sync>> {
///         Err("the connection was refused".into())
///     }
/// }
///
/// let storage = Arc::new(InMemoryStorage::new());
/// let dataset = Dataset::builder().commit(Arc::new(Unreachable)).open(storage)?;
/// let begun = dataset.writer().begin_batch(&BatchId::new("orders-3", 17)?);
/// let Err(BeginBatchError::Unknown { batch, source }) = begun else { panic!("it is unknown") };
/// assert_eq!(source.to_string(), "the connection was refused");
/// assert_eq!(batch.sequence(), 17);
/// # Ok::<(), Box<dyn Error>>(())
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BeginBatchError {
    /// The earlier rows can't be flushed.
    #[error(transparent)]
    Flush(#[from] FlushError),
    /// The commit target does not say whether the batch is finished.
    #[error("whether the batch {batch} is finished could not be found out: begin it again")]
    Unknown {
        /// The batch.
        batch: BatchId,
        /// The error of [`Commit::is_finished`](crate::Commit::is_finished).
        source: Box<dyn Error + Send + Sync>,
    },
}

/// The error of [`finish_batch`](crate::DatasetWriter::finish_batch). The batch has to be repeated from
/// [`begin_batch`](crate::DatasetWriter::begin_batch) on.
///
/// ```
/// use std::sync::Arc;
///
/// use otlake_dataset::{Dataset, FinishBatchError};
/// use otlake_storage::InMemoryStorage;
///
/// let mut writer = Dataset::builder().open(Arc::new(InMemoryStorage::new()))?.writer();
/// assert!(matches!(writer.finish_batch(), Err(FinishBatchError::NoBatch)));
/// # Ok::<(), otlake_dataset::OpenError>(())
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FinishBatchError {
    /// No batch is open.
    #[error("no batch is open: begin it and write its rows before you finish it")]
    NoBatch,
    /// An earlier call failed while the batch was open.
    #[error(
        "rows of the batch were lost by an earlier error: begin it again and write all of its rows again"
    )]
    Incomplete,
    /// Rows are lost.
    #[error(transparent)]
    Lost(LostRows),
    /// The types of the columns could not be published.
    #[error("the schema could not be published")]
    Publish(#[source] PublishError),
    /// The files of other attempts could not be found or deleted.
    #[error("the files of other attempts could not be deleted")]
    Leftovers(#[source] StorageError),
    /// The files could not be committed.
    #[error(transparent)]
    Commit(CommitError),
    /// The commit target could not say whether the batch is finished or, after all files were committed, could not
    /// record that it is.
    #[error("that the batch {batch} is finished could not be recorded")]
    Record {
        /// The batch.
        batch: BatchId,
        /// The error of [`Commit::finish`](crate::Commit::finish) or
        /// [`Commit::is_finished`](crate::Commit::is_finished).
        source: Box<dyn Error + Send + Sync>,
    },
}

/// The error of writing a record batch; see [`DatasetWriter::table`](crate::DatasetWriter::table).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TableSinkError {
    /// A column has a type other than in the published schema. Nothing was written.
    #[error(
        "column {column:?} is {found} in the batch and {published} in the published schema of {table}: \
         cast it, because a published column never changes its type"
    )]
    Type {
        /// The name of the table.
        table: &'static str,
        /// The name of the column.
        column: String,
        /// Its type in the published schema.
        published: String,
        /// Its type in the batch.
        found: String,
    },
    /// A column that is not published has a type that new columns can't have. Nothing was written.
    #[error(
        "column {column:?} is {found}, but a new column is boolean, int64, float64, utf8 or binary: cast \
         it"
    )]
    NewColumn {
        /// The name of the column.
        column: String,
        /// Its type in the batch.
        found: String,
    },
    /// A column that is not published has a name that is reserved, or that differs only in case from the name
    /// of another column. Nothing was written.
    #[error(
        "column {column:?} is new and can't have this name, which is reserved or differs only in case from \
         another column's: rename it"
    )]
    Name {
        /// The name.
        column: String,
    },
    /// The batch has two columns of one name. Nothing was written.
    #[error("the batch has two columns named {column:?}: rename or drop one")]
    DuplicateColumn {
        /// The name.
        column: String,
    },
    /// The dataset has no such table, because of its [`MetricTables`](crate::MetricTables). Nothing was
    /// written.
    #[error("the dataset has no table {table}: open it with other MetricTables")]
    NoTable {
        /// The name of the table.
        table: &'static str,
    },
    /// The batch could not be split by partition. Nothing was written.
    #[error("the batch could not be split by partition")]
    Partition(#[from] ArrowError),
    /// Rows are lost: those of all or some partitions of the batch, and other rows of the same files.
    #[error(transparent)]
    Lost(#[from] LostRows),
    /// The types of the columns could not be published. Nothing of the batch was written.
    #[error("the schema could not be published")]
    Publish(#[source] PublishError),
    /// The encoder of the table could not be made. Nothing was written.
    #[error(transparent)]
    Encoder(#[from] EncoderError),
    /// The files of a flush could not be committed; only from
    /// [`finish`](otlake_arrow::BatchSink::finish).
    #[error(transparent)]
    Commit(#[from] CommitError),
}

/// The error of a [`Commit`](crate::Commit).
///
/// ```
/// use std::error::Error;
/// use std::sync::{Arc, Mutex};
///
/// use otlake_dataset::{Commit, CommitOutcome, Dataset, FlushError, Manifest};
/// use otlake_row::{Group, Row, RowSink, Signal};
/// use otlake_storage::InMemoryStorage;
///
/// /// A catalog that refuses the first connection, and keeps the names of all attempts.
/// #[derive(Debug, Default)]
/// struct Catalog(Mutex<Vec<String>>);
///
/// impl Commit for Catalog {
///     fn commit(
///         &self,
///         name: &str,
///         _: &Manifest,
///     ) -> Result<CommitOutcome, Box<dyn Error + Send + Sync>> {
///         let mut names = self.0.lock().expect("not poisoned");
///         names.push(name.to_owned());
///         if names.len() == 1 {
///             return Err("the connection was refused".into());
///         }
///         Ok(CommitOutcome::Committed)
///     }
/// }
///
/// let (catalog, storage) = (Arc::new(Catalog::default()), InMemoryStorage::new());
/// let dataset = Dataset::builder().commit(catalog.clone()).open(Arc::new(storage.clone()))?;
/// let mut writer = dataset.writer();
/// writer.row(&mut Row::new(Signal::Logs, Group::new(&[]), Group::new(&[])))?;
/// let Err(FlushError::Commit(error)) = writer.flush() else { panic!("it can't be committed") };
/// assert!(storage.files().keys().any(|name| name.ends_with(".parquet")), "but it is visible");
///
/// writer.flush()?;
/// assert_eq!(*catalog.0.lock().expect("not poisoned"), [error.name(), error.name()], "the same commit, again");
/// # Ok::<(), Box<dyn Error>>(())
/// ```
#[derive(Debug, thiserror::Error)]
#[error("the files of {table} are visible, but could not be committed as {name}")]
pub struct CommitError {
    table: &'static str,
    name: String,
    source: Box<dyn Error + Send + Sync>,
}

impl CommitError {
    pub(crate) fn new(
        table: &'static str,
        name: &str,
        source: Box<dyn Error + Send + Sync>,
    ) -> Self {
        Self {
            table,
            name: name.to_owned(),
            source,
        }
    }

    /// Returns the name of the commit. The next attempt has the same name.
    pub fn name(&self) -> &str {
        &self.name
    }
}

macro_rules! step_errors {
    ($($error:ident),*) => {$(
        impl StepError for $error {
            fn into_lost(self) -> Result<LostRows, Self> {
                match self {
                    Self::Lost(lost) => Ok(lost),
                    error => Err(error),
                }
            }
        }
    )*};
}

step_errors!(WriteError, FlushError, TableSinkError);

/// Implements `From` for the error of an operation that contains another one and can fail in the same ways.
macro_rules! contains {
    ($outer:ident, $inner:ident { $($variant:ident),* }) => {
        impl From<$inner> for $outer {
            fn from(error: $inner) -> Self {
                match error {
                    $($inner::$variant(error) => Self::$variant(error),)*
                }
            }
        }
    };
}

contains!(RowError, WriteError { Lost, Publish });
contains!(
    RowError,
    FlushError {
        Lost,
        Publish,
        Commit
    }
);
contains!(FlushError, WriteError { Lost, Publish });
contains!(FinishBatchError, WriteError { Lost, Publish });
contains!(TableSinkError, WriteError { Lost, Publish });
contains!(
    TableSinkError,
    FlushError {
        Lost,
        Publish,
        Commit
    }
);

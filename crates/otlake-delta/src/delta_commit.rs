//! The commit target.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use otlake_dataset::{
    BatchId, Commit, CommitOutcome, GroupCommit, GroupPanicked, Manifest, ManifestFile,
    Partitioning, ReplaceOutcome, Watermarks,
};
use otlake_schema::Table;
use otlake_storage::{Documents, RetryObserver, RetryPolicy};

use crate::error::DeltaError;
use crate::kernel::Kernel;
use crate::partition;
use crate::table_commits::{CommitResult, Options, Request, TableCommits};
use crate::table_log::TableLog;

/// Commits the files of a dataset to Delta tables: one for each table of the dataset, in the directory of its files.
///
/// It is the [`Commit`] of a [`Dataset`](otlake_dataset::Dataset), in the same storage. The Delta log of a table is
/// `_delta_log` in its directory, such as `logs/_delta_log`, and it is created with the first commit.
///
/// - **Exactly once.** A commit of a batch records its source and sequence number in the log (`txn`), in the same version
///   as its files. A later attempt, of any process, finds it there. A commit outside a batch whose answer was lost
///   is recognised by its files.
/// - **Columns** are added to the table in the version whose files have them.
/// - **Statistics** of all columns come from the manifest; no file is opened.
/// - **Other writers** may append to the tables and maintain them. If they turn on a table feature that this
///   crate doesn't have, commits fail with [`DeltaError::Unsupported`] and change nothing.
/// - **Group commit.** Commits that wait for a table become one version.
///
/// Whether a batch is [finished](Commit::is_finished) in all tables of the dataset is in its [`Watermarks`], next to the
/// data.
///
/// ```
/// use std::sync::Arc;
///
/// use otlake_dataset::{BatchId, Commit, Dataset};
/// use otlake_delta::DeltaCommit;
/// use otlake_row::{Group, Row, RowSink, Signal, Value, fields};
/// use otlake_schema::Table;
/// use otlake_storage::InMemoryStorage;
///
/// let storage = Arc::new(InMemoryStorage::new());
/// let delta = Arc::new(DeltaCommit::builder(storage.clone()).build()?);
/// let dataset = Dataset::builder().commit(delta.clone()).open(storage.clone())?;
///
/// let mut writer = dataset.writer();
/// writer.begin_batch(&BatchId::new("orders-3", 1048576)?)?;
/// let mut row = Row::new(Signal::Logs, Group::new(&[]), Group::new(&[]));
/// row.push(fields::BODY, Value::String("ready"));
/// writer.row(&mut row)?;
/// writer.finish_batch()?;
///
/// assert!(storage.files().contains_key("logs/_delta_log/00000000000000000000.json"));
/// assert_eq!(delta.files(Table::Logs)?[0].rows, 1);
/// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
/// ```
pub struct DeltaCommit {
    kernel: Arc<Kernel>,
    watermarks: Watermarks,
    options: Options,
    checkpoint_interval: u64,
    checkpoint_observer: Option<Arc<dyn CheckpointObserver>>,
    tables: Vec<TableSlot>,
}

struct TableSlot {
    table: Table,
    directory: String,
    group: GroupCommit<Request, CommitResult>,
    commits: Mutex<TableCommits>,
}

/// A builder for a [`DeltaCommit`].
#[derive(Debug)]
#[must_use]
pub struct DeltaCommitBuilder {
    documents: Arc<dyn Documents>,
    options: Options,
    group_time: Duration,
    checkpoint_interval: u64,
    checkpoint_observer: Option<Arc<dyn CheckpointObserver>>,
    directories: BTreeMap<&'static str, String>,
}

/// An observer of checkpoints, for logs and metrics.
pub trait CheckpointObserver: fmt::Debug + Send + Sync {
    /// Handles the outcome of a checkpoint. The commit that caused it succeeds either way: without the checkpoint, the
    /// table only takes longer to load.
    fn checkpoint(&self, event: &CheckpointEvent<'_>);
}

/// A checkpoint that was written, or could not be.
#[derive(Debug)]
#[non_exhaustive]
pub struct CheckpointEvent<'a> {
    /// The table.
    pub table: Table,
    /// The version of the Delta table.
    pub version: u64,
    /// The error, if the checkpoint was not written.
    pub error: Option<&'a DeltaError>,
}

impl DeltaCommit {
    /// Returns a builder for tables in `documents`, the storage of the dataset.
    pub fn builder(documents: Arc<dyn Documents>) -> DeltaCommitBuilder {
        DeltaCommitBuilder {
            documents,
            options: Options {
                retry: RetryPolicy::default(),
                observer: None,
                properties: BTreeMap::new(),
            },
            group_time: Duration::ZERO,
            checkpoint_interval: 100,
            checkpoint_observer: None,
            directories: BTreeMap::new(),
        }
    }

    /// Returns the latest version of a table; `None` if it does not exist yet.
    ///
    /// # Errors
    ///
    /// Returns an error if the log can't be read.
    pub fn version(&self, table: Table) -> Result<Option<u64>, Arc<DeltaError>> {
        let mut commits = self.slot(table).lock();
        commits.log().catch_up()?;
        Ok(commits.log().state().map(|state| state.version))
    }

    /// Writes a checkpoint of the latest version of a table, unless there is one, so that readers need not read the
    /// entries before it. Returns the version; `None` if the table does not exist yet.
    ///
    /// # Errors
    ///
    /// Returns an error if the log can't be read, or the checkpoint can't be written.
    pub fn checkpoint(&self, table: Table) -> Result<Option<u64>, Arc<DeltaError>> {
        let version = self.version(table)?;
        if let Some(version) = version {
            self.kernel
                .checkpoint(&self.slot(table).directory, version)?;
        }
        Ok(version)
    }

    fn slot(&self, table: Table) -> &TableSlot {
        let slot = self.tables.iter().find(|slot| slot.table == table);
        slot.unwrap_or_else(|| unreachable!("there is a slot for each table"))
    }

    /// Writes a checkpoint if a new version is due for one.
    fn checkpoint_if_due(&self, slot: &TableSlot, version: Option<u64>) {
        let Some(version) = version.filter(|version| {
            *version > 0 && self.checkpoint_interval > 0 && version % self.checkpoint_interval == 0
        }) else {
            return;
        };
        let written = self.kernel.checkpoint(&slot.directory, version);
        if let Some(observer) = &self.checkpoint_observer {
            observer.checkpoint(&CheckpointEvent {
                table: slot.table,
                version,
                error: written.as_ref().err(),
            });
        }
    }
}

impl Commit for DeltaCommit {
    fn commit(
        &self,
        name: &str,
        manifest: &Manifest,
    ) -> Result<CommitOutcome, Box<dyn Error + Send + Sync>> {
        let slot = self.slot(manifest.table());
        let request = Request {
            name: name.to_owned(),
            manifest: manifest.clone(),
        };
        let mut version = None;
        let result = slot.group.commit(request, |requests| {
            let (results, new) = slot.lock().commit(requests, &self.options);
            version = new;
            results
        });
        self.checkpoint_if_due(slot, version);
        let result = result.map_err(|GroupPanicked| DeltaError::GroupPanicked {
            directory: slot.directory.clone(),
        });
        Ok(result.map_err(Arc::new)??)
    }

    fn is_finished(&self, batch: &BatchId) -> Result<bool, Box<dyn Error + Send + Sync>> {
        Ok(self.watermarks.is_finished(batch)?)
    }

    fn finish(&self, batch: &BatchId) -> Result<(), Box<dyn Error + Send + Sync>> {
        Ok(self.watermarks.raise(batch)?)
    }

    /// Returns an error if the table exists and has other partition columns.
    fn check_partitioning(
        &self,
        table: Table,
        partitioning: &Partitioning,
    ) -> Result<(), Box<dyn Error + Send + Sync>> {
        let slot = self.slot(table);
        let mut commits = slot.lock();
        commits.log().catch_up().map_err(Arc::new)?;
        if let Some(state) = commits.log().state() {
            let expected = &state.metadata.partition_columns;
            let found = partition::names(partitioning);
            partition::check(&slot.directory, &found, expected).map_err(Arc::new)?;
        }
        Ok(())
    }

    fn files(&self, table: Table) -> Result<Vec<ManifestFile>, Box<dyn Error + Send + Sync>> {
        let mut commits = self.slot(table).lock();
        commits.log().catch_up().map_err(Arc::new)?;
        Ok(commits.log().files().map_err(Arc::new)?)
    }

    fn replace(&self, manifest: &Manifest) -> Result<ReplaceOutcome, Box<dyn Error + Send + Sync>> {
        let slot = self.slot(manifest.table());
        let replaced = slot.lock().replace(manifest, &self.options);
        let (version, outcome) = replaced.map_err(Arc::new)?;
        self.checkpoint_if_due(slot, version);
        Ok(outcome)
    }
}

impl TableSlot {
    fn lock(&self) -> MutexGuard<'_, TableCommits> {
        self.commits.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for DeltaCommit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeltaCommit")
            .field("options", &self.options)
            .field("checkpoint_interval", &self.checkpoint_interval)
            .finish_non_exhaustive()
    }
}

impl DeltaCommitBuilder {
    /// Sets how long a commit is retried after conflicts and writes in doubt. Default: 10 seconds.
    pub fn retry(mut self, retry: RetryPolicy) -> Self {
        self.options.retry = retry;
        self
    }

    /// Sets the observer that is called when a commit is retried. Default: none.
    pub fn retry_observer(mut self, observer: Arc<dyn RetryObserver>) -> Self {
        self.options.observer = Some(observer);
        self
    }

    /// Sets the number of versions after which a checkpoint is written; 0 for none. Default: 100. The commit that causes
    /// it waits for it.
    pub fn checkpoint_interval(mut self, versions: u64) -> Self {
        self.checkpoint_interval = versions;
        self
    }

    /// Sets the observer that is called when a checkpoint was written or failed. Default: none.
    pub fn checkpoint_observer(mut self, observer: Arc<dyn CheckpointObserver>) -> Self {
        self.checkpoint_observer = Some(observer);
        self
    }

    /// Sets the shortest time between two versions of a table. Commits that come earlier wait, and become one version
    /// together. Default: none, so that only commits that wait for another one are grouped.
    pub fn group_time(mut self, time: Duration) -> Self {
        self.group_time = time;
        self
    }

    /// Sets the directory of a table. Default: its name, as the dataset has it without a partitioning, and with one that
    /// does not distinguish tables. With the partitioning `signal={signal}/date={date}` it is `signal=logs`.
    pub fn table_directory(mut self, table: Table, directory: impl Into<String>) -> Self {
        self.directories.insert(table.name(), directory.into());
        self
    }

    /// Sets a property that tables get when they are created, such as `delta.deletedFileRetentionDuration`.
    pub fn table_property(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.options.properties.insert(name.into(), value.into());
        self
    }

    /// Creates the commit target. It reads nothing before the dataset is opened.
    ///
    /// # Errors
    ///
    /// Returns an error if no thread can be started.
    pub fn build(self) -> std::io::Result<DeltaCommit> {
        let kernel = Arc::new(Kernel::new(Arc::clone(&self.documents))?);
        let tables = Table::ALL.into_iter().map(|table| {
            let directory = self.directories.get(table.name());
            let directory = directory.map_or(table.name(), |directory| directory.trim_matches('/'));
            let (documents, kernel) = (Arc::clone(&self.documents), Arc::clone(&kernel));
            let log = TableLog::new(documents, kernel, directory.to_owned());
            TableSlot {
                table,
                directory: directory.to_owned(),
                group: GroupCommit::new().with_group_time(self.group_time),
                commits: Mutex::new(TableCommits::new(log)),
            }
        });
        Ok(DeltaCommit {
            tables: tables.collect(),
            watermarks: Watermarks::new(self.documents)
                .with_retry(self.options.retry)
                .with_retry_observer(self.options.observer.clone()),
            kernel,
            options: self.options,
            checkpoint_interval: self.checkpoint_interval,
            checkpoint_observer: self.checkpoint_observer,
        })
    }
}

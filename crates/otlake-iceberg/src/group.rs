//! One snapshot for all commits that wait.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use iceberg::spec::DataFile;
use iceberg::table::Table as IcebergTable;
use iceberg::transaction::{ApplyTransactionAction, Transaction};
use otlake_dataset::{CommitOutcome, Manifest};
use otlake_schema::{DatasetSchema, Table};
use otlake_storage::Retries;

use crate::data_file::data_file;
use crate::error::IcebergCommitError;
use crate::leaves::Leaves;
use crate::pinned::PinnedCatalog;
use crate::shared::{Shared, is_final, pause};
use crate::watermarks::{COMMITS, Watermarks, snapshot_of};

/// A commit that waits.
#[derive(Debug)]
pub(crate) struct Request {
    /// The identity of the batch, or the name of the flush.
    pub(crate) name: String,
    pub(crate) manifest: Manifest,
}

pub(crate) type Outcome = Result<CommitOutcome, IcebergCommitError>;

/// Commits to one table, in one snapshot if no other writer interferes.
#[derive(Debug)]
pub(crate) struct Group<'a> {
    shared: &'a Arc<Shared>,
    table: Table,
    requests: &'a [Request],
    outcomes: Vec<Option<Outcome>>,
    /// The watermarks that the table had when it was last examined.
    watermarks: Watermarks,
}

/// What a snapshot is going to add.
struct Addition {
    /// The positions of the requests.
    requests: Vec<usize>,
    files: Vec<DataFile>,
    watermarks: Watermarks,
}

impl<'a> Group<'a> {
    pub(crate) fn new(shared: &'a Arc<Shared>, table: Table, requests: &'a [Request]) -> Self {
        Self {
            shared,
            table,
            requests,
            outcomes: vec![None; requests.len()],
            watermarks: Watermarks::default(),
        }
    }

    /// Commits all requests, and returns their outcomes in the same order, and the watermarks of the table.
    ///
    /// Each attempt examines the latest version of the table before it adds anything. So a commit whose response was lost
    /// and a batch that another attempt has committed are found, however late.
    pub(crate) fn commit(mut self) -> (Vec<Outcome>, Watermarks) {
        let mut retries = self.shared.retries(self.table);
        while self.outcomes.iter().any(Option::is_none) {
            if let Err(error) = self.attempt() {
                self.after(error, &mut retries);
            }
        }
        let table = self.shared.ident(self.table).to_string();
        let outcome = |outcome: Option<Outcome>| {
            let table = table.clone();
            outcome.unwrap_or(Err(IcebergCommitError::Panicked { table }))
        };
        (
            self.outcomes.into_iter().map(outcome).collect(),
            self.watermarks,
        )
    }

    fn attempt(&mut self) -> iceberg::Result<()> {
        let table = match self.shared.load(self.table)? {
            Some(table) => table,
            // Nobody has published a column: the rows have no attributes.
            None => self
                .shared
                .create(self.table, &DatasetSchema::new(self.table))?,
        };
        let addition = self.examine(&table)?;
        if addition.requests.is_empty() {
            return Ok(());
        }
        let requests = addition.requests.clone();
        let watermarks = addition.watermarks.clone();
        let table = self.append(table, addition)?;
        self.watermarks = watermarks;
        for request in requests {
            self.outcomes[request] = Some(Ok(CommitOutcome::Committed));
        }
        self.expire(table);
        Ok(())
    }

    /// Finds the requests that the table does not have. Those that it has, or can't have, get their outcome.
    fn examine(&mut self, table: &IcebergTable) -> iceberg::Result<Addition> {
        let metadata = table.metadata();
        self.watermarks = Watermarks::of(metadata)?;
        let known = Leaves::of(self.table, metadata)?;
        let mut addition = Addition {
            requests: Vec::new(),
            files: Vec::new(),
            watermarks: self.watermarks.clone(),
        };
        let mut open: Vec<usize> = (0..self.requests.len()).collect();
        open.retain(|request| self.outcomes[*request].is_none());
        // Batches of one source are added in ascending order, in whatever order their writers arrived.
        open.sort_by_key(|request| self.requests[*request].manifest.batch().cloned());
        let mut names = HashSet::new();
        for index in open {
            let request = &self.requests[index];
            if !names.insert(&*request.name) {
                // Another attempt of the same batch. The next examination finds the first one.
                continue;
            }
            if let Some(outcome) = self.committed(table, request)? {
                self.outcomes[index] = Some(Ok(outcome));
                continue;
            }
            let files = request.manifest.files().iter().map(|file| {
                let converted = data_file(file, &self.shared.root, metadata, &known);
                converted.map_err(|source| IcebergCommitError::File {
                    table: table.identifier().to_string(),
                    file: file.name.clone(),
                    source,
                })
            });
            match files.collect::<Result<Vec<_>, _>>() {
                Ok(files) => addition.files.extend(files),
                Err(error) => {
                    self.outcomes[index] = Some(Err(error));
                    continue;
                }
            }
            if let Some(batch) = request.manifest.batch() {
                addition.watermarks.raise(batch, now());
            }
            addition.requests.push(index);
        }
        Ok(addition)
    }

    /// Returns the outcome of a request whose batch or name the table already has.
    fn committed(
        &self,
        table: &IcebergTable,
        request: &Request,
    ) -> iceberg::Result<Option<CommitOutcome>> {
        let snapshot = snapshot_of(table.metadata(), &request.name).cloned();
        let Some(batch) = request.manifest.batch() else {
            // The name of a flush is its own.
            return Ok(snapshot.map(|_| CommitOutcome::Committed));
        };
        let last = self.watermarks.last(batch.source());
        if last.is_none_or(|last| last < batch.sequence()) {
            return Ok(None);
        }
        // It is our own commit, whose response was lost, or that of another attempt. The files distinguish them.
        let is_known = snapshot.is_some();
        let table = table.clone();
        let files = self.shared.wait(async move {
            match snapshot {
                Some(snapshot) => files_of(&table, &snapshot, true).await,
                // It has expired. The table still has our files if they are ours.
                None => match table.metadata().current_snapshot() {
                    Some(current) => files_of(&table, current, false).await,
                    None => Ok(HashSet::new()),
                },
            }
        })?;
        let mut own = request.manifest.files().iter();
        if own.all(|file| files.contains(&format!("{}/{}", self.shared.root, file.name))) {
            return Ok(Some(CommitOutcome::Committed));
        }
        // These are the files of all batches of the snapshot, which is more than necessary and does no harm.
        let root = format!("{}/", self.shared.root);
        let names = files.iter().filter_map(|path| path.strip_prefix(&root));
        let files = is_known.then(|| names.map(str::to_owned).collect());
        Ok(Some(CommitOutcome::AlreadyCommitted { files }))
    }

    /// Adds a snapshot, raises the watermarks in the same step, and returns the table as it is then.
    fn append(&self, table: IcebergTable, addition: Addition) -> iceberg::Result<IcebergTable> {
        let names = addition.requests.iter();
        let names: Vec<&str> = names
            .map(|request| &*self.requests[*request].name)
            .collect();
        let summary = HashMap::from([(COMMITS.to_owned(), names.join(" "))]);
        let transaction = Transaction::new(&table);
        let append = transaction
            .fast_append()
            // Examining the names takes the place of reading all manifests.
            .with_check_duplicate(false)
            .set_snapshot_properties(summary)
            .add_data_files(addition.files);
        let mut transaction = append.apply(transaction)?;
        let (set, removed) = addition.watermarks.changes(&self.watermarks, now());
        if !set.is_empty() {
            let mut properties = transaction.update_table_properties();
            for (name, value) in set {
                properties = properties.set(name, value);
            }
            for name in removed {
                properties = properties.remove(name);
            }
            transaction = properties.apply(transaction)?;
        }
        let pinned = PinnedCatalog::new(Arc::clone(&self.shared.catalog), table);
        self.shared
            .wait(async move { transaction.commit(&pinned).await })
    }

    /// Removes old snapshots from the table, once they are a tenth of all. If that fails, a later commit does it.
    fn expire(&self, table: IcebergTable) {
        let Some(age) = self.shared.snapshot_age else {
            return;
        };
        let oldest = now().saturating_sub(age).as_millis();
        let oldest = i64::try_from(oldest).unwrap_or(i64::MAX);
        let metadata = table.metadata();
        let current = metadata.current_snapshot_id();
        let snapshots = metadata.snapshots();
        let old = snapshots.filter(|snapshot| {
            snapshot.timestamp_ms() < oldest && Some(snapshot.snapshot_id()) != current
        });
        let count = old.count();
        if count == 0 || count * 10 < metadata.snapshots().len() {
            return;
        }
        let transaction = Transaction::new(&table);
        let expire = transaction.expire_snapshots().expire_older_than_ms(oldest);
        let Ok(transaction) = expire.apply(transaction) else {
            return;
        };
        let pinned = PinnedCatalog::new(Arc::clone(&self.shared.catalog), table);
        let _ = self
            .shared
            .wait(async move { transaction.commit(&pinned).await });
    }

    /// Waits before the next attempt, or ends all open requests with the error.
    fn after(&mut self, error: iceberg::Error, retries: &mut Retries) {
        let ident = self.shared.ident(self.table);
        let table = ident.to_string();
        let error = if is_final(&error) {
            let source = Arc::new(error);
            IcebergCommitError::Catalog { table, source }
        } else {
            let Err(error) = pause(retries, error, &ident) else {
                return;
            };
            let source = Arc::new(error);
            IcebergCommitError::Exhausted { table, source }
        };
        let open = self.outcomes.iter_mut().filter(|outcome| outcome.is_none());
        open.for_each(|outcome| *outcome = Some(Err(error.clone())));
    }
}

/// Returns the paths of the files that a snapshot has: those that it has added, or all.
async fn files_of(
    table: &IcebergTable,
    snapshot: &iceberg::spec::SnapshotRef,
    added: bool,
) -> iceberg::Result<HashSet<String>> {
    let list = table.manifest_list_reader(snapshot).load().await?;
    let mut paths = HashSet::new();
    for manifest in list.entries() {
        if added && manifest.added_snapshot_id != snapshot.snapshot_id() {
            continue;
        }
        let manifest = manifest.load_manifest(table.file_io()).await?;
        let alive = manifest.entries().iter().filter(|entry| entry.is_alive());
        paths.extend(alive.map(|entry| entry.file_path().to_owned()));
    }
    Ok(paths)
}

/// Returns the time since the epoch.
fn now() -> Duration {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    now.unwrap_or_default()
}

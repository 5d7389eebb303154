//! The visible files of a table that are not committed yet.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use otlake_parquet::FileSummary;
use otlake_schema::Table;
use otlake_storage::random_digits;

use crate::commit::manifest::Manifest;
use crate::commit::{Commit, CommitOutcome};
use crate::error::CommitError;
use crate::files::batch_files::{ClosedFile, ClosedFiles};
use crate::files::batch_id::BatchId;
use crate::memory_budget::{MemoryBudget, Share, Use};

/// The files of one table that any writer has closed outside a batch and that are not committed yet. The ledger
/// also keeps the summaries of the latest files, for a report.
#[derive(Debug)]
pub(crate) struct Ledger {
    table: Table,
    commit: Option<Arc<dyn Commit>>,
    /// Locked while files are committed. So a writer waits for a commit that another writer has begun, which may
    /// include files with its rows.
    commits: Mutex<Commits>,
    closed: Mutex<Closed>,
}

#[derive(Debug)]
struct Commits {
    unique: String,
    /// The number of commits that were begun.
    begun: u64,
    /// The commit that has failed so far. Its name and manifest do not change until it succeeds.
    attempt: Option<(String, Manifest)>,
}

#[derive(Debug)]
struct Closed {
    /// The files that are in no commit yet.
    pending: Vec<ClosedFile>,
    recent: VecDeque<FileSummary>,
    /// The maximum number of summaries that are kept.
    keep: usize,
    /// The maximum number of bytes that the kept summaries take up.
    keep_bytes: usize,
    recent_bytes: usize,
    pending_bytes: usize,
    memory: Share,
    /// The number of summaries that were dropped since the last report.
    omitted: u64,
}

impl Ledger {
    /// Creates a ledger that keeps at most `keep` summaries for a report.
    pub(crate) fn new(
        table: Table,
        commit: Option<Arc<dyn Commit>>,
        keep: usize,
        budget: &Arc<MemoryBudget>,
    ) -> Self {
        Self {
            table,
            commit,
            commits: Mutex::new(Commits {
                unique: random_digits(),
                begun: 0,
                attempt: None,
            }),
            closed: Mutex::new(Closed {
                pending: Vec::new(),
                recent: VecDeque::new(),
                keep,
                keep_bytes: budget.for_summaries(),
                recent_bytes: 0,
                pending_bytes: 0,
                memory: Share::new(budget, Use::Files),
                omitted: 0,
            }),
        }
    }

    /// Adds a file that is visible.
    pub(crate) fn push(&self, file: ClosedFile) {
        let mut closed = self.closed();
        closed.report(&file.summary);
        if self.commit.is_some() {
            closed.pending_bytes += file.memory_size();
            closed.pending.push(file);
        }
        closed.count();
    }

    /// Returns whether the files that wait for a commit take up more memory than the summaries of files may.
    pub(crate) fn is_full(&self) -> bool {
        let closed = self.closed();
        closed.pending_bytes > closed.keep_bytes
    }

    /// Returns the bytes of the summaries of a batch that are kept: all of them if they are committed.
    pub(crate) fn bytes_of_batch(&self, budget: &MemoryBudget) -> usize {
        match self.commit {
            Some(_) => usize::MAX,
            None => budget.for_summaries_of_a_batch(),
        }
    }

    /// Returns the target of commits.
    pub(crate) fn target(&self) -> Option<&dyn Commit> {
        self.commit.as_deref()
    }

    /// Commits the files of a batch, under its identity.
    ///
    /// # Errors
    ///
    /// Returns the error of the commit. The batch has to be repeated.
    pub(crate) fn commit_batch(
        &self,
        batch: &BatchId,
        closed: &mut ClosedFiles,
        schema_version: Option<u64>,
    ) -> Result<CommitOutcome, CommitError> {
        let files = closed.files.make_contiguous();
        if let Some(commit) = &self.commit
            && !files.is_empty()
        {
            let manifest = manifest_of(self.table, files, schema_version).with_batch(batch.clone());
            let name = batch.to_string();
            let committed = commit.commit(&name, &manifest);
            let committed =
                committed.map_err(|error| CommitError::new(self.table.name(), &name, error))?;
            if committed != CommitOutcome::Committed {
                return Ok(committed);
            }
        }
        let mut own = self.closed();
        own.omitted += closed.omitted;
        files.iter().for_each(|file| own.report(&file.summary));
        own.count();
        Ok(CommitOutcome::Committed)
    }

    /// Takes the summaries of the files that became visible since the last call, and returns the number of
    /// summaries that were dropped in addition.
    pub(crate) fn take_recent(&self) -> (Vec<FileSummary>, u64) {
        let mut closed = self.closed();
        let omitted = std::mem::take(&mut closed.omitted);
        let recent = std::mem::take(&mut closed.recent);
        closed.recent_bytes = 0;
        closed.count();
        (recent.into(), omitted)
    }

    /// Commits the files that are in no commit yet.
    ///
    /// # Errors
    ///
    /// Returns the error of the commit. The next call retries it unchanged.
    pub(crate) fn commit(&self, schema_version: Option<u64>) -> Result<(), CommitError> {
        let Some(commit) = &self.commit else {
            return Ok(());
        };
        let mut commits = self.commits.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let (name, manifest) = match commits.attempt.take() {
                Some(attempt) => attempt,
                None => {
                    let pending = self.closed().take_pending();
                    if pending.is_empty() {
                        return Ok(());
                    }
                    let name = format!("{}-{:05}", commits.unique, commits.begun);
                    commits.begun += 1;
                    (name, manifest_of(self.table, &pending, schema_version))
                }
            };
            if let Err(source) = commit.commit(&name, &manifest) {
                let error = CommitError::new(self.table.name(), &name, source);
                commits.attempt = Some((name, manifest));
                return Err(error);
            }
        }
    }

    fn closed(&self) -> MutexGuard<'_, Closed> {
        self.closed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Closed {
    fn report(&mut self, file: &FileSummary) {
        if self.keep == 0 {
            self.omitted += 1;
            return;
        }
        self.recent_bytes += file.memory_size();
        self.recent.push_back(file.clone());
        while self.recent.len() > self.keep || self.recent_bytes > self.keep_bytes {
            let Some(oldest) = self.recent.pop_front() else {
                return;
            };
            self.recent_bytes -= oldest.memory_size();
            self.omitted += 1;
        }
    }

    fn take_pending(&mut self) -> Vec<ClosedFile> {
        self.pending_bytes = 0;
        self.count();
        std::mem::take(&mut self.pending)
    }

    /// Counts the memory of all summaries.
    fn count(&mut self) {
        self.memory.set(self.recent_bytes + self.pending_bytes);
    }
}

fn manifest_of(table: Table, files: &[ClosedFile], schema_version: Option<u64>) -> Manifest {
    let mut manifest = Manifest::new(table);
    if let Some(version) = schema_version {
        manifest = manifest.with_schema_version(version);
    }
    for file in files {
        manifest.add(&file.summary, file.partition.to_vec());
    }
    manifest
}

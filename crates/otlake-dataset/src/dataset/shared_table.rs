//! The part of a table that all writers of a dataset share.

use std::collections::HashSet;
use std::sync::Arc;

use otlake_parquet::Encoder;
use otlake_schema::{OverflowCounts, Table};
use otlake_storage::{Documents, StorageError};

use crate::catalog::table_catalog::TableCatalog;
use crate::commit::CommitOutcome;
use crate::commit::ledger::Ledger;
use crate::dataset::TableReport;
use crate::error::{CommitError, FinishBatchError, FlushError, LostRows};
use crate::files::batch_files::{BatchFiles, ClosedFile};
use crate::files::batch_id::BatchId;
use crate::files::column_names;
use crate::files::shared_files::SharedFiles;

#[derive(Debug)]
pub(crate) struct SharedTable {
    pub(crate) table: Table,
    pub(crate) catalog: TableCatalog,
    pub(crate) files: Arc<SharedFiles>,
    pub(crate) ledger: Arc<Ledger>,
    /// The documents, which are used to find leftovers. `None` for a dataset without documents.
    pub(crate) documents: Option<SharedDocuments>,
}

#[derive(Clone)]
pub(crate) struct SharedDocuments(pub(crate) Arc<dyn Documents>);

impl SharedTable {
    /// Closes all open files.
    pub(crate) fn close_files(&self, encoder: &mut Encoder) -> Result<(), FlushError> {
        let mut lost = None;
        for partition in self.files.partitions() {
            let file = {
                let mut open = partition.lock();
                open.take().map(|open| open.into_closing(None))
            };
            if let Some(file) = file {
                let _room = self.files.budget().reserve(file.memory_to_close());
                let key_values = column_names::of_published(&self.catalog.current());
                let closed = file.close(encoder, &key_values, |summary| {
                    self.ledger.push(ClosedFile {
                        summary,
                        partition: partition.values.clone(),
                    });
                });
                lost = LostRows::both(lost, closed.err());
            }
            self.files.release(partition);
        }
        lost.map_or(Ok(()), |lost| Err(lost.into()))
    }

    /// Commits the files that are visible and in no commit yet.
    pub(crate) fn commit(&self) -> Result<(), CommitError> {
        self.ledger.commit(self.schema_version())
    }

    /// Commits the files that wait for it if their summaries take up much memory. After an error they wait for the
    /// next flush, which tries again and returns it.
    pub(crate) fn commit_if_many(&self) {
        if self.ledger.is_full() {
            let _ = self.commit();
        }
    }

    /// Returns the version of the published schema, if it is published.
    fn schema_version(&self) -> Option<u64> {
        let published = self.catalog.is_published();
        published.then(|| self.catalog.current().version())
    }

    /// Commits the files of a batch, and deletes those of other attempts. If another attempt was faster, its files
    /// stay, and those of this one are deleted.
    pub(crate) fn finish_batch(
        &self,
        batch: &BatchId,
        files: &mut BatchFiles,
    ) -> Result<(), FinishBatchError> {
        let committed = self
            .ledger
            .commit_batch(batch, files.closed(), self.schema_version())
            .map_err(FinishBatchError::Commit)?;
        let deleted = match committed {
            CommitOutcome::Committed => self.delete_others(files, &[]),
            CommitOutcome::AlreadyCommitted { files: winners } => {
                let deleted = self.delete_own(files);
                match winners {
                    Some(winners) => deleted.and_then(|()| self.delete_others(files, &winners)),
                    None => deleted,
                }
            }
        };
        deleted.map_err(FinishBatchError::Leftovers)
    }

    /// Deletes the files of other attempts, except those in `keep`. They can never be committed any more.
    fn delete_others(&self, files: &BatchFiles, keep: &[String]) -> Result<(), StorageError> {
        let Some(SharedDocuments(documents)) = &self.documents else {
            return Ok(());
        };
        let keep: HashSet<&str> = keep.iter().map(String::as_str).collect();
        for beginning in files.beginnings() {
            for file in documents.list(beginning)? {
                if files.is_of_other_attempt(&file.name, beginning) && !keep.contains(&*file.name) {
                    documents.delete(&file.name)?;
                }
            }
        }
        Ok(())
    }

    /// Deletes the files of this attempt, because the batch is committed with those of another one.
    pub(crate) fn delete_own(&self, files: &BatchFiles) -> Result<(), StorageError> {
        let Some(SharedDocuments(documents)) = &self.documents else {
            return Ok(());
        };
        files.created().try_for_each(|name| documents.delete(name))
    }

    pub(crate) fn report(&self, table: Table) -> TableReport {
        let (files, omitted_files) = self.ledger.take_recent();
        TableReport {
            table,
            files,
            omitted_files,
            overflow: OverflowCounts::default(),
        }
    }
}

impl std::fmt::Debug for SharedDocuments {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Documents")
    }
}

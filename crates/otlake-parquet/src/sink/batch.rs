//! Batches with an identity, which are there once however often they are tried.

use std::collections::BTreeSet;

use super::manifests::Manifests;
use super::{ParquetSink, SinkError};
use crate::names::{BatchId, FileNames, is_numbered};
use crate::storage::Storage;

/// What was written of a batch with an identity.
#[derive(Debug)]
pub(super) struct OpenBatch {
    id: BatchId,
    pub(super) names: BTreeSet<String>,
    /// How the names of its files begin, in each of the directories that it has files in.
    pub(super) beginnings: BTreeSet<String>,
    /// The names to go back to.
    pub(super) names_before: FileNames,
}

impl<S: Storage> ParquetSink<S> {
    /// Begins a batch whose input has an identity: its files have names that follow from it, so that
    /// the same input under the same identity overwrites what an earlier try has left. Rows that came
    /// before are written first; those of an earlier batch that was not finished are given up, but for
    /// what is in closed files, which a retry of that batch deletes.
    ///
    /// # Errors
    ///
    /// As for [`Self::close_files`], about the rows that came before.
    pub fn begin_batch(&mut self, batch: &BatchId) -> Result<(), SinkError> {
        match self.batch.take() {
            Some(open) => {
                self.give_up_partitions();
                self.names = open.names_before;
            }
            None => self.close_files()?,
        }
        let names = self.names.clone().with_batch(batch);
        self.batch = Some(OpenBatch {
            id: batch.clone(),
            names: BTreeSet::new(),
            beginnings: BTreeSet::new(),
            names_before: std::mem::replace(&mut self.names, names),
        });
        Ok(())
    }

    /// Closes the files of the batch, deletes those that an earlier try of it has left and this one
    /// has not written over, and writes its manifest. When this returns without an error the rows of
    /// the batch are visible once, however often it was tried.
    ///
    /// Deleting and the manifest need the documents of [`Self::with_dataset`]; without, a try that cuts
    /// its files otherwise than the one before, because of other options say, may leave rows of that
    /// one. Leftovers are looked for in the directories that the batch has files in, so a dataset
    /// without partitions is listed whole.
    ///
    /// # Errors
    ///
    /// As for [`Self::close_files`], or when the leftovers can't be found or deleted. The batch has to
    /// be tried again then, from [`Self::begin_batch`] on.
    pub fn finish_batch(&mut self) -> Result<(), SinkError> {
        let closed = self.close_all();
        let Some(open) = self.batch.take() else {
            return closed.and(self.write_manifest(None));
        };
        self.names = open.names_before.clone();
        let finished = closed
            .and_then(|()| self.delete_leftovers(&open))
            .and_then(|()| self.write_manifest(Some(&open.id)));
        if let (Err(_), Some(manifests)) = (&finished, &mut self.manifests) {
            manifests.clear();
        }
        finished
    }

    fn delete_leftovers(&self, batch: &OpenBatch) -> Result<(), SinkError> {
        let Some(Manifests { documents, .. }) = &self.manifests else {
            return Ok(());
        };
        for beginning in &batch.beginnings {
            let directory = beginning.rsplit_once('/');
            let directory = directory.map_or("", |(directory, _)| directory);
            for file in documents.list(directory)? {
                if is_numbered(&file.name, beginning) && !batch.names.contains(&file.name) {
                    documents.delete(&file.name)?;
                }
            }
        }
        Ok(())
    }

    /// Drops the rows and the open files of all partitions.
    fn give_up_partitions(&mut self) {
        for partition in self.partitions.drain(..) {
            self.overflow.merge(&partition.row_groups.overflow_counts());
        }
        self.by_key.clear();
        self.last = usize::MAX;
        self.memory.estimate = 0;
        if let Some(manifests) = &mut self.manifests {
            manifests.clear();
        }
    }
}

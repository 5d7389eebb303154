//! Batches with an identity, which are there once however often they are tried.

use std::collections::BTreeSet;

use crate::gather::row_buffer::RowBuffer;

use crate::commit::manifests::Manifests;
use crate::files::file_names::{BatchId, FileNames, is_numbered};
use crate::table_writer::{ParquetSink, SinkError};

/// What was written of a batch with an identity.
#[derive(Debug)]
pub(crate) struct OpenBatch {
    id: BatchId,
    pub(crate) names: BTreeSet<String>,
    /// How the names of its files begin, in each of the directories that it has files in.
    pub(crate) beginnings: BTreeSet<String>,
    /// The names to go back to.
    names_before: FileNames,
    /// Whether an error has cost it rows.
    incomplete: bool,
}

impl ParquetSink {
    /// Begins a batch whose input has an identity: its files have names that follow from it, so that
    /// the same input under the same identity overwrites what an earlier try has left. Rows that came
    /// before are written first; those of an earlier batch that was not finished are given up, but for
    /// what is in closed files, which a retry of that batch deletes.
    ///
    /// # Errors
    ///
    /// As for [`Self::close_files`], about the rows that came before. No batch is open then.
    pub fn begin_batch(&mut self, batch: &BatchId) -> Result<(), SinkError> {
        match self.batch.take() {
            Some(open) => self.give_up(open),
            None => self.close_files()?,
        }
        let names = self.names.clone().with_batch(batch);
        self.batch = Some(OpenBatch {
            id: batch.clone(),
            names: BTreeSet::new(),
            beginnings: BTreeSet::new(),
            names_before: std::mem::replace(&mut self.names, names),
            incomplete: false,
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
    /// As for [`Self::close_files`]; when the leftovers can't be found or deleted; when a call since
    /// [`Self::begin_batch`] has failed and cost the batch rows; when no batch is open. None is open
    /// afterwards, its rows that are in no closed file are given up, and it has to be tried again from
    /// [`Self::begin_batch`] on.
    pub fn finish_batch(&mut self) -> Result<(), SinkError> {
        let closed = match &self.batch {
            None => return Err(SinkError::NoBatch),
            Some(open) if open.incomplete => Err(SinkError::IncompleteBatch),
            Some(_) => self.close_all(),
        };
        let Some(open) = self.batch.take() else {
            return Err(SinkError::NoBatch);
        };
        let finished = closed
            .and_then(|()| self.delete_leftovers(&open))
            .and_then(|()| self.write_manifest(Some(&open.id)));
        match finished {
            Ok(()) => self.names = open.names_before,
            Err(_) => self.give_up(open),
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

    /// Drops what the batch has in no closed file. Left where it is it would go to a file of whatever
    /// comes next, and be there twice once the batch is tried again.
    fn give_up(&mut self, batch: OpenBatch) {
        self.row_groups.discard();
        for partition in &mut self.partitions {
            partition.rows = RowBuffer::new();
            partition.files.discard();
            partition.file_bytes = 0;
            partition.since = None;
        }
        (self.memory.waiting, self.memory.files) = (0, 0);
        if let Some(manifests) = &mut self.manifests {
            manifests.clear();
        }
        self.names = batch.names_before;
    }

    /// Remembers that an error has cost the open batch rows, if one is open: who does not listen must
    /// not take the rest of them for the whole.
    pub(crate) fn note<T>(&mut self, result: Result<T, SinkError>) -> Result<T, SinkError> {
        if result.is_err()
            && let Some(open) = &mut self.batch
        {
            open.incomplete = true;
        }
        result
    }
}

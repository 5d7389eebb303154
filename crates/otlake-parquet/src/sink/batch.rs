//! Batches with an identity, which are there once however often they are tried.

use std::collections::BTreeSet;

use super::{ParquetSink, SinkError};
use crate::names::{BatchId, FileNames, is_numbered};
use crate::storage::Storage;

/// What was written of a batch with an identity.
#[derive(Debug)]
pub(super) struct OpenBatch {
    pub(super) names: BTreeSet<String>,
    /// How the names of its files begin, in each of the directories that it has files in.
    pub(super) beginnings: BTreeSet<String>,
    /// The names to go back to.
    pub(super) names_before: FileNames,
}

impl<S: Storage> ParquetSink<S> {
    /// Begins a batch whose input has an identity: its files have names that follow from it, so that
    /// the same input under the same identity overwrites what an earlier try has left. Rows that came
    /// before are written first.
    ///
    /// # Errors
    ///
    /// As for [`Self::close_files`], about the rows that came before.
    pub fn begin_batch(&mut self, batch: &BatchId) -> Result<(), SinkError> {
        self.close_files()?;
        let names = self.names.clone().with_batch(batch);
        let before = std::mem::replace(&mut self.names, names);
        let names_before = match self.batch.take() {
            // An earlier batch that was given up.
            Some(open) => open.names_before,
            None => before,
        };
        self.batch = Some(OpenBatch {
            names: BTreeSet::new(),
            beginnings: BTreeSet::new(),
            names_before,
        });
        Ok(())
    }

    /// Closes the files of the batch, and deletes those that an earlier try of it has left and this
    /// one has not written over. When this returns without an error the rows of the batch are visible
    /// once, however often it was tried.
    ///
    /// Deleting needs the documents of [`Self::with_dataset`]; without, a try that cut its files
    /// otherwise, because of other options say, may leave rows of the earlier one.
    ///
    /// # Errors
    ///
    /// As for [`Self::close_files`], or when the leftovers can't be found or deleted. The batch has to
    /// be tried again then, from [`Self::begin_batch`] on.
    pub fn finish_batch(&mut self) -> Result<(), SinkError> {
        let closed = self.close_files();
        let Some(open) = self.batch.take() else {
            return closed;
        };
        self.names = open.names_before.clone();
        closed?;
        let Some(documents) = &self.documents else {
            return Ok(());
        };
        for beginning in &open.beginnings {
            let directory = beginning
                .rsplit_once('/')
                .map_or("", |(directory, _)| directory);
            for file in documents.list(directory)? {
                if is_numbered(&file.name, beginning) && !open.names.contains(&file.name) {
                    documents.delete(&file.name)?;
                }
            }
        }
        Ok(())
    }
}

//! Whether a batch is open, over all tables of a writer.

use crate::files::Target;
use crate::files::batch_files::BatchFiles;
use crate::files::file_names::BatchId;

/// The state of a writer's batch: one for all tables, so that they can't disagree.
#[derive(Debug, Default)]
pub(crate) enum BatchState {
    /// No batch is open: rows go to the files that all writers share.
    #[default]
    Idle,
    /// A batch is open.
    Open(OpenBatch),
    /// A batch is open, but an error has cost it rows, so it can only be abandoned.
    Failed(OpenBatch),
}

/// A batch and what it has written.
#[derive(Debug)]
pub(crate) struct OpenBatch {
    pub(crate) id: BatchId,
    /// For each table of the dataset.
    pub(crate) files: Vec<BatchFiles>,
}

impl BatchState {
    /// Returns the files of the open batch in a table.
    #[inline]
    pub(crate) fn target(&mut self, table: usize) -> Target<'_> {
        match self {
            Self::Idle => None,
            Self::Open(batch) | Self::Failed(batch) => Some(&mut batch.files[table]),
        }
    }

    /// Returns the files of the open batch in a table, read-only.
    pub(crate) fn files(&self, table: usize) -> Option<&BatchFiles> {
        match self {
            Self::Idle => None,
            Self::Open(batch) | Self::Failed(batch) => Some(&batch.files[table]),
        }
    }

    /// Remembers that an error has cost the open batch rows, so that a caller that ignores the error can't
    /// finish the batch with the remaining rows.
    #[cold]
    pub(crate) fn fail(&mut self) {
        *self = match std::mem::take(self) {
            Self::Open(batch) => Self::Failed(batch),
            other => other,
        };
    }

    /// Returns whether a batch is open.
    pub(crate) fn is_open(&self) -> bool {
        !matches!(self, Self::Idle)
    }
}

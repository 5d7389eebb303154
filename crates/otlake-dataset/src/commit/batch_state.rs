//! The state of a writer's batch.

use crate::files::Target;
use crate::files::batch_files::BatchFiles;
use crate::files::batch_id::BatchId;

/// The state of a writer's batch: one for all tables, so that they can't disagree.
#[derive(Debug, Default)]
pub(crate) enum BatchState {
    /// No batch is open: rows go to the files that all writers share.
    #[default]
    Idle,
    /// A batch is open.
    Open(OpenBatch),
    /// A batch is open, but an error has lost some of its rows, so it can only be abandoned.
    Failed(OpenBatch),
    /// The batch that was begun last was finished by an earlier attempt, so its rows are skipped.
    Skipped,
}

/// The outcome of [`begin_batch`](crate::DatasetWriter::begin_batch). The enum is exhaustive, because there is no
/// third outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BatchStart {
    /// The batch is open: write its rows and finish it.
    Begun,
    /// An earlier attempt has finished the batch, so that it only has to be acknowledged. Rows that are written are
    /// skipped until the batch is finished, discarded, or followed by another one.
    AlreadyFinished,
}

/// A batch and the files that it has written.
#[derive(Debug)]
pub(crate) struct OpenBatch {
    pub(crate) id: BatchId,
    /// The files of each table of the dataset.
    pub(crate) files: Vec<BatchFiles>,
}

impl BatchState {
    /// Returns the files of the open batch in a table.
    #[inline]
    pub(crate) fn target(&mut self, table: usize) -> Target<'_> {
        match self {
            Self::Idle | Self::Skipped => None,
            Self::Open(batch) | Self::Failed(batch) => Some(&mut batch.files[table]),
        }
    }

    /// Returns the files of the open batch in a table, read-only.
    pub(crate) fn files(&self, table: usize) -> Option<&BatchFiles> {
        match self {
            Self::Idle | Self::Skipped => None,
            Self::Open(batch) | Self::Failed(batch) => Some(&batch.files[table]),
        }
    }

    /// Records that an error has lost rows of the open batch, so that a caller that ignores the error can't
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
        matches!(self, Self::Open(_) | Self::Failed(_))
    }

    /// Returns whether rows are skipped.
    #[inline]
    pub(crate) fn is_skipped(&self) -> bool {
        matches!(self, Self::Skipped)
    }
}

//! The errors of files.

use otlake_parquet::FileError;
use otlake_storage::StorageError;

/// A batch that a [`RollingWriter`](crate::RollingWriter) could not write, or a file that it could
/// not close.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RollingError {
    /// The batch was refused, and nothing else changed: the rows written before are still in the
    /// open file.
    #[error("the batch was refused, and {name} is still open")]
    Refused {
        /// The open file.
        name: String,
        /// Why.
        source: FileError,
    },
    /// The open file was dropped, with the rows that were in it.
    #[error("{name} was dropped, and {rows} rows with it: write them again")]
    Dropped {
        /// The file.
        name: String,
        /// How many rows are in no file because of it; those of the batch being written included.
        rows: u64,
        /// Why.
        source: FileError,
    },
    /// A file could not be created or committed, and was dropped with the rows that were in it.
    #[error("{name} could not be stored, and {rows} rows are dropped with it: write them again")]
    Storage {
        /// The file.
        name: String,
        /// How many rows are in no file because of it; those of the batch being written included.
        rows: u64,
        /// Why.
        source: StorageError,
    },
}

impl RollingError {
    /// Counts `more` rows among those that are in no file.
    pub(crate) fn with_more_rows(mut self, more: u64) -> Self {
        match &mut self {
            Self::Dropped { rows, .. } | Self::Storage { rows, .. } => *rows += more,
            Self::Refused { .. } => {}
        }
        self
    }
}

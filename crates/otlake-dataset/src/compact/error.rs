//! Errors of compaction.

use std::error::Error;

use arrow_schema::ArrowError;
use otlake_parquet::{EncoderError, FileError};
use otlake_storage::StorageError;

use crate::catalog::published_schema::PublishError;

/// The error of planning a compaction, or of one of its steps.
///
/// ```
/// use std::sync::Arc;
///
/// use otlake_dataset::{CompactionError, CompactionOptions, Compactor, Dataset, ManifestCommit};
/// use otlake_row::{Group, Row, RowSink, Signal, Value, fields};
/// use otlake_schema::Table;
/// use otlake_storage::{Documents, InMemoryStorage};
///
/// let storage = Arc::new(InMemoryStorage::new());
/// let mut writer = Dataset::builder().open(storage.clone())?.writer();
/// for severity in [9, 17] {
///     let mut row = Row::new(Signal::Logs, Group::new(&[]), Group::new(&[]));
///     row.push(fields::SEVERITY_NUMBER, Value::Int(severity));
///     writer.row(&mut row)?;
///     writer.flush()?;
/// }
/// // Somebody deletes a file by hand.
/// let name = storage.list("logs/")?[0].name.clone();
/// storage.delete(&name)?;
///
/// let commit = Arc::new(ManifestCommit::new(storage.clone()));
/// let compactor = Compactor::new(storage, commit, CompactionOptions::new());
/// let report = compactor.run(&compactor.plan(Table::Logs)?, &mut |_| {})?;
/// let error: &CompactionError = &report.errors[0];
/// assert_eq!(error.file(), Some(&*name));
/// assert_eq!(report.files_merged, 0, "the other file stays as it is");
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CompactionError {
    /// The files of the table can't be listed or replaced. If it is unknown whether they were replaced, the merged file
    /// stays; [`ManifestCommit::remove_leftovers`](crate::ManifestCommit::remove_leftovers) deletes it if it is not part
    /// of the table.
    #[error("the files of the table can't be listed or replaced")]
    Commit(#[source] Box<dyn Error + Send + Sync>),
    /// The published schema can't be read.
    #[error(transparent)]
    Schema(#[from] PublishError),
    /// A file can't be read.
    #[error("{file} can't be read")]
    Read {
        /// The name of the file.
        file: String,
        /// The error of the storage.
        source: StorageError,
    },
    /// A file of the table does not exist.
    #[error(
        "{file} is part of the table, but does not exist: restore it, or drop it from the table"
    )]
    Missing {
        /// The name of the file.
        file: String,
    },
    /// A file is not what its manifest says, or has a column that does not fit the table.
    #[error("{file} can't be merged, and stays as it is")]
    Input {
        /// The name of the file.
        file: String,
        /// The fault of the file.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The merged rows can't be copied.
    #[error("rows can't be merged")]
    Merge(#[from] ArrowError),
    /// The merged file does not have all rows. It was not used.
    #[error(
        "the merged file has {found} rows instead of {expected}, and was deleted: please report this"
    )]
    Incomplete {
        /// The rows of the files that were merged.
        expected: u64,
        /// The rows of the merged file.
        found: u64,
    },
    /// The merged file can't be encoded or written.
    #[error("the merged file can't be written")]
    Write(#[from] FileError),
    /// The merged file can't be created or committed.
    #[error(transparent)]
    Store(#[from] StorageError),
    /// The codec of the files is not in this build.
    #[error(transparent)]
    Encoder(#[from] EncoderError),
}

impl CompactionError {
    pub(crate) fn input(file: &str, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Input {
            file: file.to_owned(),
            source: source.into(),
        }
    }

    /// Returns the name of the file that can't be read or merged, if the error is about one.
    pub fn file(&self) -> Option<&str> {
        match self {
            Self::Read { file, .. } | Self::Missing { file } | Self::Input { file, .. } => {
                Some(file)
            }
            _ => None,
        }
    }
}

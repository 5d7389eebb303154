//! The error of a storage.

use std::error::Error;
use std::fmt;

/// An operation of a [`Storage`](crate::Storage) or of its [`Documents`](crate::Documents) that failed.
///
/// ```
/// use otlake_storage::{InMemoryStorage, Storage, StorageError, StorageErrorKind};
///
/// let Err(error) = InMemoryStorage::new().create("../secrets") else { panic!("it is outside") };
/// assert_eq!((error.kind(), error.path()), (StorageErrorKind::InvalidName, "\"../secrets\""));
///
/// // From a storage of your own.
/// let lost = StorageError::new("put", "state.json", "the connection was reset")
///     .with_kind(StorageErrorKind::InDoubt);
/// let message = "cannot put state.json (it may have taken effect: check, or do it again under the same name)";
/// assert_eq!(lost.to_string(), message);
/// ```
#[derive(Debug)]
pub struct StorageError {
    kind: StorageErrorKind,
    action: &'static str,
    path: String,
    source: Box<dyn Error + Send + Sync>,
}

/// The meaning of a [`StorageError`] for the file or the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StorageErrorKind {
    /// The operation had no effect. What was stored before is unchanged.
    Failed,
    /// No file may have this name, so a retry fails too.
    InvalidName,
    /// The storage cannot do this, so a retry fails too.
    Unsupported,
    /// It is unknown whether the operation took effect: the response was lost, or the result may not
    /// survive a power cut. The file is either complete or absent. The same operation under the same
    /// name settles it.
    InDoubt,
}

impl StorageError {
    /// Creates an error of the kind [`Failed`](StorageErrorKind::Failed). The `action` is a verb, such
    /// as "create" or "rename".
    pub fn new(
        action: &'static str,
        path: impl fmt::Display,
        source: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Self {
        Self {
            kind: StorageErrorKind::Failed,
            action,
            path: path.to_string(),
            source: source.into(),
        }
    }

    /// Sets the kind.
    #[must_use]
    pub fn with_kind(mut self, kind: StorageErrorKind) -> Self {
        self.kind = kind;
        self
    }

    /// Returns what the error means for the file or the document.
    pub fn kind(&self) -> StorageErrorKind {
        self.kind
    }

    /// Returns the path, or the name in a storage without paths.
    pub fn path(&self) -> &str {
        &self.path
    }
}

impl fmt::Display for StorageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot {} {}", self.action, self.path)?;
        if self.kind == StorageErrorKind::InDoubt {
            write!(
                f,
                " (it may have taken effect: check, or do it again under the same name)"
            )?;
        }
        Ok(())
    }
}

impl Error for StorageError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(self.source.as_ref())
    }
}

//! The error of files and documents.

use std::error::Error;
use std::fmt;

/// What a [`Storage`](crate::Storage) or its [`Documents`](crate::Documents) could not do.
#[derive(Debug)]
pub struct StorageError {
    kind: StorageErrorKind,
    action: &'static str,
    path: String,
    source: Box<dyn Error + Send + Sync>,
}

/// What a [`StorageError`] means for the file or the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StorageErrorKind {
    /// It was not done, and what was there before is there still.
    Failed,
    /// The name is none that a file may have, so trying again won't help.
    InvalidName,
    /// The storage is not able to do this, so trying again won't help.
    Unsupported,
    /// It is not known whether it was done: the answer was lost, or what was done may not outlive a
    /// power cut. A file is there whole, or is not there. Done again under the same name it is there
    /// once.
    InDoubt,
}

impl StorageError {
    /// `action` as in "create" or "rename", failed on `path` because of `source`. The kind is
    /// [`Failed`](StorageErrorKind::Failed).
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

    /// Says what it means.
    #[must_use]
    pub fn with_kind(mut self, kind: StorageErrorKind) -> Self {
        self.kind = kind;
        self
    }

    /// What it means.
    pub fn kind(&self) -> StorageErrorKind {
        self.kind
    }

    /// The path, or the name in a storage that has no paths.
    pub fn path(&self) -> &str {
        &self.path
    }
}

impl fmt::Display for StorageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot {} {}: {}", self.action, self.path, self.source)?;
        if self.kind == StorageErrorKind::InDoubt {
            write!(
                f,
                " (it may be done nevertheless: look, or do it again under the same name)"
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

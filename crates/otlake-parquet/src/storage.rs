//! Where files go: whole or not at all.

use std::io::Write;

use crate::error::StorageError;

/// A place that files are written to.
///
/// A file is visible under its name once [`StorageFile::commit`] has returned, and from then on
/// complete; before that, and when it is dropped without a commit, no reader sees it. A file that is
/// there already under the name is replaced, so that a retry under a deterministic name overwrites
/// and does not double.
pub trait Storage {
    /// A file being written.
    type File: StorageFile;

    /// Starts the file `name`, a relative path with `/` between its parts, such as
    /// `date=2026-11-22/logs-00000.parquet`.
    ///
    /// # Errors
    ///
    /// When the name is not such a path, or the place refuses.
    fn create(&self, name: &str) -> Result<Self::File, StorageError>;
}

/// A file being written, which becomes visible with [`commit`](Self::commit) or never.
pub trait StorageFile: Write {
    /// Makes the file durable and visible under its name.
    ///
    /// # Errors
    ///
    /// When that fails; nothing is visible then.
    fn commit(self) -> Result<(), StorageError>;
}

impl<S: Storage + ?Sized> Storage for &S {
    type File = S::File;

    fn create(&self, name: &str) -> Result<Self::File, StorageError> {
        (**self).create(name)
    }
}

impl<S: Storage + ?Sized> Storage for std::sync::Arc<S> {
    type File = S::File;

    fn create(&self, name: &str) -> Result<Self::File, StorageError> {
        (**self).create(name)
    }
}

/// Refuses names that would leave the place they are created in.
pub(crate) fn check_name(name: &str) -> Result<(), StorageError> {
    let sound = !name.is_empty()
        && !name.contains(['\\', '\0'])
        && name
            .split('/')
            .all(|part| !part.is_empty() && part != "." && part != "..");
    if sound {
        Ok(())
    } else {
        Err(StorageError::new(
            "create",
            format_args!("{name:?}"),
            "a file name is a relative path with / between its parts, none of which is empty, . or ..",
        ))
    }
}

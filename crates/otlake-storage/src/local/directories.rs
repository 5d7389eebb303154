//! Directories that survive a power cut.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::error::StorageError;

/// The maximum number of paths that are remembered. A writer uses a few directories at a time, and very many over
/// the years.
const REMEMBERED: usize = 4096;

/// Creates directories, and remembers which of them are durable.
#[derive(Debug, Default)]
pub(super) struct Directories {
    durable: Mutex<HashSet<PathBuf>>,
}

impl Directories {
    /// Creates `directory`, which is `root` or in it, unless it is known to exist.
    ///
    /// Another process may have just created an existing directory without syncing it. So the first time,
    /// all directories from `directory` up to `root` are synced in their parents.
    pub(super) fn create(&self, root: &Path, directory: &Path) -> Result<(), StorageError> {
        if self.lock().contains(directory) {
            return Ok(());
        }
        let missing_above_root = root
            .ancestors()
            .take_while(|path| !path.as_os_str().is_empty() && !path.exists())
            .count();
        fs::create_dir_all(directory)
            .map_err(|error| StorageError::new("create directory", directory.display(), error))?;
        let inside = directory.ancestors().take_while(|path| *path != root);
        let above = root.ancestors().take(missing_above_root);
        for parent in inside.chain(above).filter_map(Path::parent) {
            sync(parent)
                .map_err(|error| StorageError::new("sync directory", parent.display(), error))?;
        }
        let mut durable = self.lock();
        if durable.len() >= REMEMBERED {
            durable.clear();
        }
        durable.insert(directory.to_owned());
        Ok(())
    }

    /// Forgets a directory that has been removed.
    pub(super) fn forget(&self, directory: &Path) {
        self.lock().remove(directory);
    }

    /// Ignores poisoning: a panic elsewhere cannot leave the set half-changed.
    fn lock(&self) -> MutexGuard<'_, HashSet<PathBuf>> {
        self.durable.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes the names that were created, renamed or removed in a directory durable.
#[cfg(unix)]
pub(super) fn sync(directory: &Path) -> io::Result<()> {
    // The parent of a relative path with one part is empty.
    let directory = if directory.as_os_str().is_empty() {
        Path::new(".")
    } else {
        directory
    };
    match File::open(directory)?.sync_all() {
        // Some file systems in user space and over networks do not sync directories.
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported
            ) =>
        {
            Ok(())
        }
        synced => synced,
    }
}

/// Does nothing: only Unix opens directories as files.
#[cfg(not(unix))]
pub(super) fn sync(_directory: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_is_created_once_and_again_when_forgotten() {
        let temporary = tempfile::tempdir().unwrap();
        let root = temporary.path().join("new/root");
        let directory = root.join("a/b");
        let directories = Directories::default();
        directories.create(&root, &directory).unwrap();
        assert!(directory.is_dir());
        fs::remove_dir(&directory).unwrap();
        directories.create(&root, &directory).unwrap();
        assert!(!directory.exists(), "it is remembered");
        directories.forget(&directory);
        directories.create(&root, &directory).unwrap();
        assert!(directory.is_dir());
    }

    #[test]
    fn a_relative_root_has_a_parent() {
        sync(Path::new("")).unwrap();
    }
}

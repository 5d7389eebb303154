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
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    durable: HashSet<PathBuf>,
    /// The number of directories, from the root upwards, that were created and may not be durable.
    unsynced_above_root: usize,
}

impl Directories {
    /// Creates `directory`, which is `root` or in it, unless it is known to exist.
    ///
    /// Another process may have just created an existing directory without syncing it. So the first time,
    /// all directories from `directory` up to `root` are synced in their parents.
    /// The directories above the root that did not exist are synced too, in a later call if the first one fails.
    pub(super) fn create(&self, root: &Path, directory: &Path) -> Result<(), StorageError> {
        self.create_with(root, directory, sync)
    }

    fn create_with(
        &self,
        root: &Path,
        directory: &Path,
        mut sync: impl FnMut(&Path) -> io::Result<()>,
    ) -> Result<(), StorageError> {
        if self.lock().durable.contains(directory) {
            return Ok(());
        }
        let missing_above_root = root
            .ancestors()
            .take_while(|path| !path.as_os_str().is_empty() && !path.exists())
            .count();
        let unsynced_above_root = {
            let mut known = self.lock();
            known.unsynced_above_root = known.unsynced_above_root.max(missing_above_root);
            known.unsynced_above_root
        };
        fs::create_dir_all(directory)
            .map_err(|error| StorageError::new("create directory", directory.display(), error))?;
        let inside = directory.ancestors().take_while(|path| *path != root);
        let above = root.ancestors().take(unsynced_above_root);
        for parent in inside.chain(above).filter_map(Path::parent) {
            sync(parent)
                .map_err(|error| StorageError::new("sync directory", parent.display(), error))?;
        }
        let mut known = self.lock();
        if known.unsynced_above_root == unsynced_above_root {
            known.unsynced_above_root = 0;
        }
        if known.durable.len() >= REMEMBERED {
            known.durable.clear();
        }
        known.durable.insert(directory.to_owned());
        Ok(())
    }

    /// Forgets a directory that has been removed.
    pub(super) fn forget(&self, directory: &Path) {
        self.lock().durable.remove(directory);
    }

    /// Ignores poisoning: a panic elsewhere cannot leave them half-changed.
    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
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
    use std::slice;

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

    /// The repeat finds the directories, but nothing says that they are durable.
    #[test]
    fn what_a_failed_sync_left_is_synced_again() {
        let temporary = tempfile::tempdir().unwrap();
        let root = temporary.path().join("new/root");
        let directory = root.join("a");
        let directories = Directories::default();
        let failed =
            directories.create_with(
                &root,
                &directory,
                |_| Err(io::ErrorKind::StorageFull.into()),
            );
        assert!(failed.is_err());
        let mut synced = Vec::new();
        let mut create = |directory: &Path| {
            let create = directories.create_with(&root, directory, |path| {
                synced.push(path.to_owned());
                Ok(())
            });
            create.unwrap();
            std::mem::take(&mut synced)
        };
        let above = [temporary.path().join("new"), temporary.path().to_owned()];
        assert_eq!(
            create(&directory),
            [slice::from_ref(&root), &above].concat()
        );
        assert_eq!(create(&root.join("b")), slice::from_ref(&root));
    }

    #[test]
    fn a_relative_root_has_a_parent() {
        sync(Path::new("")).unwrap();
    }
}

//! Files in a directory of the local file system.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::error::StorageError;
use crate::storage::{Storage, StorageFile, check_name};

/// A directory, created when the first file is.
///
/// A file is written as `.NAME.tmp-UNIQUE` beside its final place, synced, renamed, and the
/// directory synced. What a crash leaves has such a name, so no reader of `*.parquet` sees it.
#[derive(Clone, Debug)]
pub struct LocalDirectory {
    root: PathBuf,
}

impl LocalDirectory {
    /// The directory `root`.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        &self.root
    }
}

impl Storage for LocalDirectory {
    type File = LocalFile;

    fn create(&self, name: &str) -> Result<LocalFile, StorageError> {
        check_name(name)?;
        let path = self.root.join(name);
        let directory = path.parent().unwrap_or(&self.root).to_owned();
        fs::create_dir_all(&directory)
            .map_err(|error| StorageError::new("create directory", directory.display(), error))?;
        let file_name = name.rsplit('/').next().unwrap_or(name);
        let temporary = directory.join(format!(".{file_name}.tmp-{}", unique()));
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&temporary)
            .map_err(|error| StorageError::new("create", temporary.display(), error))?;
        Ok(LocalFile {
            file,
            temporary,
            path,
            directory,
            committed: false,
        })
    }
}

/// A file being written in a [`LocalDirectory`].
#[derive(Debug)]
pub struct LocalFile {
    file: File,
    temporary: PathBuf,
    path: PathBuf,
    directory: PathBuf,
    committed: bool,
}

impl Write for LocalFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl StorageFile for LocalFile {
    fn commit(mut self) -> Result<(), StorageError> {
        self.file
            .sync_all()
            .map_err(|error| StorageError::new("sync", self.temporary.display(), error))?;
        fs::rename(&self.temporary, &self.path)
            .map_err(|error| StorageError::new("rename to", self.path.display(), error))?;
        // From here on the temporary name is gone, whatever the sync of the directory says.
        self.committed = true;
        sync_directory(&self.directory)
            .map_err(|error| StorageError::new("sync directory", self.directory.display(), error))
    }
}

impl Drop for LocalFile {
    fn drop(&mut self) {
        if !self.committed {
            // Nobody is left to tell; a leftover is invisible to readers by its name.
            let _ = fs::remove_file(&self.temporary);
        }
    }
}

/// The rename is durable once its directory is.
#[cfg(unix)]
fn sync_directory(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

/// Only Unix opens directories as files.
#[cfg(not(unix))]
fn sync_directory(_directory: &Path) -> io::Result<()> {
    Ok(())
}

/// Differs between processes, and between the files of one.
pub(crate) fn unique() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let nanos = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |time| time.as_nanos());
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("{nanos:016x}-{:x}-{count:x}", std::process::id())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(directory: &Path) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(directory)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_appears_with_its_commit() {
        let directory = tempfile::tempdir().unwrap();
        let storage = LocalDirectory::new(directory.path().join("new"));
        let mut file = storage.create("a.parquet").unwrap();
        file.write_all(b"half").unwrap();
        assert!(
            entries(storage.path())
                .iter()
                .all(|name| !name.ends_with(".parquet"))
        );
        file.write_all(b" and half").unwrap();
        file.commit().unwrap();
        assert_eq!(entries(storage.path()), ["a.parquet"]);
        assert_eq!(
            fs::read(storage.path().join("a.parquet")).unwrap(),
            b"half and half"
        );
    }

    #[test]
    fn a_dropped_file_leaves_nothing_and_replaces_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let storage = LocalDirectory::new(directory.path());
        let mut first = storage.create("a.parquet").unwrap();
        first.write_all(b"first").unwrap();
        first.commit().unwrap();
        let mut second = storage.create("a.parquet").unwrap();
        second.write_all(b"second").unwrap();
        drop(second);
        assert_eq!(entries(directory.path()), ["a.parquet"]);
        assert_eq!(
            fs::read(directory.path().join("a.parquet")).unwrap(),
            b"first"
        );
    }

    #[test]
    fn names_stay_inside() {
        let directory = tempfile::tempdir().unwrap();
        let storage = LocalDirectory::new(directory.path());
        for name in ["", "/etc/a", "../a", "a/../b", "a//b", "./a", "a\\b"] {
            let error = storage.create(name).unwrap_err();
            assert!(error.to_string().contains(&format!("{name:?}")), "{error}");
        }
        storage
            .create("date=2026-11-22/hour=07/a.parquet")
            .unwrap()
            .commit()
            .unwrap();
        assert!(
            directory
                .path()
                .join("date=2026-11-22/hour=07/a.parquet")
                .exists()
        );
    }

    #[test]
    fn an_error_names_the_path() {
        let directory = tempfile::tempdir().unwrap();
        let blocked = directory.path().join("a file");
        fs::write(&blocked, b"").unwrap();
        let error = LocalDirectory::new(&blocked)
            .create("a.parquet")
            .unwrap_err();
        assert!(error.path().contains("a file"), "{error}");
    }
}

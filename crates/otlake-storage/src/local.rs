//! Files in a directory of the local file system.

mod directories;
mod documents;
mod temporary;

use std::fs::{self, DirEntry, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use self::directories::Directories;
pub(crate) use self::temporary::is_reserved;
use self::temporary::{Liveness, create_temporary, is_temporary, liveness};
use crate::documents::StoredFile;
use crate::error::{StorageError, StorageErrorKind};
use crate::names::check_name;
use crate::storage::{Storage, StorageFile};

/// A directory of a local file system, created with the first file.
///
/// A file is written as `.NAME.tmp-RANDOM` in its directory. Its commit syncs it, renames it and syncs
/// the directory; new directories are synced in their parents.
///
/// - **Visibility**: under its name a file is complete from the first moment, and it replaces an existing
///   one in one step. Readers that read `*.parquet`, or ignore names with a leading dot, see nothing else.
/// - **Durability**: a committed file survives a power cut, as far as the disk keeps its promises. When
///   only the sync of the directory fails, the error is
///   [`InDoubt`](StorageErrorKind::InDoubt): the file exists, but may not survive a power cut.
/// - **Leftovers**: dropping a file removes its temporary file. When the process dies, the temporary file
///   stays until [`remove_leftovers`](Self::remove_leftovers) removes it.
///
/// [`Documents`](crate::Documents) are written in the same way, under an exclusive lock on the file
/// `.otlake.lock` at the top of the directory. It excludes all processes that use the directory through
/// this type, on all machines that share the file system's locks. A new document also replaces no file that a
/// program without the lock has just created, if the file system has hard links. The version of a document is its
/// content. Lists do not follow symbolic links, and omit names that are not UTF-8.
///
/// Clones share what they know about the directory.
///
/// ```
/// use std::io::Write;
/// use std::time::Duration;
///
/// use otlake_storage::{LocalDirectory, Storage};
///
/// # let temporary = tempfile::tempdir()?;
/// # let root = temporary.path().join("lake");
/// let storage = LocalDirectory::new(&root);
/// let mut file = storage.create("logs/a.parquet")?;
/// file.write_all(b"PAR1")?;
/// file.commit()?;
/// assert_eq!(std::fs::read(storage.path().join("logs/a.parquet"))?, b"PAR1");
///
/// let open = storage.create("logs/b.parquet")?;
/// assert!(storage.remove_leftovers(Duration::ZERO)?.is_empty(), "its writer is alive");
/// # drop(open);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct LocalDirectory {
    root: PathBuf,
    directories: Arc<Directories>,
}

impl LocalDirectory {
    /// Creates a storage in the directory `root`.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self {
            root: root.into(),
            directories: Arc::default(),
        }
    }

    /// Returns the path of the directory.
    pub fn path(&self) -> &Path {
        &self.root
    }

    /// Removes the temporary files of dead writers, and returns what they were.
    ///
    /// A leftover is a file with a temporary name, as only this type creates them, that no process holds
    /// locked. A writer holds its file locked from the first moment to the last, and the operating system
    /// releases the lock however the process ends. So a file that is being written stays, and one whose
    /// writer died can be removed at once: `older_than` may be zero. It matters where the directory is on a
    /// network file system whose locks are local to a machine (NFS mounted with `local_lock`): there only
    /// the age distinguishes a leftover from a file that another machine writes, and it should be a day.
    ///
    /// # Errors
    ///
    /// Returns an error when the directory cannot be read, a file cannot be removed, or the file system has
    /// no locks; in that case remove `.*.tmp-*` by hand while no writer runs. Files removed before the
    /// error stay removed.
    pub fn remove_leftovers(&self, older_than: Duration) -> Result<Vec<StoredFile>, StorageError> {
        let mut removed = Vec::new();
        walk(&self.root, "", &mut |name, file_name, entry| {
            if !is_temporary(file_name) {
                return Ok(());
            }
            let failed = VisitError::of("read the metadata of");
            let metadata = entry.metadata().map_err(&failed)?;
            let modified = metadata.modified().map_err(&failed)?;
            // A time in the future counts as now.
            let age = SystemTime::now()
                .duration_since(modified)
                .unwrap_or_default();
            if age < older_than {
                return Ok(());
            }
            let liveness = liveness(&entry.path()).map_err(VisitError::of("lock"))?;
            if let Liveness::Dead(_held) = liveness {
                fs::remove_file(entry.path()).map_err(VisitError::of("remove"))?;
                removed.push(StoredFile::new(name, metadata.len(), modified));
            }
            Ok(())
        })?;
        Ok(removed)
    }

    /// Returns the path of the file `name`.
    fn resolve(&self, action: &'static str, name: &str) -> Result<PathBuf, StorageError> {
        check_name(action, name)?;
        if cfg!(windows) && name.contains(':') {
            let reason = "on Windows a : leads to another drive or stream: choose another name";
            return Err(StorageError::new(action, format_args!("{name:?}"), reason)
                .with_kind(StorageErrorKind::InvalidName));
        }
        Ok(self.root.join(name))
    }
}

impl Storage for LocalDirectory {
    fn create(&self, name: &str) -> Result<Box<dyn StorageFile>, StorageError> {
        Ok(Box::new(self.create_file(name)?))
    }
}

impl LocalDirectory {
    fn create_file(&self, name: &str) -> Result<LocalFile, StorageError> {
        let path = self.resolve("create", name)?;
        let directory = path.parent().unwrap_or(&self.root).to_owned();
        let file_name = name.rsplit('/').next().unwrap_or(name);
        self.directories.create(&self.root, &directory)?;
        let created = match create_temporary(&directory, file_name) {
            // The directory was known and has been removed.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.directories.forget(&directory);
                self.directories.create(&self.root, &directory)?;
                create_temporary(&directory, file_name)
            }
            created => created,
        };
        let (file, temporary) =
            created.map_err(|error| StorageError::new("create", path.display(), error))?;
        Ok(LocalFile {
            file,
            temporary,
            path,
            directory,
            failed: false,
            committed: false,
        })
    }
}

/// A file being written in a [`LocalDirectory`].
#[derive(Debug)]
struct LocalFile {
    /// The temporary file, locked.
    file: File,
    temporary: PathBuf,
    path: PathBuf,
    directory: PathBuf,
    /// Whether a write failed, so that bytes are missing.
    failed: bool,
    committed: bool,
}

impl Write for LocalFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes);
        if let Err(error) = &written {
            // After an interruption the caller writes the same bytes again.
            self.failed |= error.kind() != io::ErrorKind::Interrupted;
        }
        written
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl StorageFile for LocalFile {
    fn commit(mut self: Box<Self>) -> Result<(), StorageError> {
        self.sync()?;
        self.rename()
    }
}

impl LocalFile {
    fn sync(&self) -> Result<(), StorageError> {
        if self.failed {
            let reason = "a write failed, so bytes are missing: drop the file and write it again";
            return Err(StorageError::new("complete", self.path.display(), reason));
        }
        self.file
            .sync_all()
            .map_err(|error| StorageError::new("sync", self.temporary.display(), error))
    }

    /// Makes the file visible under its name, in place of an existing one.
    fn rename(&mut self) -> Result<(), StorageError> {
        fs::rename(&self.temporary, &self.path)
            .map_err(|error| StorageError::new("rename to", self.path.display(), error))?;
        // From here on the temporary name is gone, whatever the sync of the directory returns.
        self.committed = true;
        self.sync_directory()
    }

    /// Makes the file visible under its name, and returns false if a file has the name already. A program that knows
    /// nothing of the lock, such as another writer of a Delta log, may create it at any moment, so the name is claimed with
    /// a link, which replaces nothing. On a file system without links, only the lock protects it.
    fn link(&mut self) -> Result<bool, StorageError> {
        self.sync()?;
        match fs::hard_link(&self.temporary, &self.path) {
            Ok(()) => self.sync_directory().map(|()| true),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            Err(error) if has_no_links(&error) => self.rename().map(|()| true),
            Err(error) => Err(StorageError::new("link", self.path.display(), error)),
        }
    }

    fn sync_directory(&self) -> Result<(), StorageError> {
        directories::sync(&self.directory).map_err(|error| {
            StorageError::new("sync directory", self.directory.display(), error)
                .with_kind(StorageErrorKind::InDoubt)
        })
    }
}

impl Drop for LocalFile {
    fn drop(&mut self) {
        if !self.committed {
            // Nothing can report an error here; the temporary file is invisible to readers by its name.
            let _ = fs::remove_file(&self.temporary);
        }
    }
}

/// Returns whether the error of a link says that the file system has none. After any other error the name may belong to
/// another writer's file, which a rename would replace.
fn has_no_links(error: &io::Error) -> bool {
    // Windows has no kind for the two errors of file systems without links.
    let windows = cfg!(windows) && matches!(error.raw_os_error(), Some(1 | 50));
    let kind = error.kind();
    windows
        || matches!(
            kind,
            io::ErrorKind::Unsupported | io::ErrorKind::PermissionDenied
        )
}

/// Returns whether an error says that a file or its directory does not exist.
fn is_gone(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

/// The error of a visitor of [`walk`]: what it could not do with the file.
struct VisitError {
    action: &'static str,
    error: io::Error,
}

impl VisitError {
    fn of(action: &'static str) -> impl Fn(io::Error) -> VisitError {
        move |error| VisitError { action, error }
    }
}

/// Calls `visit` for every file below `root` whose name begins with `prefix`, with that name, its last
/// part and the entry.
fn walk(
    root: &Path,
    prefix: &str,
    visit: &mut dyn FnMut(&str, &str, &DirEntry) -> Result<(), VisitError>,
) -> Result<(), StorageError> {
    // A file or directory that is removed meanwhile is skipped, and so is a prefix that is no directory.
    let unless_gone = |action, path: &Path, error: io::Error| {
        if is_gone(&error) {
            Ok(())
        } else {
            Err(StorageError::new(action, path.display(), error))
        }
    };
    let start = prefix
        .rsplit_once('/')
        .map_or("", |(directory, _)| directory);
    let mut directories = vec![start.to_owned()];
    while let Some(directory) = directories.pop() {
        // Not `join` at the top: it would add a separator, and errors name the path.
        let path = if directory.is_empty() {
            root.to_owned()
        } else {
            root.join(&directory)
        };
        let entries = match fs::read_dir(&path) {
            Ok(entries) => entries,
            Err(error) => {
                unless_gone("list", &path, error)?;
                continue;
            }
        };
        for entry in entries {
            let look = || -> io::Result<Option<(String, DirEntry)>> {
                let entry = entry?;
                let file_name = entry.file_name();
                let Some(file_name) = file_name.to_str() else {
                    return Ok(None);
                };
                let name = if directory.is_empty() {
                    file_name.to_owned()
                } else {
                    format!("{directory}/{file_name}")
                };
                if !name.starts_with(prefix) {
                    return Ok(None);
                }
                let file_type = entry.file_type()?;
                if file_type.is_dir() {
                    directories.push(name);
                    return Ok(None);
                }
                Ok(file_type.is_file().then_some((name, entry)))
            };
            match look() {
                Ok(None) => {}
                Ok(Some((name, entry))) => {
                    let file_name = name.rsplit('/').next().unwrap_or(&name);
                    visit(&name, file_name, &entry).or_else(|VisitError { action, error }| {
                        unless_gone(action, &entry.path(), error)
                    })?;
                }
                Err(error) => unless_gone("list", &path, error)?,
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A program that knows nothing of the lock creates the file between the check and the write: it stays.
    #[test]
    fn a_new_document_replaces_no_file_of_another_program() {
        let directory = tempfile::tempdir().unwrap();
        let storage = LocalDirectory::new(directory.path());
        let mut file = storage.create_file("a.json").unwrap();
        file.write_all(b"ours").unwrap();
        fs::write(directory.path().join("a.json"), "theirs").unwrap();
        assert!(!file.link().unwrap());
        drop(file);
        assert_eq!(entries(directory.path()), ["a.json"]);
        assert_eq!(
            fs::read(directory.path().join("a.json")).unwrap(),
            b"theirs"
        );
        let mut file = storage.create_file("b.json").unwrap();
        file.write_all(b"ours").unwrap();
        assert!(file.link().unwrap());
        drop(file);
        assert_eq!(entries(directory.path()), ["a.json", "b.json"]);
    }

    /// A rename would replace the file that another program has created meanwhile.
    #[test]
    fn only_a_file_system_without_links_is_written_with_a_rename() {
        for kind in [io::ErrorKind::Unsupported, io::ErrorKind::PermissionDenied] {
            assert!(has_no_links(&kind.into()), "{kind}");
        }
        #[cfg(target_os = "linux")]
        for (code, without) in [
            (1, true),
            (38, true),
            (95, true),
            (5, false),
            (31, false),
            (122, false),
        ] {
            let error = io::Error::from_raw_os_error(code);
            assert_eq!(has_no_links(&error), without, "{error}");
        }
    }

    /// An error of the file system doesn't count as "there is no such file".
    #[cfg(unix)]
    #[test]
    fn a_file_that_cannot_be_found_out_about_is_not_deleted() {
        let directory = tempfile::tempdir().unwrap();
        let storage = LocalDirectory::new(directory.path());
        std::os::unix::fs::symlink("loop", directory.path().join("loop")).unwrap();
        let error = crate::Documents::delete(&storage, "loop/a.json").unwrap_err();
        assert!(error.to_string().starts_with("cannot delete "), "{error}");
        for absent in ["a.json", "none/a.json"] {
            crate::Documents::delete(&storage, absent).unwrap();
        }
        fs::write(directory.path().join("file"), "").unwrap();
        crate::Documents::delete(&storage, "file/a.json").unwrap();
    }

    /// The error of a file names the file and what failed, not the list.
    #[test]
    fn the_error_of_a_visitor_says_what_it_could_not_do() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("a.json"), "").unwrap();
        let fail = |kind: io::ErrorKind| {
            walk(directory.path(), "", &mut |_, _, _| {
                Err(VisitError::of("lock")(kind.into()))
            })
        };
        let error = fail(io::ErrorKind::PermissionDenied).unwrap_err();
        let path = directory.path().join("a.json");
        assert_eq!(error.to_string(), format!("cannot lock {}", path.display()));
        fail(io::ErrorKind::NotFound).unwrap();
    }

    fn entries(directory: &Path) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(directory)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_is_visible_after_its_commit() {
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
    fn removed_directories_are_created_again() {
        let directory = tempfile::tempdir().unwrap();
        let storage = LocalDirectory::new(directory.path().join("lake"));
        let name = "date=2026-11-22/hour=07/a.parquet";
        for _ in 0..2 {
            storage.create(name).unwrap().commit().unwrap();
            assert!(storage.path().join(name).exists());
            fs::remove_dir_all(storage.path()).unwrap();
        }
        assert!(storage.create("../a").is_err());
    }

    #[test]
    fn leftovers_are_removed_and_open_files_stay() {
        let directory = tempfile::tempdir().unwrap();
        let storage = LocalDirectory::new(directory.path());
        let mut open = storage.create("day/open.parquet").unwrap();
        open.write_all(b"open").unwrap();
        storage
            .create("day/done.parquet")
            .unwrap()
            .commit()
            .unwrap();
        // What a dead process leaves: the name without a lock.
        let left = "day/.left.parquet.tmp-0018c0ffee000000";
        fs::write(directory.path().join(left), b"left").unwrap();
        let foreign = directory.path().join(".foreign.tmp-1");
        fs::write(&foreign, b"").unwrap();

        let young = storage.remove_leftovers(Duration::from_secs(3600)).unwrap();
        assert_eq!(young, []);
        let removed = storage.remove_leftovers(Duration::ZERO).unwrap();
        assert_eq!(removed.len(), 1);
        assert_eq!((removed[0].name.as_str(), removed[0].bytes), (left, 4));

        open.commit().unwrap();
        assert_eq!(
            entries(&directory.path().join("day")),
            ["done.parquet", "open.parquet"]
        );
        assert!(foreign.exists());
        assert_eq!(storage.remove_leftovers(Duration::ZERO).unwrap(), []);
    }

    #[test]
    fn a_missing_directory_has_no_leftovers() {
        let directory = tempfile::tempdir().unwrap();
        let storage = LocalDirectory::new(directory.path().join("never made"));
        assert_eq!(storage.remove_leftovers(Duration::ZERO).unwrap(), []);
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

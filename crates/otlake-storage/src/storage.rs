//! Complete files or none.

use std::fmt;
use std::io::Write;
use std::sync::Arc;

use crate::error::StorageError;

/// A place for files.
///
/// A file is visible under its name once [`StorageFile::commit`] has returned, and is complete from
/// then on. Before that no reader sees it, nor when it is dropped without a commit. An existing file
/// of the same name is replaced, so a retry under a deterministic name overwrites and does not
/// duplicate.
///
/// A name is a relative path with `/` between its parts, such as
/// `date=2026-11-22/logs-00000.parquet`. All storages of this crate reject the same names, so that a
/// name which one of them accepts is valid for all:
///
/// - names that are empty or have an empty part: `/a`, `a//b`, `a/`;
/// - names that lead outside the storage: those with a part `.` or `..`;
/// - names with a `\`, which is a separator on Windows and an ordinary character elsewhere, or with an
///   ASCII control character, which object stores reject;
/// - names with a part that [`LocalDirectory`](crate::LocalDirectory) reserves: `.otlake.lock`, and its
///   temporary names `.….tmp-…`.
///
/// Which storage a program uses is known at run time, so pass it on as an `Arc<dyn Storage>`. A storage
/// for datasets implements [`Documents`](crate::Documents) too; pass that one on as an
/// `Arc<dyn Documents>`.
pub trait Storage: Send + Sync + fmt::Debug {
    /// Begins the file `name`. Its parts but the last are directories, which the storage creates if
    /// it has directories.
    ///
    /// # Errors
    ///
    /// Returns an error when the name is invalid or the file cannot be created.
    fn create(&self, name: &str) -> Result<Box<dyn StorageFile>, StorageError>;
}

/// A file being written, which becomes visible with [`commit`](Self::commit) or never.
///
/// Drop it after a failed write. A storage that can fail halfway remembers the failure and rejects the
/// commit.
///
/// ```
/// use std::io::{self, Write};
///
/// use otlake_storage::{InMemoryStorage, Storage, StorageError, StorageFile};
///
/// /// A file that counts its bytes.
/// struct Counted {
///     file: Box<dyn StorageFile>,
///     bytes: u64,
/// }
///
/// impl Write for Counted {
///     fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
///         let written = self.file.write(bytes)?;
///         self.bytes += written as u64;
///         Ok(written)
///     }
///
///     fn flush(&mut self) -> io::Result<()> {
///         self.file.flush()
///     }
/// }
///
/// impl StorageFile for Counted {
///     fn memory_size(&self) -> usize {
///         self.file.memory_size()
///     }
///
///     fn commit(self: Box<Self>) -> Result<(), StorageError> {
///         self.file.commit()
///     }
/// }
///
/// let storage = InMemoryStorage::new();
/// let mut file = Box::new(Counted { file: storage.create("a.parquet")?, bytes: 0 });
/// file.write_all(b"PAR1")?;
/// assert_eq!(file.bytes, 4);
/// file.commit()?;
/// assert_eq!(storage.files().len(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait StorageFile: Write + Send {
    /// Returns the bytes of memory that the open file holds and releases when it is committed or
    /// dropped, such as buffers and parts in flight. A caller with a memory budget closes files by it.
    /// The default is 0. A file that wraps another passes its value on.
    fn memory_size(&self) -> usize {
        0
    }

    /// Makes the file durable and visible under its name.
    ///
    /// # Errors
    ///
    /// Returns an error when the file is not visible. If the kind is
    /// [`InDoubt`](crate::StorageErrorKind::InDoubt) it may be visible, and then it is complete.
    fn commit(self: Box<Self>) -> Result<(), StorageError>;
}

impl fmt::Debug for dyn StorageFile + '_ {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StorageFile")
            .field("memory_size", &self.memory_size())
            .finish_non_exhaustive()
    }
}

/// Implements [`Storage`] for pointers to a storage.
macro_rules! storage_behind {
    ($($pointer:ty),+) => {$(
        impl<S: Storage + ?Sized> Storage for $pointer {
            fn create(&self, name: &str) -> Result<Box<dyn StorageFile>, StorageError> {
                (**self).create(name)
            }
        }
    )+};
}

storage_behind!(&S, Arc<S>, Box<S>);

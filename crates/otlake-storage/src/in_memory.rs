//! Files in memory.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::ops::{Bound, Range};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use bytes::Bytes;

use crate::documents::{Document, Documents, PutIf, PutOutcome, StoredFile, Version, slice};
use crate::error::StorageError;
use crate::names::{check_name, check_prefix};
use crate::storage::{Storage, StorageFile};

/// Files in memory. Clones share the same files.
///
/// For all threads, a complete file or document appears in one step and replaces the one that had its
/// name. Nothing is durable. The [`Version`] of a document is its content.
///
/// ```
/// use std::io::Write;
///
/// use otlake_storage::{InMemoryStorage, Storage};
///
/// let storage = InMemoryStorage::new();
/// let mut file = storage.create("a.parquet")?;
/// file.write_all(b"PAR1")?;
/// assert!(storage.files().is_empty(), "not before the commit");
/// file.commit()?;
/// assert_eq!(&storage.files()["a.parquet"][..], b"PAR1");
///
/// assert_eq!(storage.take_files().len(), 1);
/// assert!(storage.files().is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct InMemoryStorage {
    files: Arc<Mutex<BTreeMap<String, Stored>>>,
}

#[derive(Debug)]
struct Stored {
    bytes: Bytes,
    modified: SystemTime,
}

impl InMemoryStorage {
    /// Creates a storage without files.
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the committed files by name. The bytes are shared, not copied.
    pub fn files(&self) -> BTreeMap<String, Bytes> {
        let files = self.lock();
        let shared = files
            .iter()
            .map(|(name, file)| (name.clone(), file.bytes.clone()));
        shared.collect()
    }

    /// Removes and returns the committed files, so that their memory can be freed.
    pub fn take_files(&self) -> BTreeMap<String, Bytes> {
        let files = std::mem::take(&mut *self.lock());
        files
            .into_iter()
            .map(|(name, file)| (name, file.bytes))
            .collect()
    }

    /// Ignores poisoning: a panic elsewhere cannot leave the map half-changed.
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Stored>> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Stored {
    fn now(bytes: Bytes) -> Self {
        Self {
            bytes,
            modified: SystemTime::now(),
        }
    }
}

impl Storage for InMemoryStorage {
    fn create(&self, name: &str) -> Result<Box<dyn StorageFile>, StorageError> {
        check_name("create", name)?;
        Ok(Box::new(InMemoryFile {
            bytes: Vec::new(),
            name: name.to_owned(),
            storage: self.clone(),
        }))
    }
}

impl Documents for InMemoryStorage {
    fn get(&self, name: &str) -> Result<Option<Document>, StorageError> {
        check_name("read", name)?;
        Ok(self.lock().get(name).map(|file| {
            let version = Version::new(file.bytes.clone());
            Document::new(file.bytes.clone(), version)
        }))
    }

    fn read_range(&self, name: &str, range: Range<u64>) -> Result<Option<Bytes>, StorageError> {
        check_name("read", name)?;
        if range.is_empty() {
            return Ok(Some(Bytes::new()));
        }
        let bytes = self.lock().get(name).map(|file| file.bytes.clone());
        bytes.map(|bytes| slice(name, &bytes, &range)).transpose()
    }

    fn put(&self, name: &str, bytes: Bytes, condition: PutIf) -> Result<PutOutcome, StorageError> {
        check_name("write", name)?;
        let mut files = self.lock();
        let holds = match (&condition, files.get(name)) {
            (PutIf::Absent, file) => file.is_none(),
            (PutIf::Matches(version), Some(file)) => *version.token() == file.bytes,
            (PutIf::Matches(_), None) => false,
        };
        if !holds {
            return Ok(PutOutcome::Conflict);
        }
        files.insert(name.to_owned(), Stored::now(bytes.clone()));
        Ok(PutOutcome::Stored(Version::new(bytes)))
    }

    fn list(&self, prefix: &str) -> Result<Vec<StoredFile>, StorageError> {
        check_prefix(prefix)?;
        let files = self.lock();
        let from_prefix = files.range::<str, _>((Bound::Included(prefix), Bound::Unbounded));
        Ok(from_prefix
            .take_while(|(name, _)| name.starts_with(prefix))
            .map(|(name, file)| {
                StoredFile::new(name.clone(), file.bytes.len() as u64, file.modified)
            })
            .collect())
    }

    fn delete(&self, name: &str) -> Result<(), StorageError> {
        check_name("delete", name)?;
        self.lock().remove(name);
        Ok(())
    }
}

/// A file being written in [`InMemoryStorage`].
///
/// Its [`memory_size`](StorageFile::memory_size) is 0, because a commit releases none of its bytes.
#[derive(Debug)]
struct InMemoryFile {
    bytes: Vec<u8>,
    name: String,
    storage: InMemoryStorage,
}

impl InMemoryFile {
    /// Appends bytes. A file grows by a quarter more than it needs, so that a footer after a row group rarely moves it. `Vec`
    /// would move the file to twice its size instead, and a committed file would keep the memory.
    fn append(&mut self, bytes: &[u8]) {
        let Self { bytes: file, .. } = self;
        if file.capacity() - file.len() < bytes.len() {
            file.reserve_exact(bytes.len() + (file.len() + bytes.len()) / 4);
        }
        file.extend_from_slice(bytes);
    }
}

impl Write for InMemoryFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.append(bytes);
        Ok(bytes.len())
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.append(bytes);
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl StorageFile for InMemoryFile {
    fn commit(self: Box<Self>) -> Result<(), StorageError> {
        let Self {
            bytes,
            name,
            storage,
        } = *self;
        storage.lock().insert(name, Stored::now(Bytes::from(bytes)));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_visible_after_its_commit() {
        let storage = InMemoryStorage::new();
        let mut file = storage.create("a").unwrap();
        file.write_all(b"abc").unwrap();
        assert!(storage.files().is_empty());
        file.commit().unwrap();
        assert_eq!(&storage.files()["a"][..], b"abc");
        drop(storage.create("b").unwrap());
        assert_eq!(storage.take_files().len(), 1);
        assert!(storage.files().is_empty());
    }

    /// Each row group and the footer are written at once. Neither the footer after a row group nor many small writes move a
    /// file often, and little memory is left over.
    #[test]
    fn a_file_grows_by_a_quarter_more_than_it_needs() {
        let mut file = InMemoryFile {
            bytes: Vec::new(),
            name: "a".to_owned(),
            storage: InMemoryStorage::new(),
        };
        file.write_all(&[1; 100_000]).unwrap();
        let row_group = file.bytes.as_ptr();
        file.write_all(&[2; 10_000]).unwrap();
        assert_eq!(file.bytes.as_ptr(), row_group);
        assert!(file.bytes.capacity() < 130_000);

        let mut moves = 0;
        for _ in 0..1_000 {
            let capacity = file.bytes.capacity();
            file.write_all(&[3; 1_000]).unwrap();
            moves += usize::from(file.bytes.capacity() != capacity);
        }
        assert_eq!(file.bytes.len(), 1_110_000);
        assert!(moves < 12, "{moves}");
    }
}

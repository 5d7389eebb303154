//! Files in memory.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use bytes::Bytes;

use crate::documents::{Document, Documents, PutIf, PutOutcome, StoredFile, Version, is_in};
use crate::error::StorageError;
use crate::storage::{Storage, StorageFile, check_directory, check_name};

/// Files in memory; clones are handles to the same files.
///
/// A file or a document appears, whole, and replaces what had its name in one step, for all threads.
/// Nothing is durable. The [`Version`] of a document is what stands in it.
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
    /// Without files.
    pub fn new() -> Self {
        Self::default()
    }

    /// The committed files by name. The bytes are shared, not copied.
    pub fn files(&self) -> BTreeMap<String, Bytes> {
        let files = self.lock();
        let shared = files
            .iter()
            .map(|(name, file)| (name.clone(), file.bytes.clone()));
        shared.collect()
    }

    /// Takes the committed files out, so that their memory can be freed.
    pub fn take_files(&self) -> BTreeMap<String, Bytes> {
        let files = std::mem::take(&mut *self.lock());
        files
            .into_iter()
            .map(|(name, file)| (name, file.bytes))
            .collect()
    }

    /// A panic elsewhere can't leave the map half-changed, so a poisoned lock is as good as any.
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
        Ok(self.lock().get(name).map(|file| Document {
            bytes: file.bytes.clone(),
            version: Version::new(file.bytes.clone()),
        }))
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

    fn list(&self, directory: &str) -> Result<Vec<StoredFile>, StorageError> {
        check_directory(directory)?;
        let files = self.lock();
        let inside = files.iter().filter(|(name, _)| is_in(name, directory));
        Ok(inside
            .map(|(name, file)| StoredFile {
                name: name.clone(),
                bytes: file.bytes.len() as u64,
                modified: file.modified,
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
/// Its [`memory_size`](StorageFile::memory_size) is 0: its bytes are what is stored, and a commit gives
/// none of them back.
#[derive(Debug)]
struct InMemoryFile {
    bytes: Vec<u8>,
    name: String,
    storage: InMemoryStorage,
}

impl Write for InMemoryFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.bytes.extend_from_slice(bytes);
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
    fn a_file_appears_with_its_commit() {
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
}

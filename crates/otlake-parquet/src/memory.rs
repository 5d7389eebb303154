//! Files in memory.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use crate::error::StorageError;
use crate::storage::{Storage, StorageFile, check_name};

/// Files in memory; clones are handles to the same files.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    files: Arc<Mutex<BTreeMap<String, Bytes>>>,
}

impl Memory {
    /// Without files.
    pub fn new() -> Self {
        Self::default()
    }

    /// The committed files by name. The bytes are shared, not copied.
    pub fn files(&self) -> BTreeMap<String, Bytes> {
        self.lock().clone()
    }

    /// Takes the committed files out, so that their memory can be freed.
    pub fn take_files(&self) -> BTreeMap<String, Bytes> {
        std::mem::take(&mut *self.lock())
    }

    /// A panic elsewhere can't leave the map half-changed, so a poisoned lock is as good as any.
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Bytes>> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Storage for Memory {
    type File = MemoryFile;

    fn create(&self, name: &str) -> Result<MemoryFile, StorageError> {
        check_name(name)?;
        Ok(MemoryFile {
            bytes: Vec::new(),
            name: name.to_owned(),
            storage: self.clone(),
        })
    }
}

/// A file being written in [`Memory`].
#[derive(Debug)]
pub struct MemoryFile {
    bytes: Vec<u8>,
    name: String,
    storage: Memory,
}

impl Write for MemoryFile {
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

impl StorageFile for MemoryFile {
    fn commit(self) -> Result<(), StorageError> {
        self.storage
            .lock()
            .insert(self.name, Bytes::from(self.bytes));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_appears_with_its_commit() {
        let storage = Memory::new();
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

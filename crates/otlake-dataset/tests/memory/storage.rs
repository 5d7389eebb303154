//! Storages that keep no file, so that only the memory of the writers is seen.

use std::io::{self, Write};
use std::sync::atomic::{AtomicUsize, Ordering};

use otlake_storage::{Storage, StorageError, StorageFile};

/// A storage whose files collect parts of a size before they let go of them: 0 like a local directory,
/// several MiB like an object store, without end like memory.
#[derive(Debug)]
pub struct Buffered {
    part_bytes: usize,
    files: AtomicUsize,
}

struct File {
    part: Vec<u8>,
    part_bytes: usize,
}

impl Buffered {
    pub fn of(part_bytes: usize) -> Self {
        Self {
            part_bytes,
            files: AtomicUsize::new(0),
        }
    }

    /// Returns the number of files that were created.
    pub fn files(&self) -> usize {
        self.files.load(Ordering::Relaxed)
    }
}

impl Storage for Buffered {
    fn create(&self, _name: &str) -> Result<Box<dyn StorageFile>, StorageError> {
        self.files.fetch_add(1, Ordering::Relaxed);
        Ok(Box::new(File {
            part: Vec::new(),
            part_bytes: self.part_bytes,
        }))
    }
}

impl Write for File {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.part_bytes == 0 {
            return Ok(bytes.len());
        }
        if self.part.len() == self.part_bytes {
            self.part = Vec::new();
        }
        let taken = bytes.len().min(self.part_bytes - self.part.len());
        self.part.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl StorageFile for File {
    fn memory_size(&self) -> usize {
        self.part.capacity()
    }

    fn commit(self: Box<Self>) -> Result<(), StorageError> {
        Ok(())
    }
}

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use otlake::storage::{Storage, StorageError, StorageFile};

/// A storage that counts the bytes of files and discards them. A file in memory would be moved while it grows, and all
/// workers would wait for that.
#[derive(Clone, Debug, Default)]
pub(crate) struct CountedStorage {
    bytes: Arc<AtomicUsize>,
}

impl CountedStorage {
    /// Returns the number of bytes in committed files since the last call.
    pub(crate) fn take_bytes(&self) -> usize {
        self.bytes.swap(0, Ordering::Relaxed)
    }
}

impl Storage for CountedStorage {
    fn create(&self, _name: &str) -> Result<Box<dyn StorageFile>, StorageError> {
        Ok(Box::new(CountedFile {
            storage: self.clone(),
            bytes: 0,
        }))
    }
}

struct CountedFile {
    storage: CountedStorage,
    bytes: usize,
}

impl Write for CountedFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl StorageFile for CountedFile {
    fn commit(self: Box<Self>) -> Result<(), StorageError> {
        self.storage.bytes.fetch_add(self.bytes, Ordering::Relaxed);
        Ok(())
    }
}

//! The open files of a table, which all writers append to.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use otlake_storage::{Storage, StorageError};

use crate::files::file_names::FileNames;
use crate::files::open_file::{OpenFile, PartitionValues};
use crate::memory_budget::MemoryBudget;

/// The partitions of a table that any writer has open, by directory, and the names of their files.
#[derive(Debug)]
pub(crate) struct SharedFiles {
    storage: Arc<dyn Storage>,
    budget: Arc<MemoryBudget>,
    names: Mutex<FileNames>,
    partitions: Mutex<HashMap<String, Arc<SharedPartition>>>,
}

/// A partition and its open file.
#[derive(Debug)]
pub(crate) struct SharedPartition {
    pub(crate) directory: String,
    pub(crate) values: PartitionValues,
    open: Mutex<Option<OpenFile>>,
}

impl SharedPartition {
    /// Locks the open file. The lock is held while a row group is appended, not while one is encoded or a file
    /// is closed.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Option<OpenFile>> {
        // A panic during a write drops the file, so a poisoned lock protects nothing broken.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SharedFiles {
    pub(crate) fn new(
        storage: Arc<dyn Storage>,
        budget: Arc<MemoryBudget>,
        names: FileNames,
    ) -> Self {
        Self {
            storage,
            budget,
            names: Mutex::new(names),
            partitions: Mutex::default(),
        }
    }

    pub(crate) fn storage(&self) -> &dyn Storage {
        &*self.storage
    }

    pub(crate) fn budget(&self) -> &Arc<MemoryBudget> {
        &self.budget
    }

    /// Returns names like those of the shared files, with a sequence of their own.
    pub(crate) fn names(&self) -> FileNames {
        self.names
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Returns the partition of a directory.
    pub(crate) fn partition(
        &self,
        directory: String,
        values: PartitionValues,
    ) -> Arc<SharedPartition> {
        let mut partitions = self.lock();
        if let Some(known) = partitions.get(&directory) {
            return Arc::clone(known);
        }
        let partition = Arc::new(SharedPartition {
            directory: directory.clone(),
            values,
            open: Mutex::default(),
        });
        partitions.insert(directory, Arc::clone(&partition));
        partition
    }

    /// Releases a partition, which is forgotten when no writer has it and no file is open.
    pub(crate) fn release(&self, partition: Arc<SharedPartition>) {
        let mut partitions = self.lock();
        // Two references: the caller's and the map's. Others are only made under the lock that is held here.
        if Arc::strong_count(&partition) == 2 && partition.lock().is_none() {
            partitions.remove(&partition.directory);
        }
    }

    /// Returns all partitions.
    pub(crate) fn partitions(&self) -> Vec<Arc<SharedPartition>> {
        self.lock().values().map(Arc::clone).collect()
    }

    /// Creates the next file of a directory.
    pub(crate) fn create(&self, directory: &str) -> (String, Result<OpenFile, StorageError>) {
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        let name = names.next_name_in(directory);
        drop(names);
        let file = OpenFile::create(&*self.storage, &name, &self.budget);
        (name, file)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Arc<SharedPartition>>> {
        self.partitions
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

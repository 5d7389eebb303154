//! The bound of memory over all partitions.

use super::partitions::Partition;
use super::{ParquetSink, SinkError};
use crate::storage::Storage;

/// Bytes in memory, over all partitions.
#[derive(Clone, Copy, Debug)]
pub(super) struct MemoryBound {
    pub(super) limit: usize,
    /// What the partitions took up when they were measured last, and what may have come since.
    pub(super) estimate: usize,
}

impl MemoryBound {
    /// What was measured as `before` is `after` now.
    pub(super) fn change(&mut self, before: usize, after: usize) {
        self.estimate = self.estimate.saturating_add(after).saturating_sub(before);
    }
}

impl<S: Storage> ParquetSink<S> {
    /// Bytes of memory that rows and open files take up. Looks at every column.
    pub fn memory_size(&self) -> usize {
        self.partitions.iter().map(Partition::memory_size).sum()
    }

    /// Bytes of memory that rows and open files take up at most, as far as is known without a look at
    /// every column: for whoever keeps a bound over several sinks, with
    /// [`release_memory`](Self::release_memory).
    pub fn memory_estimate(&self) -> usize {
        self.memory.estimate
    }

    /// Makes room when the estimate says that there is none.
    #[cold]
    pub(super) fn shed(&mut self) -> Result<(), SinkError> {
        self.memory.estimate = self.memory_size();
        if self.memory.estimate < self.memory.limit / 4 * 3 {
            return Ok(());
        }
        self.release_memory(self.memory.limit / 2)
    }

    /// Writes row groups early, and then closes files, until the sink takes up `target` bytes at
    /// most, or has nothing left to write.
    ///
    /// # Errors
    ///
    /// As for [`Self::close_files`].
    pub fn release_memory(&mut self, target: usize) -> Result<(), SinkError> {
        self.memory.estimate = self.memory_size();
        let sizes = self
            .partitions
            .iter()
            .map(|partition| partition.row_groups.memory_size());
        let mut by_size: Vec<(usize, usize)> = sizes.enumerate().collect();
        by_size.sort_unstable_by_key(|(_, size)| std::cmp::Reverse(*size));
        for (index, _) in by_size {
            if self.memory.estimate <= target {
                return Ok(());
            }
            self.write_row_group(index)?;
        }
        // It is the open files that take up the memory.
        let mut by_size: Vec<(usize, Vec<u8>)> = (self.partitions.iter())
            .map(|partition| (partition.memory_size(), partition.key.clone()))
            .collect();
        by_size.sort_unstable_by_key(|(size, _)| std::cmp::Reverse(*size));
        for (_, key) in by_size {
            if self.memory.estimate <= target || self.partitions.len() == 1 {
                break;
            }
            if let Some(index) = self.by_key.get(&key) {
                self.close_partition(*index)?;
            }
        }
        Ok(())
    }
}

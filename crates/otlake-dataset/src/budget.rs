//! The bound of memory over all partitions.

use std::cmp::Reverse;

use crate::gather::row_groups::RowGroupLimits;
use crate::table_writer::{ParquetSink, SinkError};

/// Bytes in memory, over all partitions, beside the rows of a sink without partitions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MemoryBound {
    pub(crate) limit: usize,
    /// Rows that wait for their row group.
    pub(crate) waiting: usize,
    /// Open files: mostly the metadata of what was written to them.
    pub(crate) files: usize,
}

impl MemoryBound {
    /// The rest is for encoding, and for what columns have allocated beyond their values.
    #[inline]
    pub(crate) fn for_rows_and_files(&self) -> usize {
        self.limit / 4 * 3
    }
}

impl ParquetSink {
    /// When the columns are a row group. What they have allocated beyond their values, and what is
    /// encoded, come to about as much again each, and so does a sorted copy; all of it has to fit the
    /// bound, with partitions beside the rows of the others.
    pub(crate) fn row_group_limits(&self) -> RowGroupLimits {
        let copies = if self.options.order.is_empty() { 2 } else { 3 };
        let share = if self.partitioner.is_some() { 8 } else { 2 };
        let RowGroupLimits { rows, bytes } = self.options.limits;
        RowGroupLimits {
            rows,
            bytes: bytes.min(self.memory.limit / (share * copies)),
        }
    }

    /// Counts what the open file of a partition takes up now, which also changes by itself: parts of it
    /// are on their way to the storage.
    pub(crate) fn count_file(&mut self, index: usize) {
        let partition = &mut self.partitions[index];
        let size = partition.files.memory_size();
        let before = std::mem::replace(&mut partition.file_bytes, size);
        self.memory.files = self.memory.files + size - before;
    }

    /// Bytes of memory that rows and open files take up. Looks at every column.
    pub fn memory_size(&self) -> usize {
        self.row_groups.memory_size() + self.beside_columns()
    }

    /// Bytes of memory that rows and open files take up at most, as far as is known without a look at
    /// every column: for whoever keeps a bound over several sinks, with
    /// [`release_memory`](Self::release_memory).
    #[inline]
    pub fn memory_estimate(&self) -> usize {
        self.row_groups.memory_estimate() + self.beside_columns()
    }

    #[inline]
    fn beside_columns(&self) -> usize {
        self.memory.waiting + self.interner.memory_size() + self.memory.files
    }

    /// Makes room when the estimate says that there is none.
    #[cold]
    pub(crate) fn shed(&mut self) -> Result<(), SinkError> {
        // An eighth is what rows can fill for a while, and leaves the others long row groups.
        let limit = self.memory.for_rows_and_files();
        self.release_memory(limit - limit / 8)
    }

    /// Writes row groups early, and closes files, until the sink takes up `target` bytes at most, or
    /// has nothing left to write.
    ///
    /// # Errors
    ///
    /// As for [`Self::close_files`].
    pub fn release_memory(&mut self, target: usize) -> Result<(), SinkError> {
        self.row_groups.measure();
        self.interner.release_unused();
        (0..self.partitions.len()).for_each(|index| self.count_file(index));
        for index in self.largest_first(|sink, index| sink.waiting_bytes(index)) {
            if self.memory_estimate() <= target {
                return Ok(());
            }
            self.write_row_group(index)?;
            // Every row group leaves metadata, which would crowd out the rows of those to come. Now
            // is the time when the file has no rows left to write.
            if self.memory.files > target / 2 {
                self.close_file(index)?;
            }
        }
        // It is the open files that take up the memory.
        for index in self.largest_first(|sink, index| sink.partitions[index].file_bytes) {
            if self.memory_estimate() <= target {
                return Ok(());
            }
            self.close_file(index)?;
        }
        Ok(())
    }

    /// The partitions in which there is something of a size, those with most of it first.
    fn largest_first(&self, size: impl Fn(&Self, usize) -> usize) -> Vec<usize> {
        let all = 0..self.partitions.len();
        let mut sizes: Vec<_> = all.map(|index| (size(self, index), index)).collect();
        sizes.retain(|(size, _)| *size > 0);
        sizes.sort_unstable_by_key(|(size, _)| Reverse(*size));
        sizes.into_iter().map(|(_, index)| index).collect()
    }
}

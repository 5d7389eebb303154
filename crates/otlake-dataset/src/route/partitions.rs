//! The partitions that are open: found by key, opened, closed.

use std::time::Instant;

use crate::gather::row_buffer::RowBuffer;
use otlake_row::Row;

use crate::commit::manifests::PartitionValues;
use crate::files::files::Files;
use crate::table_writer::{ParquetSink, SinkError};

/// One open file and the rows that wait for its next row group.
#[derive(Debug)]
pub(crate) struct Partition {
    pub(crate) key: Vec<u8>,
    pub(crate) directory: String,
    pub(crate) values: PartitionValues,
    /// Empty in a sink without partitions, whose rows are columns at once.
    pub(crate) rows: RowBuffer,
    pub(crate) files: Files,
    /// Bytes that the open file took up when they were counted last.
    pub(crate) file_bytes: usize,
    /// When it had a row last, on the clock of the sink.
    pub(crate) used: u64,
    /// When the first row came that is in no closed file yet.
    pub(crate) since: Option<Instant>,
}

impl ParquetSink {
    /// The partition of a row, which is opened if it is not.
    #[inline]
    pub(crate) fn partition_of(&mut self, row: &Row<'_>) -> usize {
        let Some(partitioner) = &mut self.partitioner else {
            if self.partitions.is_empty() {
                self.open(Vec::new(), String::new(), Vec::new());
            }
            return 0;
        };
        partitioner.key(row, &mut self.next_key);
        if self.next_key == self.key && self.last < self.partitions.len() {
            return self.last;
        }
        self.turn_to(row)
    }

    /// Makes another partition than before the last one.
    fn turn_to(&mut self, row: &Row<'_>) -> usize {
        let index = match self.by_key.get(&self.next_key) {
            Some(index) => *index,
            None => {
                let (directory, values) = match &self.partitioner {
                    Some(partitioner) => (partitioner.directory(row), partitioner.values(row)),
                    None => Default::default(),
                };
                self.open(self.next_key.clone(), directory, values)
            }
        };
        self.clock += 1;
        self.partitions[index].used = self.clock;
        self.key.clone_from(&self.next_key);
        self.last = index;
        index
    }

    /// Keeps a row until its partition has enough of them for a row group, and says whether it has.
    #[inline]
    pub(crate) fn wait(&mut self, index: usize, row: &Row<'_>) -> bool {
        self.row_groups.infer(row);
        let waiting = &mut self.partitions[index].rows;
        let before = waiting.memory_size();
        waiting.push(row, &mut self.interner);
        self.memory.waiting = self.memory.waiting + waiting.memory_size() - before;
        let (rows, bytes) = (waiting.rows(), waiting.memory_size_alone());
        let limits = self.options.limits;
        rows >= limits.rows || bytes >= limits.bytes || rows as u64 >= self.room(index)
    }

    /// Rows of a partition that are in no row group yet.
    pub(crate) fn waiting_rows(&self, index: usize) -> usize {
        match self.partitioner {
            Some(_) => self.partitions[index].rows.rows(),
            None => self.row_groups.rows(),
        }
    }

    /// Bytes that they take up.
    pub(crate) fn waiting_bytes(&self, index: usize) -> usize {
        match self.partitioner {
            Some(_) => self.partitions[index].rows.memory_size_alone(),
            None => self.row_groups.memory_estimate(),
        }
    }

    fn open(&mut self, key: Vec<u8>, directory: String, values: PartitionValues) -> usize {
        let index = self.partitions.len();
        self.by_key.insert(key.clone(), index);
        self.partitions.push(Partition {
            key,
            directory,
            values,
            rows: RowBuffer::new(),
            files: Files::new(),
            file_bytes: 0,
            used: self.clock,
            since: None,
        });
        index
    }

    /// Closes those that have not had a row for longest until no more are open than may be.
    #[cold]
    pub(crate) fn close_least_recently_used(&mut self) -> Result<(), SinkError> {
        while self.partitions.len() > self.options.max_open {
            let all = self.partitions.iter().enumerate();
            // Those that have nothing open first.
            let oldest = all.min_by_key(|(_, partition)| {
                let is_open = partition.files.is_open() || partition.rows.rows() > 0;
                (is_open, partition.used)
            });
            let Some((index, _)) = oldest else {
                break;
            };
            self.close_partition(index)?;
        }
        Ok(())
    }

    /// Closes a partition for good; its place is taken by the last one.
    fn close_partition(&mut self, index: usize) -> Result<(), SinkError> {
        let closed = self.close_file(index);
        // Its types could not be published. The rows are all there, and wait for the next try.
        if self.waiting_rows(index) > 0 {
            return closed;
        }
        let partition = self.partitions.swap_remove(index);
        self.by_key.remove(&partition.key);
        if let Some(moved) = self.partitions.get(index) {
            self.by_key.insert(moved.key.clone(), index);
        }
        // The last key may be that of a partition that is gone or elsewhere.
        self.last = usize::MAX;
        closed
    }
}

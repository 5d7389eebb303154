//! The partitions that are open: found by key, opened, closed.

use std::time::Instant;

use otlake_arrow::BatchOptions;
use otlake_row::Row;
use otlake_schema::Schema;

use super::manifests::PartitionValues;
use super::{ParquetSink, SinkError};
use crate::files::Files;
use crate::row_groups::RowGroups;
use crate::storage::{Storage, StorageFile};

/// One open file and the rows for its next row group.
#[derive(Debug)]
pub(super) struct Partition<F> {
    pub(super) key: Vec<u8>,
    pub(super) directory: String,
    pub(super) values: PartitionValues,
    pub(super) row_groups: RowGroups,
    pub(super) files: Files<F>,
    /// When it had a row last, on the clock of the sink.
    pub(super) used: u64,
    /// When the first row came that is in no closed file yet.
    pub(super) since: Option<Instant>,
    /// How large the schema was when the key-value metadata was made.
    pub(super) names_known: (usize, usize),
}

impl<F: StorageFile> Partition<F> {
    pub(super) fn memory_size(&self) -> usize {
        self.row_groups.memory_size() + self.files.memory_size()
    }

    /// Names are only ever added, so the metadata is made again when there are more.
    pub(super) fn keep_original_names(&mut self) {
        let known = self.row_groups.schema_size();
        if self.names_known != known {
            self.names_known = known;
            let names = original_names(self.row_groups.schema());
            self.files.set_key_values(vec![names]);
        }
    }
}

impl<S: Storage> ParquetSink<S> {
    /// The partition of a row, which is opened if it is not.
    #[inline]
    pub(super) fn partition_of(&mut self, row: &Row<'_>) -> Result<usize, SinkError> {
        let Some(partitioner) = &mut self.partitioner else {
            if self.partitions.is_empty() {
                self.open(Vec::new(), String::new(), Vec::new());
            }
            return Ok(0);
        };
        self.next_key.clear();
        partitioner.key(row, &mut self.next_key);
        if self.next_key == self.key && self.last < self.partitions.len() {
            return Ok(self.last);
        }
        self.turn_to(row)
    }

    /// Makes another partition than before the last one.
    fn turn_to(&mut self, row: &Row<'_>) -> Result<usize, SinkError> {
        let index = match self.by_key.get(&self.next_key) {
            Some(index) => *index,
            None => {
                let (directory, values) = match &self.partitioner {
                    Some(partitioner) => (partitioner.directory(row), partitioner.values(row)),
                    None => Default::default(),
                };
                while self.partitions.len() >= self.options.max_open {
                    self.close_least_recently_used()?;
                }
                self.open(self.next_key.clone(), directory, values)
            }
        };
        self.clock += 1;
        self.partitions[index].used = self.clock;
        self.key.clone_from(&self.next_key);
        self.last = index;
        Ok(index)
    }

    fn open(&mut self, key: Vec<u8>, directory: String, values: PartitionValues) -> usize {
        let index = self.partitions.len();
        self.by_key.insert(key.clone(), index);
        let options = BatchOptions::new().with_field_ids(self.options.field_ids);
        let row_groups = RowGroups::new(self.schema.clone(), options, self.options.limits);
        self.memory.change(0, row_groups.memory_size());
        self.partitions.push(Partition {
            key,
            directory,
            values,
            row_groups,
            files: Files::new(),
            used: self.clock,
            since: None,
            names_known: (0, 0),
        });
        index
    }

    fn close_least_recently_used(&mut self) -> Result<(), SinkError> {
        let by_use = self.partitions.iter().enumerate();
        let oldest = by_use.min_by_key(|(_, partition)| partition.used);
        let Some((index, _)) = oldest else {
            return Ok(());
        };
        self.close_partition(index)
    }

    /// Closes a partition for good; its place is taken by the last one.
    pub(super) fn close_partition(&mut self, index: usize) -> Result<(), SinkError> {
        let closed = self.close_file(index);
        // Its types could not be published. The rows are all there, and wait for the next try.
        if self.partitions[index].row_groups.rows() > 0 {
            return closed;
        }
        let partition = self.partitions.swap_remove(index);
        self.memory.change(partition.memory_size(), 0);
        self.overflow.merge(&partition.row_groups.overflow_counts());
        self.by_key.remove(&partition.key);
        if let Some(moved) = self.partitions.get(index) {
            self.by_key.insert(moved.key.clone(), index);
        }
        // The last key may be that of a partition that is gone or elsewhere.
        self.last = usize::MAX;
        closed
    }
}

fn original_names(schema: &Schema) -> (String, String) {
    let names: serde_json::Map<_, _> = schema
        .columns()
        .iter()
        .filter(|column| !column.sources().is_empty())
        .map(|column| (column.name().to_owned(), column.sources().into()))
        .collect();
    (
        "otlake.columns".to_owned(),
        serde_json::Value::Object(names).to_string(),
    )
}

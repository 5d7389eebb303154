//! Rows to files: the last stage of a pipeline.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use otlake_arrow::{BatchError, BatchOptions};
use otlake_row::{Row, RowSink};
use otlake_schema::{DatasetSchema, OverflowCounts, Schema};

use crate::documents::Documents;
use crate::encoder::Encoder;
use crate::error::{EncoderError, RollingError, StorageError};
use crate::files::Files;
use crate::names::{BatchId, FileNames, is_numbered};
use crate::options::{SortingColumn, WriterOptions};
use crate::partition::{Partitioner, Partitioning};
use crate::published::{PublishError, PublishedSchema};
use crate::row_groups::{RowGroupLimits, RowGroups};
use crate::sort::sorted;
use crate::storage::Storage;
use crate::summary::FileSummary;

/// Writes the rows of a table to files of a [`Storage`]: gathers them to row groups, finds their
/// columns, and starts a new file when one is full or old.
///
/// # Types
///
/// Types are free while the first row group is gathered. When it is written they are fixed: later
/// row groups and files may have more columns, but no column changes its type, and a value that does
/// not fit goes to the `overflow` column. With a [dataset](Self::with_dataset) that holds
/// for all files of the dataset, whoever writes them.
///
/// # Partitions
///
/// With a [`Partitioning`] each row goes to a file in the directory of its partition. The partitions
/// share types, one encoder and one bound for memory; those that have not had a row for longest are
/// closed when there are too many.
///
/// # Metadata
///
/// The key-value metadata of each file has `otlake.columns`: a JSON object that gives the original
/// names of every column of attributes.
pub struct ParquetSink<S: Storage> {
    storage: S,
    encoder: Encoder,
    names: FileNames,
    options: SinkOptions,
    /// What partitions begin with.
    schema: Schema,
    dataset: Option<Dataset>,
    partitioner: Option<Partitioner>,
    partitions: Vec<Partition<S::File>>,
    /// The partitions by key, but for the only one of a sink without partitioning.
    by_key: HashMap<Vec<u8>, usize, foldhash::fast::RandomState>,
    /// The key of the row that came last, whose partition is [`Self::last`].
    key: Vec<u8>,
    last: usize,
    /// The key of the row that comes now.
    next_key: Vec<u8>,
    /// Counts the changes of the partition.
    clock: u64,
    memory: MemoryBound,
    finished: Vec<FileSummary>,
    /// Of partitions that are closed.
    overflow: OverflowCounts,
    documents: Option<Arc<dyn Documents + Send + Sync>>,
    batch: Option<OpenBatch>,
}

/// What was written of a batch with an identity.
#[derive(Debug)]
struct OpenBatch {
    names: BTreeSet<String>,
    /// How the names of its files begin, in each of the directories that it has files in.
    beginnings: BTreeSet<String>,
    /// The names to go back to.
    names_before: FileNames,
}

#[derive(Clone, Debug)]
struct SinkOptions {
    limits: RowGroupLimits,
    max_age: Option<Duration>,
    max_open: usize,
    field_ids: bool,
    /// The order that rows are sorted to.
    order: Vec<SortingColumn>,
}

/// One open file and the rows for its next row group.
#[derive(Debug)]
struct Partition<F> {
    key: Vec<u8>,
    directory: String,
    row_groups: RowGroups,
    files: Files<F>,
    /// When it had a row last, on the clock of the sink.
    used: u64,
    /// When the first row came that is in no closed file yet.
    since: Option<Instant>,
    /// How large the schema was when the key-value metadata was made.
    names_known: (usize, usize),
}

/// Whose types the partitions share.
#[derive(Debug)]
enum Dataset {
    /// That of this sink alone.
    Own(Box<DatasetSchema>),
    /// One that is published beside the data.
    Published(Box<PublishedSchema>),
}

impl Dataset {
    fn schema(&self) -> &DatasetSchema {
        match self {
            Dataset::Own(schema) => schema,
            Dataset::Published(published) => published.schema(),
        }
    }

    fn publish<'s>(
        &mut self,
        found: impl IntoIterator<Item = &'s Schema> + Clone,
    ) -> Result<(), PublishError> {
        match self {
            Dataset::Own(schema) => {
                for found in found {
                    schema.extend(found);
                }
                Ok(())
            }
            Dataset::Published(published) => published.publish(found),
        }
    }
}

/// Bytes in memory, over all partitions.
#[derive(Clone, Copy, Debug)]
struct MemoryBound {
    limit: usize,
    /// What the partitions took up when they were measured last, and what may have come since.
    estimate: usize,
}

/// Why a [`ParquetSink`] cannot go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SinkError {
    /// A row does not fit the batch.
    #[error(transparent)]
    Batch(#[from] BatchError),
    /// A row group or a file could not be written.
    #[error(transparent)]
    Write(#[from] RollingError),
    /// The encoder of a table that is opened could not be made.
    #[error(transparent)]
    Encoder(#[from] EncoderError),
    /// The schema of the dataset could not be loaded or published.
    #[error(transparent)]
    Publish(#[from] PublishError),
    /// The leftovers of a batch could not be deleted.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl<S: Storage> ParquetSink<S> {
    /// A sink for files named `part-…`, with row groups of 131,072 rows or 64 MiB at most.
    ///
    /// # Errors
    ///
    /// When the feature of the codec is off, or its context can't be made.
    pub fn new(storage: S, schema: Schema, options: WriterOptions) -> Result<Self, EncoderError> {
        Ok(Self {
            storage,
            encoder: Encoder::new(options)?,
            names: FileNames::default(),
            options: SinkOptions {
                limits: RowGroupLimits {
                    rows: 128 << 10,
                    bytes: 64 << 20,
                },
                max_age: None,
                max_open: 128,
                field_ids: false,
                order: Vec::new(),
            },
            schema,
            dataset: None,
            partitioner: None,
            partitions: Vec::new(),
            by_key: HashMap::default(),
            key: Vec::new(),
            last: 0,
            next_key: Vec::new(),
            clock: 0,
            memory: MemoryBound {
                limit: usize::MAX,
                estimate: 0,
            },
            finished: Vec::new(),
            overflow: OverflowCounts::default(),
            documents: None,
            batch: None,
        })
    }

    /// Names the files.
    #[must_use]
    pub fn with_names(mut self, names: FileNames) -> Self {
        self.names = names;
        self
    }

    /// The rows of a row group, at least 1. Default: 131,072.
    #[must_use]
    pub fn with_row_group_rows(mut self, rows: usize) -> Self {
        self.options.limits.rows = rows.max(1);
        self
    }

    /// The bytes of memory that the columns of a row group may take up, before they are encoded.
    /// Default: 64 MiB. A row group is over it by one eighth and one row at most.
    #[must_use]
    pub fn with_row_group_bytes(mut self, bytes: usize) -> Self {
        self.options.limits.bytes = bytes;
        self
    }

    /// Sorts the rows of each row group, which says so in its `sorting_columns`. Default: rows stand
    /// in the order in which they came.
    #[must_use]
    pub fn with_sorted_rows(mut self, order: Vec<SortingColumn>) -> Self {
        self.encoder.set_sorting_columns(order.clone());
        self.options.order = order;
        self
    }

    /// Gives each row a directory by its event time or its cells. Default: none, all rows go to one
    /// file.
    #[must_use]
    pub fn with_partitioning(mut self, partitioning: &Partitioning) -> Self {
        let table = self.schema.table();
        self.partitioner = (!partitioning.is_none()).then(|| partitioning.partitioner(table));
        if self.partitioner.is_none() {
            return self;
        }
        self.dataset
            .get_or_insert_with(|| Dataset::Own(Box::new(DatasetSchema::new(table))));
        self
    }

    /// How many partitions may be open at once, at least 1; of more the one is closed that has not
    /// had a row for longest. Default: 128.
    #[must_use]
    pub fn with_open_partitions(mut self, partitions: usize) -> Self {
        self.options.max_open = partitions.max(1);
        self
    }

    /// Closes a file this long after its first row came, so that its rows become visible, when the
    /// caller [ticks](Self::tick). Default: never.
    #[must_use]
    pub fn with_max_age(mut self, age: Duration) -> Self {
        self.options.max_age = Some(age);
        self
    }

    /// How many bytes of memory rows and open files may take up, over all partitions. Near it row
    /// groups are written early, and then files closed. Default: no limit but that of each row group.
    ///
    /// What encoding one row group takes comes on top: about as much as the row group.
    #[must_use]
    pub fn with_memory_limit(mut self, bytes: usize) -> Self {
        self.memory.limit = bytes;
        self
    }

    /// Makes the files those of a dataset whose documents stand beside the data, in the same storage.
    /// All files of the dataset, whoever writes them, share columns and types through the
    /// [`PublishedSchema`], and attributes have the field ids that are published there.
    ///
    /// # Errors
    ///
    /// When the schema can't be loaded.
    pub fn with_dataset(
        mut self,
        documents: Arc<dyn Documents + Send + Sync>,
    ) -> Result<Self, PublishError> {
        self.documents = Some(Arc::clone(&documents));
        let published = PublishedSchema::load(documents, self.schema.table())?;
        self.schema.adopt(published.schema());
        self.dataset = Some(Dataset::Published(Box::new(published)));
        self.options.field_ids = true;
        Ok(self)
    }

    /// The columns found so far; with partitions those that stand in a file already.
    pub fn schema(&self) -> &Schema {
        match &self.partitions[..] {
            [only] if self.partitioner.is_none() => only.row_groups.schema(),
            _ => &self.schema,
        }
    }

    /// What overflowed so far, by reason.
    pub fn overflow_counts(&self) -> OverflowCounts {
        let mut counts = self.overflow;
        for partition in &self.partitions {
            counts.merge(&partition.row_groups.overflow_counts());
        }
        counts
    }

    /// The storage.
    pub fn storage(&self) -> &S {
        &self.storage
    }

    /// Partitions with rows or files that are open.
    pub fn open_partitions(&self) -> usize {
        self.partitions.len()
    }

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

    /// Takes the summaries of the files closed since the last time.
    pub fn take_finished(&mut self) -> Vec<FileSummary> {
        for partition in &mut self.partitions {
            self.finished.append(&mut partition.files.take_finished());
        }
        std::mem::take(&mut self.finished)
    }

    /// Writes the rows gathered so far and closes all files, so that all rows are visible. The next
    /// row starts a new file.
    ///
    /// # Errors
    ///
    /// The first that occurs; the files of other partitions are closed all the same. A file that
    /// can't be written is dropped, with its rows.
    pub fn close_files(&mut self) -> Result<(), SinkError> {
        let mut result = Ok(());
        for index in 0..self.partitions.len() {
            result = result.and(self.close_file(index));
        }
        result
    }

    /// Begins a batch whose input has an identity: its files have names that follow from it, so that
    /// the same input under the same identity overwrites what an earlier try has left. Rows that came
    /// before are written first.
    ///
    /// # Errors
    ///
    /// As for [`Self::close_files`], about the rows that came before.
    pub fn begin_batch(&mut self, batch: &BatchId) -> Result<(), SinkError> {
        self.close_files()?;
        let names = self.names.clone().with_batch(batch);
        let before = std::mem::replace(&mut self.names, names);
        let names_before = match self.batch.take() {
            // An earlier batch that was given up.
            Some(open) => open.names_before,
            None => before,
        };
        self.batch = Some(OpenBatch {
            names: BTreeSet::new(),
            beginnings: BTreeSet::new(),
            names_before,
        });
        Ok(())
    }

    /// Closes the files of the batch, and deletes those that an earlier try of it has left and this
    /// one has not written over. When this returns without an error the rows of the batch are visible
    /// once, however often it was tried.
    ///
    /// Deleting needs the documents of [`Self::with_dataset`]; without, a try that cut its files
    /// otherwise, because of other options say, may leave rows of the earlier one.
    ///
    /// # Errors
    ///
    /// As for [`Self::close_files`], or when the leftovers can't be found or deleted. The batch has to
    /// be tried again then, from [`Self::begin_batch`] on.
    pub fn finish_batch(&mut self) -> Result<(), SinkError> {
        let closed = self.close_files();
        let Some(open) = self.batch.take() else {
            return closed;
        };
        self.names = open.names_before.clone();
        closed?;
        let Some(documents) = &self.documents else {
            return Ok(());
        };
        for beginning in &open.beginnings {
            let directory = beginning
                .rsplit_once('/')
                .map_or("", |(directory, _)| directory);
            for file in documents.list(directory)? {
                if is_numbered(&file.name, beginning) && !open.names.contains(&file.name) {
                    documents.delete(&file.name)?;
                }
            }
        }
        Ok(())
    }

    /// Closes the files whose first row came longer ago than [`Self::with_max_age`] allows, also
    /// when no rows arrive: call it every second or so.
    ///
    /// # Errors
    ///
    /// As for [`Self::close_files`].
    pub fn tick(&mut self, now: Instant) -> Result<(), SinkError> {
        let Some(max_age) = self.options.max_age else {
            return Ok(());
        };
        let mut result = Ok(());
        for index in 0..self.partitions.len() {
            let since = self.partitions[index].since;
            if since.is_some_and(|since| now.saturating_duration_since(since) >= max_age) {
                result = result.and(self.close_file(index));
            }
        }
        result
    }

    fn close_file(&mut self, index: usize) -> Result<(), SinkError> {
        let written = self.write_row_group(index);
        let partition = &mut self.partitions[index];
        partition.since = None;
        let closed = partition.files.close(&mut self.encoder);
        self.finished.append(&mut partition.files.take_finished());
        written.and(closed.map_err(SinkError::from))
    }

    fn write_row_group(&mut self, index: usize) -> Result<(), SinkError> {
        if self.partitions[index].row_groups.rows() == 0 {
            return Ok(());
        }
        self.conform(index)?;
        let Self {
            storage,
            encoder,
            names,
            options,
            partitions,
            batch,
            ..
        } = self;
        let partition = &mut partitions[index];
        let rows = partition.row_groups.take();
        partition.keep_original_names();
        let in_order = sorted(&rows, &options.order);
        let directory = &partition.directory;
        let written = partition.files.write(encoder, &in_order, &mut || {
            let beginning = names.beginning_in(directory);
            let name = names.next_name_in(directory);
            let file = storage.create(&name);
            if let Some(batch) = batch {
                batch.names.insert(name.clone());
                batch.beginnings.insert(beginning);
            }
            (name, file)
        });
        drop(in_order);
        // Many partitions would hold the memory of their largest row groups for ever.
        if self.partitioner.is_none() {
            partition.row_groups.recycle(rows);
        }
        if !partition.files.is_open() {
            partition.since = None;
        }
        Ok(written?)
    }

    /// Publishes what a partition has found, and gives its columns the types that are published.
    fn conform(&mut self, index: usize) -> Result<(), SinkError> {
        let Some(dataset) = &mut self.dataset else {
            return Ok(());
        };
        if self.partitions[index]
            .row_groups
            .has_news_for(dataset.schema())
        {
            // All of them, so that a type is found from what all partitions have seen.
            let found = self
                .partitions
                .iter()
                .map(|partition| partition.row_groups.schema());
            let mut joined = self.schema.clone();
            joined.join(found);
            dataset.publish([&joined])?;
            self.schema.adopt(dataset.schema());
        }
        self.partitions[index].row_groups.conform(dataset.schema());
        Ok(())
    }

    /// The partition of a row, which is opened if it is not.
    #[inline]
    fn partition_of(&mut self, row: &Row<'_>) -> Result<usize, SinkError> {
        let Some(partitioner) = &mut self.partitioner else {
            if self.partitions.is_empty() {
                self.open(Vec::new(), String::new());
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
                let directory = match &self.partitioner {
                    Some(partitioner) => partitioner.directory(row),
                    None => String::new(),
                };
                while self.partitions.len() >= self.options.max_open {
                    self.close_least_recently_used()?;
                }
                self.open(self.next_key.clone(), directory)
            }
        };
        self.clock += 1;
        self.partitions[index].used = self.clock;
        self.key.clone_from(&self.next_key);
        self.last = index;
        Ok(index)
    }

    fn open(&mut self, key: Vec<u8>, directory: String) -> usize {
        let index = self.partitions.len();
        self.by_key.insert(key.clone(), index);
        let options = BatchOptions::new().with_field_ids(self.options.field_ids);
        let row_groups = RowGroups::new(self.schema.clone(), options, self.options.limits);
        self.partitions.push(Partition {
            key,
            directory,
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
    fn close_partition(&mut self, index: usize) -> Result<(), SinkError> {
        let closed = self.close_file(index);
        let partition = self.partitions.swap_remove(index);
        self.overflow.merge(&partition.row_groups.overflow_counts());
        self.by_key.remove(&partition.key);
        if let Some(moved) = self.partitions.get(index) {
            self.by_key.insert(moved.key.clone(), index);
        }
        // The last key may be that of a partition that is gone or elsewhere.
        self.last = usize::MAX;
        closed
    }

    /// Makes room when the estimate says that there is none.
    #[cold]
    fn shed(&mut self) -> Result<(), SinkError> {
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
            let before = self.partitions[index].memory_size();
            self.write_row_group(index)?;
            let after = self.partitions[index].memory_size();
            self.memory.estimate = (self.memory.estimate + after).saturating_sub(before);
        }
        // It is the open files that take up the memory.
        while self.memory.estimate > target && self.partitions.len() > 1 {
            let sizes = self.partitions.iter().map(Partition::memory_size);
            let Some((largest, size)) = sizes.enumerate().max_by_key(|(_, size)| *size) else {
                break;
            };
            self.close_partition(largest)?;
            self.memory.estimate = self.memory.estimate.saturating_sub(size);
        }
        Ok(())
    }
}

impl<F: crate::storage::StorageFile> Partition<F> {
    fn memory_size(&self) -> usize {
        self.row_groups.memory_size() + self.files.memory_size()
    }

    /// Names are only ever added, so the metadata is made again when there are more.
    fn keep_original_names(&mut self) {
        let known = self.row_groups.schema_size();
        if self.names_known != known {
            self.names_known = known;
            let names = original_names(self.row_groups.schema());
            self.files.set_key_values(vec![names]);
        }
    }
}

impl<S: Storage> RowSink for ParquetSink<S> {
    type Error = SinkError;

    #[inline]
    fn row(&mut self, row: &mut Row<'_>) -> Result<(), SinkError> {
        let index = self.partition_of(row)?;
        let partition = &mut self.partitions[index];
        if partition.row_groups.rows() == 0 && partition.since.is_none() {
            partition.since = self.options.max_age.map(|_| Instant::now());
        }
        let room = self.encoder.options().rows_per_file() - partition.files.open_rows();
        let before = partition.row_groups.memory_estimate();
        let full = partition.row_groups.push(row, room)?;
        self.memory.estimate = self.memory.estimate.saturating_add(
            partition
                .row_groups
                .memory_estimate()
                .saturating_sub(before),
        );
        if full {
            self.write_row_group(index)?;
        }
        if self.memory.estimate >= self.memory.limit {
            self.shed()?;
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<(), SinkError> {
        self.close_files()
    }
}

impl<S: Storage> fmt::Debug for ParquetSink<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ParquetSink")
            .field("schema", &self.schema())
            .field("options", &self.options)
            .field("partitions", &self.partitions.len())
            .finish_non_exhaustive()
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

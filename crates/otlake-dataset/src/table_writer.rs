//! Rows to files: the last stage of a pipeline. Here the sink and its settings; how it writes, and what it
//! does with partitions, batches, types and memory, in a file each.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::gather::row_buffer::RowInterner;
use otlake_arrow::{BatchError, BatchOptions};
use otlake_row::{KeyLimits, Row, RowSink};
use otlake_schema::{OverflowCounts, Schema};

use crate::RollingError;
use crate::budget::MemoryBound;
use crate::catalog::published_schema::{PublishError, PublishedSchema};
use crate::commit::batch::OpenBatch;
use crate::commit::manifests::Manifests;
use crate::files::file_names::FileNames;
use crate::files::key_values::KeyValues;
use crate::gather::row_groups::{RowGroupLimits, RowGroups};
use crate::route::partition::Partitioning;
use crate::route::partitioner::Partitioner;
use crate::route::partitions::Partition;
use crate::stats::SinkStats;
use otlake_parquet::Encoder;
use otlake_parquet::EncoderError;
use otlake_parquet::FileSummary;
use otlake_parquet::{SortingColumn, WriterOptions};
use otlake_storage::Documents;
use otlake_storage::Storage;
use otlake_storage::StorageError;

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
/// With a [`Partitioning`] each row goes to a file in the directory of its partition. The rows of a
/// partition wait, packed in a [`RowBuffer`](crate::RowBuffer), until there are enough of them for a
/// row group; types are found when they come, and become those of all partitions. The partitions share
/// the columns that row groups are gathered in, one encoder and one bound for memory; those that
/// have not had a row for longest are closed when there are too many.
///
/// # Metadata
///
/// The key-value metadata of each file has `otlake.columns`: a JSON object that gives the original
/// names of every column of attributes.
pub struct ParquetSink {
    pub(crate) storage: Arc<dyn Storage>,
    pub(crate) encoder: Encoder,
    pub(crate) names: FileNames,
    pub(crate) options: SinkOptions,
    pub(crate) dataset: Option<PublishedSchema>,
    /// Where rows become columns: as they come, or with partitions when one of them has a row group.
    pub(crate) row_groups: RowGroups,
    pub(crate) partitioner: Option<Partitioner>,
    pub(crate) partitions: Vec<Partition>,
    /// What the rows that wait in partitions have in common.
    pub(crate) interner: RowInterner,
    /// The partitions by key, but for the only one of a sink without partitioning.
    pub(crate) by_key: HashMap<Vec<u8>, usize, foldhash::fast::RandomState>,
    /// The key of the row that came last, whose partition is [`Self::last`].
    pub(crate) key: Vec<u8>,
    pub(crate) last: usize,
    /// The key of the row that comes now.
    pub(crate) next_key: Vec<u8>,
    /// Counts the changes of the partition.
    pub(crate) clock: u64,
    pub(crate) memory: MemoryBound,
    pub(crate) key_values: KeyValues,
    pub(crate) finished: Vec<FileSummary>,
    pub(crate) stats: SinkStats,
    pub(crate) manifests: Option<Manifests>,
    pub(crate) batch: Option<OpenBatch>,
}

#[derive(Clone, Debug)]
pub(crate) struct SinkOptions {
    pub(crate) limits: RowGroupLimits,
    pub(crate) max_age: Option<Duration>,
    pub(crate) max_open: usize,
    /// Whether summaries of files are kept.
    pub(crate) summaries: bool,
    /// The order that rows are sorted to.
    pub(crate) order: Vec<SortingColumn>,
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
    /// The leftovers of a batch could not be deleted, or a manifest not be written.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// No batch is open that could be finished.
    #[error("no batch is open: begin it, and give it its rows, before it is finished")]
    NoBatch,
    /// An earlier error has cost the batch rows.
    #[error("an earlier error cost the batch rows: begin it again, and give it all its rows again")]
    IncompleteBatch,
}

impl SinkError {
    /// The results of two steps as one. Of two errors the first, but what cost rows counts more than what
    /// did not, and the rows that both cost are added.
    ///
    /// # Errors
    ///
    /// When one of them is.
    pub fn both(
        first: Result<(), SinkError>,
        later: Result<(), SinkError>,
    ) -> Result<(), SinkError> {
        use RollingError::{Dropped, Storage};
        match (first, later) {
            (Err(SinkError::Publish(_)), Err(later)) => Err(later),
            (
                Err(SinkError::Write(first)),
                Err(SinkError::Write(Dropped { rows, .. } | Storage { rows, .. })),
            ) => Err(SinkError::Write(first.with_more_rows(rows))),
            (first, later) => first.and(later),
        }
    }
}

impl ParquetSink {
    /// A sink for files named `part-…`, with row groups of 131,072 rows or 64 MiB at most.
    ///
    /// # Errors
    ///
    /// When the feature of the codec is off, or its context can't be made.
    pub fn new(
        storage: impl Storage + 'static,
        schema: Schema,
        options: WriterOptions,
    ) -> Result<Self, EncoderError> {
        let limits = RowGroupLimits {
            rows: 128 << 10,
            bytes: 64 << 20,
        };
        Ok(Self {
            storage: Arc::new(storage),
            encoder: Encoder::new(options)?,
            names: FileNames::default(),
            options: SinkOptions {
                limits,
                max_age: None,
                max_open: 128,
                summaries: true,
                order: Vec::new(),
            },
            dataset: None,
            row_groups: RowGroups::new(schema, BatchOptions::new(), limits),
            interner: RowInterner::new(),
            partitioner: None,
            partitions: Vec::new(),
            by_key: HashMap::default(),
            key: Vec::new(),
            last: 0,
            next_key: Vec::new(),
            clock: 0,
            memory: MemoryBound {
                limit: usize::MAX,
                waiting: 0,
                files: 0,
            },
            key_values: KeyValues::default(),
            finished: Vec::new(),
            stats: SinkStats::default(),
            manifests: None,
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
        self.row_groups.set_limits(self.row_group_limits());
        self
    }

    /// The bytes of memory that a row group may take up before it is encoded, as columns and, with
    /// partitions, while its rows wait. Default: 64 MiB. A row group is over it by one eighth and one row
    /// at most.
    #[must_use]
    pub fn with_row_group_bytes(mut self, bytes: usize) -> Self {
        self.options.limits.bytes = bytes;
        self.row_groups.set_limits(self.row_group_limits());
        self
    }

    /// Sorts the rows of each row group, which says so in its `sorting_columns`. Default: rows stand
    /// in the order in which they came. Filters on the first columns become several times faster,
    /// those on time slower, and writing takes half as long again: docs/performance.md has the figures.
    #[must_use]
    pub fn with_sorted_rows(mut self, order: Vec<SortingColumn>) -> Self {
        let options = self.encoder.options().clone();
        let options = options.with_sorting_columns(order.clone());
        #[allow(
            clippy::expect_used,
            reason = "the sink has an encoder of these options"
        )]
        let encoder = Encoder::new(options).expect("the codec is available");
        self.encoder = encoder;
        self.options.order = order;
        self.row_groups.set_limits(self.row_group_limits());
        self
    }

    /// Gives each row a directory by its event time or its cells. Default: none, all rows go to one
    /// file.
    #[must_use]
    pub fn with_partitioning(mut self, partitioning: &Partitioning) -> Self {
        let table = self.schema().table();
        self.partitioner = (!partitioning.is_none()).then(|| partitioning.partitioner(table));
        self.row_groups.set_limits(self.row_group_limits());
        self
    }

    /// How many partitions may be open at once, at least 1; of more the one is closed that has not
    /// had a row for longest. With fewer than are written to at once files get very small. Default: 128,
    /// as a storage needs a file handle or buffers for each.
    #[must_use]
    pub fn with_open_partitions(mut self, partitions: usize) -> Self {
        self.options.max_open = partitions.max(1);
        self
    }

    /// How many names there may be in the rows that wait in partitions, over all decoders that they come
    /// from; values of others overflow. Default: as for a decoder, so that those of one always fit.
    #[must_use]
    pub fn with_key_limits(mut self, limits: KeyLimits) -> Self {
        self.interner = RowInterner::with_limits(limits);
        self
    }

    /// Closes a file this long after its first row came, so that its rows become visible, when the
    /// caller [ticks](Self::tick). Default: never.
    #[must_use]
    pub fn with_max_age(mut self, age: Duration) -> Self {
        self.options.max_age = Some(age);
        self
    }

    /// Whether the summaries of closed files are kept for [`Self::take_finished`]. Default: true. One takes
    /// about 100 bytes for each column of its file, and no limit counts them: a sink that runs for long
    /// and is not asked for them should not keep them.
    #[must_use]
    pub fn with_summaries(mut self, summaries: bool) -> Self {
        self.options.summaries = summaries;
        self
    }

    /// How many bytes of memory the sink may take up, over all partitions. Three quarters are for rows
    /// and open files: when they are used up, row groups are written early and files closed. The rest is
    /// for encoding, so a row group has a quarter at most, with partitions a sixteenth, and when rows are
    /// sorted two thirds of that. Default: no limit but that of each row group.
    ///
    /// A column counts for 1,280 bytes before it has a value. A limit that leaves little more than that
    /// is kept as well as can be, with very small row groups: some MiB are the least that makes sense.
    #[must_use]
    pub fn with_memory_limit(mut self, bytes: usize) -> Self {
        self.memory.limit = bytes;
        self.row_groups.set_limits(self.row_group_limits());
        self
    }

    /// Makes the files those of a dataset whose documents stand beside the data, in the same storage.
    /// All files of the dataset, whoever writes them, share columns and types through the
    /// [`PublishedSchema`], and attributes have the field ids that are published there. Each flush
    /// that closes files writes a [`Manifest`](crate::Manifest) of them, under
    /// `_otlake/manifests/TABLE/`.
    ///
    /// # Errors
    ///
    /// When the schema can't be loaded.
    pub fn with_dataset(mut self, documents: Arc<dyn Documents>) -> Result<Self, PublishError> {
        self.manifests = Some(Manifests::new(Arc::clone(&documents)));
        let mut schema = self.schema().clone();
        let published = PublishedSchema::load(documents, schema.table())?;
        schema.merge(published.schema());
        self.dataset = Some(published);
        let options = BatchOptions::new().with_field_ids(true);
        self.row_groups = RowGroups::new(schema, options, self.row_group_limits());
        Ok(self)
    }

    /// The columns found so far.
    pub fn schema(&self) -> &Schema {
        self.row_groups.schema()
    }

    /// What overflowed so far, by reason; with partitions in row groups that are written.
    pub fn overflow_counts(&self) -> OverflowCounts {
        self.row_groups.overflow_counts()
    }

    /// What was done so far.
    pub fn stats(&self) -> SinkStats {
        self.stats
    }

    /// The storage.
    pub fn storage(&self) -> &Arc<dyn Storage> {
        &self.storage
    }

    /// Partitions with rows or files that are open. Looks at all that had a row lately.
    pub fn open_partitions(&self) -> usize {
        let open = (0..self.partitions.len()).filter(|index| {
            self.waiting_rows(*index) > 0 || self.partitions[*index].files.is_open()
        });
        open.count()
    }

    /// Takes the summaries of the files closed since the last time, unless they are
    /// [not kept](Self::with_summaries).
    pub fn take_finished(&mut self) -> Vec<FileSummary> {
        std::mem::take(&mut self.finished)
    }

    /// Writes the rows gathered so far and closes all files, so that all rows are visible. The next
    /// row starts a new file.
    ///
    /// # Errors
    ///
    /// The first that occurs, with the rows that all of them cost; the files of other partitions are
    /// closed all the same. A file that can't be written is dropped, with its rows.
    pub fn close_files(&mut self) -> Result<(), SinkError> {
        let closed = self.close_all();
        closed.and(self.write_manifest(None))
    }

    pub(crate) fn close_all(&mut self) -> Result<(), SinkError> {
        let mut result = Ok(());
        for index in 0..self.partitions.len() {
            result = SinkError::both(result, self.close_file(index));
        }
        result
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
                result = SinkError::both(result, self.close_file(index));
            }
        }
        result.and(self.write_manifest(None))
    }
}

impl RowSink for ParquetSink {
    type Error = SinkError;

    /// Takes a row.
    ///
    /// # Errors
    ///
    /// When a row group or file that is full, or in the way of a limit, can't be written: the error says
    /// how many rows that costs; this one is either among them or kept. When the types of the dataset
    /// can't be published nothing is lost, and rows go on waiting beyond all limits: stop and try
    /// [`close_files`](Self::close_files) until it succeeds, or begin the batch again if one is open.
    #[inline]
    fn row(&mut self, row: &mut Row<'_>) -> Result<(), SinkError> {
        let index = self.partition_of(row);
        let partition = &mut self.partitions[index];
        if partition.since.is_none() {
            partition.since = self.options.max_age.map(|_| Instant::now());
        }
        let full = if self.partitioner.is_some() {
            self.wait(index, row)
        } else {
            self.gather(index, row)?
        };
        if full {
            self.write_row_group(index)?;
        }
        if self.partitions.len() > self.options.max_open {
            self.close_least_recently_used()?;
        }
        if self.memory_estimate() >= self.memory.for_rows_and_files() {
            self.shed()?;
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<(), SinkError> {
        self.close_files()
    }
}

impl fmt::Debug for ParquetSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ParquetSink")
            .field("schema", &self.schema())
            .field("options", &self.options)
            .field("partitions", &self.partitions.len())
            .finish_non_exhaustive()
    }
}

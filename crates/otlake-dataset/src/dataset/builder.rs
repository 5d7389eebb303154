use std::sync::{Arc, Mutex};
use std::time::Duration;

use otlake_parquet::{Encoder, SortingColumn, WriterOptions};
use otlake_row::KeyLimits;
use otlake_schema::{SchemaOptions, Table};
use otlake_storage::{Documents, RetryObserver, Storage};

use super::{Dataset, Shared};
use crate::catalog::schema_document::SchemaDocument;
use crate::catalog::table_catalog::TableCatalog;
use crate::commit::Commit;
use crate::commit::batch_budget::BatchBudget;
use crate::commit::ledger::Ledger;
use crate::commit::manifest_commit::ManifestCommit;
use crate::dataset::shared_table::{SharedDocuments, SharedTable};
use crate::error::OpenError;
use crate::files::file_names::FileNames;
use crate::files::shared_files::SharedFiles;
use crate::gather::row_groups::RowGroupLimits;
use crate::memory_budget::MemoryBudget;
use crate::route::partition::Partitioning;
use crate::writer::input_budget::InputBudget;

/// The tables that data points go to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MetricTables {
    /// One table for all data points, `metrics`. The default.
    #[default]
    One,
    /// A table for each metric kind: `gauge`, `sum`, `histogram`, `exponential_histogram`, `summary`. Each
    /// has only the columns of its kind.
    PerKind,
}

/// A builder for a [`Dataset`]. All options of a dataset are set here.
///
/// ```
/// use std::sync::Arc;
/// use std::time::Duration;
///
/// use otlake_dataset::{BatchBudget, Dataset, DatasetBuilder, FileNames, InputBudget, ManifestCommit, MetricTables};
/// use otlake_parquet::{SortingColumn, WriterOptions};
/// use otlake_row::KeyLimits;
/// use otlake_schema::SchemaOptions;
/// use otlake_storage::InMemoryStorage;
///
/// let by_service = SortingColumn {
///     name: "resource_service_name".to_owned(),
///     descending: false,
///     nulls_first: false,
/// };
/// let builder: DatasetBuilder = Dataset::builder()
///     // Layout
///     .partitioning("{table}/date={date}".parse()?)
///     .metric_tables(MetricTables::PerKind)
///     .schema_options(SchemaOptions::new().with_column_budget(100))
///     .sorted_rows(vec![by_service])
///     // Files
///     .writer_options(WriterOptions::new().with_bytes_per_file(64 << 20))
///     .file_names(FileNames::new("ingest"))
///     .row_group_rows(100_000)
///     .row_group_bytes(32 << 20)
///     .max_age(Duration::from_secs(60))
///     // Memory
///     .memory_limit(256 << 20)
///     .open_partitions(64)
///     .file_summaries(32)
///     // Senders that are not trusted
///     .key_limits(KeyLimits::default().with_names(10_000))
///     .input_budget(InputBudget::new().with_ratio(16))
///     .batch_budget(BatchBudget::new().with_partitions(1_000));
///
/// let storage = Arc::new(InMemoryStorage::new());
/// let dataset = builder.commit(Arc::new(ManifestCommit::new(storage.clone()))).open(storage)?;
/// assert!(dataset.report().is_empty(), "it has no files yet");
///
/// // Only files: no schema is published, and there are no manifests.
/// let storage = Arc::new(InMemoryStorage::new());
/// Dataset::builder().open_files(storage.clone())?.writer().flush()?;
/// assert!(storage.files().is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[must_use]
pub struct DatasetBuilder {
    options: Options,
    commit: Option<Arc<dyn Commit>>,
    retry_observer: Option<Arc<dyn RetryObserver>>,
}

/// The options of a dataset. There are more than a dozen fields because each option has its own.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub(crate) schema: SchemaOptions,
    pub(crate) key_limits: KeyLimits,
    pub(crate) writer: WriterOptions,
    pub(crate) names: FileNames,
    pub(crate) row_groups: RowGroupLimits,
    pub(crate) metric_tables: MetricTables,
    pub(crate) partitioning: Partitioning,
    pub(crate) open_partitions: usize,
    pub(crate) max_age: Option<Duration>,
    pub(crate) file_summaries: usize,
    pub(crate) memory_limit: usize,
    /// The order to which rows are sorted.
    pub(crate) order: Vec<SortingColumn>,
    pub(crate) batch_budget: BatchBudget,
    pub(crate) input_budget: InputBudget,
}

impl DatasetBuilder {
    pub(crate) fn new() -> DatasetBuilder {
        DatasetBuilder {
            options: Options {
                schema: SchemaOptions::new(),
                key_limits: KeyLimits::default(),
                writer: WriterOptions::new(),
                names: FileNames::default(),
                row_groups: RowGroupLimits {
                    rows: 128 << 10,
                    bytes: 64 << 20,
                },
                metric_tables: MetricTables::One,
                partitioning: Partitioning::none(),
                open_partitions: 128,
                max_age: None,
                file_summaries: 256,
                memory_limit: usize::MAX,
                order: Vec::new(),
                batch_budget: BatchBudget::new(),
                input_budget: InputBudget::new(),
            },
            commit: None,
            retry_observer: None,
        }
    }

    /// Sets the naming of columns, the column budget and the promoted attributes.
    pub fn schema_options(mut self, options: SchemaOptions) -> DatasetBuilder {
        self.options.schema = options;
        self
    }

    /// Limits the names in rows that wait in partitions, counted over all decoders. Values of further names
    /// go to the overflow column. Default: the limits of a decoder, so that the names of one always fit.
    pub fn key_limits(mut self, limits: KeyLimits) -> DatasetBuilder {
        self.options.key_limits = limits;
        self
    }

    /// Sets the codec, the size and other properties of files. Default: files of 128 MiB in ZSTD(1).
    pub fn writer_options(mut self, options: WriterOptions) -> DatasetBuilder {
        self.options.writer = options;
        self
    }

    /// Sets the names of files in the directory of their table. Default: `part-…`, with 64 random bits.
    pub fn file_names(mut self, names: FileNames) -> DatasetBuilder {
        self.options.names = names;
        self
    }

    /// Sets the number of rows of a full row group, at least 1. Default: 131,072.
    pub fn row_group_rows(mut self, rows: usize) -> DatasetBuilder {
        self.options.row_groups.rows = rows.max(1);
        self
    }

    /// Sets the bytes of memory at which a row group is full: as columns and, with partitions, also as rows
    /// that wait. Default: 64 MiB. A row group exceeds it by at most one eighth and one row.
    pub fn row_group_bytes(mut self, bytes: usize) -> DatasetBuilder {
        self.options.row_groups.bytes = bytes;
        self
    }

    /// Sets the tables that data points go to. Default: one for all.
    pub fn metric_tables(mut self, tables: MetricTables) -> DatasetBuilder {
        self.options.metric_tables = tables;
        self
    }

    /// Sets the directories of rows, by event time or by cells: `"signal={signal}/date={date}/hour={hour}"`.
    /// Default: one directory for each table, with its name.
    ///
    /// If the partitioning does not distinguish tables, the table's directory comes first: `"date={date}"`
    /// becomes `logs/date=…`. The same holds for a partitioning by signal when each metric kind has a table.
    pub fn partitioning(mut self, partitioning: Partitioning) -> DatasetBuilder {
        self.options.partitioning = partitioning;
        self
    }

    /// Limits the number of partitions of a table that a writer has open at once; at least 1. When the limit
    /// is reached, the partition whose last row is oldest is closed. Default: 128, because a storage needs a
    /// file handle or buffers for each. A limit below the number of partitions that rows arrive for at once
    /// makes very small files.
    pub fn open_partitions(mut self, partitions: usize) -> DatasetBuilder {
        self.options.open_partitions = partitions.max(1);
        self
    }

    /// Sets the age at which [`tick`](crate::DatasetWriter::tick) closes a file, counted from its first row.
    /// Default: no limit.
    pub fn max_age(mut self, age: Duration) -> DatasetBuilder {
        self.options.max_age = Some(age);
        self
    }

    /// Sets the number of file summaries that are kept for each table until the next
    /// [report](Dataset::report). If there are more, the oldest are dropped and counted. Default: 256. A
    /// summary takes about 200 bytes for each column of its file. With a memory limit fewer are kept: those of a
    /// table take up at most 1/64 of it.
    pub fn file_summaries(mut self, files: usize) -> DatasetBuilder {
        self.options.file_summaries = files;
        self
    }

    /// Limits the bytes of memory that rows, open files, buffers and encoding take up together, over all tables,
    /// partitions and writers. Default: no limit except that of each row group.
    ///
    /// When rows and files have used up their share, about two thirds, row groups are written early and files are
    /// closed. The rest is for encoding. A writer reserves what a row group needs before encoding it, and waits for
    /// other writers if too little is left. So the values of a row group take up at most an eighth of the limit
    /// divided by the number of writers; with partitions a sixteenth; if rows are sorted, a twelfth, and with
    /// partitions a twentieth. A row group whose encoding would take more than it has reserved is split.
    ///
    /// The limit is meant to hold under these conditions, tested with an allocator that counts and rows of random shapes:
    ///
    /// - The limit is at least 4 MiB for each writer. With 2 MiB it may be exceeded by a tenth.
    /// - No row, together with its resource and scope, is larger than the limit divided by 128 and by the number of
    ///   writers. Larger ones may exceed it, because a row is never split, and writing the rows of one partition does
    ///   not free a resource that rows of other partitions share.
    /// - The storage buffers at most an eighth of the limit for each file: for object stores, a part of an upload.
    ///
    /// None of 370 shapes that meet the conditions exceeded the limit, 16 MiB. Of 66 that have 2 MiB for each writer and
    /// meet the other conditions, one did, by 9 %. Of 381 shapes that violate them, the worst took 2.1 times the limit.
    ///
    /// The limit does not count payloads and record batches, which belong to the caller, compression contexts, and
    /// the conversion of columns whose type another writer has published differently. It counts the summaries of the
    /// files of an open batch, about 200 bytes for each column of each file, but can't free them before the batch is
    /// finished. A column counts as 1,280 bytes before it has a value, and a partition as 768 bytes.
    pub fn memory_limit(mut self, bytes: usize) -> DatasetBuilder {
        self.options.memory_limit = bytes;
        self
    }

    /// Sorts the rows of each row group, and records the order in its `sorting_columns`. Default: rows keep
    /// the order in which they were written. Filters on the first columns become several times faster, filters
    /// on time become slower, and writing takes 1.5 times as long: docs/performance.md has the figures.
    pub fn sorted_rows(mut self, order: Vec<SortingColumn>) -> DatasetBuilder {
        self.options.order = order;
        self
    }

    /// Limits what one batch may write. Default: 10,000 partitions and 100,000 row groups.
    pub fn batch_budget(mut self, budget: BatchBudget) -> DatasetBuilder {
        self.options.batch_budget = budget;
        self
    }

    /// Limits what one input may cause in addition to its rows. Default: 64 times its size, and at least
    /// 64 MiB.
    pub fn input_budget(mut self, budget: InputBudget) -> DatasetBuilder {
        self.options.input_budget = budget;
        self
    }

    /// Sets the [`Commit`] that makes visible files part of a table. Default: a [`ManifestCommit`] for a
    /// dataset with documents, none for one without.
    pub fn commit(mut self, commit: Arc<dyn Commit>) -> DatasetBuilder {
        self.commit = Some(commit);
        self
    }

    /// Sets the observer that is called when writing a published schema or a manifest is retried. A
    /// [`commit`](Self::commit) of your own has its own retries. Default: none.
    pub fn retry_observer(mut self, observer: Arc<dyn RetryObserver>) -> DatasetBuilder {
        self.retry_observer = Some(observer);
        self
    }

    /// Opens a dataset that any number of processes may write to, at the same time or one after another: its
    /// schema is published next to the files, in the same storage, and no column changes its type.
    ///
    /// # Errors
    ///
    /// Returns an error if the codec is not in this build, if the published schema of a table can't be
    /// read, if the [`Commit`] can't accept files with this partitioning, or if the storage of a new dataset can't be
    /// listed.
    pub fn open(self, storage: Arc<dyn Documents>) -> Result<Dataset, OpenError> {
        let files: Arc<dyn Storage> = storage.clone();
        self.open_with(files, Some(storage))
    }

    /// Opens a dataset without documents: there is no published schema, so only the writers of this object
    /// agree on types; there are no manifests; and the files that an earlier attempt of a batch has left can't
    /// be deleted.
    ///
    /// # Errors
    ///
    /// Returns an error if the codec is not in this build, or if the [`Commit`] can't accept files with this
    /// partitioning.
    pub fn open_files(self, storage: Arc<dyn Storage>) -> Result<Dataset, OpenError> {
        self.open_with(storage, None)
    }

    fn open_with(
        self,
        storage: Arc<dyn Storage>,
        documents: Option<Arc<dyn Documents>>,
    ) -> Result<Dataset, OpenError> {
        let DatasetBuilder {
            mut options,
            commit,
            retry_observer,
        } = self;
        let budget = Arc::new(MemoryBudget::new(options.memory_limit));
        let buffer_bytes = budget.buffer_bytes(options.writer.buffer_bytes());
        options.writer = options
            .writer
            .with_sorting_columns(options.order.clone())
            .with_buffer_bytes(buffer_bytes);
        let encoder = Encoder::new(options.writer.clone())?;
        let commit = match (&documents, commit) {
            (Some(documents), None) => {
                let commit = ManifestCommit::new(Arc::clone(documents));
                let commit = commit.with_retry_observer(retry_observer.clone());
                Some(Arc::new(commit) as Arc<dyn Commit>)
            }
            (_, commit) => commit,
        };
        let mut tables = Vec::with_capacity(Table::ALL.len());
        let mut is_new = true;
        for table in Table::ALL {
            if let Some(commit) = commit.as_ref().filter(|_| options.writes(table)) {
                let checked = commit.check_partitioning(table, &options.partitioning);
                checked.map_err(|source| OpenError::Partitioning {
                    table: table.name(),
                    source,
                })?;
            }
            let of_target = match &commit {
                Some(commit) if options.writes(table) => commit.published_schema(table)?,
                _ => None,
            };
            let catalog = match (of_target, &documents) {
                (Some(published), _) => TableCatalog::new(published),
                (None, Some(documents)) if options.writes(table) => {
                    let published = SchemaDocument::load(Arc::clone(documents), table)?;
                    let published = published.with_retry_observer(retry_observer.clone());
                    is_new &= !published.exists();
                    TableCatalog::new(Box::new(published))
                }
                _ => TableCatalog::in_process(table),
            };
            let names = options.names_of(table);
            let files = SharedFiles::new(Arc::clone(&storage), Arc::clone(&budget), names);
            tables.push(Arc::new(SharedTable {
                table,
                catalog,
                files: Arc::new(files),
                ledger: Arc::new(Ledger::new(
                    table,
                    commit.clone(),
                    options.file_summaries,
                    &budget,
                )),
                documents: documents.clone().map(SharedDocuments),
            }));
        }
        if let Some(documents) = documents.filter(|_| is_new) {
            // If a bucket does not exist, some stores only report that the document does not.
            documents.list("_otlake/")?;
        }
        let tables = tables
            .try_into()
            .unwrap_or_else(|_| unreachable!("there is one for each table"));
        Ok(Dataset {
            shared: Arc::new(Shared {
                options,
                budget,
                tables,
                encoder: Mutex::new(encoder),
            }),
        })
    }
}

impl Options {
    /// Returns whether rows go to a table.
    pub(crate) fn writes(&self, table: Table) -> bool {
        match table {
            Table::MetricsOf(_) => self.metric_tables == MetricTables::PerKind,
            _ => true,
        }
    }

    /// Returns the names of a table's files.
    fn names_of(&self, table: Table) -> FileNames {
        // Two tables in one directory would overwrite each other's files.
        let own_directory = self.partitioning.has_table()
            || self.partitioning.has_signal() && self.metric_tables == MetricTables::One;
        match own_directory {
            true => self.names.clone(),
            false => self.names.in_directory(table.name()),
        }
    }
}

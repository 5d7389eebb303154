use std::sync::{Arc, Mutex};
use std::time::Duration;

use otlake_parquet::{Encoder, SortingColumn, WriterOptions};
use otlake_row::KeyLimits;
use otlake_schema::{SchemaOptions, Table};
use otlake_storage::{Documents, Storage};

use super::{Dataset, Shared};
use crate::catalog::published_schema::PublishedSchema;
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

/// The layout of data points.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MetricTables {
    /// All in one table, `metrics`. The default.
    #[default]
    One,
    /// A table for each kind: `gauge`, `sum`, `histogram`, `exponential_histogram`, `summary`. Each
    /// has the columns of its kind only.
    PerKind,
}

/// The options of a [`Dataset`].
#[derive(Debug)]
#[must_use]
pub struct DatasetBuilder {
    options: Options,
    commit: Option<Arc<dyn Commit>>,
}

/// One field for each option, which is why there are more than a dozen.
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
    /// The order that rows are sorted to.
    pub(crate) order: Vec<SortingColumn>,
    pub(crate) batch_budget: BatchBudget,
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
            },
            commit: None,
        }
    }

    /// Sets how columns are named, and how many attributes have one.
    pub fn schema_options(mut self, options: SchemaOptions) -> DatasetBuilder {
        self.options.schema = options;
        self
    }

    /// Limits the names in the rows that wait in partitions, over all decoders that they come from;
    /// values of further names overflow. Default: as for a decoder, so that the names of one always fit.
    pub fn key_limits(mut self, limits: KeyLimits) -> DatasetBuilder {
        self.options.key_limits = limits;
        self
    }

    /// Sets the codec, the size and other properties of files. Default: files of 128 MiB in ZSTD(1).
    pub fn writer_options(mut self, options: WriterOptions) -> DatasetBuilder {
        self.options.writer = options;
        self
    }

    /// Sets how files are named in the directory of their table. Default: `part-…`, with 64 random bits.
    pub fn file_names(mut self, names: FileNames) -> DatasetBuilder {
        self.options.names = names;
        self
    }

    /// Sets the rows of a row group, at least 1. Default: 131,072.
    pub fn row_group_rows(mut self, rows: usize) -> DatasetBuilder {
        self.options.row_groups.rows = rows.max(1);
        self
    }

    /// Sets the bytes of memory that a row group may take up before it is encoded, as columns and, with
    /// partitions, while its rows wait. Default: 64 MiB. A row group exceeds it by at most one eighth and
    /// one row.
    pub fn row_group_bytes(mut self, bytes: usize) -> DatasetBuilder {
        self.options.row_groups.bytes = bytes;
        self
    }

    /// Sets the layout of data points. Default: all in one table.
    pub fn metric_tables(mut self, tables: MetricTables) -> DatasetBuilder {
        self.options.metric_tables = tables;
        self
    }

    /// Gives each row a directory by its event time or its cells:
    /// `"signal={signal}/date={date}/hour={hour}"`. Default: one directory for each table, with its name.
    ///
    /// The table's directory also comes first when the partitioning does not tell tables apart:
    /// `"date={date}"` becomes `logs/date=…`, and so does one by signal when each kind of data points
    /// has a table.
    pub fn partitioning(mut self, partitioning: Partitioning) -> DatasetBuilder {
        self.options.partitioning = partitioning;
        self
    }

    /// Limits how many partitions of a table a writer has open at once, to at least 1. The one that has not
    /// had a row for longest is closed for another. Default: 128, because a storage needs a file handle
    /// or buffers for each. With fewer than are written to at once, files get very small.
    pub fn open_partitions(mut self, partitions: usize) -> DatasetBuilder {
        self.options.open_partitions = partitions.max(1);
        self
    }

    /// Closes a file this long after its first row came, when
    /// [`tick`](crate::DatasetWriter::tick) is called. Default: never.
    pub fn max_age(mut self, age: Duration) -> DatasetBuilder {
        self.options.max_age = Some(age);
        self
    }

    /// Sets how many summaries of files are kept for each table until the next
    /// [report](Dataset::report); of more the oldest are dropped and counted. Default: 256. A summary
    /// takes about 100 bytes for each column of its file, which the memory limit does not count.
    pub fn file_summaries(mut self, files: usize) -> DatasetBuilder {
        self.options.file_summaries = files;
        self
    }

    /// Limits the bytes of memory that rows and open files take up, and encoding them, over all tables,
    /// partitions and writers. Three quarters are for rows and files: when they are used up, row groups
    /// are written early and files closed. The rest is for encoding, so a row group has an eighth of the
    /// limit, divided by the number of writers; with partitions half of that, and when rows are sorted
    /// two thirds. Default: no limit except that of each row group.
    ///
    /// A column counts for 1,280 bytes before it has a value. A limit that leaves little more than that
    /// is kept as well as can be, with very small row groups: some MiB for each writer are the least that
    /// makes sense.
    pub fn memory_limit(mut self, bytes: usize) -> DatasetBuilder {
        self.options.memory_limit = bytes;
        self
    }

    /// Sorts the rows of each row group, which says so in its `sorting_columns`. Default: rows stand in
    /// the order in which they came. Filters on the first columns become several times faster, those on
    /// time slower, and writing takes half as long again: docs/performance.md has the figures.
    pub fn sorted_rows(mut self, order: Vec<SortingColumn>) -> DatasetBuilder {
        self.options.order = order;
        self
    }

    /// Limits what one batch may write. Default: 10,000 partitions and 100,000 row groups.
    pub fn batch_budget(mut self, budget: BatchBudget) -> DatasetBuilder {
        self.options.batch_budget = budget;
        self
    }

    /// Sets what makes files part of a table once they are visible. Default: a [`ManifestCommit`] for a
    /// dataset with documents, nothing for one without.
    pub fn commit(mut self, commit: Arc<dyn Commit>) -> DatasetBuilder {
        self.commit = Some(commit);
        self
    }

    /// Opens a dataset that any number of processes may write to, at once and one after the other: its
    /// schema is published next to the files, in the same storage, and no column changes its type.
    ///
    /// # Errors
    ///
    /// Returns an error if the codec is not in this build, if the published schema of a table can't be
    /// read, or if the storage of a new dataset can't be listed.
    pub fn open(self, storage: Arc<dyn Documents>) -> Result<Dataset, OpenError> {
        let files: Arc<dyn Storage> = storage.clone();
        self.open_with(files, Some(storage))
    }

    /// Opens files without documents: there is no published schema, so only the writers of this dataset
    /// agree on types, there are no manifests, and the files that an earlier try of a batch has left
    /// can't be deleted.
    ///
    /// # Errors
    ///
    /// Returns an error if the codec is not in this build.
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
        } = self;
        options.writer = options.writer.with_sorting_columns(options.order.clone());
        let encoder = Encoder::new(options.writer.clone())?;
        let commit = match (&documents, commit) {
            (Some(documents), None) => {
                Some(Arc::new(ManifestCommit::new(Arc::clone(documents))) as Arc<dyn Commit>)
            }
            (_, commit) => commit,
        };
        let budget = Arc::new(MemoryBudget::new(options.memory_limit));
        let mut tables = Vec::with_capacity(Table::ALL.len());
        let mut is_new = true;
        for table in Table::ALL {
            let catalog = match &documents {
                Some(documents) if options.writes(table) => {
                    let published = PublishedSchema::load(Arc::clone(documents), table)?;
                    is_new &= !published.exists();
                    TableCatalog::new(published)
                }
                _ => TableCatalog::in_process(table),
            };
            let names = options.names_of(table);
            let files = SharedFiles::new(Arc::clone(&storage), Arc::clone(&budget), names);
            tables.push(Arc::new(SharedTable {
                table,
                catalog,
                files: Arc::new(files),
                ledger: Arc::new(Ledger::new(table, commit.clone(), options.file_summaries)),
                documents: documents.clone().map(SharedDocuments),
            }));
        }
        if let Some(documents) = documents.filter(|_| is_new) {
            // Of a bucket that does not exist, some stores say only that the document is not there.
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
        // Two tables in one directory would write over each other's files.
        let own_directory = self.partitioning.has_table()
            || self.partitioning.has_signal() && self.metric_tables == MetricTables::One;
        match own_directory {
            true => self.names.clone(),
            false => self.names.in_directory(table.name()),
        }
    }
}

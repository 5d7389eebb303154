use std::sync::Arc;
use std::time::Duration;

use otlake_dataset::{
    Dataset, DatasetBuilder, FileNames, InputBudget, MetricTables, OpenError, Partitioning,
};
use otlake_otlp::{InflateLimits, InvalidUtf8, Limits, OtlpDecoder, OtlpDecoderBuilder, Summary};
use otlake_parquet::{Compression, SortingColumn, WriterOptions};
use otlake_row::{KeyLimits, Stage, StageChain};
use otlake_schema::{Naming, SchemaOptions};
use otlake_storage::{Documents, RetryObserver, Storage};

use super::{MalformedPayload, Pipeline, Retry};
use crate::observer::Observed;
use crate::{FingerprintStage, Observer};

/// A builder for a [`Pipeline`].
///
/// `C` is the chain of stages so far. `D` is the destination: the options of a dataset that the builder opens,
/// or a dataset that is open already.
///
/// ```
/// use std::sync::Arc;
/// use std::time::Duration;
///
/// use otlake::dataset::{Dataset, FileNames, InputBudget, MetricTables};
/// use otlake::otlp::{InvalidUtf8, Limits};
/// use otlake::parquet::{SortingColumn, WriterOptions};
/// use otlake::row::KeyLimits;
/// use otlake::schema::VerbatimNaming;
/// use otlake::storage::InMemoryStorage;
/// use otlake::{DatasetOptions, Filter, Pipeline, PipelineBuilder};
///
/// let builder: PipelineBuilder<(), DatasetOptions> = Pipeline::builder()
///     // Columns
///     .naming(VerbatimNaming)
///     .column_budget(100)
///     .promote(["resource.service.name", "attr.user.id"])
///     .metric_tables(MetricTables::PerKind)
///     // Files
///     .partitioning("{table}/date={date}".parse()?)
///     .writer_options(WriterOptions::new().with_data_page_rows(10_000))
///     .bytes_per_file(64 << 20)
///     .row_group_rows(100_000)
///     .row_group_bytes(32 << 20)
///     .sorted_rows(vec![SortingColumn {
///         name: "resource.service.name".to_owned(),
///         descending: false,
///         nulls_first: false,
///     }])
///     .max_age(Duration::from_secs(60))
///     .file_names(FileNames::new("ingest"))
///     .file_summaries(32)
///     .open_partitions(64)
///     // Senders that are not trusted
///     .limits(Limits::default().with_attributes(128))
///     .key_limits(KeyLimits::default().with_names(10_000))
///     .invalid_utf8(InvalidUtf8::Reject)
///     .input_budget(InputBudget::new().with_ratio(16));
/// let mut pipeline = builder.stage(Filter::min_severity(9)).build(InMemoryStorage::new())?;
/// pipeline.flush()?;
///
/// // Files alone, without a published schema and manifests.
/// let storage = InMemoryStorage::new();
/// let mut pipeline = Pipeline::builder().build_files(storage.clone())?;
/// pipeline.ingest_logs(b"\x0a\x0a\x12\x08\x12\x06\x2a\x04\x0a\x02hi")?;
/// pipeline.finish()?;
/// assert_eq!(storage.files().len(), 1);
///
/// // A worker of a dataset that others write to as well has options of its own, too.
/// let dataset = Dataset::builder().open(Arc::new(storage))?;
/// let worker = Pipeline::on(&dataset).key_limits(KeyLimits::default().with_names(10_000)).build();
/// # drop(worker);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[must_use]
pub struct PipelineBuilder<C = (), D = DatasetOptions> {
    decoder: OtlpDecoderBuilder,
    inflate_limits: InflateLimits,
    malformed: MalformedPayload,
    stages: C,
    retry: Retry,
    observer: Option<Observed>,
    dataset: D,
}

/// The options of the dataset that a [`PipelineBuilder`] opens.
#[derive(Debug)]
pub struct DatasetOptions {
    dataset: DatasetBuilder,
    schema: SchemaOptions,
    writer: WriterOptions,
}

impl PipelineBuilder {
    pub(super) fn new() -> PipelineBuilder {
        PipelineBuilder::with_dataset(DatasetOptions {
            dataset: Dataset::builder(),
            schema: SchemaOptions::new(),
            writer: WriterOptions::new(),
        })
    }
}

impl PipelineBuilder<(), Dataset> {
    pub(super) fn on(dataset: Dataset) -> PipelineBuilder<(), Dataset> {
        PipelineBuilder::with_dataset(dataset)
    }
}

impl<D> PipelineBuilder<(), D> {
    fn with_dataset(dataset: D) -> PipelineBuilder<(), D> {
        let limits = Limits::default();
        PipelineBuilder {
            decoder: OtlpDecoder::builder().limits(limits),
            inflate_limits: InflateLimits::default().with_bytes(limits.payload_bytes()),
            malformed: MalformedPayload::default(),
            stages: (),
            retry: Retry::default(),
            observer: None,
            dataset,
        }
    }
}

impl<C, D> PipelineBuilder<C, D> {
    /// Sets the input limits.
    pub fn limits(mut self, limits: Limits) -> PipelineBuilder<C, D> {
        self.decoder = self.decoder.limits(limits);
        self.inflate_limits = self.inflate_limits.with_bytes(limits.payload_bytes());
        self
    }

    /// Sets the treatment of payloads that turn out to be malformed after some records. Default: the records
    /// before the fault are kept.
    pub fn malformed_payloads(mut self, malformed: MalformedPayload) -> PipelineBuilder<C, D> {
        self.malformed = malformed;
        self
    }

    /// Sets the treatment of strings that are not valid UTF-8. Default: the invalid parts are replaced, and
    /// the strings are counted.
    pub fn invalid_utf8(mut self, invalid_utf8: InvalidUtf8) -> PipelineBuilder<C, D> {
        self.decoder = self.decoder.invalid_utf8(invalid_utf8);
        self
    }

    /// Sets the observer, which is told about everything that the pipeline does. Default: none.
    pub fn observer(mut self, observer: impl Observer + 'static) -> PipelineBuilder<C, D> {
        self.observer = Some(Observed(Box::new(observer)));
        self
    }

    /// Sets the number of attempts of [`Pipeline::batch`] and the pauses between them.
    pub fn retry(mut self, retry: Retry) -> PipelineBuilder<C, D> {
        self.retry = retry;
        self
    }
}

impl<C: StageChain, D> PipelineBuilder<C, D> {
    /// Appends a stage to the chain. Up to eight can be appended; for more, append a tuple of stages as one.
    ///
    /// ```
    /// # #[cfg(feature = "pipeline")] {
    /// use otlake::storage::InMemoryStorage;
    /// use otlake::{Pipeline, Redact, Sample, Sensitive};
    ///
    /// let pipeline = Pipeline::builder()
    ///     .stage(Redact::builder().sensitive(Sensitive::ALL).build()?) // before bodies are learned from
    ///     .fingerprint()
    ///     .stage(Sample::traces(0.1)?)
    ///     .build(InMemoryStorage::new())?;
    /// # drop(pipeline);
    /// # }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn stage<T: Stage>(self, stage: T) -> PipelineBuilder<C::With<T>, D> {
        PipelineBuilder {
            decoder: self.decoder,
            inflate_limits: self.inflate_limits,
            malformed: self.malformed,
            stages: self.stages.with(stage),
            retry: self.retry,
            observer: self.observer,
            dataset: self.dataset,
        }
    }

    /// Appends a [`FingerprintStage`] that computes fingerprints. Append one with
    /// [`stage`](PipelineBuilder::stage) to learn patterns as well. Without such a stage the column
    /// `fingerprint` is null.
    pub fn fingerprint(self) -> PipelineBuilder<C::With<FingerprintStage>, D> {
        self.stage(FingerprintStage::new())
    }
}

impl<C> PipelineBuilder<C> {
    fn dataset(
        mut self,
        change: impl FnOnce(DatasetBuilder) -> DatasetBuilder,
    ) -> PipelineBuilder<C> {
        self.dataset.dataset = change(self.dataset.dataset);
        self
    }

    fn schema(mut self, change: impl FnOnce(SchemaOptions) -> SchemaOptions) -> PipelineBuilder<C> {
        self.dataset.schema = change(self.dataset.schema);
        self
    }

    fn writer(mut self, change: impl FnOnce(WriterOptions) -> WriterOptions) -> PipelineBuilder<C> {
        self.dataset.writer = change(self.dataset.writer);
        self
    }

    /// Sets the number and the size of attribute names that are interned. The values of further names go to
    /// the overflow column.
    pub fn key_limits(mut self, limits: KeyLimits) -> PipelineBuilder<C> {
        self.decoder = self.decoder.key_limits(limits);
        self.dataset(|dataset| dataset.key_limits(limits))
    }

    /// Sets the naming of columns. Default: [`FlatNaming`](otlake_schema::FlatNaming).
    pub fn naming(self, naming: impl Naming + Send + Sync + 'static) -> PipelineBuilder<C> {
        self.schema(|schema| schema.with_naming(naming))
    }

    /// Sets the column budget: how many columns the attributes of a table may have. Default: 256. The values
    /// of further names go to the overflow column.
    pub fn column_budget(self, columns: usize) -> PipelineBuilder<C> {
        self.schema(|schema| schema.with_column_budget(columns))
    }

    /// Sets the attributes that get a column in addition to the budget, by their full names:
    /// `resource.service.name`, `attr.user.id`.
    pub fn promote<I>(self, full_names: I) -> PipelineBuilder<C>
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        self.schema(|schema| schema.with_promoted(full_names))
    }

    /// Sets the codec of the files. Default: ZSTD(1), or none in a build without the feature `zstd`.
    pub fn compression(self, compression: Compression) -> PipelineBuilder<C> {
        self.writer(|writer| writer.with_compression(compression))
    }

    /// Sets the number of rows at which a file is closed. Default: 10,000,000.
    pub fn rows_per_file(self, rows: u64) -> PipelineBuilder<C> {
        self.writer(|writer| writer.with_rows_per_file(rows))
    }

    /// Sets the size at which a file is closed, plus or minus a row group. Default: 128 MiB.
    pub fn bytes_per_file(self, bytes: u64) -> PipelineBuilder<C> {
        self.writer(|writer| writer.with_bytes_per_file(bytes))
    }

    /// Sets all options of files at once. Replaces those set by [`compression`](PipelineBuilder::compression),
    /// [`rows_per_file`](PipelineBuilder::rows_per_file) and [`bytes_per_file`](PipelineBuilder::bytes_per_file).
    pub fn writer_options(self, options: WriterOptions) -> PipelineBuilder<C> {
        self.writer(|_| options)
    }

    /// Sets the rows of a row group; see [`DatasetBuilder::row_group_rows`].
    pub fn row_group_rows(self, rows: usize) -> PipelineBuilder<C> {
        self.dataset(|dataset| dataset.row_group_rows(rows))
    }

    /// Sets the bytes of a row group in memory; see [`DatasetBuilder::row_group_bytes`].
    pub fn row_group_bytes(self, bytes: usize) -> PipelineBuilder<C> {
        self.dataset(|dataset| dataset.row_group_bytes(bytes))
    }

    /// Sets the layout of data points. Default: all in one table.
    pub fn metric_tables(self, tables: MetricTables) -> PipelineBuilder<C> {
        self.dataset(|dataset| dataset.metric_tables(tables))
    }

    /// Gives each record a directory by its event time or its cells; see [`DatasetBuilder::partitioning`].
    pub fn partitioning(self, partitioning: Partitioning) -> PipelineBuilder<C> {
        self.dataset(|dataset| dataset.partitioning(partitioning))
    }

    /// Limits how many partitions of a table are open at once; see [`DatasetBuilder::open_partitions`].
    pub fn open_partitions(self, partitions: usize) -> PipelineBuilder<C> {
        self.dataset(|dataset| dataset.open_partitions(partitions))
    }

    /// Sets the age at which [`Pipeline::tick`] closes a file, counted from its first record. Default: no
    /// limit.
    pub fn max_age(self, age: Duration) -> PipelineBuilder<C> {
        self.dataset(|dataset| dataset.max_age(age))
    }

    /// Sets the number of file summaries that are kept for the next [`Report`](crate::Report); see
    /// [`DatasetBuilder::file_summaries`].
    pub fn file_summaries(self, files: usize) -> PipelineBuilder<C> {
        self.dataset(|dataset| dataset.file_summaries(files))
    }

    /// Limits the bytes of memory for records, open files and encoding; see
    /// [`DatasetBuilder::memory_limit`]. Payloads are not included.
    pub fn memory_limit(self, bytes: usize) -> PipelineBuilder<C> {
        self.dataset(|dataset| dataset.memory_limit(bytes))
    }

    /// Limits what one payload may cause in addition to its records; see [`InputBudget`]. Records beyond it are
    /// rejected and counted.
    pub fn input_budget(self, budget: InputBudget) -> PipelineBuilder<C> {
        self.dataset(|dataset| dataset.input_budget(budget))
    }

    /// Sets the observer that is called when a write of a published schema or a manifest is retried; see
    /// [`DatasetBuilder::retry_observer`].
    pub fn retry_observer(self, observer: Arc<dyn RetryObserver>) -> PipelineBuilder<C> {
        self.dataset(|dataset| dataset.retry_observer(observer))
    }

    /// Sorts the records within each row group. Default: the order in which they were ingested.
    pub fn sorted_rows(self, order: Vec<SortingColumn>) -> PipelineBuilder<C> {
        self.dataset(|dataset| dataset.sorted_rows(order))
    }

    /// Sets the names of files in the directory of their table; see [`DatasetBuilder::file_names`].
    pub fn file_names(self, names: FileNames) -> PipelineBuilder<C> {
        self.dataset(|dataset| dataset.file_names(names))
    }

    /// Opens a dataset in `storage` and builds a pipeline on it: its schema and its manifests are next to the
    /// files, and any number of pipelines may write to it, at once and one after the other.
    ///
    /// The storage is a [`LocalDirectory`](otlake_storage::LocalDirectory), or an `Arc<dyn Documents>` as
    /// `otlake::storage::open` returns it for a URL or a path, or another one with documents.
    ///
    /// # Errors
    ///
    /// Returns an error when the feature of the codec is off, or when the dataset's documents can't be read.
    pub fn build(self, storage: impl Documents + 'static) -> Result<Pipeline<C>, OpenError> {
        self.build_with(|dataset| dataset.open(Arc::new(storage)))
    }

    /// Builds a pipeline that writes files without documents next to them: each pipeline infers a schema of
    /// its own, and a batch that is repeated overwrites the files of the first attempt, but deletes none.
    ///
    /// # Errors
    ///
    /// Returns an error when the feature of the codec is off.
    pub fn build_files(self, storage: impl Storage + 'static) -> Result<Pipeline<C>, OpenError> {
        self.build_with(|dataset| dataset.open_files(Arc::new(storage)))
    }

    fn build_with(
        self,
        open: impl FnOnce(DatasetBuilder) -> Result<Dataset, OpenError>,
    ) -> Result<Pipeline<C>, OpenError> {
        let DatasetOptions {
            dataset,
            schema,
            writer,
        } = self.dataset;
        let dataset = open(dataset.schema_options(schema).writer_options(writer))?;
        let builder = PipelineBuilder {
            decoder: self.decoder,
            inflate_limits: self.inflate_limits,
            malformed: self.malformed,
            stages: self.stages,
            retry: self.retry,
            observer: self.observer,
            dataset,
        };
        Ok(builder.build())
    }
}

impl<C> PipelineBuilder<C, Dataset> {
    /// Sets the number and the size of attribute names that the decoder interns. The dataset has
    /// [limits of its own](DatasetBuilder::key_limits).
    pub fn key_limits(mut self, limits: KeyLimits) -> PipelineBuilder<C, Dataset> {
        self.decoder = self.decoder.key_limits(limits);
        self
    }

    /// Builds the pipeline.
    pub fn build(self) -> Pipeline<C> {
        Pipeline {
            decoder: self.decoder.build(),
            inflate_limits: self.inflate_limits,
            malformed: self.malformed,
            stages: self.stages,
            writer: self.dataset.writer(),
            in_batch: false,
            retry: self.retry,
            total: Summary::default(),
            observer: self.observer,
        }
    }
}

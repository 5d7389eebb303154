use std::sync::Arc;
use std::time::Duration;

use otlake_dataset::{FileNames, Partitioning};
use otlake_fingerprint::PatternOptions;
use otlake_otlp::{InvalidUtf8, Limits, OtlpDecoder, Summary};
use otlake_parquet::{Compression, EncoderError, SortingColumn, WriterOptions};
use otlake_row::KeyLimits;
use otlake_schema::{Naming, SchemaOptions};
use otlake_storage::{Documents, Storage};

use super::Pipeline;
use super::stages::Stages;
use crate::observer::Observed;
use crate::tables::{TableOptions, Tables};
use crate::{FingerprintStage, MetricTables, Observer};

/// The settings of a [`Pipeline`].
#[derive(Debug)]
#[must_use]
pub struct PipelineBuilder {
    limits: Limits,
    key_limits: KeyLimits,
    schema: SchemaOptions,
    writer: WriterOptions,
    names: FileNames,
    row_group: (Option<usize>, Option<usize>),
    metric_tables: MetricTables,
    partitioning: Partitioning,
    open_partitions: Option<usize>,
    max_age: Option<Duration>,
    file_summaries: bool,
    memory_limit: Option<usize>,
    sorted_rows: Vec<SortingColumn>,
    invalid_utf8: InvalidUtf8,
    fingerprint: bool,
    patterns: Option<PatternOptions>,
    template: bool,
    observer: Option<Observed>,
}

impl PipelineBuilder {
    pub(super) fn new() -> PipelineBuilder {
        PipelineBuilder {
            limits: Limits::default(),
            key_limits: KeyLimits::default(),
            schema: SchemaOptions::new(),
            writer: WriterOptions::new(),
            names: FileNames::default(),
            row_group: (None, None),
            metric_tables: MetricTables::default(),
            partitioning: Partitioning::none(),
            open_partitions: None,
            max_age: None,
            file_summaries: true,
            memory_limit: None,
            sorted_rows: Vec::new(),
            invalid_utf8: InvalidUtf8::default(),
            fingerprint: true,
            patterns: None,
            template: false,
            observer: None,
        }
    }

    /// What a sender may ask for.
    pub fn limits(mut self, limits: Limits) -> PipelineBuilder {
        self.limits = limits;
        self
    }

    /// What becomes of strings that are not valid UTF-8. Default: they are replaced and counted.
    pub fn invalid_utf8(mut self, invalid_utf8: InvalidUtf8) -> PipelineBuilder {
        self.invalid_utf8 = invalid_utf8;
        self
    }

    /// Who is told of everything that the pipeline does. Default: nobody.
    pub fn observer(mut self, observer: impl Observer + 'static) -> PipelineBuilder {
        self.observer = Some(Observed(Box::new(observer)));
        self
    }

    /// How many names of attributes are kept of each signal; those beyond overflow.
    pub fn key_limits(mut self, limits: KeyLimits) -> PipelineBuilder {
        self.key_limits = limits;
        self
    }

    /// How columns are named.
    pub fn naming(mut self, naming: impl Naming + Send + Sync + 'static) -> PipelineBuilder {
        self.schema = self.schema.with_naming(naming);
        self
    }

    /// How many columns attributes may have; those beyond overflow.
    pub fn column_budget(mut self, columns: usize) -> PipelineBuilder {
        self.schema = self.schema.with_column_budget(columns);
        self
    }

    /// The codec of the files.
    pub fn compression(mut self, compression: Compression) -> PipelineBuilder {
        self.writer = self.writer.with_compression(compression);
        self
    }

    /// A file is full when it has this many rows. Default: 10,000,000.
    pub fn rows_per_file(mut self, rows: u64) -> PipelineBuilder {
        self.writer = self.writer.with_rows_per_file(rows);
        self
    }

    /// A file is full when it has this many bytes, give or take a row group. Default: 128 MiB.
    pub fn bytes_per_file(mut self, bytes: u64) -> PipelineBuilder {
        self.writer = self.writer.with_bytes_per_file(bytes);
        self
    }

    /// The rows of a row group; see
    /// [`with_row_group_rows`](otlake_dataset::ParquetSink::with_row_group_rows).
    pub fn row_group_rows(mut self, rows: usize) -> PipelineBuilder {
        self.row_group.0 = Some(rows);
        self
    }

    /// The bytes of a row group in memory; see
    /// [`with_row_group_bytes`](otlake_dataset::ParquetSink::with_row_group_bytes).
    pub fn row_group_bytes(mut self, bytes: usize) -> PipelineBuilder {
        self.row_group.1 = Some(bytes);
        self
    }

    /// Everything else that can be said of the files. Replaces what was said by
    /// [`PipelineBuilder::compression`], [`PipelineBuilder::rows_per_file`] and
    /// [`PipelineBuilder::bytes_per_file`].
    pub fn writer_options(mut self, options: WriterOptions) -> PipelineBuilder {
        self.writer = options;
        self
    }

    /// How the data points of metrics are laid out. Default: all in one table.
    pub fn metric_tables(mut self, tables: MetricTables) -> PipelineBuilder {
        self.metric_tables = tables;
        self
    }

    /// Attributes that get a column whatever the budget, by their full names:
    /// `resource.service.name`, `attr.user.id`.
    pub fn promote<I>(mut self, full_names: I) -> PipelineBuilder
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        self.schema = self.schema.with_promoted(full_names);
        self
    }

    /// The directories of records, by their event time and their cells:
    /// `"signal={signal}/date={date}/hour={hour}"`. Default: a directory for each table, with its name,
    /// in which also those of a partitioning stand that does not tell tables apart: `"date={date}"` is
    /// `logs/date=…`, and so is one by signal alone when each kind of metric has a table.
    pub fn partitioning(mut self, partitioning: Partitioning) -> PipelineBuilder {
        self.partitioning = partitioning;
        self
    }

    /// How many partitions of a table may be open at once; of more the one is closed that has not had
    /// a record for longest. With fewer than are written to at once files get very small. Default: 128,
    /// as a storage needs a file handle or buffers for each.
    pub fn open_partitions(mut self, partitions: usize) -> PipelineBuilder {
        self.open_partitions = Some(partitions);
        self
    }

    /// Closes a file this long after its first record came, when [`Pipeline::tick`] is called.
    /// Default: never.
    pub fn max_age(mut self, age: Duration) -> PipelineBuilder {
        self.max_age = Some(age);
        self
    }

    /// Whether the summaries of closed files are kept for the next [`Report`](crate::Report). Default:
    /// true. One takes about 100 bytes for each column of its file, and
    /// [`PipelineBuilder::memory_limit`] does not count them: a service either asks for a report now
    /// and then, or does without. The manifests of a dataset list its files all the same.
    pub fn file_summaries(mut self, kept: bool) -> PipelineBuilder {
        self.file_summaries = kept;
        self
    }

    /// How many bytes of memory records and open files may take up, and encoding them, over all tables
    /// and partitions; the payload comes on top. Three quarters are for records and files: when they
    /// are used up, row groups are written early and files closed. Default: no limit but that of each
    /// row group. See `ParquetSink::with_memory_limit` of otlake-parquet for what it means for row groups.
    pub fn memory_limit(mut self, bytes: usize) -> PipelineBuilder {
        self.memory_limit = Some(bytes);
        self
    }

    /// Sorts the records within each row group. Default: as they came.
    pub fn sorted_rows(mut self, order: Vec<SortingColumn>) -> PipelineBuilder {
        self.sorted_rows = order;
        self
    }

    /// What the files are called in the directory of their table, which is its name. Default:
    /// `part-…`, with a part that no other run has.
    pub fn file_names(mut self, names: FileNames) -> PipelineBuilder {
        self.names = names;
        self
    }

    /// Whether bodies get fingerprints. Default: true. Without, the column is there and null.
    pub fn fingerprint(mut self, fingerprint: bool) -> PipelineBuilder {
        self.fingerprint = fingerprint;
        self
    }

    /// Learns the patterns of the bodies, for the [`Report`](crate::Report).
    pub fn patterns(mut self, options: PatternOptions) -> PipelineBuilder {
        self.patterns = Some(options);
        self
    }

    /// Adds a column `template` with the text of the body's template. Default: false.
    pub fn template(mut self, template: bool) -> PipelineBuilder {
        self.template = template;
        self
    }

    /// The pipeline, with its files in `storage`.
    ///
    /// # Errors
    ///
    /// When the feature of the codec is off, or its context can't be made.
    pub fn build(self, storage: impl Storage + 'static) -> Result<Pipeline, EncoderError> {
        self.build_with(Arc::new(storage), None)
    }

    /// The pipeline of a dataset that several pipelines may write, at once and one after the other:
    /// its schema is published beside the files, in the same `storage`, and no column changes its
    /// type.
    ///
    /// # Errors
    ///
    /// When the feature of the codec is off, or its context can't be made.
    pub fn build_dataset(
        self,
        storage: impl Documents + 'static,
    ) -> Result<Pipeline, EncoderError> {
        let documents: Arc<dyn Documents> = Arc::new(storage);
        self.build_with(Arc::clone(&documents) as _, Some(documents))
    }

    fn build_with(
        self,
        storage: Arc<dyn Storage>,
        documents: Option<Arc<dyn Documents>>,
    ) -> Result<Pipeline, EncoderError> {
        let tables = Tables::new(
            storage,
            documents,
            TableOptions {
                schema: self.schema,
                key_limits: self.key_limits,
                writer: self.writer,
                names: self.names,
                row_group_rows: self.row_group.0,
                row_group_bytes: self.row_group.1,
                metric_tables: self.metric_tables,
                partitioning: self.partitioning,
                open_partitions: self.open_partitions,
                max_age: self.max_age,
                file_summaries: self.file_summaries,
                memory_limit: self.memory_limit,
                sorted_rows: self.sorted_rows,
            },
        )?;
        let stages = if self.fingerprint || self.template || self.patterns.is_some() {
            let mut stage = FingerprintStage::new(tables);
            if self.template {
                stage = stage.with_template(self.patterns.unwrap_or_default());
            } else if let Some(options) = self.patterns {
                stage = stage.with_patterns(options);
            }
            Stages::Fingerprint(Box::new(stage))
        } else {
            Stages::Plain(Box::new(tables))
        };
        let decoder = OtlpDecoder::builder()
            .limits(self.limits)
            .key_limits(self.key_limits)
            .invalid_utf8(self.invalid_utf8)
            .build();
        Ok(Pipeline {
            decoder,
            stages,
            total: Summary::default(),
            observer: self.observer,
        })
    }
}

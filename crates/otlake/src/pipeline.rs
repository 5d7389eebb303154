use std::sync::Arc;
use std::time::{Duration, Instant};

use otlake_fingerprint::{PatternOptions, PatternSet, Patterns};
use otlake_otlp::{
    DecodeError, Format, InvalidUtf8, Limits, LogsDecoder, MetricsDecoder, TracesDecoder,
};
use otlake_parquet::{
    BatchId, Compression, Documents, EncoderError, FileNames, FileSummary, Partitioning, SinkError,
    SortingColumn, Storage, WriterOptions,
};
use otlake_row::{Bytes, DecodeFailure, Decoder, KeyLimits, Keys, Row, RowSink, Signal, Summary};
use otlake_schema::{Naming, OverflowCounts, Schema, SchemaOptions, Table};

use crate::observer::Observed;
use crate::tables::{SharedDocuments, TableOptions, Tables};
use crate::{
    Activity, FingerprintStage, MetricTables, Observer, Operation, PatternsTable, TableReport,
};

/// The whole way from OTLP payloads to Parquet files: logs, spans and data points, each to the files
/// of their own table.
///
/// Single-threaded on purpose: a service runs one pipeline for each of its workers, and nothing is
/// shared between them.
#[derive(Debug)]
pub struct Pipeline<S: Storage> {
    decoders: Decoders,
    stages: Stages<S>,
    total: Summary,
    observer: Option<Observed>,
}

#[derive(Debug)]
struct Decoders {
    logs: LogsDecoder,
    traces: TracesDecoder,
    metrics: MetricsDecoder,
}

/// The stages before the tables.
#[derive(Debug)]
enum Stages<S: Storage> {
    Plain(Box<Tables<S>>),
    Fingerprint(Box<FingerprintStage<Tables<S>>>),
}

impl<S: Storage> RowSink for Stages<S> {
    type Error = SinkError;

    #[inline]
    fn row(&mut self, row: &mut Row<'_>) -> Result<(), SinkError> {
        match self {
            Stages::Plain(tables) => tables.row(row),
            Stages::Fingerprint(stage) => stage.row(row),
        }
    }

    fn finish(&mut self) -> Result<(), SinkError> {
        match self {
            Stages::Plain(tables) => tables.finish(),
            Stages::Fingerprint(stage) => stage.finish(),
        }
    }
}

impl<S: Storage> Stages<S> {
    fn tables(&self) -> &Tables<S> {
        match self {
            Stages::Plain(tables) => tables,
            Stages::Fingerprint(stage) => stage.sink(),
        }
    }

    fn tables_mut(&mut self) -> &mut Tables<S> {
        match self {
            Stages::Plain(tables) => tables,
            Stages::Fingerprint(stage) => stage.sink_mut(),
        }
    }
}

/// Why a payload was not taken, or not to its end.
///
/// Of a malformed payload the records before the fault have been taken; the error says how many.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IngestError {
    /// The payload is malformed.
    #[error("{error} ({accepted} records before it were taken)")]
    Payload {
        /// What is wrong, and where.
        error: DecodeError,
        /// Records taken before the fault.
        accepted: u64,
    },
    /// The files could not be written.
    #[error(transparent)]
    Sink(#[from] SinkError),
}

impl IngestError {
    fn records(&self) -> Summary {
        let accepted = match self {
            IngestError::Payload { accepted, .. } => *accepted,
            IngestError::Sink(_) => 0,
        };
        Summary {
            accepted,
            ..Summary::default()
        }
    }
}

/// The outcome of an operation, which has records if it took a payload.
trait Recorded {
    fn records(&self) -> Summary;
}

impl Recorded for Summary {
    fn records(&self) -> Summary {
        self.clone()
    }
}

impl Recorded for () {
    fn records(&self) -> Summary {
        Summary::default()
    }
}

/// What a pipeline has done.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Report {
    /// Records taken and rejected, of all signals.
    pub records: Summary,
    /// The tables that have rows, with their files.
    pub tables: Vec<TableReport>,
    /// The patterns of the bodies, busiest first; there when [`PipelineBuilder::patterns`] or
    /// [`PipelineBuilder::template`] asked for them.
    pub patterns: Option<PatternSet>,
    /// The same by fingerprint, as the table that belongs beside the data.
    pub patterns_table: Option<PatternsTable>,
}

impl Report {
    /// The files of all tables written since the last report; see [`TableReport::files`].
    pub fn files(&self) -> impl Iterator<Item = &FileSummary> {
        self.tables.iter().flat_map(|table| &table.files)
    }

    /// What overflowed in all tables.
    pub fn overflow(&self) -> OverflowCounts {
        let mut overflow = OverflowCounts::default();
        for table in &self.tables {
            overflow.merge(&table.overflow);
        }
        overflow
    }
}

impl Pipeline<otlake_parquet::Memory> {
    /// Begins with the defaults: fingerprints, flat names, 256 columns of attributes, one table of
    /// metrics, files of 128 MiB in ZSTD(1), default limits.
    pub fn builder() -> PipelineBuilder {
        PipelineBuilder::new()
    }
}

impl<S: Storage> Pipeline<S> {
    /// Takes an `ExportLogsServiceRequest` or `LogsData` payload in protobuf: the body of an
    /// OTLP/HTTP request to `/v1/logs`.
    ///
    /// # Errors
    ///
    /// When the payload is malformed, or when a file can't be written.
    pub fn ingest_logs(&mut self, payload: impl Into<Bytes>) -> Result<Summary, IngestError> {
        self.ingest(Signal::Logs, Format::Protobuf, payload)
    }

    /// Takes an `ExportTraceServiceRequest` or `TracesData` payload in protobuf: the body of an
    /// OTLP/HTTP request to `/v1/traces`.
    ///
    /// # Errors
    ///
    /// When the payload is malformed, or when a file can't be written.
    pub fn ingest_traces(&mut self, payload: impl Into<Bytes>) -> Result<Summary, IngestError> {
        self.ingest(Signal::Traces, Format::Protobuf, payload)
    }

    /// Takes an `ExportMetricsServiceRequest` or `MetricsData` payload in protobuf: the body of an
    /// OTLP/HTTP request to `/v1/metrics`.
    ///
    /// # Errors
    ///
    /// When the payload is malformed, or when a file can't be written.
    pub fn ingest_metrics(&mut self, payload: impl Into<Bytes>) -> Result<Summary, IngestError> {
        self.ingest(Signal::Metrics, Format::Protobuf, payload)
    }

    /// Takes a payload of whichever signal and format: what the path and the `Content-Type` of an
    /// OTLP/HTTP request say, or a [`PayloadReader`](otlake_otlp::PayloadReader) of a file's content.
    ///
    /// # Errors
    ///
    /// When the payload is malformed, or when a file can't be written.
    pub fn ingest(
        &mut self,
        signal: Signal,
        format: Format,
        payload: impl Into<Bytes>,
    ) -> Result<Summary, IngestError> {
        let payload = payload.into();
        macro_rules! decode {
            ($this:ident, $decoder:ident) => {{
                let (decoder, sink) = (&mut $this.decoders.$decoder, &mut $this.stages);
                match format {
                    Format::Json => decoder.decode_json(&payload, sink),
                    _ => decoder.decode(&payload, sink),
                }
            }};
        }
        self.observed(Operation::Ingest(signal), payload.len(), |this| {
            let result = match signal {
                Signal::Logs => decode!(this, logs),
                Signal::Traces => decode!(this, traces),
                Signal::Metrics => decode!(this, metrics),
            };
            this.count(result)
        })
    }

    /// Does something and tells the observer of it.
    fn observed<T: Recorded>(
        &mut self,
        operation: Operation,
        payload_bytes: usize,
        act: impl FnOnce(&mut Self) -> Result<T, IngestError>,
    ) -> Result<T, IngestError> {
        let Some(mut observer) = self.observer.take() else {
            return act(self);
        };
        let before = self.stages.tables_mut().stats();
        let started = Instant::now();
        let result = act(self);
        let elapsed = started.elapsed();
        let tables = self.stages.tables_mut();
        let written = tables.stats().into_iter().map(|after| after.since(&before));
        let written = written.collect();
        let (open_partitions, memory_estimate) = tables.gauges();
        observer.0.observe(&Activity {
            operation,
            elapsed,
            error: result.as_ref().err().map(|error| error as _),
            payload_bytes,
            records: match &result {
                Ok(outcome) => outcome.records(),
                Err(error) => error.records(),
            },
            tables: written,
            open_partitions,
            memory_estimate,
        });
        self.observer = Some(observer);
        result
    }

    fn count(
        &mut self,
        result: Result<Summary, DecodeFailure<DecodeError, SinkError>>,
    ) -> Result<Summary, IngestError> {
        match result {
            Ok(summary) => {
                self.total.merge(summary.clone());
                Ok(summary)
            }
            Err(DecodeFailure::Payload { error, accepted }) => {
                self.total.accepted += accepted;
                Err(IngestError::Payload { error, accepted })
            }
            Err(DecodeFailure::Sink { error, accepted }) => {
                self.total.accepted += accepted;
                Err(IngestError::Sink(error))
            }
        }
    }

    /// Begins a batch whose input has an identity, such as a topic, a partition and an offset. Its
    /// files have names that follow from it, so the same input under the same identity overwrites
    /// what an earlier try has left. Records that came before are written first; those of a batch that
    /// is open still, and so is given up, are dropped.
    ///
    /// # Errors
    ///
    /// When a file can't be written; see [`Pipeline::flush`]. No batch is open then.
    pub fn begin_batch(&mut self, batch: &BatchId) -> Result<(), IngestError> {
        self.observed(Operation::BeginBatch, 0, |this| {
            Ok(this.stages.tables_mut().begin_batch(batch)?)
        })
    }

    /// Ends the batch: when this returns without an error its records are visible, and once, however
    /// often the batch was tried. After an error it has to be tried again from
    /// [`Pipeline::begin_batch`] on.
    ///
    /// # Errors
    ///
    /// When a file can't be written, or what an earlier try has left can't be deleted, or when a call
    /// since [`Pipeline::begin_batch`] could not keep a record, or when no batch is open.
    pub fn finish_batch(&mut self) -> Result<(), IngestError> {
        self.observed(Operation::FinishBatch, 0, |this| {
            Ok(this.stages.tables_mut().finish_batch()?)
        })
    }

    /// Closes the files that are older than [`PipelineBuilder::max_age`] allows, also when no records
    /// arrive: call it every second or so.
    ///
    /// # Errors
    ///
    /// When a file can't be written; see [`Pipeline::flush`].
    pub fn tick(&mut self, now: Instant) -> Result<(), IngestError> {
        self.observed(Operation::Tick, 0, |this| {
            Ok(this.stages.tables_mut().tick(now)?)
        })
    }

    /// Closes the open files, so that all records taken are visible. The pipeline goes on with new
    /// ones.
    ///
    /// # Errors
    ///
    /// When a file can't be written; it is dropped then, with its records.
    pub fn flush(&mut self) -> Result<(), IngestError> {
        self.observed(Operation::Flush, 0, |this| {
            Ok(this.stages.tables_mut().close_files()?)
        })
    }

    /// Closes the open files and says what was done.
    ///
    /// # Errors
    ///
    /// When a file can't be written; it is dropped then, with its records.
    pub fn finish(mut self) -> Result<Report, IngestError> {
        self.observed(Operation::Flush, 0, |this| Ok(this.stages.finish()?))?;
        Ok(self.report())
    }

    /// What was done so far. The files are those closed since the last report, whose summaries are kept
    /// until then unless [`PipelineBuilder::file_summaries`] says otherwise.
    pub fn report(&mut self) -> Report {
        let patterns = self.patterns().map(Patterns::patterns);
        let patterns_table = self
            .patterns()
            .zip(patterns.as_ref())
            .map(|(learned, set)| PatternsTable::of(learned, set));
        Report {
            records: self.total.clone(),
            tables: self.stages.tables_mut().report(),
            patterns,
            patterns_table,
        }
    }

    /// What was learned of the bodies so far, if that was asked for: to be saved, merged with what
    /// other pipelines have learned, or made a [`PatternsTable`].
    pub fn patterns(&self) -> Option<&Patterns> {
        match &self.stages {
            Stages::Fingerprint(stage) => stage.patterns(),
            Stages::Plain(_) => None,
        }
    }

    /// The columns of a table found so far; `None` as long as it has no row.
    pub fn schema(&self, table: Table) -> Option<&Schema> {
        self.stages.tables().schema(table)
    }
}

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
    fn new() -> PipelineBuilder {
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
    /// [`with_row_group_rows`](otlake_parquet::ParquetSink::with_row_group_rows).
    pub fn row_group_rows(mut self, rows: usize) -> PipelineBuilder {
        self.row_group.0 = Some(rows);
        self
    }

    /// The bytes of a row group in memory; see
    /// [`with_row_group_bytes`](otlake_parquet::ParquetSink::with_row_group_bytes).
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

    /// Whether the summaries of closed files are kept for the next [`Report`]. Default: true. One takes
    /// about 100 bytes for each column of its file, and [`PipelineBuilder::memory_limit`] does not count
    /// them: a service either asks for a report now and then, or does without. The manifests of a
    /// dataset list its files all the same.
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

    /// Learns the patterns of the bodies, for the [`Report`].
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
    pub fn build<S: Storage>(self, storage: S) -> Result<Pipeline<S>, EncoderError> {
        self.build_with(Arc::new(storage), None)
    }

    /// The pipeline of a dataset that several pipelines may write, at once and one after the other:
    /// its schema is published beside the files, in the same `storage`, and no column changes its
    /// type.
    ///
    /// # Errors
    ///
    /// When the feature of the codec is off, or its context can't be made.
    pub fn build_dataset<S>(self, storage: S) -> Result<Pipeline<S>, EncoderError>
    where
        S: Storage + Documents + Send + Sync + 'static,
    {
        let storage = Arc::new(storage);
        let documents: SharedDocuments = storage.clone();
        self.build_with(storage, Some(documents))
    }

    fn build_with<S: Storage>(
        self,
        storage: Arc<S>,
        documents: Option<SharedDocuments>,
    ) -> Result<Pipeline<S>, EncoderError> {
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
        let (limits, invalid_utf8) = (self.limits, self.invalid_utf8);
        let keys = || Keys::with_limits(self.key_limits);
        Ok(Pipeline {
            decoders: Decoders {
                logs: LogsDecoder::with_limits(limits, keys()).with_invalid_utf8(invalid_utf8),
                traces: TracesDecoder::with_limits(limits, keys()).with_invalid_utf8(invalid_utf8),
                metrics: MetricsDecoder::with_limits(limits, keys())
                    .with_invalid_utf8(invalid_utf8),
            },
            stages,
            total: Summary::default(),
            observer: self.observer,
        })
    }
}

#[cfg(feature = "opentelemetry-proto")]
mod requests {
    use otlake_otlp::opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
    use otlake_otlp::opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
    use otlake_otlp::opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
    use otlake_parquet::Storage;
    use otlake_row::{Signal, Summary};

    use super::{IngestError, Pipeline};
    use crate::Operation;

    impl<S: Storage> Pipeline<S> {
        /// Takes a request that was decoded already, by a gRPC server say.
        ///
        /// # Errors
        ///
        /// When a file can't be written.
        pub fn ingest_logs_request(
            &mut self,
            request: &ExportLogsServiceRequest,
        ) -> Result<Summary, IngestError> {
            self.observed(Operation::Ingest(Signal::Logs), 0, |this| {
                let summary = (this.decoders.logs).decode_request(request, &mut this.stages)?;
                this.total.merge(summary.clone());
                Ok(summary)
            })
        }

        /// Takes a request that was decoded already, by a gRPC server say.
        ///
        /// # Errors
        ///
        /// When a file can't be written.
        pub fn ingest_traces_request(
            &mut self,
            request: &ExportTraceServiceRequest,
        ) -> Result<Summary, IngestError> {
            self.observed(Operation::Ingest(Signal::Traces), 0, |this| {
                let summary = (this.decoders.traces).decode_request(request, &mut this.stages)?;
                this.total.merge(summary.clone());
                Ok(summary)
            })
        }

        /// Takes a request that was decoded already, by a gRPC server say.
        ///
        /// # Errors
        ///
        /// When a file can't be written.
        pub fn ingest_metrics_request(
            &mut self,
            request: &ExportMetricsServiceRequest,
        ) -> Result<Summary, IngestError> {
            self.observed(Operation::Ingest(Signal::Metrics), 0, |this| {
                let summary = (this.decoders.metrics).decode_request(request, &mut this.stages)?;
                this.total.merge(summary.clone());
                Ok(summary)
            })
        }
    }
}

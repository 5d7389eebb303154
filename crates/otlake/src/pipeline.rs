use otlake_fingerprint::{PatternOptions, PatternSet, Patterns};
use otlake_otlp::{DecodeError, Limits, LogsDecoder};
use otlake_parquet::{
    Compression, EncoderError, FileNames, FileSummary, ParquetSink, SinkError, Storage,
    WriterOptions,
};
use otlake_row::{Bytes, DecodeFailure, Decoder, KeyLimits, Keys, RowSink, Signal, Summary};
use otlake_schema::{Naming, OverflowCounts, Schema, SchemaOptions};

use crate::{FingerprintStage, PatternsTable};

/// The whole way from OTLP payloads to Parquet files.
///
/// Single-threaded on purpose: a service runs one pipeline for each of its workers, and nothing is
/// shared between them.
#[derive(Debug)]
pub struct Pipeline<S: Storage> {
    decoder: LogsDecoder,
    stages: Stages<S>,
    total: Summary,
}

#[derive(Debug)]
enum Stages<S: Storage> {
    Plain(Box<ParquetSink<S>>),
    Fingerprint(Box<FingerprintStage<ParquetSink<S>>>),
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

/// What a pipeline has done.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Report {
    /// Records taken and rejected.
    pub records: Summary,
    /// The files written since the last report.
    pub files: Vec<FileSummary>,
    /// Values that went to the `overflow` column, by reason.
    pub overflow: OverflowCounts,
    /// The patterns of the bodies, busiest first; there when [`PipelineBuilder::patterns`] or
    /// [`PipelineBuilder::template`] asked for them.
    pub patterns: Option<PatternSet>,
    /// The same by fingerprint, as the table that belongs beside the data.
    pub patterns_table: Option<PatternsTable>,
}

impl Pipeline<otlake_parquet::Memory> {
    /// Begins with the defaults: fingerprints, flat names, 256 columns of attributes, files of
    /// 128 MiB in ZSTD(1), default limits.
    pub fn builder() -> PipelineBuilder {
        PipelineBuilder::new()
    }
}

impl<S: Storage> Pipeline<S> {
    /// Takes an `ExportLogsServiceRequest` or `LogsData` payload: the body of an OTLP/HTTP request,
    /// the content of a file.
    ///
    /// # Errors
    ///
    /// When the payload is malformed, or when a file can't be written.
    pub fn ingest_logs(&mut self, payload: impl Into<Bytes>) -> Result<Summary, IngestError> {
        let (decoder, payload) = (&mut self.decoder, payload.into());
        let result = match &mut self.stages {
            Stages::Plain(sink) => decoder.decode(&payload, &mut **sink),
            Stages::Fingerprint(stage) => decoder.decode(&payload, &mut **stage),
        };
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

    /// Takes a request that was decoded already, by a gRPC server say.
    ///
    /// # Errors
    ///
    /// When a file can't be written.
    #[cfg(feature = "opentelemetry-proto")]
    pub fn ingest_logs_request(
        &mut self,
        request: &otlake_otlp::opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest,
    ) -> Result<Summary, IngestError> {
        let summary = match &mut self.stages {
            Stages::Plain(sink) => self.decoder.decode_request(request, &mut **sink),
            Stages::Fingerprint(stage) => self.decoder.decode_request(request, &mut **stage),
        }?;
        self.total.merge(summary.clone());
        Ok(summary)
    }

    /// Closes the open file, so that all records taken are visible. The pipeline goes on with a new
    /// one.
    ///
    /// # Errors
    ///
    /// When the file can't be written; it is dropped then, with its records.
    pub fn flush(&mut self) -> Result<(), IngestError> {
        Ok(self.sink_mut().close_file()?)
    }

    /// Closes the open file and says what was done.
    ///
    /// # Errors
    ///
    /// When the file can't be written; it is dropped then, with its records.
    pub fn finish(mut self) -> Result<Report, IngestError> {
        match &mut self.stages {
            Stages::Plain(sink) => sink.finish(),
            Stages::Fingerprint(stage) => stage.finish(),
        }?;
        Ok(self.report())
    }

    /// What was done so far. The files are those closed since the last report.
    pub fn report(&mut self) -> Report {
        let patterns = self.patterns().map(Patterns::patterns);
        let patterns_table = self
            .patterns()
            .zip(patterns.as_ref())
            .map(|(learned, set)| PatternsTable::of(learned, set));
        let records = self.total.clone();
        let sink = self.sink_mut();
        let (files, overflow) = (sink.take_finished(), sink.overflow_counts());
        Report {
            records,
            files,
            overflow,
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

    /// The columns found so far.
    pub fn schema(&self) -> &Schema {
        match &self.stages {
            Stages::Plain(sink) => sink.schema(),
            Stages::Fingerprint(stage) => stage.sink().schema(),
        }
    }

    fn sink_mut(&mut self) -> &mut ParquetSink<S> {
        match &mut self.stages {
            Stages::Plain(sink) => sink,
            Stages::Fingerprint(stage) => stage.sink_mut(),
        }
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
    fingerprint: bool,
    patterns: Option<PatternOptions>,
    template: bool,
}

impl PipelineBuilder {
    fn new() -> PipelineBuilder {
        PipelineBuilder {
            limits: Limits::default(),
            key_limits: KeyLimits::default(),
            schema: SchemaOptions::new(),
            writer: WriterOptions::new(),
            names: FileNames::new("logs"),
            row_group: (None, None),
            fingerprint: true,
            patterns: None,
            template: false,
        }
    }

    /// What a sender may ask for.
    pub fn limits(mut self, limits: Limits) -> PipelineBuilder {
        self.limits = limits;
        self
    }

    /// How many names of attributes are kept; those beyond overflow.
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

    /// The rows of a row group; see [`ParquetSink::with_row_group_rows`].
    pub fn row_group_rows(mut self, rows: usize) -> PipelineBuilder {
        self.row_group.0 = Some(rows);
        self
    }

    /// The bytes of a row group in memory; see [`ParquetSink::with_row_group_bytes`].
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

    /// What the files are called. Default: `logs-…`, with a part that no other run has.
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
        let schema = Schema::new(Signal::Logs, self.schema);
        let mut sink = ParquetSink::new(storage, schema, self.writer)?.with_names(self.names);
        if let Some(rows) = self.row_group.0 {
            sink = sink.with_row_group_rows(rows);
        }
        if let Some(bytes) = self.row_group.1 {
            sink = sink.with_row_group_bytes(bytes);
        }
        let stages = if self.fingerprint || self.template || self.patterns.is_some() {
            let mut stage = FingerprintStage::new(sink);
            if self.template {
                stage = stage.with_template(self.patterns.unwrap_or_default());
            } else if let Some(options) = self.patterns {
                stage = stage.with_patterns(options);
            }
            Stages::Fingerprint(Box::new(stage))
        } else {
            Stages::Plain(Box::new(sink))
        };
        let decoder = LogsDecoder::with_limits(self.limits, Keys::with_limits(self.key_limits));
        Ok(Pipeline {
            decoder,
            stages,
            total: Summary::default(),
        })
    }
}

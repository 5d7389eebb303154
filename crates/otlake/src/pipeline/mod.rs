mod builder;
mod error;
mod report;
#[cfg(feature = "opentelemetry-proto")]
mod requests;
mod stages;

use std::time::Instant;

use otlake_dataset::{BatchId, SinkError};
use otlake_fingerprint::Patterns;
use otlake_otlp::{DecodeError, Format, OtlpDecoder, Summary};
use otlake_row::{Bytes, RowSink, Signal};
use otlake_schema::{Schema, Table};

pub use self::builder::PipelineBuilder;
pub use self::error::IngestError;
pub use self::report::Report;
use self::stages::Stages;
use crate::observer::Observed;
use crate::{Activity, Operation, PatternsTable};

/// The whole way from OTLP payloads to Parquet files: logs, spans and data points, each to the files
/// of their own table.
///
/// Single-threaded on purpose: a service runs one pipeline for each of its workers, and nothing is
/// shared between them.
#[derive(Debug)]
pub struct Pipeline {
    decoder: OtlpDecoder,
    stages: Stages,
    total: Summary,
    observer: Option<Observed>,
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

impl Pipeline {
    /// Begins with the defaults: fingerprints, flat names, 256 columns of attributes, one table of
    /// metrics, files of 128 MiB in ZSTD(1), default limits.
    pub fn builder() -> PipelineBuilder {
        PipelineBuilder::new()
    }

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
        self.observed(Operation::Ingest(signal), payload.len(), |this| {
            let sink = &mut this.stages;
            let result = this.decoder.decode(signal, format, &payload, sink);
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
        result: Result<Summary, DecodeError<SinkError>>,
    ) -> Result<Summary, IngestError> {
        match result {
            Ok(summary) => {
                self.total.merge(summary.clone());
                Ok(summary)
            }
            Err(DecodeError::Payload { error, summary }) => {
                self.total.merge(summary.clone());
                let before = summary;
                Err(IngestError::Payload { error, before })
            }
            Err(DecodeError::Sink { error, summary }) => {
                self.total.merge(summary);
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

mod batch;
mod builder;
mod error;
mod payload;
mod report;
mod retry;

use std::cell::Cell;
use std::convert::Infallible;
use std::error::Error;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::Instant;

use otlake_dataset::{BatchId, BatchStart, Dataset, DatasetWriter, RowError};
use otlake_fingerprint::Patterns;
use otlake_otlp::{DecodeError, Format, InflateLimits, OtlpDecoder, Summary};
use otlake_row::{Bytes, Row, RowSink, Signal, Stage};
use otlake_schema::{Schema, Table};

pub use self::batch::{Batch, BatchOutcome};
pub use self::builder::{DatasetOptions, PipelineBuilder};
pub use self::error::{BatchError, BeginBatchError, FinishBatchError, FlushError, IngestError};
pub use self::payload::{EncodedPayload, MalformedPayload};
pub use self::report::Report;
pub use self::retry::Retry;
use crate::observer::Observed;
use crate::{Activity, FingerprintStage, Operation, PatternsTable};

/// A decoder, a chain of stages and a writer, which take OTLP payloads to the files of a [`Dataset`].
///
/// `C` is the chain of stages, which a row passes in the order in which
/// [`stage`](PipelineBuilder::stage) was called: `Pipeline` has none, `Pipeline<(Redact, FingerprintStage)>` has two.
///
/// A pipeline belongs to one thread. A service has one for each of its workers, all
/// [on](Pipeline::on) the same dataset.
///
/// The life of a worker:
///
/// ```
/// use std::sync::Arc;
/// use std::time::{Duration, Instant};
///
/// use otlake::dataset::{BatchId, BatchStart, Dataset};
/// use otlake::{Filter, Pipeline, storage::InMemoryStorage};
/// use otlake::row::Stage;
///
/// let dataset = Dataset::builder().max_age(Duration::from_secs(60)).open(Arc::new(InMemoryStorage::new()))?;
/// let mut pipeline = Pipeline::on(&dataset).stage(Filter::min_severity(9)).build();
///
/// // GET is a span; there are no metrics.
/// pipeline.ingest_traces(b"\x0a\x09\x12\x07\x12\x05\x2a\x03GET")?;
/// pipeline.ingest_metrics(b"")?;
/// pipeline.tick(Instant::now())?; // about every second
///
/// // With other workers: each writes its rows, and then one of them closes the files of all.
/// pipeline.write_row_groups()?;
/// dataset.flush()?;
///
/// // By hand, what `Pipeline::batch` does.
/// let batch = BatchId::new("orders-3", 17)?;
/// assert_eq!(pipeline.begin_batch(&batch)?, BatchStart::Begun);
/// pipeline.ingest_logs(b"\x0a\x0a\x12\x08\x12\x06\x2a\x04\x0a\x02hi")?;
/// pipeline.discard_batch(); // the rest could not be read
///
/// assert_eq!(pipeline.stages().dropped(), 0);
/// assert_eq!(pipeline.finish()?.records.accepted, 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Pipeline<C = ()> {
    decoder: OtlpDecoder,
    inflate_limits: InflateLimits,
    malformed: MalformedPayload,
    stages: C,
    writer: DatasetWriter,
    /// Whether a batch was begun and not finished.
    in_batch: bool,
    retry: Retry,
    total: Summary,
    observer: Option<Observed>,
}

/// The stages and the writer behind them, as one sink.
#[derive(Debug)]
struct Chain<'p, C> {
    stages: &'p mut C,
    writer: &'p mut DatasetWriter,
}

impl<C: Stage> RowSink for Chain<'_, C> {
    type Error = RowError;

    #[inline]
    fn row(&mut self, row: &mut Row<'_>) -> Result<(), RowError> {
        self.stages.row(row, self.writer)
    }
}

/// A sink that keeps nothing.
#[derive(Debug)]
struct Discard;

impl RowSink for Discard {
    type Error = Infallible;

    #[inline]
    fn row(&mut self, _: &mut Row<'_>) -> Result<(), Infallible> {
        Ok(())
    }
}

/// The beginning of a pipeline's stages, for [`Pipeline::ingest_rows`].
///
/// ```
/// use otlake::row::{Group, Row, RowSink, Signal, Stage, Value, fields};
/// use otlake::{Pipeline, PipelineSink, storage::InMemoryStorage};
///
/// /// Pushes the lines of a text as logs.
/// fn push<C: Stage>(
///     text: &str,
///     sink: &mut PipelineSink<'_, C>,
/// ) -> Result<(), otlake::dataset::RowError> {
///     for line in text.lines() {
///         let mut row = Row::new(Signal::Logs, Group::new(&[]), Group::new(&[]));
///         row.push(fields::BODY, Value::String(line));
///         sink.row(&mut row)?;
///     }
///     Ok(())
/// }
///
/// let mut pipeline = Pipeline::builder().fingerprint().build(InMemoryStorage::new())?;
/// pipeline.ingest_rows(Signal::Logs, |sink| push("started\nready", sink))?;
/// assert_eq!(pipeline.records().accepted, 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct PipelineSink<'p, C> {
    chain: Chain<'p, C>,
    accepted: &'p Cell<u64>,
}

impl<C: Stage> RowSink for PipelineSink<'_, C> {
    type Error = RowError;

    #[inline]
    fn row(&mut self, row: &mut Row<'_>) -> Result<(), RowError> {
        self.chain.row(row)?;
        self.accepted.set(self.accepted.get() + 1);
        Ok(())
    }
}

impl Pipeline {
    /// Returns a builder with the defaults: no stages, flat names, 256 columns of attributes, one table
    /// of metrics, files of 128 MiB in ZSTD(1), default limits.
    pub fn builder() -> PipelineBuilder {
        PipelineBuilder::new()
    }

    /// Returns a builder of a pipeline that writes to an open dataset. Several pipelines, one for each worker,
    /// can write to one dataset.
    pub fn on(dataset: &Dataset) -> PipelineBuilder<(), Dataset> {
        PipelineBuilder::on(dataset.clone())
    }
}

impl<C: Stage> Pipeline<C> {
    /// Ingests the logs of a payload in protobuf: the body of an OTLP/HTTP request to `/v1/logs`.
    ///
    /// # Errors
    ///
    /// See [`Pipeline::ingest`].
    pub fn ingest_logs(
        &mut self,
        payload: impl Into<EncodedPayload>,
    ) -> Result<Summary, IngestError> {
        self.ingest(Signal::Logs, Format::Protobuf, payload)
    }

    /// Ingests the spans of a payload in protobuf: the body of an OTLP/HTTP request to `/v1/traces`.
    ///
    /// # Errors
    ///
    /// See [`Pipeline::ingest`].
    pub fn ingest_traces(
        &mut self,
        payload: impl Into<EncodedPayload>,
    ) -> Result<Summary, IngestError> {
        self.ingest(Signal::Traces, Format::Protobuf, payload)
    }

    /// Ingests the metrics of a payload in protobuf: the body of an OTLP/HTTP request to `/v1/metrics`.
    ///
    /// # Errors
    ///
    /// See [`Pipeline::ingest`].
    pub fn ingest_metrics(
        &mut self,
        payload: impl Into<EncodedPayload>,
    ) -> Result<Summary, IngestError> {
        self.ingest(Signal::Metrics, Format::Protobuf, payload)
    }

    /// Ingests a payload of any signal, format and encoding. An OTLP/HTTP request states them in its path,
    /// its `Content-Type` and its `Content-Encoding`; for a file, a
    /// [`PayloadReader`](otlake_otlp::PayloadReader) finds them out. Pass uncompressed bytes as they are, and
    /// others as an [`EncodedPayload`].
    ///
    /// # Errors
    ///
    /// Returns an error when the payload is damaged or malformed, or when rows can't be written. The rows
    /// before the fault are kept, and the error counts them.
    pub fn ingest(
        &mut self,
        signal: Signal,
        format: Format,
        payload: impl Into<EncodedPayload>,
    ) -> Result<Summary, IngestError> {
        self.ingest_payload(signal, format, &payload.into())
    }

    fn ingest_payload(
        &mut self,
        signal: Signal,
        format: Format,
        payload: &EncodedPayload,
    ) -> Result<Summary, IngestError> {
        self.observe_ingest(signal, payload.bytes().len(), |this| {
            let payload = payload.inflate(this.inflate_limits)?;
            if this.malformed == MalformedPayload::RejectAll {
                this.check(signal, format, &payload)?;
            }
            this.within_budget(payload.len(), |this| {
                let (decoder, mut chain) = this.parts();
                Ok(decoder.decode(signal, format, &payload, &mut chain)?)
            })
        })
    }

    /// Ingests a request that has already been decoded, for example by a gRPC server.
    ///
    /// ```
    /// # #[cfg(feature = "opentelemetry-proto")] {
    /// use otlake::otlp::opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
    /// use otlake::{Pipeline, storage::InMemoryStorage};
    ///
    /// let mut pipeline = Pipeline::builder().build(InMemoryStorage::new())?;
    /// let request = ExportLogsServiceRequest::default(); // from your gRPC server
    /// assert_eq!(pipeline.ingest_request(&request)?.accepted, 0);
    /// # }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Returns an error when rows can't be written. The rows before the failure are kept, and the error counts
    /// them.
    #[cfg(feature = "opentelemetry-proto")]
    pub fn ingest_request<'r>(
        &mut self,
        request: impl Into<otlake_otlp::ExportRequest<'r>>,
    ) -> Result<Summary, IngestError> {
        let request = request.into();
        self.observe_ingest(request.signal(), 0, |this| {
            // It is not known how many bytes the request had.
            this.within_budget(this.inflate_limits.bytes, |this| {
                let (decoder, mut chain) = this.parts();
                Ok(decoder.decode_request(request, &mut chain)?)
            })
        })
    }

    /// Ingests the rows that a function pushes, for example from a format other than OTLP. They pass the
    /// stages, and the observer receives the same activity as for a payload.
    ///
    /// ```
    /// # #[cfg(feature = "pipeline")] {
    /// use otlake::Pipeline;
    /// use otlake::row::{Group, Row, RowSink, Signal, Value, fields};
    /// use otlake::storage::InMemoryStorage;
    ///
    /// let mut pipeline = Pipeline::builder().fingerprint().build(InMemoryStorage::new())?;
    /// pipeline.ingest_rows(Signal::Logs, |sink| {
    ///     for line in ["started", "no disk left"] {
    ///         let mut row = Row::new(Signal::Logs, Group::new(&[]), Group::new(&[]));
    ///         row.push(fields::BODY, Value::String(line));
    ///         sink.row(&mut row)?;
    ///     }
    ///     Ok::<_, otlake::dataset::RowError>(())
    /// })?;
    /// assert_eq!(pipeline.finish()?.records.accepted, 2);
    /// # }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Returns the error of the function. The rows that were pushed before it are kept.
    pub fn ingest_rows<T, E: Error + 'static>(
        &mut self,
        signal: Signal,
        push: impl FnOnce(&mut PipelineSink<'_, C>) -> Result<T, E>,
    ) -> Result<T, E> {
        let accepted = Cell::new(0);
        let records = || {
            let mut records = Summary::default();
            records.accepted = accepted.get();
            records
        };
        let push = |this: &mut Self| {
            let (_, chain) = this.parts();
            push(&mut PipelineSink {
                chain,
                accepted: &accepted,
            })
        };
        let result = self.observe_with(Operation::Ingest(signal), 0, push, |_| records());
        self.total.merge(records());
        result
    }

    /// Returns an error if a payload is malformed. Decodes all of it, and keeps no record.
    fn check(
        &mut self,
        signal: Signal,
        format: Format,
        payload: &Bytes,
    ) -> Result<(), IngestError> {
        match self.decoder.decode(signal, format, payload, &mut Discard) {
            Ok(_) => Ok(()),
            Err(DecodeError::Payload { error, .. }) => Err(IngestError::Payload {
                source: error,
                records: Box::default(),
            }),
            Err(DecodeError::Sink { error, .. }) => match error {},
        }
    }

    /// Decodes a payload of this size, and counts the records that exceed its budget as rejected.
    fn within_budget(
        &mut self,
        bytes: usize,
        decode: impl FnOnce(&mut Self) -> Result<Summary, IngestError>,
    ) -> Result<Summary, IngestError> {
        self.writer.begin_input(bytes);
        let mut result = decode(self);
        if let Some(rejected) = self.writer.end_input() {
            let records = match &mut result {
                Ok(records) => records,
                Err(error) => error.records_mut(),
            };
            records.reject_last(rejected.rows, rejected.limit);
        }
        result
    }

    fn parts(&mut self) -> (&mut OtlpDecoder, Chain<'_, C>) {
        let chain = Chain {
            stages: &mut self.stages,
            writer: &mut self.writer,
        };
        (&mut self.decoder, chain)
    }

    fn observe_ingest(
        &mut self,
        signal: Signal,
        payload_bytes: usize,
        ingest: impl FnOnce(&mut Self) -> Result<Summary, IngestError>,
    ) -> Result<Summary, IngestError> {
        let records = |result: &Result<Summary, IngestError>| match result {
            Ok(summary) => summary.clone(),
            Err(error) => error.records().clone(),
        };
        let operation = Operation::Ingest(signal);
        let result = self.observe_with(operation, payload_bytes, ingest, records);
        self.total.merge(records(&result));
        result
    }

    fn observe<T, E: Error + 'static>(
        &mut self,
        operation: Operation,
        act: impl FnOnce(&mut Self) -> Result<T, E>,
    ) -> Result<T, E> {
        self.observe_with(operation, 0, act, |_| Summary::default())
    }

    /// Carries out an operation and tells the observer about it.
    fn observe_with<T, E: Error + 'static>(
        &mut self,
        operation: Operation,
        payload_bytes: usize,
        act: impl FnOnce(&mut Self) -> Result<T, E>,
        records: impl FnOnce(&Result<T, E>) -> Summary,
    ) -> Result<T, E> {
        let Some(mut observer) = self.observer.take() else {
            return act(self);
        };
        let (before, dropped_before) = (self.writer.stats(), self.stages.dropped());
        let started = Instant::now();
        // After a panic, the pipeline still has its observer.
        let result = match catch_unwind(AssertUnwindSafe(|| act(self))) {
            Ok(result) => result,
            Err(panic) => {
                self.observer = Some(observer);
                resume_unwind(panic)
            }
        };
        let elapsed = started.elapsed();
        observer.0.observe(&Activity {
            operation,
            elapsed,
            error: result.as_ref().err().map(|error| error as _),
            payload_bytes,
            records: records(&result),
            dropped: self.stages.dropped() - dropped_before,
            tables: crate::TableActivity::since(&before, self.writer.stats()),
            open_partitions: self.writer.open_partitions(),
            memory_estimate: self.writer.dataset().memory_estimate(),
        });
        self.observer = Some(observer);
        result
    }

    /// Begins a batch whose input has an identity, such as a topic, a partition and an offset, or finds that an
    /// earlier attempt has finished it: see [`DatasetWriter::begin_batch`]. [`Pipeline::batch`] also keeps the
    /// payloads and retries.
    ///
    /// # Errors
    ///
    /// Returns an error when the records from before the batch can't be written, or when the commit target does not
    /// say whether the batch is finished. No batch is open then.
    pub fn begin_batch(&mut self, batch: &BatchId) -> Result<BatchStart, BeginBatchError> {
        self.observe(Operation::BeginBatch, |this| {
            if std::mem::take(&mut this.in_batch) {
                this.stages.discard();
            }
            let held_back = this.stages.flush(&mut this.writer);
            let start = this.writer.begin_batch(batch)?;
            if let Err(error) = held_back {
                this.writer.discard_batch();
                return Err(BeginBatchError::HeldBack(error));
            }
            this.in_batch = true;
            Ok(start)
        })
    }

    /// Finishes the batch: when this returns without an error, its records are visible exactly once,
    /// however many attempts it took.
    ///
    /// # Errors
    ///
    /// Returns an error when no batch is open, when a call since [`Pipeline::begin_batch`] has failed to keep
    /// a record, or when files can't be written, deleted or committed. The batch has to be repeated from
    /// [`Pipeline::begin_batch`] on.
    pub fn finish_batch(&mut self) -> Result<(), FinishBatchError> {
        self.observe(Operation::FinishBatch, |this| {
            let held_back = match std::mem::take(&mut this.in_batch) {
                true => this.stages.flush(&mut this.writer),
                false => Ok(()),
            };
            let finished = this.writer.finish_batch();
            held_back.map_err(FinishBatchError::HeldBack)?;
            Ok(finished?)
        })
    }

    /// Abandons the open batch, if there is one. Its records are dropped, except those in closed files, which a retry of
    /// the batch deletes. Later records belong to no batch.
    pub fn discard_batch(&mut self) {
        if std::mem::take(&mut self.in_batch) {
            self.stages.discard();
            self.writer.discard_batch();
        }
    }

    /// Closes the files that are older than [`max_age`](PipelineBuilder::max_age). Call it about every second,
    /// also when no records arrive.
    ///
    /// # Errors
    ///
    /// See [`DatasetWriter::tick`].
    pub fn tick(&mut self, now: Instant) -> Result<(), otlake_dataset::FlushError> {
        self.observe(Operation::Tick, |this| this.writer.tick(now))
    }

    /// Closes the open files, so that all records accepted so far are visible. Later records go to new files.
    ///
    /// # Errors
    ///
    /// Returns an error when rows can't be written or their files can't be committed; see
    /// [`DatasetWriter::flush`].
    pub fn flush(&mut self) -> Result<(), FlushError> {
        self.observe(Operation::Flush, |this| {
            let held_back = this.stages.flush(&mut this.writer);
            this.writer.flush()?;
            held_back.map_err(FlushError::HeldBack)
        })
    }

    /// Writes the records accepted so far as row groups, and leaves files open for the other pipelines of the
    /// dataset. When all workers have done this, [`Dataset::flush`] closes the files.
    ///
    /// # Errors
    ///
    /// Returns an error when rows can't be written; see [`DatasetWriter::write_row_groups`].
    pub fn write_row_groups(&mut self) -> Result<(), FlushError> {
        self.observe(Operation::Flush, |this| {
            let held_back = this.stages.flush(&mut this.writer);
            this.writer.write_row_groups()?;
            held_back.map_err(FlushError::HeldBack)
        })
    }

    /// Removes the observer, for a pipeline that has panicked.
    #[cfg(feature = "tokio")]
    pub(crate) fn take_observer(&mut self) -> Option<Observed> {
        self.observer.take()
    }

    /// Returns the outcome for the records of all payloads so far.
    pub fn records(&self) -> &Summary {
        &self.total
    }

    /// Returns the stages.
    pub fn stages(&self) -> &C {
        &self.stages
    }

    /// Returns the writer behind the stages.
    pub fn writer(&self) -> &DatasetWriter {
        &self.writer
    }

    /// Returns the columns of a table that were found so far, or `None` if it has no row.
    pub fn schema(&self, table: Table) -> Option<&Schema> {
        self.writer.schema(table)
    }
}

impl<C: Stage + 'static> Pipeline<C> {
    /// Flushes and returns the report.
    ///
    /// # Errors
    ///
    /// See [`Pipeline::flush`].
    pub fn finish(mut self) -> Result<Report, FlushError> {
        self.flush()?;
        Ok(self.report())
    }

    /// Returns a report of the work done so far. Its files are those closed since the last report.
    pub fn report(&mut self) -> Report {
        let patterns = self.patterns().map(Patterns::patterns);
        let patterns_table = self
            .patterns()
            .zip(patterns.as_ref())
            .map(|(learned, set)| PatternsTable::of(learned, set));
        Report {
            records: self.total.clone(),
            dropped: self.stages.dropped(),
            tables: self.writer.report(),
            patterns,
            patterns_table,
        }
    }

    /// Returns the first stage of a type, wherever it is in the chain.
    ///
    /// ```
    /// # #[cfg(feature = "pipeline")] {
    /// use otlake::{Filter, MinSeverity, Pipeline, storage::InMemoryStorage};
    /// use otlake::row::Stage;
    ///
    /// let pipeline = Pipeline::builder().stage(Filter::min_severity(9)).build(InMemoryStorage::new())?;
    /// let filter = pipeline.stage::<Filter<MinSeverity>>();
    /// assert_eq!(filter.map(Stage::dropped), Some(0));
    /// # }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn stage<T: 'static>(&self) -> Option<&T> {
        let mut found = None;
        self.stages.visit(&mut |stage| {
            found = found.or_else(|| stage.downcast_ref());
        });
        found
    }

    /// Returns the patterns learned so far, or `None` if there is no [`FingerprintStage`] that learns
    /// them. They can be saved, merged with those of other pipelines, or written as a [`PatternsTable`].
    pub fn patterns(&self) -> Option<&Patterns> {
        self.stage::<FingerprintStage>()?.patterns()
    }
}

use std::thread;
use std::time::Duration;

use otlake_dataset::{BatchId, BatchStart};
use otlake_otlp::{Format, Summary};
use otlake_row::{Signal, Stage};

use super::{BatchError, EncodedPayload, IngestError, Pipeline};

/// A batch that is being filled, from [`Pipeline::batch`].
///
/// ```
/// use otlake::dataset::{BatchId, BatchStart};
/// use otlake::otlp::Format;
/// use otlake::row::Signal;
/// use otlake::{Batch, BatchError, BatchOutcome, Pipeline, storage::InMemoryStorage};
///
/// fn fill<C: otlake::row::Stage>(batch: &mut Batch<'_, C>) -> Result<&'static str, BatchError> {
///     batch.ingest_traces(b"\x0a\x09\x12\x07\x12\x05\x2a\x03GET")?;
///     batch.ingest_metrics(b"")?;
///     batch.ingest(Signal::Logs, Format::Json, br#"{"resourceLogs":[]}"#)?;
///     Ok("the offset to acknowledge")
/// }
///
/// let mut pipeline = Pipeline::builder().build(InMemoryStorage::new())?;
/// let id = BatchId::new("orders-3", 17)?;
/// let outcome: BatchOutcome<&str> = pipeline.batch(&id, fill)?;
/// assert_eq!((outcome.start, outcome.records.accepted), (BatchStart::Begun, 1));
/// assert!(outcome.failures.is_empty());
///
/// let again = pipeline.batch(&id, fill)?;
/// assert_eq!((again.start, again.records.accepted), (BatchStart::AlreadyFinished, 0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Batch<'p, C> {
    pipeline: &'p mut Pipeline<C>,
    id: &'p BatchId,
    /// The payloads so far, for the next attempt.
    payloads: Vec<(Signal, Format, EncodedPayload)>,
    /// The pauses before further attempts, the next one last.
    pauses: Vec<Duration>,
    /// The counts of the pipeline before the batch.
    total_before: Summary,
    records: Summary,
    failures: Vec<BatchError>,
    start: BatchStart,
}

/// The outcome of [`Pipeline::batch`]: the records are visible exactly once.
#[derive(Debug)]
#[non_exhaustive]
pub struct BatchOutcome<T> {
    /// The value that the function returned.
    pub value: T,
    /// What the last attempt has found when it began. If the batch was finished before this call, its payloads were
    /// not decoded, and `records` counts none. It may also have been finished by the previous attempt of this call,
    /// whose response was lost.
    pub start: BatchStart,
    /// The outcome for the records of all payloads, in the attempt that succeeded.
    pub records: Summary,
    /// The errors of the earlier attempts, in order. A [`BatchError::Begin`] among them may mean that records
    /// from before the batch are lost.
    pub failures: Vec<BatchError>,
}

impl<C: Stage> Pipeline<C> {
    /// Delivers a batch whose input has an identity, such as a topic, a partition and an offset, exactly
    /// once: begins it, calls `fill` to ingest its payloads, and finishes it.
    ///
    /// When something can't be written, the batch is begun again after a pause, with the payloads that were
    /// ingested so far; see [`PipelineBuilder::retry`](crate::PipelineBuilder::retry). `fill` is called once.
    /// When this returns without an error, the input can be acknowledged. After an error, or when the process
    /// ends, it is safe to deliver the same input under the same identity again, with the same options.
    ///
    /// ```
    /// # #[cfg(feature = "pipeline")] {
    /// use otlake::dataset::BatchId;
    /// use otlake::storage::InMemoryStorage;
    /// use otlake::Pipeline;
    ///
    /// # let payloads = [&b"\x0a\x0a\x12\x08\x12\x06\x2a\x04\x0a\x02hi"[..]; 2];
    /// let mut pipeline = Pipeline::builder().build(InMemoryStorage::new())?;
    /// let outcome = pipeline.batch(&BatchId::new("checkout-0", 1817)?, |batch| {
    ///     for payload in payloads {
    ///         batch.ingest_logs(payload)?;
    ///     }
    ///     Ok(())
    /// })?;
    /// assert_eq!(outcome.records.accepted, 2);
    /// # }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Returns the error of `fill`, or that of the last attempt. Nothing of the batch is committed then.
    pub fn batch<T>(
        &mut self,
        id: &BatchId,
        fill: impl FnOnce(&mut Batch<'_, C>) -> Result<T, BatchError>,
    ) -> Result<BatchOutcome<T>, BatchError> {
        let mut pauses: Vec<_> = self.retry.pauses().collect();
        pauses.reverse();
        let total_before = self.total.clone();
        let mut batch = Batch {
            pipeline: self,
            id,
            payloads: Vec::new(),
            pauses,
            total_before,
            records: Summary::default(),
            failures: Vec::new(),
            start: BatchStart::Begun,
        };
        match batch.run(fill) {
            Ok(value) => Ok(BatchOutcome {
                value,
                start: batch.start,
                records: batch.records,
                failures: batch.failures,
            }),
            Err(error) => {
                self.discard_batch();
                Err(error)
            }
        }
    }
}

impl<C: Stage> Batch<'_, C> {
    /// Ingests the logs of a payload in protobuf.
    ///
    /// # Errors
    ///
    /// See [`Batch::ingest`].
    pub fn ingest_logs(
        &mut self,
        payload: impl Into<EncodedPayload>,
    ) -> Result<Summary, BatchError> {
        self.ingest(Signal::Logs, Format::Protobuf, payload)
    }

    /// Ingests the spans of a payload in protobuf.
    ///
    /// # Errors
    ///
    /// See [`Batch::ingest`].
    pub fn ingest_traces(
        &mut self,
        payload: impl Into<EncodedPayload>,
    ) -> Result<Summary, BatchError> {
        self.ingest(Signal::Traces, Format::Protobuf, payload)
    }

    /// Ingests the metrics of a payload in protobuf.
    ///
    /// # Errors
    ///
    /// See [`Batch::ingest`].
    pub fn ingest_metrics(
        &mut self,
        payload: impl Into<EncodedPayload>,
    ) -> Result<Summary, BatchError> {
        self.ingest(Signal::Metrics, Format::Protobuf, payload)
    }

    /// Ingests a payload, like [`Pipeline::ingest`], and keeps it until the batch is finished.
    ///
    /// # Errors
    ///
    /// Returns an error when the payload is damaged or malformed: the batch goes on without the rest of it,
    /// unless the caller returns the error. Also returns an error when rows can't be written in any attempt:
    /// then the batch can't go on.
    pub fn ingest(
        &mut self,
        signal: Signal,
        format: Format,
        payload: impl Into<EncodedPayload>,
    ) -> Result<Summary, BatchError> {
        if self.start == BatchStart::AlreadyFinished {
            return Ok(Summary::default());
        }
        self.payloads.push((signal, format, payload.into()));
        match self.send(self.payloads.len() - 1) {
            Err(error @ IngestError::Write { .. }) => Ok(self.again(error.into())??),
            result => Ok(result?),
        }
    }

    fn run<T>(
        &mut self,
        fill: impl FnOnce(&mut Self) -> Result<T, BatchError>,
    ) -> Result<T, BatchError> {
        if let Err(error) = self.begin() {
            let _ = self.again(error)?;
        }
        let value = fill(self)?;
        while let Err(error) = self.pipeline.finish_batch() {
            // `fill` has got the outcome of the last payload.
            let _ = self.again(BatchError::Finish(error))?;
        }
        Ok(value)
    }

    fn begin(&mut self) -> Result<(), BatchError> {
        let start = self.pipeline.begin_batch(self.id);
        match start.map_err(BatchError::Begin)? {
            BatchStart::Begun => {
                self.pipeline.total = self.total_before.clone();
                self.records = Summary::default();
            }
            // What the last attempt has counted, if there was one, is delivered.
            BatchStart::AlreadyFinished => self.start = BatchStart::AlreadyFinished,
        }
        Ok(())
    }

    fn send(&mut self, index: usize) -> Result<Summary, IngestError> {
        let (signal, format, payload) = &self.payloads[index];
        let result = self.pipeline.ingest_payload(*signal, *format, payload);
        self.records.merge(match &result {
            Ok(records) => records.clone(),
            Err(error) => error.records().clone(),
        });
        result
    }

    /// Repeats the batch with the payloads so far, until they are written or no attempts are left. Returns
    /// the outcome of the last payload.
    fn again(&mut self, mut error: BatchError) -> Result<Result<Summary, IngestError>, BatchError> {
        while let Some(pause) = self.pauses.pop() {
            self.failures.push(error);
            thread::sleep(pause);
            match self.replay() {
                Ok(last) => return Ok(last),
                Err(again) => error = again,
            }
        }
        Err(error)
    }

    /// Sends all payloads again. A malformed payload was reported the first time, so it is no error here.
    fn replay(&mut self) -> Result<Result<Summary, IngestError>, BatchError> {
        self.begin()?;
        let mut last = Ok(Summary::default());
        if self.start == BatchStart::AlreadyFinished {
            return Ok(last);
        }
        for index in 0..self.payloads.len() {
            last = self.send(index);
            if let Err(error @ IngestError::Write { .. }) = last {
                return Err(error.into());
            }
        }
        Ok(last)
    }
}

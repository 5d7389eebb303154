use otlake_dataset::RowError;
use otlake_otlp::{DecodeError, InflateError, InvalidPayload, Summary};

/// The error of [`Pipeline::ingest`](crate::Pipeline::ingest): a payload was not ingested to its end.
///
/// The records before the failure are kept, and the error counts them.
///
/// ```
/// use otlake::{IngestError, Pipeline, storage::InMemoryStorage};
///
/// let mut pipeline = Pipeline::builder().build(InMemoryStorage::new())?;
/// let cut_off = b"\x0a\x0a\x12\x08\x12\x06\x2a\x04\x0a";
/// let Err(error) = pipeline.ingest_logs(cut_off) else { panic!("it is cut off") };
/// assert!(matches!(error, IngestError::Payload { .. }));
/// assert!(error.is_payload(), "don't send it again");
/// assert_eq!(error.records().accepted, 0);
/// # Ok::<(), otlake::dataset::OpenError>(())
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IngestError {
    /// The payload can't be inflated. It has the same fault when it is sent again.
    #[error("the payload can't be inflated")]
    #[non_exhaustive]
    Inflate {
        /// The cause.
        source: InflateError,
        /// The outcome for its records, of which there are none.
        records: Box<Summary>,
    },
    /// The payload is malformed. It has the same fault when it is sent again.
    #[error("the payload is malformed ({} records before the fault are kept)", records.accepted)]
    #[non_exhaustive]
    Payload {
        /// The fault and its position.
        source: InvalidPayload,
        /// The outcome for the records before the fault.
        records: Box<Summary>,
    },
    /// The rows can't be written. The payload may succeed when it is sent again.
    #[error("the rows of the payload can't be written")]
    #[non_exhaustive]
    Write {
        /// The cause, with the number of rows that are lost.
        source: RowError,
        /// The outcome for the records before the failure.
        records: Box<Summary>,
    },
}

impl IngestError {
    /// Returns the outcome for the records before the failure.
    pub fn records(&self) -> &Summary {
        match self {
            IngestError::Inflate { records, .. }
            | IngestError::Payload { records, .. }
            | IngestError::Write { records, .. } => records,
        }
    }

    pub(super) fn records_mut(&mut self) -> &mut Summary {
        match self {
            IngestError::Inflate { records, .. }
            | IngestError::Payload { records, .. }
            | IngestError::Write { records, .. } => records,
        }
    }

    /// Returns whether the payload itself is at fault, so that it would fail again.
    pub fn is_payload(&self) -> bool {
        !matches!(self, IngestError::Write { .. })
    }
}

impl From<InflateError> for IngestError {
    fn from(source: InflateError) -> IngestError {
        IngestError::Inflate {
            source,
            records: Box::default(),
        }
    }
}

impl From<DecodeError<RowError>> for IngestError {
    fn from(error: DecodeError<RowError>) -> IngestError {
        match error {
            DecodeError::Payload { error, summary } => IngestError::Payload {
                source: error,
                records: Box::new(summary),
            },
            DecodeError::Sink { error, summary } => IngestError::Write {
                source: error,
                records: Box::new(summary),
            },
        }
    }
}

/// The error of [`Pipeline::flush`](crate::Pipeline::flush).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FlushError {
    /// A row that a stage held back can't be written.
    #[error("a row that a stage held back can't be written")]
    HeldBack(#[source] RowError),
    /// The files can't be written or committed.
    #[error(transparent)]
    Files(#[from] otlake_dataset::FlushError),
}

/// The error of [`Pipeline::begin_batch`](crate::Pipeline::begin_batch). No batch is open.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BeginBatchError {
    /// A row from before the batch, which a stage held back, can't be written.
    #[error("a row that a stage held back can't be written")]
    HeldBack(#[source] RowError),
    /// The records from before the batch can't be written, or it is unknown whether the batch is finished.
    #[error(transparent)]
    Files(#[from] otlake_dataset::BeginBatchError),
}

/// The error of [`Pipeline::finish_batch`](crate::Pipeline::finish_batch). The batch has to be repeated from
/// its beginning.
///
/// ```
/// use otlake::{FinishBatchError, Pipeline, dataset, storage::InMemoryStorage};
///
/// let mut pipeline = Pipeline::builder().build(InMemoryStorage::new())?;
/// let Err(FinishBatchError::Files(error)) = pipeline.finish_batch() else { panic!("none was begun") };
/// assert!(matches!(error, dataset::FinishBatchError::NoBatch));
/// # Ok::<(), otlake::dataset::OpenError>(())
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FinishBatchError {
    /// A row that a stage held back can't be written.
    #[error("a row that a stage held back can't be written")]
    HeldBack(#[source] RowError),
    /// The batch can't be finished.
    #[error(transparent)]
    Files(#[from] otlake_dataset::FinishBatchError),
}

/// The error of [`Pipeline::batch`](crate::Pipeline::batch), and of each of its attempts.
///
/// ```
/// use otlake::dataset::BatchId;
/// use otlake::{BatchError, BeginBatchError, FlushError, Pipeline, storage::InMemoryStorage};
///
/// let storage = InMemoryStorage::new();
/// let mut pipeline = Pipeline::builder().build(storage.clone())?;
/// let outcome = pipeline.batch(&BatchId::new("orders-3", 17)?, |batch| {
///     batch.ingest_logs(b"\x0a\x0a\x12\x08\x12\x06\x2a\x04\x0a\x02hi")?;
///     Err::<(), _>(BatchError::other("the topic was revoked"))
/// });
/// match outcome {
///     Err(BatchError::Begin(BeginBatchError::Files(error))) => return Err(error.into()),
///     Err(error) => assert_eq!(error.to_string(), "the topic was revoked"),
///     Ok(_) => panic!("it was abandoned"),
/// }
/// let flushed: Result<(), FlushError> = pipeline.flush();
/// flushed?;
/// assert!(storage.files().keys().all(|name| !name.ends_with(".parquet")));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BatchError {
    /// The batch can't be begun.
    #[error("the batch can't be begun")]
    Begin(#[source] BeginBatchError),
    /// A payload of the batch can't be ingested.
    #[error(transparent)]
    Ingest(#[from] IngestError),
    /// The batch can't be finished.
    #[error("the batch can't be finished")]
    Finish(#[source] FinishBatchError),
    /// An error of the function that fills the batch, created by [`BatchError::other`].
    #[error(transparent)]
    Other(Box<dyn std::error::Error + Send + Sync>),
}

impl BatchError {
    /// Returns an error with which the function that fills a batch abandons it.
    pub fn other(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> BatchError {
        BatchError::Other(error.into())
    }
}

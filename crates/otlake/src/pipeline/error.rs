use otlake_dataset::RowError;
use otlake_otlp::{DecodeError, InflateError, InvalidPayload, Summary};

/// The error of [`Pipeline::ingest`](crate::Pipeline::ingest): a payload was not ingested to its end.
///
/// The records before the failure are kept, and the error counts them.
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

use otlake_dataset::SinkError;
use otlake_otlp::{InvalidPayload, Summary};

/// Why a payload was not taken, or not to its end.
///
/// Of a malformed payload the records before the fault have been taken, unless they were over a limit; the
/// error says what became of them.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IngestError {
    /// The payload is malformed.
    #[error("{error} ({} records before it were taken)", before.accepted)]
    Payload {
        /// What is wrong, and where.
        error: InvalidPayload,
        /// What became of the records before the fault.
        before: Summary,
    },
    /// The files could not be written.
    #[error(transparent)]
    Sink(#[from] SinkError),
}

impl IngestError {
    pub(super) fn records(&self) -> Summary {
        match self {
            IngestError::Payload { before, .. } => before.clone(),
            IngestError::Sink(_) => Summary::default(),
        }
    }
}

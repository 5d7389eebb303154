use otlake_otlp::DecodeError;
use otlake_parquet::SinkError;
use otlake_row::Summary;

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
    pub(super) fn records(&self) -> Summary {
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

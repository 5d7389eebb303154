use std::sync::Arc;

use crate::{BatchError, IngestError};

/// The error of a request to a [`Service`](crate::Service).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServiceError {
    /// The payload is damaged or malformed. The records before the fault are durable, unless the pipeline
    /// [rejects all](crate::MalformedPayload::RejectAll) of them. Sending the payload again does not help.
    #[error(transparent)]
    Payload(IngestError),
    /// The group of the request could not be made durable in any attempt. The request may succeed when it is
    /// sent again.
    #[error("the records could not be made durable: send the request again")]
    Group(#[source] Arc<BatchError>),
    /// The service is shut down, or all of its workers have panicked. The request was not accepted.
    #[error("the service is shut down, or all of its workers have panicked")]
    Closed,
    /// A stage panicked. Whether the records are durable is not known.
    #[error(
        "the worker of the request has panicked, and its records may or may not be durable: restart the \
         service to replace the worker"
    )]
    Panicked,
}

/// The error of [`ServiceHandle::try_ingest`](crate::ServiceHandle::try_ingest): the request was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TryIngestError {
    /// The queue is full.
    #[error("the queue is full: send the request again later")]
    Full,
    /// The service is shut down, or all of its workers have panicked.
    #[error("the service is shut down, or all of its workers have panicked")]
    Closed,
}

use std::sync::Arc;

use super::WorkerPanic;
use crate::{BatchError, IngestError};

/// The error of a request to a [`Service`](crate::Service).
///
/// ```
/// use std::sync::Arc;
///
/// use otlake::dataset::Dataset;
/// use otlake::otlp::Format;
/// use otlake::row::Signal;
/// use otlake::storage::InMemoryStorage;
/// use otlake::{Pipeline, Service, ServiceError};
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
/// let dataset = Dataset::builder().open(Arc::new(InMemoryStorage::new()))?;
/// let service = Service::builder().start(move |_worker| Pipeline::on(&dataset).build())?;
/// let handle = service.handle();
/// match handle.ingest(Signal::Logs, Format::Protobuf, b"not a payload").await {
///     Err(ServiceError::Payload(error)) => assert!(error.is_payload()),
///     Err(ServiceError::Panicked(panic)) => eprintln!("a worker panicked: {}", panic.message()),
///     outcome => panic!("{outcome:?}"),
/// }
/// service.shutdown().await;
/// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
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
    /// The service is shut down. The request was not accepted.
    #[error("the service is shut down")]
    Closed,
    /// The worker panicked, at a record of this request or of another one of its group. It goes on with a new pipeline,
    /// so the request may succeed when it is sent again. Whether its records are durable is not known.
    #[error(
        "the worker of the request has panicked, and the records may or may not be durable: send the request again"
    )]
    Panicked(#[from] WorkerPanic),
    /// All workers have panicked too often in a row, and have given up. The records are not durable.
    #[error("all workers of the service have given up: fix what panics, and restart the service")]
    NoWorker,
}

/// The error of [`ServiceHandle::try_ingest`](crate::ServiceHandle::try_ingest): the request was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TryIngestError {
    /// The queue is full.
    #[error("the queue is full: send the request again later")]
    Full,
    /// The service is shut down.
    #[error("the service is shut down")]
    Closed,
    /// All workers have panicked too often in a row, and have given up.
    #[error("all workers of the service have given up: fix what panics, and restart the service")]
    NoWorker,
}

mod backlog;
mod builder;
mod error;
mod panic;
mod reservation;
mod worker;

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SendError, Sender};
use std::sync::{Arc, PoisonError, RwLock};
use std::task::{Context, Poll, ready};
use std::thread::JoinHandle;
use std::time::Instant;

use otlake_otlp::{Format, Summary};
use otlake_row::Signal;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use self::backlog::Backlog;
pub use self::builder::ServiceBuilder;
pub use self::error::{ServiceError, TryIngestError};
pub use self::panic::WorkerPanic;
pub use self::reservation::Reservation;
use self::worker::Request;
use crate::{EncodedPayload, Pipeline};

/// Pipelines on threads of their own, for asynchronous servers: a request is answered when its records are
/// durable.
///
/// Each worker gathers the requests of a short time into a *group*, which it delivers as one
/// [batch](Pipeline::batch): failed writes are retried, and a request that was answered with success is in
/// the files exactly once. The files of a group are closed with it, so the time and the size of a group are a
/// choice between quick answers and large files.
///
/// If a stage panics, the requests of its group fail with [`ServiceError::Panicked`], and its worker goes on with
/// a new pipeline and the next requests, after a pause. What the old pipeline has learned and counted is lost. A worker
/// that panics again and again [gives up](ServiceBuilder::restart), and the others take its requests. With
/// `panic = "abort"`, the process ends instead.
///
/// ```
/// # #[cfg(feature = "tokio")] {
/// use std::sync::Arc;
/// use std::time::Duration;
///
/// use otlake::dataset::Dataset;
/// use otlake::otlp::Format;
/// use otlake::row::Signal;
/// use otlake::storage::InMemoryStorage;
/// use otlake::{Pipeline, Service};
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
/// let dataset = Dataset::builder().memory_limit(256 << 20).open(Arc::new(InMemoryStorage::new()))?;
/// let service = Service::builder()
///     .workers(2)
///     .group_time(Duration::from_millis(20))
///     .queue_bytes(64 << 20)
///     .start(move |_worker| Pipeline::on(&dataset).fingerprint().build())?;
///
/// let handle = service.handle(); // one for each connection
/// let payload = b"\x0a\x14\x12\x12\x12\x10\x2a\x0e\x0a\x0cdisk is full";
/// let summary = handle.ingest(Signal::Logs, Format::Protobuf, payload).await?;
/// assert_eq!(summary.accepted, 1); // and durable
///
/// service.shutdown().await; // after everything that was accepted is durable
/// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Service<C = ()> {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<Option<Pipeline<C>>>>,
    /// One for each worker, which drops the other half when it has ended.
    ended: Vec<oneshot::Receiver<()>>,
}

/// A handle to a [`Service`], which is cheap to clone.
#[derive(Clone, Debug)]
pub struct ServiceHandle {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    /// The free space of the queue, in units of [`UNIT`] bytes.
    room: Arc<Semaphore>,
    capacity: u32,
    /// Empty once the service is shut down.
    workers: RwLock<Vec<Worker>>,
    /// The panics of all workers.
    panics: Arc<AtomicU64>,
}

/// The bytes of payload per permit.
const UNIT: usize = 1 << 10;

#[derive(Debug)]
struct Worker {
    requests: Sender<Request>,
    backlog: Arc<Backlog>,
}

impl Service {
    /// Returns a builder with the defaults.
    pub fn builder() -> ServiceBuilder {
        ServiceBuilder::new()
    }
}

impl<C> Service<C> {
    /// Returns a handle to send requests with.
    pub fn handle(&self) -> ServiceHandle {
        ServiceHandle {
            shared: Arc::clone(&self.shared),
        }
    }

    /// Rejects new requests, waits until those that were accepted are durable, and returns the pipelines,
    /// for their reports and patterns. A worker that has given up has none.
    ///
    /// A service that is dropped instead does the same in the background, so records can be lost if the
    /// process ends meanwhile.
    pub async fn shutdown(mut self) -> Vec<Pipeline<C>> {
        self.shared.close();
        for ended in &mut self.ended {
            // An error says that the worker has ended.
            let _ = ended.await;
        }
        let threads = std::mem::take(&mut self.threads).into_iter();
        threads
            .filter_map(|thread| thread.join().ok().flatten())
            .collect()
    }
}

impl<C> Drop for Service<C> {
    fn drop(&mut self) {
        self.shared.close();
    }
}

impl Shared {
    fn close(&self) {
        self.room.close();
        let mut workers = self.workers.write().unwrap_or_else(PoisonError::into_inner);
        workers.clear();
    }

    /// Returns the permits for bytes of a payload. A payload that is larger than the whole queue takes all of it.
    fn units(&self, bytes: usize) -> u32 {
        let units = bytes / UNIT + 1;
        u32::try_from(units).unwrap_or(u32::MAX).min(self.capacity)
    }

    /// Sends a request to the worker with the shortest backlog.
    ///
    /// # Errors
    ///
    /// Returns an error if no worker is left.
    fn send(
        &self,
        signal: Signal,
        format: Format,
        payload: EncodedPayload,
        room: Option<OwnedSemaphorePermit>,
    ) -> Result<Response, NoWorker> {
        let (answer, response) = oneshot::channel();
        let mut request = Request {
            signal,
            format,
            payload,
            arrived: Instant::now(),
            room,
            answer,
        };
        let workers = self.workers.read().unwrap_or_else(PoisonError::into_inner);
        if workers.is_empty() {
            return Err(NoWorker::Closed);
        }
        loop {
            let worker = workers
                .iter()
                .filter(|worker| !worker.backlog.has_given_up())
                .min_by_key(|worker| worker.backlog.len())
                .ok_or(NoWorker::GivenUp)?;
            worker.backlog.add();
            match worker.requests.send(request) {
                Ok(()) => return Ok(Response(response)),
                // It has given up. The others go on.
                Err(SendError(returned)) => {
                    worker.backlog.give_up();
                    request = returned;
                }
            }
        }
    }
}

impl ServiceHandle {
    /// Ingests a payload, and resolves when its records are durable. Waits while the queue is full.
    ///
    /// A request that was accepted is carried out even if the future is dropped.
    ///
    /// # Errors
    ///
    /// Returns an error when the payload is damaged or malformed; the records before the fault are durable
    /// then, unless the pipeline [rejects all](crate::MalformedPayload::RejectAll) of them. Also returns an error
    /// when the records could not be made durable in any attempt, and when the service is shut down.
    pub async fn ingest(
        &self,
        signal: Signal,
        format: Format,
        payload: impl Into<EncodedPayload>,
    ) -> Result<Summary, ServiceError> {
        let payload = payload.into();
        let units = self.shared.units(payload.bytes().len());
        let room = Arc::clone(&self.shared.room).acquire_many_owned(units);
        let room = room.await.map_err(|_| ServiceError::Closed)?;
        let response = self.shared.send(signal, format, payload, Some(room));
        response?.await
    }

    /// Accepts a payload at once, or rejects it if the queue is full: then answer with HTTP's 429 or gRPC's
    /// `UNAVAILABLE`. The response resolves like that of [`ServiceHandle::ingest`].
    ///
    /// # Errors
    ///
    /// Returns an error when the queue is full, or when the service is shut down.
    pub fn try_ingest(
        &self,
        signal: Signal,
        format: Format,
        payload: impl Into<EncodedPayload>,
    ) -> Result<Response, TryIngestError> {
        let payload = payload.into();
        let mut reservation = self.reserve();
        reservation.grow_to(payload.bytes().len())?;
        reservation.ingest(signal, format, payload)
    }

    /// Returns an empty reservation in the queue, for a payload that is still being received.
    pub fn reserve(&self) -> Reservation {
        Reservation::new(Arc::clone(&self.shared))
    }

    /// Returns the bytes of payloads that were accepted or reserved and are not durable, in units of 1 KiB.
    pub fn queued_bytes(&self) -> usize {
        (self.shared.capacity as usize).saturating_sub(self.shared.room.available_permits()) * UNIT
    }

    /// Returns the number of workers that take requests: those that have not [given up](ServiceBuilder::restart), or 0
    /// when the service is shut down.
    pub fn workers(&self) -> usize {
        let workers = self
            .shared
            .workers
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        workers
            .iter()
            .filter(|worker| !worker.backlog.has_given_up())
            .count()
    }

    /// Returns how often a worker has panicked.
    pub fn panics(&self) -> u64 {
        self.shared.panics.load(Ordering::Relaxed)
    }
}

/// The reason why a request was not accepted.
enum NoWorker {
    Closed,
    GivenUp,
}

impl From<NoWorker> for ServiceError {
    fn from(reason: NoWorker) -> ServiceError {
        match reason {
            NoWorker::Closed => ServiceError::Closed,
            NoWorker::GivenUp => ServiceError::NoWorker,
        }
    }
}

impl From<NoWorker> for TryIngestError {
    fn from(reason: NoWorker) -> TryIngestError {
        match reason {
            NoWorker::Closed => TryIngestError::Closed,
            NoWorker::GivenUp => TryIngestError::NoWorker,
        }
    }
}

/// The response to a request that was accepted: a future that resolves when its records are durable.
#[derive(Debug)]
#[must_use = "the records are not durable before the response has resolved"]
pub struct Response(oneshot::Receiver<Result<Summary, ServiceError>>);

impl Future for Response {
    type Output = Result<Summary, ServiceError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let answer = ready!(Pin::new(&mut self.0).poll(context));
        // A worker that gives up drops the other half of requests that reach it at that moment.
        Poll::Ready(answer.unwrap_or_else(|_| Err(WorkerPanic::too_often().into())))
    }
}

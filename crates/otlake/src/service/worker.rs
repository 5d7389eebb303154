use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use otlake_dataset::BatchId;
use otlake_otlp::{Format, Summary};
use otlake_row::{Signal, Stage};
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use super::ServiceError;
use crate::pipeline::Batch;
use crate::{BatchError, EncodedPayload, IngestError, Pipeline};

/// A payload, and the channel on which its sender waits for the answer.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) signal: Signal,
    pub(super) format: Format,
    pub(super) payload: EncodedPayload,
    /// The share of the queue, which is given back with the answer.
    pub(super) room: Option<OwnedSemaphorePermit>,
    pub(super) answer: oneshot::Sender<Result<Summary, ServiceError>>,
}

/// A request that was ingested and is not durable yet.
struct Ingested {
    result: Result<Summary, IngestError>,
    answer: oneshot::Sender<Result<Summary, ServiceError>>,
    _room: Option<OwnedSemaphorePermit>,
}

/// A worker, which delivers requests in groups.
pub(super) struct Groups<C> {
    pub(super) pipeline: Pipeline<C>,
    pub(super) requests: Receiver<Request>,
    pub(super) waiting: Arc<AtomicUsize>,
    /// The source of the batches of this worker. Each group is a batch.
    pub(super) source: String,
    pub(super) next: u64,
    pub(super) time: Duration,
    pub(super) bytes: usize,
}

impl<C: Stage> Groups<C> {
    /// Delivers groups until no handle can send any more and all requests are answered.
    pub(super) fn run(mut self) -> Pipeline<C> {
        while let Ok(first) = self.requests.recv() {
            let id = BatchId::new(&*self.source, self.next);
            self.next += 1;
            match id {
                Ok(id) => self.deliver(&id, first),
                // The name is short and plain, so it is a valid identity.
                Err(error) => answer_failed(vec![], Some(first), BatchError::other(error)),
            }
        }
        self.pipeline
    }

    fn deliver(&mut self, id: &BatchId, first: Request) {
        let Groups {
            pipeline,
            requests,
            waiting,
            time,
            bytes,
            ..
        } = self;
        let mut ingested = Vec::new();
        let mut rejected = None;
        let delivered = pipeline.batch(id, |batch| {
            let deadline = Instant::now() + *time;
            let mut group_bytes = 0;
            let mut request = first;
            loop {
                waiting.fetch_sub(1, Ordering::Relaxed);
                group_bytes += request.payload.bytes().len();
                ingest(batch, request, &mut ingested, &mut rejected)?;
                if group_bytes >= *bytes {
                    return Ok(());
                }
                let left = deadline.saturating_duration_since(Instant::now());
                request = match requests.recv_timeout(left) {
                    Ok(next) => next,
                    Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                        return Ok(());
                    }
                };
            }
        });
        match delivered {
            Ok(_) => {
                for Ingested { result, answer, .. } in ingested {
                    // The caller may have stopped waiting.
                    let _ = answer.send(result.map_err(ServiceError::Payload));
                }
            }
            Err(error) => answer_failed(ingested, rejected, error),
        }
    }
}

/// Ingests a request. If its rows can't be written, the request is stored in `rejected`.
fn ingest<C: Stage>(
    batch: &mut Batch<'_, C>,
    request: Request,
    ingested: &mut Vec<Ingested>,
    rejected: &mut Option<Request>,
) -> Result<(), BatchError> {
    let payload = request.payload.clone();
    let result = match batch.ingest(request.signal, request.format, payload) {
        Ok(summary) => Ok(summary),
        Err(BatchError::Ingest(error)) if error.is_payload() => Err(error),
        Err(error) => {
            *rejected = Some(request);
            return Err(error);
        }
    };
    ingested.push(Ingested {
        result,
        answer: request.answer,
        _room: request.room,
    });
    Ok(())
}

/// Answers the requests of a group that could not be delivered.
fn answer_failed(ingested: Vec<Ingested>, rejected: Option<Request>, error: BatchError) {
    let error = Arc::new(error);
    for Ingested { answer, .. } in ingested {
        let _ = answer.send(Err(ServiceError::Group(Arc::clone(&error))));
    }
    if let Some(request) = rejected {
        let _ = request.answer.send(Err(ServiceError::Group(error)));
    }
}

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use otlake_dataset::{BatchId, Dataset};
use otlake_otlp::{Format, Summary};
use otlake_row::{Signal, Stage};
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use super::{Backlog, ServiceError, WorkerPanic};
use crate::observer::Observed;
use crate::pipeline::Batch;
use crate::{Activity, BatchError, EncodedPayload, IngestError, Operation, Pipeline, Retry};

/// A payload of a group, and what it is.
struct GroupPayload {
    signal: Signal,
    format: Format,
    payload: EncodedPayload,
}

/// A payload, and the channel on which its sender waits for the answer.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) signal: Signal,
    pub(super) format: Format,
    pub(super) payload: EncodedPayload,
    /// When the request came to the service.
    pub(super) arrived: Instant,
    /// The share of the queue, which is given back with the answer.
    pub(super) room: Option<OwnedSemaphorePermit>,
    pub(super) answer: oneshot::Sender<Result<Summary, ServiceError>>,
}

/// A request of the current group, which is not answered yet.
struct Pending {
    /// The outcome for the payload, once it is ingested.
    result: Result<Summary, IngestError>,
    answer: oneshot::Sender<Result<Summary, ServiceError>>,
    _room: Option<OwnedSemaphorePermit>,
}

/// A worker, which delivers requests in groups.
pub(super) struct Groups<B> {
    /// Builds a pipeline.
    pub(super) build: B,
    pub(super) requests: Receiver<Request>,
    pub(super) backlog: Arc<Backlog>,
    /// The source of the batches of this worker. Each group is a batch.
    pub(super) source: String,
    /// The number of the next batch. No number is used twice, because the outcome of a group that has failed may be
    /// unknown.
    pub(super) next: u64,
    pub(super) time: Duration,
    pub(super) bytes: usize,
    pub(super) restart: Retry,
    pub(super) panics: Arc<AtomicU64>,
}

impl<B> Groups<B> {
    /// Delivers groups until no handle can send any more and all requests are answered. Returns `None` if the worker
    /// has given up.
    pub(super) fn run<C: Stage>(mut self, mut pipeline: Pipeline<C>) -> Option<Pipeline<C>>
    where
        B: FnMut() -> Pipeline<C>,
    {
        let restart = self.restart;
        let mut pauses = restart.pauses();
        while let Ok(first) = self.requests.recv() {
            let started = Instant::now();
            let mut group = Vec::new();
            match WorkerPanic::catch(|| self.deliver(&mut pipeline, first, &mut group)) {
                Ok(delivered) => {
                    pauses = restart.pauses();
                    answer(group, delivered);
                }
                Err(panic) => {
                    answer_all(group, || ServiceError::Panicked(panic.clone()));
                    pipeline = self.restart(pipeline, panic, started, &mut pauses)?;
                }
            }
        }
        Some(pipeline)
    }

    /// Gathers a group and delivers it. Its requests are in `group` afterwards.
    fn deliver<C: Stage>(
        &mut self,
        pipeline: &mut Pipeline<C>,
        first: Request,
        group: &mut Vec<Pending>,
    ) -> Result<(), BatchError> {
        let arrived = first.arrived;
        let mut payload = self.join(group, first);
        let id = BatchId::new(&*self.source, self.next).map_err(BatchError::other)?;
        self.next += 1;
        let mut bytes = 0;
        pipeline.batch(&id, |batch| {
            loop {
                bytes += payload.payload.bytes().len();
                let result = ingest(batch, payload)?;
                if let Some(pending) = group.last_mut() {
                    pending.result = result;
                }
                if bytes >= self.bytes {
                    return Ok(());
                }
                // The time that the first request has waited for the group before counts too.
                let left = self.time.saturating_sub(arrived.elapsed());
                payload = match self.requests.recv_timeout(left) {
                    Ok(next) => self.join(group, next),
                    Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                        return Ok(());
                    }
                };
            }
        })?;
        Ok(())
    }

    /// Adds a request to the group, before anything is done with its payload.
    fn join(&self, group: &mut Vec<Pending>, request: Request) -> GroupPayload {
        self.backlog.remove();
        group.push(Pending {
            result: Ok(Summary::default()),
            answer: request.answer,
            _room: request.room,
        });
        GroupPayload {
            signal: request.signal,
            format: request.format,
            payload: request.payload,
        }
    }

    /// Builds a pipeline in place of one that has panicked, after a pause. Returns `None` if there have been too many
    /// panics in a row.
    fn restart<C: Stage>(
        &mut self,
        mut broken: Pipeline<C>,
        mut panic: WorkerPanic,
        mut started: Instant,
        pauses: &mut impl Iterator<Item = Duration>,
    ) -> Option<Pipeline<C>>
    where
        B: FnMut() -> Pipeline<C>,
    {
        let mut observer = broken.take_observer();
        let dataset = broken.writer().dataset().clone();
        // Frees its memory and removes its temporary files. A stage may panic again.
        let _ = WorkerPanic::catch(|| drop(broken));
        loop {
            self.panics.fetch_add(1, Ordering::Relaxed);
            let _ = WorkerPanic::catch(|| tell(observer.as_mut(), &dataset, &panic, started));
            let Some(pause) = pauses.next() else {
                self.give_up(&panic);
                return None;
            };
            self.backlog.paused(|| thread::sleep(pause));
            started = Instant::now();
            match WorkerPanic::catch(&mut self.build) {
                Ok(pipeline) => return Some(pipeline),
                Err(again) => panic = again,
            }
        }
    }

    /// Answers the requests that have waited for this worker.
    fn give_up(&self, panic: &WorkerPanic) {
        self.backlog.give_up();
        for request in self.requests.try_iter() {
            let _ = request
                .answer
                .send(Err(ServiceError::Panicked(panic.clone())));
        }
    }
}

/// Tells an observer about a panic in work that began at `started`.
fn tell(observer: Option<&mut Observed>, dataset: &Dataset, panic: &WorkerPanic, started: Instant) {
    if let Some(Observed(observer)) = observer {
        observer.observe(&Activity {
            operation: Operation::Restart,
            elapsed: started.elapsed(),
            error: Some(panic),
            payload_bytes: 0,
            records: Summary::default(),
            dropped: 0,
            tables: Vec::new(),
            open_partitions: 0,
            memory_estimate: dataset.memory_estimate(),
        });
    }
}

/// Ingests a payload, and returns its outcome.
///
/// # Errors
///
/// Returns an error if the rows can't be written, so that the group has failed.
fn ingest<C: Stage>(
    batch: &mut Batch<'_, C>,
    payload: GroupPayload,
) -> Result<Result<Summary, IngestError>, BatchError> {
    let GroupPayload {
        signal,
        format,
        payload,
    } = payload;
    match batch.ingest(signal, format, payload) {
        Ok(summary) => Ok(Ok(summary)),
        Err(BatchError::Ingest(error)) if error.is_payload() => Ok(Err(error)),
        Err(error) => Err(error),
    }
}

/// Answers the requests of a group, unless their callers have stopped waiting.
fn answer(group: Vec<Pending>, delivered: Result<(), BatchError>) {
    match delivered {
        Ok(()) => {
            for Pending { result, answer, .. } in group {
                let _ = answer.send(result.map_err(ServiceError::Payload));
            }
        }
        Err(error) => {
            let error = Arc::new(error);
            answer_all(group, || ServiceError::Group(Arc::clone(&error)));
        }
    }
}

fn answer_all(group: Vec<Pending>, error: impl Fn() -> ServiceError) {
    for Pending { answer, .. } in group {
        let _ = answer.send(Err(error()));
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use std::sync::mpsc;

    use otlake_storage::InMemoryStorage;

    use super::*;

    /// Otherwise the group would wait for ten minutes more.
    #[test]
    fn a_request_that_has_waited_for_the_group_before_does_not_wait_again() {
        let time = Duration::from_secs(600);
        let storage = Arc::new(InMemoryStorage::new());
        let dataset = Dataset::builder().open(storage).unwrap();
        let (requests, receiver) = mpsc::channel();
        let mut groups = Groups {
            build: || (),
            requests: receiver,
            backlog: Arc::default(),
            source: "test".to_owned(),
            next: 0,
            time,
            bytes: usize::MAX,
            restart: Retry::default(),
            panics: Arc::default(),
        };
        let (answer, _response) = oneshot::channel();
        let first = Request {
            signal: Signal::Logs,
            format: Format::Protobuf,
            payload: EncodedPayload::from(Vec::new()),
            arrived: Instant::now().checked_sub(time).unwrap(),
            room: None,
            answer,
        };
        let mut group = Vec::new();
        let delivered = groups.deliver(&mut Pipeline::on(&dataset).build(), first, &mut group);
        delivered.unwrap();
        assert_eq!(group.len(), 1);
        drop(requests);
    }
}

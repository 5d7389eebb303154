use std::hash::{BuildHasher, RandomState};
use std::io;
use std::num::NonZero;
use std::sync::{Arc, Mutex, PoisonError, RwLock, mpsc};
use std::thread;
use std::time::Duration;

use otlake_row::Stage;
use tokio::sync::{Semaphore, oneshot};

use super::backlog::Backlog;
use super::worker::Groups;
use super::{Service, Shared, UNIT, Worker};
use crate::{Pipeline, Retry};

/// A builder for a [`Service`].
///
/// ```
/// use std::sync::Arc;
/// use std::time::Duration;
///
/// use otlake::dataset::Dataset;
/// use otlake::storage::InMemoryStorage;
/// use otlake::{Pipeline, Retry, Service, ServiceBuilder, ServiceHandle};
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
/// let builder: ServiceBuilder = Service::builder()
///     .workers(2)
///     .queue_bytes(64 << 20)
///     .group_time(Duration::from_millis(20))
///     .group_bytes(4 << 20)
///     .restart(Retry::default().with_attempts(3));
/// let dataset = Dataset::builder().open(Arc::new(InMemoryStorage::new()))?;
/// let service = builder.start(move |_worker| Pipeline::on(&dataset).build())?;
///
/// let handle: ServiceHandle = service.handle();
/// assert_eq!((handle.workers(), handle.panics()), (2, 0));
/// assert_eq!(handle.queued_bytes(), 0);
/// service.shutdown().await;
/// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct ServiceBuilder {
    workers: usize,
    queue_bytes: usize,
    group_time: Duration,
    group_bytes: usize,
    restart: Retry,
}

impl ServiceBuilder {
    pub(super) fn new() -> ServiceBuilder {
        ServiceBuilder {
            workers: thread::available_parallelism().map_or(1, NonZero::get),
            queue_bytes: 256 << 20,
            group_time: Duration::from_secs(1),
            group_bytes: 64 << 20,
            restart: Retry::default().with_attempts(10),
        }
    }

    /// Sets the number of workers, at least 1. Default: the number of cores.
    pub fn workers(mut self, workers: usize) -> ServiceBuilder {
        self.workers = workers.max(1);
        self
    }

    /// Limits the bytes of payloads that were accepted and are not durable, over all workers. Default:
    /// 256 MiB. This memory is in addition to the limit of the dataset. A payload that is larger than the
    /// whole queue is accepted when the queue is empty.
    pub fn queue_bytes(mut self, bytes: usize) -> ServiceBuilder {
        self.queue_bytes = bytes;
        self
    }

    /// Sets how long the first request of a group waits for others, counted from its arrival. Default: 1 s.
    ///
    /// Requests are answered when their group is written. While a worker writes a group, the requests of the next one
    /// already wait, so a request waits for at most two writes, unless more bytes are waiting than a group has.
    pub fn group_time(mut self, time: Duration) -> ServiceBuilder {
        self.group_time = time;
        self
    }

    /// Sets the bytes of payloads at which a group is delivered before its time. Default: 64 MiB.
    pub fn group_bytes(mut self, bytes: usize) -> ServiceBuilder {
        self.group_bytes = bytes;
        self
    }

    /// Sets after how many panics in a row a worker gives up, and how long it pauses before it restarts. A group without
    /// a panic resets the count. Shutdown waits for a pause to end. Default: 10 panics, with pauses from 100 ms to 10 s.
    pub fn restart(mut self, restart: Retry) -> ServiceBuilder {
        self.restart = restart;
        self
    }

    /// Starts the workers, each with a pipeline of its own on one dataset: `pipeline` is called with the
    /// number of each worker, from 0. It is called again, on the worker's thread, when a worker has panicked.
    ///
    /// # Errors
    ///
    /// Returns an error when a thread can't be started.
    ///
    /// # Panics
    ///
    /// Panics if `pipeline` panics here, where it builds the first pipelines.
    pub fn start<C: Stage + Send + 'static>(
        self,
        mut pipeline: impl FnMut(usize) -> Pipeline<C> + Send + 'static,
    ) -> io::Result<Service<C>> {
        let capacity = u32::try_from(self.queue_bytes / UNIT).unwrap_or(u32::MAX);
        let capacity = capacity.clamp(1, Semaphore::MAX_PERMITS.try_into().unwrap_or(u32::MAX));
        let mut service = Service {
            shared: Arc::new(Shared {
                room: Arc::new(Semaphore::new(capacity as usize)),
                capacity,
                workers: RwLock::default(),
                panics: Arc::default(),
            }),
            threads: Vec::new(),
            ended: Vec::new(),
        };
        // The identity of the groups: no other process has the same random part.
        let source = RandomState::new().hash_one(std::process::id());
        let first: Vec<_> = (0..self.workers).map(&mut pipeline).collect();
        let build = Arc::new(Mutex::new(pipeline));
        for (number, pipeline) in first.into_iter().enumerate() {
            let (requests, receiver) = mpsc::channel();
            let (running, ended) = oneshot::channel::<()>();
            let backlog = Arc::new(Backlog::default());
            let build = Arc::clone(&build);
            let groups = Groups {
                build: move || {
                    // A call that has panicked says nothing about the next one.
                    let mut build = build.lock().unwrap_or_else(PoisonError::into_inner);
                    build(number)
                },
                requests: receiver,
                backlog: Arc::clone(&backlog),
                source: format!("service-{source:016x}-{number}"),
                next: 0,
                time: self.group_time,
                bytes: self.group_bytes,
                restart: self.restart,
                panics: Arc::clone(&service.shared.panics),
            };
            let thread = thread::Builder::new()
                .name(format!("otlake-{number}"))
                .spawn(move || {
                    let pipeline = groups.run(pipeline);
                    drop(running);
                    pipeline
                })?;
            service.threads.push(thread);
            service.ended.push(ended);
            let workers = service.shared.workers.write();
            let mut workers = workers.unwrap_or_else(PoisonError::into_inner);
            workers.push(Worker { requests, backlog });
        }
        Ok(service)
    }
}

use std::hash::{BuildHasher, RandomState};
use std::io;
use std::num::NonZero;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, RwLock, mpsc};
use std::thread;
use std::time::Duration;

use otlake_row::Stage;
use tokio::sync::{Semaphore, oneshot};

use super::worker::Groups;
use super::{Service, Shared, UNIT, Worker};
use crate::Pipeline;

/// A builder for a [`Service`].
#[derive(Clone, Debug)]
#[must_use]
pub struct ServiceBuilder {
    workers: usize,
    queue_bytes: usize,
    group_time: Duration,
    group_bytes: usize,
}

impl ServiceBuilder {
    pub(super) fn new() -> ServiceBuilder {
        ServiceBuilder {
            workers: thread::available_parallelism().map_or(1, NonZero::get),
            queue_bytes: 256 << 20,
            group_time: Duration::from_secs(1),
            group_bytes: 64 << 20,
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

    /// Sets the time for which a group gathers requests, which is about the time until a request is answered.
    /// Default: 1 s.
    pub fn group_time(mut self, time: Duration) -> ServiceBuilder {
        self.group_time = time;
        self
    }

    /// Sets the bytes of payloads at which a group is delivered before its time. Default: 64 MiB.
    pub fn group_bytes(mut self, bytes: usize) -> ServiceBuilder {
        self.group_bytes = bytes;
        self
    }

    /// Starts the workers, each with a pipeline of its own on one dataset: `pipeline` is called with the
    /// number of each worker, from 0.
    ///
    /// # Errors
    ///
    /// Returns an error when a thread can't be started.
    pub fn start<C: Stage + Send + 'static>(
        self,
        mut pipeline: impl FnMut(usize) -> Pipeline<C>,
    ) -> io::Result<Service<C>> {
        let capacity = u32::try_from(self.queue_bytes / UNIT).unwrap_or(u32::MAX);
        let capacity = capacity.clamp(1, Semaphore::MAX_PERMITS.try_into().unwrap_or(u32::MAX));
        let mut service = Service {
            shared: Arc::new(Shared {
                room: Arc::new(Semaphore::new(capacity as usize)),
                capacity,
                workers: RwLock::default(),
            }),
            threads: Vec::new(),
            ended: Vec::new(),
        };
        // The identity of the groups: no other process has the same random part.
        let source = RandomState::new().hash_one(std::process::id());
        for number in 0..self.workers {
            let (requests, receiver) = mpsc::channel();
            let (running, ended) = oneshot::channel::<()>();
            let waiting = Arc::new(AtomicUsize::new(0));
            let groups = Groups {
                pipeline: pipeline(number),
                requests: receiver,
                waiting: Arc::clone(&waiting),
                source: format!("service-{source:016x}-{number}"),
                next: 0,
                time: self.group_time,
                bytes: self.group_bytes,
            };
            let thread = thread::Builder::new()
                .name(format!("otlake-{number}"))
                .spawn(move || {
                    let pipeline = groups.run();
                    drop(running);
                    pipeline
                })?;
            service.threads.push(thread);
            service.ended.push(ended);
            if let Ok(mut workers) = service.shared.workers.write() {
                workers.push(Worker { requests, waiting });
            }
        }
        Ok(service)
    }
}

//! Where requests run while the writer, which is not async, goes on encoding.

use std::fmt;
use std::io;
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use tokio::runtime::{Builder, Handle, Runtime, RuntimeFlavor};
use tokio::time::timeout;
use tokio_util::task::TaskTracker;

/// The time for which dropping the executor waits for running tasks, which are uploads being aborted. Not measured:
/// long enough for a request that is retried, short enough for a process that ends.
const PATIENCE: Duration = Duration::from_secs(10);

/// Runs futures on a thread of its own or on the caller's runtime, and waits for them without being
/// async.
pub(super) struct Executor {
    handle: Handle,
    own: Option<Runtime>,
    tasks: TaskTracker,
}

impl Executor {
    /// Creates an executor with a thread of its own. That thread does nothing else, so any thread may wait
    /// for it, even one of another runtime, without blocking the work it waits for.
    pub(super) fn own() -> io::Result<Self> {
        // Not the current-thread runtime: that one runs only while a thread is in `block_on`.
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("otlake-storage")
            .enable_all()
            .build()?;
        Ok(Self {
            handle: runtime.handle().clone(),
            own: Some(runtime),
            tasks: TaskTracker::new(),
        })
    }

    /// Creates an executor on the caller's runtime, or returns `None` if that has a single thread, which
    /// may be the thread that waits.
    pub(super) fn given(handle: Handle) -> Option<Self> {
        (handle.runtime_flavor() == RuntimeFlavor::MultiThread).then(|| Self {
            handle,
            own: None,
            tasks: TaskTracker::new(),
        })
    }

    /// Runs `future` in the background. If the runtime ends first, it is dropped.
    pub(super) fn spawn(&self, future: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn_on(future, &self.handle);
    }

    /// Runs `future` and waits for it. Returns `None` if it panics or the runtime ends first.
    pub(super) fn run<T: Send + 'static>(
        &self,
        future: impl Future<Output = T> + Send + 'static,
    ) -> Option<T> {
        let (sender, receiver) = sync_channel(1);
        self.spawn(async move {
            // The receiver waits below, so it still exists.
            let _ = sender.send(future.await);
        });
        self.block(|| receiver.recv().ok())
    }

    /// Calls `wait`, which blocks until something happens on the runtime.
    pub(super) fn block<T>(&self, wait: impl FnOnce() -> T) -> T {
        let inside = || {
            Handle::try_current()
                .is_ok_and(|current| current.runtime_flavor() == RuntimeFlavor::MultiThread)
        };
        if self.own.is_none() && inside() {
            // This may be the only worker of the runtime that is waited for. The runtime then starts
            // another one for its tasks.
            tokio::task::block_in_place(wait)
        } else {
            wait()
        }
    }
}

impl Drop for Executor {
    fn drop(&mut self) {
        if !self.tasks.is_empty() {
            self.tasks.close();
            let (sender, receiver) = sync_channel(1);
            let tasks = self.tasks.clone();
            // On the runtime, because this thread may be one that must not wait for futures.
            self.handle.spawn(async move {
                let _ = timeout(PATIENCE, tasks.wait()).await;
                let _ = sender.send(());
            });
            // Fails when the runtime has ended, and the tasks with it.
            let _ = self.block(|| receiver.recv());
        }
        if let Some(runtime) = self.own.take() {
            // A plain drop waits for its threads, and panics inside another runtime.
            runtime.shutdown_background();
        }
    }
}

impl fmt::Debug for Executor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Executor")
            .field("own", &self.own.is_some())
            .field("tasks", &self.tasks.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    #[test]
    fn tasks_run_outside_and_inside_of_runtimes() {
        let answer = || Executor::own().unwrap().run(async { 42 });
        assert_eq!(answer(), Some(42));
        let single = Builder::new_current_thread().build().unwrap();
        assert_eq!(single.block_on(async { answer() }), Some(42));
        assert!(Executor::given(single.handle().clone()).is_none());

        // Its only worker waits for a task that it should run itself.
        let one = Builder::new_multi_thread()
            .worker_threads(1)
            .build()
            .unwrap();
        let handle = one.handle().clone();
        let inside = one.spawn(async move {
            let executor = Executor::given(handle).unwrap();
            executor.run(async { tokio::task::yield_now().await })
        });
        assert_eq!(one.block_on(inside).unwrap(), Some(()));
    }

    #[test]
    fn a_panic_or_the_end_of_the_runtime_gives_no_result() {
        let executor = Executor::own().unwrap();
        assert_eq!(executor.run(async { panic!("on purpose") }), None::<()>);
        assert_eq!(executor.run(async { 1 }), Some(1));

        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .build()
            .unwrap();
        let executor = Executor::given(runtime.handle().clone()).unwrap();
        drop(runtime);
        assert_eq!(executor.run(async { 1 }), None);
    }

    #[test]
    fn dropping_the_executor_waits_for_its_tasks() {
        let done = Arc::new(AtomicBool::new(false));
        let executor = Executor::own().unwrap();
        let flag = Arc::clone(&done);
        executor.spawn(async move {
            tokio::time::sleep(Duration::from_millis(50)).await;
            flag.store(true, Ordering::SeqCst);
        });
        drop(executor);
        assert!(done.load(Ordering::SeqCst));
    }
}

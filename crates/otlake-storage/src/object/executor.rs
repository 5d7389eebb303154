//! Where requests run while the writer, which knows no async, encodes on.

use std::fmt;
use std::io;
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::runtime::{Builder, Handle, Runtime, RuntimeFlavor};

/// How long the last one to go waits for what is still running, which is uploads being aborted. Not
/// measured; long enough for a request that is tried again, short enough for a process that ends.
const PATIENCE: Duration = Duration::from_secs(10);

/// Runs futures, on a thread of its own or on a runtime of the caller's, and waits for them without
/// being async.
pub(super) struct Executor {
    handle: Handle,
    own: Option<Runtime>,
    running: Arc<Running>,
}

#[derive(Default)]
struct Running {
    count: Mutex<usize>,
    fewer: Condvar,
}

impl Executor {
    /// On a thread of its own. It does nothing else, so whoever waits for it can be any thread, one
    /// of a runtime included, without stopping what it waits for.
    pub(super) fn own() -> io::Result<Self> {
        // Not the current-thread runtime: that one runs only while somebody is in `block_on`.
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("otlake-storage")
            .enable_all()
            .build()?;
        Ok(Self {
            handle: runtime.handle().clone(),
            own: Some(runtime),
            running: Arc::default(),
        })
    }

    /// On a runtime of the caller's; none if it is one with a single thread, which may be the thread
    /// that waits.
    pub(super) fn given(handle: Handle) -> Option<Self> {
        (handle.runtime_flavor() == RuntimeFlavor::MultiThread).then(|| Self {
            handle,
            own: None,
            running: Arc::default(),
        })
    }

    /// Runs `future` in the background. If the runtime ends first, it is dropped.
    pub(super) fn spawn(&self, future: impl Future<Output = ()> + Send + 'static) {
        let one = One::new(&self.running);
        self.handle.spawn(async move {
            let _one = one;
            future.await;
        });
    }

    /// Runs `future` and waits for it; none if it panics or the runtime ends first.
    pub(super) fn run<T: Send + 'static>(
        &self,
        future: impl Future<Output = T> + Send + 'static,
    ) -> Option<T> {
        let (sender, receiver) = sync_channel(1);
        self.spawn(async move {
            // The receiver waits below, it can't be gone.
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
            // This may be the only worker of the runtime that is waited for. It takes another one
            // for its tasks then.
            tokio::task::block_in_place(wait)
        } else {
            wait()
        }
    }
}

impl Drop for Executor {
    fn drop(&mut self) {
        if *self.running.lock() > 0 {
            self.block(|| {
                let count = self.running.lock();
                // Late or not, this is the end.
                let _ = self
                    .running
                    .fewer
                    .wait_timeout_while(count, PATIENCE, |count| *count > 0);
            });
        }
        if let Some(runtime) = self.own.take() {
            // A plain drop waits for its threads, and panics inside of another runtime.
            runtime.shutdown_background();
        }
    }
}

impl fmt::Debug for Executor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Executor")
            .field("own", &self.own.is_some())
            .field("running", &*self.running.lock())
            .finish_non_exhaustive()
    }
}

impl Running {
    /// A panic elsewhere can't leave a number half-changed.
    fn lock(&self) -> MutexGuard<'_, usize> {
        self.count.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One future that runs, or is dropped.
struct One(Arc<Running>);

impl One {
    fn new(running: &Arc<Running>) -> Self {
        *running.lock() += 1;
        Self(Arc::clone(running))
    }
}

impl Drop for One {
    fn drop(&mut self) {
        *self.0.lock() -= 1;
        self.0.fewer.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    #[test]
    fn runs_outside_and_inside_of_runtimes() {
        let answer = || Executor::own().unwrap().run(async { 42 });
        assert_eq!(answer(), Some(42));
        let single = Builder::new_current_thread().build().unwrap();
        assert_eq!(single.block_on(async { answer() }), Some(42));
        assert!(Executor::given(single.handle().clone()).is_none());

        // Its only worker waits for what it should run itself.
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
    fn a_panic_or_the_end_of_the_runtime_is_no_result() {
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
    fn the_last_one_waits() {
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

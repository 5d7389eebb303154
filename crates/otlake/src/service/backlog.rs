use std::sync::atomic::{AtomicUsize, Ordering};

/// The number of requests that wait for a worker.
#[derive(Debug, Default)]
pub(super) struct Backlog(AtomicUsize);

impl Backlog {
    /// More requests than can wait in the memory of a machine. A worker that pauses has this many in addition, so that
    /// it is chosen last.
    const PAUSED: usize = usize::MAX / 4;
    /// The number from which on a worker has given up.
    const GIVEN_UP: usize = usize::MAX / 2;

    pub(super) fn len(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    pub(super) fn add(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn remove(&self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }

    /// Runs a pause, during which requests go to other workers.
    pub(super) fn paused(&self, pause: impl FnOnce()) {
        self.0.fetch_add(Backlog::PAUSED, Ordering::Relaxed);
        pause();
        self.0.fetch_sub(Backlog::PAUSED, Ordering::Relaxed);
    }

    /// Records that the worker takes no more requests.
    pub(super) fn give_up(&self) {
        self.0.fetch_max(Backlog::GIVEN_UP, Ordering::Relaxed);
    }

    pub(super) fn has_given_up(&self) -> bool {
        self.len() >= Backlog::GIVEN_UP
    }
}

//! The clock that paces snapshots.

use std::fmt;
use std::thread;
use std::time::{Duration, Instant};

/// A clock that paces snapshots. Tests replace it by one that they control.
pub trait Clock: fmt::Debug + Send + Sync {
    /// Returns the time since a fixed moment.
    fn now(&self) -> Duration;

    /// Waits until a duration has passed.
    fn sleep(&self, duration: Duration);
}

/// The monotonic clock of the system.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock {
    start: Instant,
}

impl Default for SystemClock {
    fn default() -> Self {
        Self {
            start: Instant::now(),
        }
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Duration {
        self.start.elapsed()
    }

    fn sleep(&self, duration: Duration) {
        thread::sleep(duration);
    }
}

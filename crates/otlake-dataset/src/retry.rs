//! Waiting before a request to the storage is made again.

use std::hash::{BuildHasher, RandomState};
use std::thread;
use std::time::{Duration, Instant};

/// How long a document is tried to be written before that is an error: long enough for a burst of other
/// writers, short enough that a bucket which can't be written shows within seconds.
const DEADLINE: Duration = Duration::from_secs(5);

/// The first wait; each is at most twice as long as the one before.
const FIRST: Duration = Duration::from_millis(2);

/// The longest wait.
const LONGEST: Duration = Duration::from_millis(250);

/// Backs off, with jitter, until a deadline.
#[derive(Debug)]
pub(crate) struct Retry {
    started: Instant,
    wait: Duration,
    tries: u32,
}

impl Retry {
    pub(crate) fn new() -> Self {
        Self {
            started: Instant::now(),
            wait: FIRST,
            tries: 0,
        }
    }

    /// Returns the number of tries so far, as far as [`Self::wait`] was called after each.
    pub(crate) fn tries(&self) -> u32 {
        self.tries
    }

    /// Waits before the next try. Returns false when there should be none.
    pub(crate) fn wait(&mut self) -> bool {
        self.tries += 1;
        if self.started.elapsed() >= DEADLINE {
            return false;
        }
        // Between a half and the whole, so that writers that met once don't meet again.
        let random = RandomState::new().hash_one(self.tries);
        let jitter = self.wait.mul_f64(0.5 + (random % 512) as f64 / 1024.0);
        thread::sleep(jitter);
        self.wait = (2 * self.wait).min(LONGEST);
        true
    }
}

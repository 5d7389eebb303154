use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};

/// How often [`Pipeline::batch`](crate::Pipeline::batch) tries, and how long it waits in between. Each wait is
/// twice as long as the one before, plus a random part, so that writers that failed together don't come
/// back together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Retry {
    /// The number of tries, at least 1. Default: 5.
    pub tries: u32,
    /// The first wait. Default: 100 ms.
    pub first_wait: Duration,
    /// The longest wait, without its random part. Default: 10 s.
    pub longest_wait: Duration,
}

impl Default for Retry {
    fn default() -> Retry {
        Retry {
            tries: 5,
            first_wait: Duration::from_millis(100),
            longest_wait: Duration::from_secs(10),
        }
    }
}

impl Retry {
    /// Sets the number of tries.
    #[must_use]
    pub fn with_tries(mut self, tries: u32) -> Retry {
        self.tries = tries;
        self
    }

    /// Sets the first and the longest wait.
    #[must_use]
    pub fn with_waits(mut self, first: Duration, longest: Duration) -> Retry {
        self.first_wait = first;
        self.longest_wait = longest;
        self
    }

    /// Returns the waits before the tries after the first.
    pub(super) fn waits(self) -> impl Iterator<Item = Duration> {
        ExponentialBuilder::default()
            .with_jitter()
            .with_min_delay(self.first_wait)
            .with_max_delay(self.longest_wait)
            .with_max_times(self.tries.saturating_sub(1) as usize)
            .build()
    }
}

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};

/// How often to attempt something, and how long to pause in between: [`Pipeline::batch`](crate::Pipeline::batch)
/// delivering a batch, or a worker of a service restarting after a panic. Each pause is twice as long as the previous one, plus
/// a random part, so that writers that failed together don't retry together.
///
/// ```
/// use std::time::Duration;
///
/// use otlake::{Pipeline, Retry, storage::InMemoryStorage};
///
/// let retry = Retry::default()
///     .with_attempts(3)
///     .with_pauses(Duration::from_millis(50), Duration::from_secs(1));
/// let pipeline = Pipeline::builder().retry(retry).build(InMemoryStorage::new())?;
/// # drop(pipeline);
/// # Ok::<(), otlake::dataset::OpenError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Retry {
    /// The number of attempts, at least 1. Default: 5.
    pub attempts: u32,
    /// The first pause. Default: 100 ms.
    pub first_pause: Duration,
    /// The longest pause, before the random part. Default: 10 s.
    pub longest_pause: Duration,
}

impl Default for Retry {
    fn default() -> Retry {
        Retry {
            attempts: 5,
            first_pause: Duration::from_millis(100),
            longest_pause: Duration::from_secs(10),
        }
    }
}

impl Retry {
    /// Sets the number of attempts.
    #[must_use]
    pub fn with_attempts(mut self, attempts: u32) -> Retry {
        self.attempts = attempts;
        self
    }

    /// Sets the first and the longest pause.
    #[must_use]
    pub fn with_pauses(mut self, first: Duration, longest: Duration) -> Retry {
        self.first_pause = first;
        self.longest_pause = longest;
        self
    }

    /// Returns the pauses between the attempts.
    pub(crate) fn pauses(self) -> impl Iterator<Item = Duration> {
        ExponentialBuilder::default()
            .with_jitter()
            .with_min_delay(self.first_pause)
            .with_max_delay(self.longest_pause)
            .with_max_times(self.attempts.saturating_sub(1) as usize)
            .build()
    }
}

//! Retries of a conditional write.

use std::fmt;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};

use crate::error::StorageError;

/// The pauses and the deadline of the retries of a conditional write.
///
/// ```
/// use std::time::Duration;
///
/// use otlake_storage::RetryPolicy;
///
/// let policy = RetryPolicy::default().with_deadline(Duration::from_secs(60));
/// assert_eq!(policy.first_pause, Duration::from_millis(2));
/// assert_eq!(policy.deadline, Duration::from_secs(60));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RetryPolicy {
    /// The first pause. Each further pause is twice as long, and a random part of it is added.
    pub first_pause: Duration,
    /// The longest pause, before the random part.
    pub longest_pause: Duration,
    /// The time that all requests and pauses may take together. A request that has begun is not cut off: how long it
    /// may take is a setting of the store.
    pub deadline: Duration,
}

impl Default for RetryPolicy {
    /// Returns pauses of 2 ms to 500 ms and a deadline of 10 s: long enough for a burst of other
    /// writers, short enough that a store which cannot be written shows within seconds. Not measured.
    fn default() -> Self {
        Self {
            first_pause: Duration::from_millis(2),
            longest_pause: Duration::from_millis(500),
            deadline: Duration::from_secs(10),
        }
    }
}

impl RetryPolicy {
    /// Sets the deadline.
    #[must_use]
    pub fn with_deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Returns the pauses, without end.
    pub(crate) fn pauses(&self) -> ExponentialBackoff {
        ExponentialBuilder::new()
            .with_min_delay(self.first_pause)
            .with_max_delay(self.longest_pause)
            .with_jitter()
            .without_max_times()
            .build()
    }
}

/// The retries of one conditional write: counts them, pauses before each, and ends them at a deadline.
///
/// Only two outcomes of a [`put`](crate::Documents::put) are worth a retry: a
/// [`Conflict`](crate::PutOutcome::Conflict), and an error of the kind
/// [`InDoubt`](crate::StorageErrorKind::InDoubt). Every other error is final, because the clients of
/// object stores have already retried what can be retried.
///
/// ```
/// use otlake_storage::{Retries, Documents, InMemoryStorage, PutIf, PutOutcome, RetryPolicy};
///
/// /// Appends a line to a document that others append to as well.
/// fn append(
///     documents: &dyn Documents,
///     name: &str,
///     line: &str,
/// ) -> Result<(), Box<dyn std::error::Error>> {
///     let mut retries = Retries::new(name, RetryPolicy::default());
///     loop {
///         let (text, condition) = match documents.get(name)? {
///             Some(found) => (found.bytes.to_vec(), PutIf::Matches(found.version)),
///             None => (Vec::new(), PutIf::Absent),
///         };
///         let text = [&text, line.as_bytes(), b"\n"].concat();
///         match documents.put(name, text.into(), condition)? {
///             PutOutcome::Stored(_) => return Ok(()),
///             PutOutcome::Conflict => retries.pause_after_conflict()?,
///         }
///     }
/// }
///
/// let storage = InMemoryStorage::new();
/// append(&storage, "log", "one")?;
/// append(&storage, "log", "two")?;
/// assert_eq!(&storage.files()["log"][..], b"one\ntwo\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Retries {
    name: String,
    policy: RetryPolicy,
    pauses: ExponentialBackoff,
    started: Instant,
    failed: u32,
    first_reason: Option<RetryReason>,
    /// The last unknown outcome after the first attempt.
    last_doubt: Option<StorageError>,
    observer: Option<Arc<dyn RetryObserver>>,
}

/// A receiver of the retries of conditional writes, for logs and metrics. It is called before each pause, so
/// that a store which makes writers wait shows while they do.
///
/// ```
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicU64, Ordering};
///
/// use otlake_storage::{Retries, RetryEvent, RetryObserver, RetryPolicy};
///
/// #[derive(Debug, Default)]
/// struct Counter(AtomicU64);
///
/// impl RetryObserver for Counter {
///     fn retry(&self, _retry: &RetryEvent<'_>) {
///         self.0.fetch_add(1, Ordering::Relaxed);
///     }
/// }
///
/// let counter = Arc::new(Counter::default());
/// let retries = Retries::new("state.json", RetryPolicy::default());
/// let mut retries = retries.with_observer(Some(counter.clone()));
/// retries.pause_after_conflict()?;
/// assert_eq!(counter.0.load(Ordering::Relaxed), 1);
/// # Ok::<(), otlake_storage::RetriesExhausted>(())
/// ```
pub trait RetryObserver: fmt::Debug + Send + Sync {
    /// Receives a retry. The thread that retries waits for it.
    fn retry(&self, retry: &RetryEvent<'_>);
}

/// A conditional write that has failed and is tried again after a pause.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct RetryEvent<'a> {
    /// The name of the document.
    pub name: &'a str,
    /// The number of attempts that have failed so far.
    pub failed: u32,
    /// The reason why the last attempt failed.
    pub reason: &'a RetryReason,
    /// The pause before the next attempt.
    pub pause: Duration,
}

/// The reason for a retry of a conditional write.
///
/// ```
/// use otlake_storage::{Retries, RetryPolicy, RetryReason, StorageError, StorageErrorKind};
///
/// let mut retries = Retries::new("state.json", RetryPolicy::default());
/// retries.pause_after_conflict()?;
/// let lost = StorageError::new("put", "state.json", "the connection was reset")
///     .with_kind(StorageErrorKind::InDoubt);
/// retries.pause_in_doubt(lost)?;
/// assert_eq!(retries.failed(), 2);
/// assert!(matches!(retries.first_reason(), Some(RetryReason::Conflict)));
/// # Ok::<(), otlake_storage::RetriesExhausted>(())
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum RetryReason {
    /// Another writer was faster.
    Conflict,
    /// The outcome is unknown.
    InDoubt(StorageError),
}

impl Retries {
    /// Begins to write the document `name`.
    pub fn new(name: impl Into<String>, policy: RetryPolicy) -> Self {
        Self {
            name: name.into(),
            policy,
            pauses: policy.pauses(),
            started: Instant::now(),
            failed: 0,
            first_reason: None,
            last_doubt: None,
            observer: None,
        }
    }

    /// Sets the observer that is called before each retry. Default: none.
    #[must_use]
    pub fn with_observer(mut self, observer: Option<Arc<dyn RetryObserver>>) -> Self {
        self.observer = observer;
        self
    }

    /// Returns how many times the write has failed so far.
    pub fn failed(&self) -> u32 {
        self.failed
    }

    /// Returns why the first write failed, if it has.
    pub fn first_reason(&self) -> Option<&RetryReason> {
        self.first_reason.as_ref()
    }

    /// Notes that another writer was faster, and waits before the next attempt.
    ///
    /// # Errors
    ///
    /// Returns an error when the deadline has passed.
    pub fn pause_after_conflict(&mut self) -> Result<(), RetriesExhausted> {
        self.pause(RetryReason::Conflict)
    }

    /// Notes that the outcome of the write is unknown, and waits before the next attempt.
    ///
    /// # Errors
    ///
    /// Returns an error when the deadline has passed.
    pub fn pause_in_doubt(&mut self, error: StorageError) -> Result<(), RetriesExhausted> {
        self.pause(RetryReason::InDoubt(error))
    }

    fn pause(&mut self, failure: RetryReason) -> Result<(), RetriesExhausted> {
        self.failed += 1;
        let left = self.policy.deadline.checked_sub(self.started.elapsed());
        let pause = self
            .pauses
            .next()
            .filter(|pause| left.is_some_and(|left| *pause <= left));
        if let (Some(observer), Some(pause)) = (&self.observer, pause) {
            observer.retry(&RetryEvent {
                name: &self.name,
                failed: self.failed,
                reason: &failure,
                pause,
            });
        }
        match failure {
            failure if self.first_reason.is_none() => self.first_reason = Some(failure),
            RetryReason::InDoubt(error) => self.last_doubt = Some(error),
            RetryReason::Conflict => {}
        }
        match pause {
            Some(pause) => {
                thread::sleep(pause);
                Ok(())
            }
            None => Err(RetriesExhausted(Box::new(Exhausted {
                name: self.name.clone(),
                attempts: self.failed,
                elapsed: self.started.elapsed(),
                first_reason: self.first_reason.take().unwrap_or(RetryReason::Conflict),
                last_doubt: self.last_doubt.take(),
            }))),
        }
    }
}

/// A conditional write that did not succeed before its deadline. Its source is the last unknown outcome, if an attempt had
/// one: that attempt may have taken effect.
///
/// ```
/// use std::time::Duration;
///
/// use otlake_storage::{Retries, RetriesExhausted, RetryPolicy, RetryReason};
///
/// let policy = RetryPolicy::default().with_deadline(Duration::ZERO);
/// let exhausted: RetriesExhausted = match Retries::new("state.json", policy).pause_after_conflict() {
///     Ok(()) => panic!("there is no time for another attempt"),
///     Err(exhausted) => exhausted,
/// };
/// assert_eq!((exhausted.name(), exhausted.attempts()), ("state.json", 1));
/// assert!(matches!(exhausted.first_reason(), RetryReason::Conflict));
/// assert!(exhausted.elapsed() < Duration::from_secs(60));
/// ```
#[derive(Debug)]
pub struct RetriesExhausted(Box<Exhausted>);

#[derive(Debug)]
struct Exhausted {
    name: String,
    attempts: u32,
    elapsed: Duration,
    first_reason: RetryReason,
    last_doubt: Option<StorageError>,
}

impl RetriesExhausted {
    /// Returns the name of the document.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Returns the number of attempts.
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// Returns how long that took.
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed
    }

    /// Returns why the first write failed.
    pub fn first_reason(&self) -> &RetryReason {
        &self.0.first_reason
    }

    /// Returns the last unknown outcome.
    fn doubt(&self) -> Option<&StorageError> {
        self.0.last_doubt.as_ref().or(match &self.0.first_reason {
            RetryReason::Conflict => None,
            RetryReason::InDoubt(error) => Some(error),
        })
    }
}

impl fmt::Display for RetriesExhausted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Exhausted {
            name,
            attempts,
            elapsed,
            ..
        } = &*self.0;
        write!(
            f,
            "{name} could not be written in {attempts} attempts within {elapsed:.1?}"
        )?;
        match self.doubt() {
            None => write!(f, ": other writers changed it every time"),
            Some(_) => Ok(()),
        }
    }
}

impl std::error::Error for RetriesExhausted {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.doubt().map(|error| error as _)
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error;

    use super::*;

    #[test]
    fn pauses_grow_to_the_longest_and_differ_between_writers() {
        let policy = RetryPolicy::default();
        let pauses: Vec<_> = policy.pauses().take(20).collect();
        assert!(pauses[0] >= policy.first_pause && pauses[0] <= 2 * policy.first_pause);
        assert!(
            pauses
                .iter()
                .all(|pause| *pause <= 2 * policy.longest_pause)
        );
        assert!(pauses[19] >= policy.longest_pause);
        let others: Vec<_> = policy.pauses().take(20).collect();
        assert_ne!(pauses, others, "they have no jitter");
    }

    #[test]
    fn the_deadline_ends_the_retries_with_their_count_and_the_first_reason() {
        let policy = RetryPolicy::default().with_deadline(Duration::from_millis(100));
        let mut retries = Retries::new("a", policy);
        let lost = || StorageError::new("write", "a", "the response was lost");
        retries.pause_in_doubt(lost()).unwrap();
        let exhausted = loop {
            if let Err(exhausted) = retries.pause_after_conflict() {
                break exhausted;
            }
        };
        assert!((2..60).contains(&exhausted.attempts()), "{exhausted}");
        assert!(exhausted.elapsed() < Duration::from_secs(1), "{exhausted}");
        assert!(
            exhausted
                .to_string()
                .starts_with("a could not be written in")
        );
        assert_eq!(exhausted.source().unwrap().to_string(), "cannot write a");
    }

    /// The caller learns that a write may have taken effect, whichever attempt it was.
    #[test]
    fn an_unknown_outcome_after_a_conflict_is_the_source() {
        let exhausted = |doubts: &[&'static str]| {
            let policy = RetryPolicy::default().with_deadline(Duration::from_millis(200));
            let mut retries = Retries::new("a", policy);
            let mut paused = retries.pause_after_conflict();
            for reason in doubts {
                paused.unwrap();
                paused = retries.pause_in_doubt(StorageError::new("write", *reason, "lost"));
            }
            loop {
                match paused {
                    Ok(()) => paused = retries.pause_after_conflict(),
                    Err(exhausted) => return exhausted,
                }
            }
        };
        let in_doubt = exhausted(&["first", "second"]);
        assert!(matches!(in_doubt.first_reason(), RetryReason::Conflict));
        assert_eq!(
            in_doubt.source().unwrap().to_string(),
            "cannot write second"
        );
        assert!(!in_doubt.to_string().contains("every time"), "{in_doubt}");
        let conflicts = exhausted(&[]);
        assert!(conflicts.source().is_none());
        assert!(conflicts.to_string().ends_with("every time"), "{conflicts}");
    }
}

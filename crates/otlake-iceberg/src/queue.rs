//! The commits that wait for the next snapshot of a table.

use std::collections::HashMap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::clock::Clock;
use crate::group::{Outcome, Request};

/// The largest number of commits in one snapshot, whose summary names them all.
const GROUP: usize = 100;

/// The commits that wait for the next snapshot of a table. One of the waiting threads commits for all.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    waiting: Vec<(u64, Request)>,
    done: HashMap<u64, Outcome>,
    /// The number of the next request.
    next: u64,
    is_led: bool,
    /// The end of the last group, by the clock.
    last: Option<Duration>,
}

impl Queue {
    /// Commits a manifest with others that wait, and blocks until that is done.
    ///
    /// `commit` commits a group and returns the outcomes in the same order. Groups are at least `interval` apart. `lost` is
    /// the outcome of all commits in a group that panicked.
    pub(crate) fn commit(
        &self,
        request: Request,
        interval: Duration,
        clock: &dyn Clock,
        commit: impl Fn(&[Request]) -> Vec<Outcome>,
        lost: impl Fn() -> Outcome,
    ) -> Outcome {
        let mut state = self.lock();
        let number = state.next;
        state.next += 1;
        state.waiting.push((number, request));
        loop {
            if let Some(outcome) = state.done.remove(&number) {
                return outcome;
            }
            if state.is_led {
                let woken = self.changed.wait(state);
                state = woken.unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            state.is_led = true;
            let pause = state
                .last
                .map(|last| (last + interval).saturating_sub(clock.now()));
            drop(state);
            let mut led = Led {
                queue: self,
                numbers: Vec::new(),
                lost: &lost,
            };
            if let Some(pause) = pause.filter(|pause| !pause.is_zero()) {
                clock.sleep(pause);
            }
            let requests = led.take();
            let outcomes = commit(&requests);
            led.end(outcomes, clock.now());
            drop(led);
            state = self.lock();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The group that this thread commits. If it panics, the other threads get an outcome and go on.
struct Led<'a> {
    queue: &'a Queue,
    numbers: Vec<u64>,
    lost: &'a dyn Fn() -> Outcome,
}

impl Led<'_> {
    fn take(&mut self) -> Vec<Request> {
        let mut state = self.queue.lock();
        let count = state.waiting.len().min(GROUP);
        let (numbers, requests) = state.waiting.drain(..count).unzip();
        self.numbers = numbers;
        requests
    }

    fn end(&mut self, outcomes: Vec<Outcome>, now: Duration) {
        let numbers = std::mem::take(&mut self.numbers);
        let mut state = self.queue.lock();
        state.done.extend(numbers.into_iter().zip(outcomes));
        state.last = Some(now);
    }
}

impl Drop for Led<'_> {
    fn drop(&mut self) {
        let mut state = self.queue.lock();
        for number in self.numbers.drain(..) {
            state.done.insert(number, (self.lost)());
        }
        state.is_led = false;
        self.queue.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use otlake_dataset::{CommitOutcome, Manifest};
    use otlake_schema::Table;

    use super::*;
    use crate::clock::SystemClock;
    use crate::error::IcebergCommitError;

    fn request() -> Request {
        Request {
            name: "a".to_owned(),
            manifest: Manifest::new(Table::Logs),
        }
    }

    fn lost() -> Outcome {
        let table = "t".to_owned();
        Err(IcebergCommitError::Panicked { table })
    }

    /// A group whose thread panics: the next commit is not blocked.
    #[test]
    fn a_panic_in_a_group_ends_only_that_group() {
        let (queue, clock) = (Queue::default(), SystemClock::default());
        let interval = Duration::ZERO;
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            queue.commit(request(), interval, &clock, |_| panic!("test"), lost)
        }));
        assert!(panicked.is_err());
        let commit = |requests: &[Request]| vec![Ok(CommitOutcome::Committed); requests.len()];
        let outcome = queue.commit(request(), interval, &clock, commit, lost);
        assert_eq!(outcome.unwrap(), CommitOutcome::Committed);
    }
}

//! Commits that wait for the same table become one.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// Gathers the commits of several threads, so that one change of a table makes all of them part of it.
///
/// A [`Commit`](crate::Commit) to a table whose changes are slow, or limited in number, has one for each table. While a
/// thread commits, others wait with their requests. Then one of these commits the requests of all, and the others
/// return with their outcomes. No thread of its own is needed, and without a group time a commit that meets no other one does
/// not wait.
///
/// `T` is a request, such as a manifest and its name, and `R` its outcome.
///
/// ```
/// use std::error::Error;
/// use std::sync::{Mutex, PoisonError};
///
/// use otlake_dataset::{Commit, CommitOutcome, GroupCommit, Manifest};
/// use otlake_schema::Table;
///
/// /// A table whose versions list the files that they add.
/// #[derive(Debug, Default)]
/// struct Versions {
///     group: GroupCommit<Manifest, Result<CommitOutcome, String>>,
///     versions: Mutex<Vec<Vec<String>>>,
/// }
///
/// impl Commit for Versions {
///     fn commit(
///         &self,
///         _name: &str,
///         manifest: &Manifest,
///     ) -> Result<CommitOutcome, Box<dyn Error + Send + Sync>> {
///         let outcome = self.group.commit(manifest.clone(), |manifests| {
///             let files = manifests.iter().flat_map(Manifest::files);
///             let version = files.map(|file| file.name.clone()).collect();
///             let mut versions = self.versions.lock().unwrap_or_else(PoisonError::into_inner);
///             versions.push(version);
///             vec![Ok(CommitOutcome::Committed); manifests.len()]
///         })?;
///         Ok(outcome?)
///     }
/// }
///
/// let table = Versions::default();
/// std::thread::scope(|scope| {
///     for number in 0..4 {
///         let table = &table;
///         scope.spawn(move || table.commit(&format!("flush-{number}"), &Manifest::new(Table::Logs)));
///     }
/// });
/// let versions = table.versions.lock().expect("no commit panicked");
/// assert!((1..=4).contains(&versions.len()));
/// ```
pub struct GroupCommit<T, R> {
    group_time: Duration,
    largest_group: usize,
    state: Mutex<State<T, R>>,
    changed: Condvar,
}

/// The error of a commit whose group was committed by a thread that panicked. It is unknown whether the commit has
/// succeeded.
///
/// ```
/// use std::time::Duration;
///
/// use otlake_dataset::{GroupCommit, GroupPanicked};
///
/// // At most one change of the table in 10 ms, with up to 100 commits.
/// let group = GroupCommit::<u64, u64>::new()
///     .with_group_time(Duration::from_millis(10))
///     .with_largest_group(100);
/// let outcome: Result<u64, GroupPanicked> =
///     group.commit(7, |requests| requests.iter().map(|request| request * 10).collect());
/// assert_eq!(outcome, Ok(70));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the thread that committed for a group of writers panicked: repeat the commit")]
pub struct GroupPanicked;

struct State<T, R> {
    waiting: VecDeque<(u64, T)>,
    /// Outcomes that their threads have not returned yet; `None` if the group panicked.
    done: HashMap<u64, Option<R>>,
    /// The number of the next request.
    next: u64,
    is_led: bool,
    /// The end of the last group.
    last: Option<Instant>,
}

impl<T, R> GroupCommit<T, R> {
    /// Creates a group commit without a group time and with groups of any size.
    pub fn new() -> Self {
        Self {
            group_time: Duration::ZERO,
            largest_group: usize::MAX,
            state: Mutex::new(State {
                waiting: VecDeque::new(),
                done: HashMap::new(),
                next: 0,
                is_led: false,
                last: None,
            }),
            changed: Condvar::new(),
        }
    }

    /// Sets the shortest time from the end of one group to the beginning of the next. Commits that come in between
    /// wait, and are one group. Default: none, so that only commits that wait for another one are grouped.
    #[must_use]
    pub fn with_group_time(mut self, time: Duration) -> Self {
        self.group_time = time;
        self
    }

    /// Sets the largest number of requests in a group; 0 counts as 1. Default: no limit.
    #[must_use]
    pub fn with_largest_group(mut self, requests: usize) -> Self {
        self.largest_group = requests.max(1);
        self
    }

    /// Commits a request with others that wait, and returns its outcome.
    ///
    /// `commit` is called with the requests of a group, in the order in which they came, and returns their outcomes in
    /// the same order. It is called on one of the waiting threads, for one group at a time: never, once, or
    /// repeatedly if there are more requests than a group may have.
    ///
    /// # Errors
    ///
    /// Returns an error if the thread that committed the group panicked.
    ///
    /// # Panics
    ///
    /// Panics if `commit` does, or if it returns fewer or more outcomes than there are requests.
    pub fn commit(
        &self,
        request: T,
        mut commit: impl FnMut(&[T]) -> Vec<R>,
    ) -> Result<R, GroupPanicked> {
        let mut state = self.lock();
        let number = state.next;
        state.next += 1;
        state.waiting.push_back((number, request));
        loop {
            if let Some(outcome) = state.done.remove(&number) {
                return outcome.ok_or(GroupPanicked);
            }
            if state.is_led {
                let woken = self.changed.wait(state);
                state = woken.unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            state.is_led = true;
            let since = state.last.map(|last| last.elapsed());
            drop(state);
            let mut led = Led {
                group: self,
                own: number,
                numbers: Vec::new(),
                is_complete: false,
            };
            if let Some(pause) = since.and_then(|since| self.group_time.checked_sub(since)) {
                thread::sleep(pause);
            }
            let requests = led.take();
            let outcomes = commit(&requests);
            assert_eq!(
                outcomes.len(),
                requests.len(),
                "an outcome for each request"
            );
            led.end(outcomes);
            state = self.lock();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State<T, R>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T, R> Default for GroupCommit<T, R> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T, R> fmt::Debug for GroupCommit<T, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GroupCommit")
            .field("group_time", &self.group_time)
            .field("largest_group", &self.largest_group)
            .finish_non_exhaustive()
    }
}

/// The group that this thread commits. When it is dropped, another thread can commit the next one, after a panic too.
struct Led<'a, T, R> {
    group: &'a GroupCommit<T, R>,
    /// The number of this thread's own request.
    own: u64,
    /// The numbers of the requests whose outcome is missing.
    numbers: Vec<u64>,
    /// Otherwise the thread has panicked.
    is_complete: bool,
}

impl<T, R> Led<'_, T, R> {
    fn take(&mut self) -> Vec<T> {
        let mut state = self.group.lock();
        let count = state.waiting.len().min(self.group.largest_group);
        let (numbers, requests) = state.waiting.drain(..count).unzip();
        self.numbers = numbers;
        requests
    }

    fn end(mut self, outcomes: Vec<R>) {
        let numbers = std::mem::take(&mut self.numbers);
        let mut state = self.group.lock();
        let outcomes = outcomes.into_iter().map(Some);
        state.done.extend(numbers.into_iter().zip(outcomes));
        state.last = Some(Instant::now());
        drop(state);
        self.is_complete = true;
    }
}

impl<T, R> Drop for Led<'_, T, R> {
    fn drop(&mut self) {
        let mut state = self.group.lock();
        if !self.is_complete {
            // The caller of this thread no longer waits for an outcome.
            self.numbers.retain(|number| *number != self.own);
            state.waiting.retain(|(number, _)| *number != self.own);
        }
        let panicked = self.numbers.drain(..).map(|number| (number, None));
        state.done.extend(panicked);
        state.is_led = false;
        self.group.changed.notify_all();
    }
}

#[cfg(test)]
mod tests;

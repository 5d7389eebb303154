//! Reads many small files or documents with several requests at once.

use std::collections::{HashMap, VecDeque};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// The number of requests at once. A request to an object store takes tens of milliseconds, in which a core reads some
/// twenty small files. Not measured on an object store.
const REQUESTS: usize = 8;

/// The time in which a file of a local disk is read. Waking a thread takes about as long.
const FAST: Duration = Duration::from_micros(200);

/// The number of items for which a thread is worth starting.
const ITEMS_PER_THREAD: usize = 4;

/// Reads items in their order, some of them before they are needed.
pub(crate) struct ReadAhead<'a, T> {
    shared: &'a Shared<'a, T>,
}

/// What the threads share.
struct Shared<'a, T> {
    read: &'a (dyn Fn(usize) -> T + Sync),
    state: Mutex<State<T>>,
    /// Signalled whenever an item was read.
    was_read: Condvar,
    /// Signalled when there is room for more items.
    has_room: Condvar,
    most_bytes: u64,
}

struct State<T> {
    /// The items that no thread has begun to read, with their sizes.
    waiting: VecDeque<(usize, u64)>,
    /// The sizes of the items that are being read or were not taken yet.
    sizes: HashMap<usize, u64>,
    read: HashMap<usize, T>,
    /// Whether the last item was read so fast that a second thread is not worth waking.
    is_fast: bool,
    is_done: bool,
}

/// Calls `work` while threads read `items`, each a number and its size in bytes. Items that were read ahead and not
/// taken have at most `most_bytes` together, unless there is only one.
pub(crate) fn read_ahead<T: Send, R>(
    items: impl IntoIterator<Item = (usize, u64)>,
    most_bytes: u64,
    read: &(dyn Fn(usize) -> T + Sync),
    work: impl FnOnce(&mut ReadAhead<'_, T>) -> R,
) -> R {
    let waiting: VecDeque<(usize, u64)> = items.into_iter().collect();
    let threads = (waiting.len() / ITEMS_PER_THREAD).min(REQUESTS);
    let shared = Shared {
        read,
        state: Mutex::new(State {
            waiting,
            sizes: HashMap::new(),
            read: HashMap::new(),
            is_fast: false,
            is_done: false,
        }),
        was_read: Condvar::new(),
        has_room: Condvar::new(),
        most_bytes,
    };
    let mut ahead = ReadAhead { shared: &shared };
    if threads < 2 {
        return work(&mut ahead);
    }
    thread::scope(|scope| {
        let _done = Done(&shared);
        for _ in 0..threads {
            // Without the thread, others read its items.
            let thread = thread::Builder::new().name("otlake-read".to_owned());
            let _ = thread.spawn_scoped(scope, || shared.run());
        }
        work(&mut ahead)
    })
}

/// Ends the threads, even if the work has failed.
struct Done<'a, 'b, T>(&'a Shared<'b, T>);

impl<T> Drop for Done<'_, '_, T> {
    fn drop(&mut self) {
        self.0.lock().is_done = true;
        self.0.has_room.notify_all();
    }
}

impl<T> ReadAhead<'_, T> {
    /// Returns an item. Items have to be taken in their order, and may be left out at the end.
    pub(crate) fn take(&mut self, item: usize) -> T {
        let mut state = self.shared.lock();
        loop {
            if let Some(found) = state.read.remove(&item) {
                state.sizes.remove(&item);
                // A thread that is woken reads several items, and wakes others if there is room for them too.
                let wake = state.sizes.len() <= REQUESTS;
                drop(state);
                if wake {
                    self.shared.has_room.notify_one();
                }
                return found;
            }
            if !state.sizes.contains_key(&item) {
                // No thread has begun to read it.
                if state.waiting.front().is_some_and(|(next, _)| *next == item) {
                    state.waiting.pop_front();
                }
                drop(state);
                return (self.shared.read)(item);
            }
            state = wait(&self.shared.was_read, state);
        }
    }
}

impl<T> Shared<'_, T> {
    /// Reads items until all are read.
    fn run(&self) {
        let mut state = self.lock();
        loop {
            let Some((item, size)) = state.waiting.front().copied().filter(|_| !state.is_done)
            else {
                return;
            };
            let bytes: u64 = state.sizes.values().sum();
            let has_room = state.sizes.is_empty()
                || state.sizes.len() < 2 * REQUESTS && bytes + size <= self.most_bytes;
            if !has_room {
                state = wait(&self.has_room, state);
                continue;
            }
            state.waiting.pop_front();
            state.sizes.insert(item, size);
            let is_fast = state.is_fast;
            drop(state);
            if !is_fast {
                self.has_room.notify_one();
            }
            let begin = Instant::now();
            let reading = Reading { shared: self, item };
            let found = (self.read)(item);
            // The guard is only for panics.
            std::mem::forget(reading);
            state = self.lock();
            state.is_fast = begin.elapsed() < FAST;
            state.read.insert(item, found);
            self.was_read.notify_one();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn wait<'g, T>(signal: &Condvar, state: MutexGuard<'g, State<T>>) -> MutexGuard<'g, State<T>> {
    let state = signal.wait(state);
    state.unwrap_or_else(PoisonError::into_inner)
}

/// An item that is being read. If reading it panics, it counts as an item that no thread has begun to read.
struct Reading<'a, 'b, T> {
    shared: &'a Shared<'b, T>,
    item: usize,
}

impl<T> Drop for Reading<'_, '_, T> {
    fn drop(&mut self) {
        self.shared.lock().sizes.remove(&self.item);
        self.shared.was_read.notify_one();
        self.shared.has_room.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

    use super::*;

    /// Several items are read at once, all arrive in their order, and what waits is limited.
    #[test]
    fn items_are_read_at_once_within_the_limit() {
        for (sizes, most_bytes, least_at_once) in
            [(10, 1_000, 2), (10, 30, 2), (10, 5, 1), (0, 0, 2)]
        {
            let (running, most_running) = (AtomicUsize::new(0), AtomicUsize::new(0));
            let (waiting, most_waiting) = (AtomicU64::new(0), AtomicU64::new(0));
            let read = |item: usize| {
                waiting.fetch_add(sizes, Ordering::SeqCst);
                most_waiting.fetch_max(waiting.load(Ordering::SeqCst), Ordering::SeqCst);
                running.fetch_add(1, Ordering::SeqCst);
                // Others begin meanwhile, if they may.
                for _ in 0..100 {
                    let now = running.load(Ordering::SeqCst);
                    if most_running.fetch_max(now, Ordering::SeqCst).max(now) >= least_at_once {
                        break;
                    }
                    thread::sleep(Duration::from_millis(10));
                }
                running.fetch_sub(1, Ordering::SeqCst);
                item * 3
            };
            let items = (0..50).map(|item| (item, sizes));
            read_ahead(items, most_bytes, &read, |ahead| {
                for item in 0..45 {
                    assert_eq!(ahead.take(item), item * 3);
                    waiting.fetch_sub(sizes, Ordering::SeqCst);
                }
            });
            let most_running = most_running.into_inner();
            assert!(most_running >= least_at_once, "{most_running} at once");
            // The one that the work reads itself has a place beside them.
            let most_waiting = most_waiting.into_inner();
            assert!(
                most_waiting <= most_bytes.max(sizes) + sizes,
                "{most_waiting} bytes"
            );
        }
    }

    /// A panic while an item is read reaches the caller, and no thread waits for it.
    #[test]
    fn panics_end_the_work() {
        let hook = std::panic::take_hook();
        std::panic::set_hook(Box::new(|_| {}));
        let died = std::panic::catch_unwind(|| {
            let read = |item: usize| assert_ne!(item, 3, "a fault of the storage");
            read_ahead((0..50).map(|item| (item, 1)), 100, &read, |ahead| {
                (0..50).for_each(|item| ahead.take(item));
            });
        });
        std::panic::set_hook(hook);
        assert!(died.is_err());
    }
}

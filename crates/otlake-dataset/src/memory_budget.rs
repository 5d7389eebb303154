//! Shares a number of bytes of memory among all writers of a dataset.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// The memory limit of a dataset, and the bytes of it that are used.
///
/// Eleven sixteenths are for rows and files. A writer that finds them used up writes row groups early and closes
/// files. The rest is for memory that is only needed during a call, above all for encoding, and for buffers that are
/// kept from one call to the next. Before a call, a writer [reserves](Self::reserve) the bytes by which its buffers
/// may grow, and waits for other writers if too few are left. Row groups are so small that it rarely has to wait; see
/// [`row_group_bytes`](Self::row_group_bytes).
///
/// For each table of each writer, the counters may be off by [`granule`](Self::granule) bytes.
#[derive(Debug)]
pub(crate) struct MemoryBudget {
    limit: usize,
    rows: AtomicUsize,
    files: AtomicUsize,
    buffers: AtomicUsize,
    writers: AtomicUsize,
    /// The bytes that are reserved. Changes while [`Self::waiting`] is locked.
    reserved: AtomicUsize,
    waiting: Mutex<()>,
    /// Notified when reserved bytes are given back.
    released: Condvar,
}

/// The use of a [`Share`] of the budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    /// Rows that are in no row group yet, and the columns in which they are gathered.
    Rows,
    /// Files: the metadata of their row groups, bytes that the storage buffers, and summaries of closed files.
    Files,
    /// Buffers that are kept from one call to the next.
    Buffers,
}

impl MemoryBudget {
    pub(crate) fn new(limit: usize) -> Self {
        // Shares may be out of date, and small allocations are not counted.
        let unseen = if limit == usize::MAX { 0 } else { limit / 16 };
        Self {
            limit: limit - unseen,
            rows: AtomicUsize::new(0),
            files: AtomicUsize::new(0),
            buffers: AtomicUsize::new(0),
            writers: AtomicUsize::new(0),
            reserved: AtomicUsize::new(0),
            waiting: Mutex::default(),
            released: Condvar::new(),
        }
    }

    /// Returns whether there is a limit.
    #[inline]
    pub(crate) fn is_limited(&self) -> bool {
        self.limit != usize::MAX
    }

    /// Returns the bytes that rows and files may take up: eleven sixteenths, or less while buffers and reservations
    /// take up more than the rest.
    #[inline]
    pub(crate) fn for_rows_and_files(&self) -> usize {
        let others = self.buffers.load(Ordering::Relaxed) + self.reserved.load(Ordering::Relaxed);
        (self.limit / 16 * 11).min(self.limit.saturating_sub(others))
    }

    /// Returns the bytes that the rows of one writer may take up. The limit ensures that a busy writer leaves
    /// memory for the others.
    #[inline]
    pub(crate) fn for_rows_of_a_writer(&self) -> usize {
        self.limit / 16 * 11 / self.writers().max(1)
    }

    /// Returns the bytes that the summaries of closed files of one table may take up.
    pub(crate) fn for_summaries(&self) -> usize {
        self.limit / 64
    }

    /// Returns the bytes that the summaries of a batch's closed files may take up for each table, if no commit needs
    /// them.
    pub(crate) fn for_summaries_of_a_batch(&self) -> usize {
        self.for_summaries() / self.writers().max(1)
    }

    /// Returns the bytes of an open file that the storage may buffer. While a buffer doubles, it takes as many again.
    pub(crate) fn for_storage_of_a_file(&self) -> usize {
        self.limit / 4
    }

    /// Returns the bytes that closing a file may take.
    pub(crate) fn for_closing(&self) -> usize {
        self.limit / 8
    }

    /// Returns how many encoded bytes are buffered before they are written: `wanted`, or less.
    pub(crate) fn buffer_bytes(&self, wanted: usize) -> usize {
        wanted.min(self.limit / 64)
    }

    /// Returns the bytes that rows, files and buffers take up.
    #[inline]
    pub(crate) fn used(&self) -> usize {
        self.used_by_rows_and_files() + self.buffers.load(Ordering::Relaxed)
    }

    /// Returns the bytes that rows and files take up.
    #[inline]
    pub(crate) fn used_by_rows_and_files(&self) -> usize {
        self.rows.load(Ordering::Relaxed) + self.files.load(Ordering::Relaxed)
    }

    /// Returns whether rows and files take up all bytes that are for them.
    #[inline]
    pub(crate) fn is_used_up(&self) -> bool {
        self.used_by_rows_and_files() >= self.for_rows_and_files()
    }

    /// Returns the bytes that files take up.
    pub(crate) fn used_by_files(&self) -> usize {
        self.files.load(Ordering::Relaxed)
    }

    /// Returns the number of writers.
    #[inline]
    pub(crate) fn writers(&self) -> usize {
        self.writers.load(Ordering::Relaxed)
    }

    pub(crate) fn add_writer(&self) {
        self.writers.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn remove_writer(&self) {
        self.writers.fetch_sub(1, Ordering::Relaxed);
    }

    /// Returns the size in bytes at which the values of a row group are full: `wanted`, or less.
    ///
    /// Columns take up twice the size of their values, because vectors double. Without partitions they count as
    /// rows. With partitions they are only needed during a call. [Encoding](Self::encoding_bytes) takes twice the
    /// size, too, and a sorted copy once. All of this has to fit into the quarter of the limit that is left
    /// for calls, for all writers at once.
    pub(crate) fn row_group_bytes(&self, wanted: usize, partitioned: bool, sorted: bool) -> usize {
        let copies = 2 + if partitioned { 2 } else { 0 } + usize::from(sorted);
        wanted.min(self.limit / (4 * copies * self.writers().max(1)))
    }

    /// Returns the bytes that encoding a row group of `bytes` bytes may take, such that the row groups of all writers
    /// fit into the limit. A row group is split if it takes more, which happens if a dictionary has to be expanded.
    pub(crate) fn encoding_bytes(&self, bytes: usize, columns: usize) -> usize {
        /// The bytes of a column's metadata and of buffers, which do not depend on the size of the row group.
        const COLUMN: usize = 1_536;
        const BUFFERS: usize = 64 << 10;
        2 * bytes + columns * COLUMN + BUFFERS
    }

    /// Returns how many rows of a record batch are partitioned at a time. The number of each is stored in a list, which
    /// is copied when it doubles.
    pub(crate) fn rows_at_once(&self) -> usize {
        const ROW: usize = 3 * size_of::<u64>();
        (self.limit / (32 * ROW * self.writers().max(1))).max(1)
    }

    /// Returns whether less than an eighth of the limit is left, so that buffers are better used by others than kept.
    pub(crate) fn is_short(&self) -> bool {
        !self.fits(self.limit / 8)
    }

    /// Returns whether a reservation of `bytes` bytes fits when there is no other.
    pub(crate) fn fits(&self, bytes: usize) -> bool {
        !self.is_limited() || self.used() + bytes <= self.limit
    }

    /// Returns whether more than the limit is used or reserved, besides `bytes` bytes that may be counted twice. Calls
    /// may take more than they have reserved, above all if rows become many row groups, whose metadata stays in the
    /// file.
    pub(crate) fn is_exceeded(&self, bytes: usize) -> bool {
        let all = self.used() + self.reserved.load(Ordering::Relaxed);
        self.is_limited() && all.saturating_sub(bytes) > self.limit
    }

    /// Returns the bytes of memory of an open file that make it worth closing when memory is short.
    pub(crate) fn least_worth_closing(&self) -> usize {
        self.limit / 256
    }

    /// Reserves bytes for the length of a call. Waits until the reservations of others leave enough of the limit. If
    /// the limit can never hold so many bytes, waits until there is no other reservation. To avoid a deadlock, a
    /// thread must not hold two reservations, nor a lock that others take while they hold one.
    pub(crate) fn reserve(self: &Arc<Self>, bytes: usize) -> Reservation {
        if !self.is_limited() {
            return Reservation {
                budget: Arc::clone(self),
                bytes: 0,
            };
        }
        let must_wait = |_: &mut ()| {
            let reserved = self.reserved.load(Ordering::Relaxed);
            reserved > 0 && self.used() + reserved + bytes > self.limit
        };
        let lock = self.released.wait_while(self.lock_waiting(), must_wait);
        self.reserved.fetch_add(bytes, Ordering::Relaxed);
        drop(lock);
        Reservation {
            budget: Arc::clone(self),
            bytes,
        }
    }

    fn lock_waiting(&self) -> MutexGuard<'_, ()> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the number of bytes by which a share may be out of date before it has to be set again.
    #[inline]
    pub(crate) fn granule(&self) -> usize {
        self.limit >> 10
    }

    fn counter(&self, of: Use) -> &AtomicUsize {
        match of {
            Use::Rows => &self.rows,
            Use::Files => &self.files,
            Use::Buffers => &self.buffers,
        }
    }
}

/// Bytes of the budget that are reserved for a call. They are given back when the reservation is dropped.
#[derive(Debug)]
#[must_use]
pub(crate) struct Reservation {
    budget: Arc<MemoryBudget>,
    bytes: usize,
}

impl Drop for Reservation {
    fn drop(&mut self) {
        if self.bytes > 0 {
            let lock = self.budget.lock_waiting();
            let reserved = &self.budget.reserved;
            reserved.fetch_sub(self.bytes, Ordering::Relaxed);
            drop(lock);
            self.budget.released.notify_all();
        }
    }
}

/// Bytes of the budget. They are given back when the share is dropped.
#[derive(Debug)]
pub(crate) struct Share {
    budget: Arc<MemoryBudget>,
    of: Use,
    bytes: usize,
}

impl Share {
    pub(crate) fn new(budget: &Arc<MemoryBudget>, of: Use) -> Self {
        Self {
            budget: Arc::clone(budget),
            of,
            bytes: 0,
        }
    }

    pub(crate) fn budget(&self) -> &MemoryBudget {
        &self.budget
    }

    /// Returns the bytes that were set last.
    #[inline]
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Sets the bytes.
    pub(crate) fn set(&mut self, bytes: usize) {
        let counter = self.budget.counter(self.of);
        if bytes >= self.bytes {
            counter.fetch_add(bytes - self.bytes, Ordering::Relaxed);
        } else {
            counter.fetch_sub(self.bytes - bytes, Ordering::Relaxed);
        }
        self.bytes = bytes;
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.set(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_given_back() {
        let budget = Arc::new(MemoryBudget::new(1_000));
        let mut rows = Share::new(&budget, Use::Rows);
        let mut file = Share::new(&budget, Use::Files);
        rows.set(500);
        file.set(200);
        rows.set(300);
        assert_eq!((budget.used(), budget.used_by_files()), (500, 200));
        drop(file);
        drop(rows);
        assert_eq!((budget.used(), budget.used_by_files()), (0, 0));
    }

    #[test]
    fn row_groups_of_all_writers_fit_the_quarter_for_calls() {
        let budget = MemoryBudget::new(64 << 20);
        for writers in 1..=8 {
            budget.add_writer();
            for sorted in [false, true] {
                for partitioned in [false, true] {
                    let bytes = budget.row_group_bytes(usize::MAX, partitioned, sorted);
                    let columns = if partitioned { 2 * bytes } else { 0 };
                    let copy = if sorted { bytes } else { 0 };
                    assert!((columns + copy + 2 * bytes) * writers <= 16 << 20);
                }
            }
        }
        assert_eq!(budget.row_group_bytes(10, false, false), 10);
    }

    #[test]
    fn a_reservation_fits_what_is_left() {
        let budget = Arc::new(MemoryBudget::new(1_024));
        let mut rows = Share::new(&budget, Use::Rows);
        rows.set(860);
        assert!(budget.fits(100) && !budget.fits(101));
        assert!(budget.is_short() && !budget.is_exceeded(0));
        let reservation = budget.reserve(101);
        assert!(budget.is_exceeded(0) && !budget.is_exceeded(1));
        drop(reservation);
        rows.set(840);
        assert!(!budget.is_short() && !budget.is_exceeded(0));
        let unlimited = MemoryBudget::new(usize::MAX);
        assert!(unlimited.fits(usize::MAX) && !unlimited.is_short() && !unlimited.is_exceeded(0));
    }

    #[test]
    fn a_reservation_waits_for_others() {
        let budget = Arc::new(MemoryBudget::new(1_000));
        let mut rows = Share::new(&budget, Use::Rows);
        rows.set(500);
        let first = budget.reserve(350);
        let waiting = Arc::new(AtomicUsize::new(1));
        let thread = std::thread::spawn({
            let (budget, waiting) = (Arc::clone(&budget), Arc::clone(&waiting));
            move || {
                let second = budget.reserve(200);
                assert_eq!(waiting.load(Ordering::SeqCst), 0);
                drop(second);
            }
        });
        drop(budget.reserve(50));
        waiting.store(0, Ordering::SeqCst);
        drop(first);
        thread.join().unwrap();
        drop(budget.reserve(5_000));
    }
}

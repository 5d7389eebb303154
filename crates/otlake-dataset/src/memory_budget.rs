//! Shares a number of bytes of memory among all writers of a dataset.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The memory limit of a dataset, and the bytes of it that are used.
///
/// Three quarters are for rows and open files. A writer that finds them used up writes row groups early and
/// closes files. The last quarter is for encoding. Each row group is limited to a share of it; see
/// [`row_group_bytes`](Self::row_group_bytes).
///
/// For each table of each writer, the counters may be off by [`granule`](Self::granule) bytes.
#[derive(Debug)]
pub(crate) struct MemoryBudget {
    limit: usize,
    rows: AtomicUsize,
    files: AtomicUsize,
    writers: AtomicUsize,
}

/// The use of a [`Share`] of the budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    /// Rows that are in no row group yet, and the columns in which they are gathered.
    Rows,
    /// Open files: mostly the metadata of their row groups, and bytes that the storage buffers.
    Files,
}

impl MemoryBudget {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            limit,
            rows: AtomicUsize::new(0),
            files: AtomicUsize::new(0),
            writers: AtomicUsize::new(0),
        }
    }

    /// Returns the bytes that rows and open files may take up.
    #[inline]
    pub(crate) fn for_rows_and_files(&self) -> usize {
        self.limit / 4 * 3
    }

    /// Returns the bytes that the rows of one writer may take up. The limit ensures that a busy writer leaves
    /// memory for the others.
    #[inline]
    pub(crate) fn for_rows_of_a_writer(&self) -> usize {
        self.for_rows_and_files() / self.writers().max(1)
    }

    /// Returns the bytes that rows and open files take up.
    #[inline]
    pub(crate) fn used(&self) -> usize {
        self.rows.load(Ordering::Relaxed) + self.files.load(Ordering::Relaxed)
    }

    /// Returns whether rows and open files take up all bytes that are for them.
    #[inline]
    pub(crate) fn is_used_up(&self) -> bool {
        self.used() >= self.for_rows_and_files()
    }

    /// Returns the bytes that open files take up.
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

    /// Returns the size in bytes at which the columns of a row group are full: `wanted`, or less.
    ///
    /// In addition to the values of the columns, their unused capacity takes up about as much again, the
    /// encoded row group does too, and so does a sorted copy. All of this has to fit the budget for all writers
    /// at once, and with partitions, together with the rows of the other partitions.
    pub(crate) fn row_group_bytes(&self, wanted: usize, partitioned: bool, sorted: bool) -> usize {
        let copies = if sorted { 3 } else { 2 };
        let share = if partitioned { 8 } else { 4 };
        wanted.min(self.limit / (share * copies * self.writers().max(1)))
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
    fn row_groups_of_all_writers_fit_the_quarter_for_encoding_and_the_columns() {
        let budget = MemoryBudget::new(64 << 20);
        for writers in 1..=8 {
            budget.add_writer();
            for sorted in [false, true] {
                for partitioned in [false, true] {
                    let bytes = budget.row_group_bytes(usize::MAX, partitioned, sorted);
                    let copies = if sorted { 3 } else { 2 };
                    assert!(bytes * copies * writers <= 32 << 20);
                }
            }
        }
        assert_eq!(budget.row_group_bytes(10, false, false), 10);
    }
}

//! The one module of this crate with unsafe code: `GlobalAlloc` is an unsafe trait.

use std::alloc::{GlobalAlloc, Layout};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering::Relaxed};

// The counters are statics and not fields, because a measurement must reach them without naming the
// program's `#[global_allocator]`. Relaxed ordering is enough: each counter is independent and is
// read on the thread that did the work.
static ON: AtomicBool = AtomicBool::new(false);
static BYTES: AtomicU64 = AtomicU64::new(0);
static COUNT: AtomicU64 = AtomicU64::new(0);
static LIVE: AtomicI64 = AtomicI64::new(0);
static PEAK: AtomicI64 = AtomicI64::new(0);

/// An allocator that forwards every call to `A`, and counts while [`measure`] runs. Outside of a
/// measurement it costs one relaxed load per call, so timed passes can run in the same program.
///
/// ```
/// use std::alloc::System;
/// use otlake_testkit::{CountingAllocator, measure};
///
/// #[global_allocator]
/// static ALLOCATOR: CountingAllocator<System> = CountingAllocator::new(System);
///
/// let (text, allocations) = measure(|| "four".repeat(2));
/// assert_eq!(text, "fourfour");
/// assert_eq!((allocations.bytes, allocations.count, allocations.peak), (8, 1, 8));
/// ```
///
/// Memory that C code allocates itself (zstd's contexts) bypasses the global allocator and is not
/// counted.
#[derive(Debug)]
pub struct CountingAllocator<A> {
    inner: A,
}

impl<A> CountingAllocator<A> {
    /// Wraps `inner`.
    pub const fn new(inner: A) -> Self {
        Self { inner }
    }
}

/// Counts of the allocations during a [`measure`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Allocations {
    /// Bytes allocated in total. A reallocation adds only its growth: adding its whole new size
    /// would charge a doubling buffer twice for memory that allocators mostly extend in place.
    pub bytes: u64,
    /// Number of allocations and reallocations.
    pub count: u64,
    /// Largest number of bytes live at once, above those live at the start.
    pub peak: u64,
}

/// Runs `work` and counts what it allocates, on all threads. Concurrent measurements wait for each
/// other.
///
/// All counts are 0 in a program whose global allocator is not a [`CountingAllocator`].
pub fn measure<R>(work: impl FnOnce() -> R) -> (R, Allocations) {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

    // Also stops counting on unwinding, so that a panic in one test does not slow down the others.
    struct Off;
    impl Drop for Off {
        fn drop(&mut self) {
            ON.store(false, Relaxed);
        }
    }

    let _one = ONE_AT_A_TIME
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner());
    BYTES.store(0, Relaxed);
    COUNT.store(0, Relaxed);
    LIVE.store(0, Relaxed);
    PEAK.store(0, Relaxed);
    let off = Off;
    ON.store(true, Relaxed);
    let result = work();
    drop(off);
    let allocations = Allocations {
        bytes: BYTES.load(Relaxed),
        count: COUNT.load(Relaxed),
        peak: PEAK.load(Relaxed).max(0) as u64,
    };
    (result, allocations)
}

fn took(bytes: usize, live: i64) {
    BYTES.fetch_add(bytes as u64, Relaxed);
    COUNT.fetch_add(1, Relaxed);
    let live = LIVE.fetch_add(live, Relaxed) + live;
    PEAK.fetch_max(live, Relaxed);
}

fn gave_back(bytes: usize) {
    // May drop below 0, because memory from before the measurement can be freed during it.
    LIVE.fetch_sub(bytes as i64, Relaxed);
}

// SAFETY: every method passes its arguments unchanged to the same method of `inner` and returns the
// result unchanged, so `inner` upholds the contract of `GlobalAlloc`. The counting touches atomics
// only: it neither allocates nor unwinds.
#[allow(
    unsafe_code,
    reason = "GlobalAlloc is an unsafe trait with unsafe methods"
)]
unsafe impl<A: GlobalAlloc> GlobalAlloc for CountingAllocator<A> {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if ON.load(Relaxed) {
            took(layout.size(), layout.size() as i64);
        }
        // SAFETY: the caller's promises about `layout` hold for `inner` as well.
        unsafe { self.inner.alloc(layout) }
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if ON.load(Relaxed) {
            took(layout.size(), layout.size() as i64);
        }
        // SAFETY: the caller's promises about `layout` hold for `inner` as well.
        unsafe { self.inner.alloc_zeroed(layout) }
    }

    #[inline]
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        if ON.load(Relaxed) {
            gave_back(layout.size());
        }
        // SAFETY: the caller got `pointer` from this allocator with this `layout`, so from `inner`
        // with the same.
        unsafe { self.inner.dealloc(pointer, layout) }
    }

    #[inline]
    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        if ON.load(Relaxed) {
            took(
                new_size.saturating_sub(layout.size()),
                new_size as i64 - layout.size() as i64,
            );
        }
        // SAFETY: the caller got `pointer` from this allocator with this `layout`, so from `inner`
        // with the same; its promises about `new_size` hold for `inner` as well.
        unsafe { self.inner.realloc(pointer, layout, new_size) }
    }
}

//! A separate program, because it installs a global allocator and would count the allocations of
//! other tests.

use std::alloc::System;
use std::hint::black_box;

use otlake_testkit::{Allocations, CountingAllocator, measure};

#[global_allocator]
static ALLOCATOR: CountingAllocator<System> = CountingAllocator::new(System);

// One test function, because two would run on two threads and count each other's allocations.
#[test]
fn counts_bytes_allocations_and_peak_while_on() {
    let ((), none) = measure(|| ());
    assert_eq!(none, Allocations::default());

    let ((), one) = measure(|| drop(black_box(vec![1u8; 1000])));
    assert_eq!(
        one,
        Allocations {
            bytes: 1000,
            count: 1,
            peak: 1000
        }
    );

    // Two allocations in sequence: the bytes add up, the peak does not.
    let ((), two) = measure(|| {
        drop(black_box(vec![1u8; 1000]));
        drop(black_box(vec![0u8; 500]));
    });
    assert_eq!(
        two,
        Allocations {
            bytes: 1500,
            count: 2,
            peak: 1000
        }
    );

    let (grown, growth) = measure(|| {
        let mut grown: Vec<u8> = Vec::with_capacity(100);
        grown.reserve_exact(black_box(300));
        grown
    });
    assert_eq!(
        growth,
        Allocations {
            bytes: 300,
            count: 2,
            peak: 300
        }
    );

    // Freeing memory from before the measurement neither underflows nor raises the peak.
    let ((), freed) = measure(move || drop(grown));
    assert_eq!(freed, Allocations::default());

    // Counting has stopped.
    drop(black_box(vec![1u8; 1000]));
    let ((), none) = measure(|| ());
    assert_eq!(none, Allocations::default());
}

//! This test is a program of its own, because it installs a global allocator that would also count the allocations of
//! other tests.

#![cfg(feature = "json")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::alloc::System;

use otlake_otlp::{Format, OtlpDecoder};
use otlake_row::{Bytes, Row, RowSink, Signal};
use otlake_testkit::{CountingAllocator, Shape, logs_request, measure};

#[global_allocator]
static ALLOCATOR: CountingAllocator<System> = CountingAllocator::new(System);

/// A sink that accepts rows and keeps nothing.
struct Nothing;

impl RowSink for Nothing {
    type Error = std::convert::Infallible;

    fn row(&mut self, _: &mut Row<'_>) -> Result<(), Self::Error> {
        Ok(())
    }
}

#[test]
fn nothing_is_allocated_for_a_record_in_the_steady_state() {
    for shape in [Shape::ten_thousand(), Shape::small_groups()] {
        let json = Bytes::from(serde_json::to_vec(&logs_request(&shape)).unwrap());
        let mut decoder = OtlpDecoder::new();
        let mut decode = || decoder.decode(Signal::Logs, Format::Json, &json, &mut Nothing);
        decode().unwrap();
        let (summary, allocations) = measure(|| decode().unwrap());
        let rows = summary.accepted as f64;
        let per_row = allocations.count as f64 / rows;
        assert!(
            per_row <= 0.2,
            "{per_row} allocations a row: {allocations:?}"
        );
    }
}

//! What a pipeline allocates: a bounded number of bytes for a record, and at most as much at once
//! as the row group that is open, however many payloads pass.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::alloc::System;
use std::io::{self, Write};

use otlake::parquet::{Storage, StorageError, StorageFile};
use otlake::row::Bytes;
use otlake::{Pipeline, PipelineBuilder};
use otlake_testkit::{Allocations, CountingAllocator, Shape, logs_payload, measure};

#[global_allocator]
static ALLOCATOR: CountingAllocator<System> = CountingAllocator::new(System);

/// A storage that keeps nothing, so that only the pipeline's own memory is seen.
struct Nowhere;

struct Nothing;

impl Storage for Nowhere {
    type File = Nothing;

    fn create(&self, _name: &str) -> Result<Nothing, StorageError> {
        Ok(Nothing)
    }
}

impl Write for Nothing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl StorageFile for Nothing {
    fn commit(self) -> Result<(), StorageError> {
        Ok(())
    }
}

/// What a pipeline that is warm allocates while the payloads pass it so many times.
fn allocations(builder: PipelineBuilder, payloads: &[Bytes], times: usize) -> Allocations {
    let mut pipeline = builder.build(Nowhere).unwrap();
    let mut ingest = |times: usize| {
        for payload in payloads.iter().cycle().take(times * payloads.len()) {
            pipeline.ingest_logs(payload.clone()).unwrap();
            // Summaries of files wait to be asked for.
            pipeline.report();
        }
        pipeline.flush().unwrap();
        pipeline.report();
    };
    ingest(1);
    measure(|| ingest(times)).1
}

// One test, because all tests of a process share the allocator.
#[test]
fn memory_is_bounded_and_most_of_it_used_again() {
    let large = [Bytes::from(logs_payload(&Shape::ten_thousand()))];
    let records = 10_000;
    let one = allocations(Pipeline::builder(), &large, 1);
    let per_record = one.bytes / records;
    assert!(per_record <= 800, "{per_record} bytes allocated a record");

    let small: Vec<Bytes> = (0..2)
        .map(|seed| logs_payload(&Shape::small_groups().with_seed(seed)).into())
        .collect();
    // A footer grows with the row groups of its file; with files of one size nothing grows. Columns
    // try a dictionary again every sixteenth batch, so a fair comparison has some of those.
    let files = || Pipeline::builder().row_group_rows(500).rows_per_file(1_000);
    let few = allocations(files(), &small, 30);
    let many = allocations(files(), &small, 90);
    assert!(
        many.peak <= few.peak * 11 / 10,
        "{} bytes at once with 60 payloads, {} with 180",
        few.peak,
        many.peak
    );
}

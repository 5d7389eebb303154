//! What a pipeline allocates: a bounded number of bytes for a record, and at most as much at once
//! as the row group that is open, however many payloads pass.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod measured;

use std::alloc::System;

use otlake::parquet::SortingColumn;
use otlake::row::Bytes;
use otlake::{Pipeline, PipelineBuilder};
use otlake_testkit::{Allocations, CountingAllocator, Shape, logs_payload, measure};

use self::measured::{Nowhere, of_tenants};

#[global_allocator]
static ALLOCATOR: CountingAllocator<System> = CountingAllocator::new(System);

/// What a pipeline that is warm allocates while the payloads pass it so many times.
fn allocations(builder: PipelineBuilder, payloads: &[Bytes], times: usize) -> Allocations {
    let mut pipeline = builder.file_summaries(false).build(Nowhere).unwrap();
    ingest(&mut pipeline, payloads, 1);
    measure(|| ingest(&mut pipeline, payloads, times)).1
}

fn ingest(pipeline: &mut Pipeline<Nowhere>, payloads: &[Bytes], times: usize) {
    for payload in payloads.iter().cycle().take(times * payloads.len()) {
        pipeline.ingest_logs(payload.clone()).unwrap();
    }
    pipeline.flush().unwrap();
}

// One test, because all tests of a process share the allocator.
#[test]
fn memory_is_bounded_and_most_of_it_used_again() {
    memory_is_used_again();
    a_memory_limit_is_kept();
}

fn memory_is_used_again() {
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

fn a_memory_limit_is_kept() {
    const LIMIT: usize = 16 << 20;
    let by_time = SortingColumn {
        name: "time_unix_nano".to_owned(),
        descending: false,
        nulls_first: false,
    };
    for (tenants, records_per_turn) in [(1, 1), (8, 1), (100, 1)] {
        let payloads = [of_tenants(0, tenants, records_per_turn)];
        let by_tenant = if tenants == 1 {
            ""
        } else {
            "tenant={attr.tenant}"
        };
        for order in [vec![], vec![by_time.clone()]] {
            let builder = Pipeline::builder()
                .memory_limit(LIMIT)
                .partitioning(by_tenant.parse().unwrap())
                .open_partitions(tenants)
                .sorted_rows(order.clone());
            let (_, whole) = measure(|| ingest(&mut builder.build(Nowhere).unwrap(), &payloads, 3));
            let peak = whole.peak as usize;
            assert!(
                peak <= LIMIT,
                "{peak} bytes at once with a limit of {LIMIT}, with {tenants} tenants by turns of \
                 {records_per_turn} records, sorted by {order:?}"
            );
        }
    }
}

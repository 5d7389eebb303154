//! What a pipeline allocates: a bounded number of bytes for a record, and at most as much at once
//! as the row group that is open, however many payloads pass.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod measured;

use std::alloc::System;
use std::sync::Arc;
use std::thread;

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::resource::v1::Resource;
use otlake::dataset::Dataset;
use otlake::parquet::SortingColumn;
use otlake::row::Bytes;
use otlake::{FingerprintStage, Pipeline, PipelineBuilder};
use otlake_testkit::{Allocations, CountingAllocator, Shape, logs_payload, measure};

use prost::Message;

use self::measured::{Nowhere, of_tenants};

#[global_allocator]
static ALLOCATOR: CountingAllocator<System> = CountingAllocator::new(System);

/// What a pipeline that is warm allocates while the payloads pass it so many times.
fn allocations(builder: PipelineBuilder, payloads: &[Bytes], times: usize) -> Allocations {
    let mut pipeline = builder
        .file_summaries(0)
        .fingerprint()
        .build_files(Nowhere)
        .unwrap();
    ingest(&mut pipeline, payloads, 1);
    measure(|| ingest(&mut pipeline, payloads, times)).1
}

fn ingest(pipeline: &mut Pipeline<(FingerprintStage,)>, payloads: &[Bytes], times: usize) {
    for payload in payloads.iter().cycle().take(times * payloads.len()) {
        pipeline.ingest_logs(payload.clone()).unwrap();
    }
    pipeline.flush().unwrap();
}

// One test, because all tests of a process share the allocator.
#[test]
fn memory_is_bounded_and_most_of_it_is_reused() {
    memory_is_reused();
    a_memory_limit_is_kept();
    workers_share_a_memory_limit();
    a_resource_is_not_kept_once_for_each_record();
}

fn memory_is_reused() {
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
        let payloads = [of_tenants(0, 10_000, tenants, records_per_turn)];
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
            let (_, whole) = measure(|| {
                let mut pipeline = builder.fingerprint().build_files(Nowhere).unwrap();
                ingest(&mut pipeline, &payloads, 3);
            });
            let peak = whole.peak as usize;
            assert!(
                peak <= LIMIT,
                "{peak} bytes at once with a limit of {LIMIT}, with {tenants} tenants by turns of \
                 {records_per_turn} records, sorted by {order:?}"
            );
        }
    }
}

fn workers_share_a_memory_limit() {
    const LIMIT: usize = 32 << 20;
    const PAYLOADS: usize = 16;
    let payloads: Vec<Bytes> = (0..PAYLOADS)
        .map(|seed| of_tenants(seed as u64, 2_500, 40, 1))
        .collect();
    for workers in [1, 2, 8] {
        let (_, whole) = measure(|| {
            let dataset = Dataset::builder()
                .memory_limit(LIMIT)
                .partitioning("tenant={attr.tenant}".parse().unwrap())
                .open_files(Arc::new(Nowhere))
                .unwrap();
            thread::scope(|scope| {
                for payloads in payloads.chunks(PAYLOADS / workers) {
                    let mut pipeline = Pipeline::on(&dataset).fingerprint().build();
                    scope.spawn(move || ingest(&mut pipeline, payloads, 1));
                }
            });
        });
        let peak = whole.peak as usize;
        assert!(
            peak <= LIMIT,
            "{peak} bytes at once with a limit of {LIMIT} and {workers} workers"
        );
        assert!(
            peak >= LIMIT / 4,
            "{peak} bytes at once with {workers} workers: too few to test a limit of {LIMIT}"
        );
    }
}

/// A payload of a megabyte can be rows of gigabytes: each record has all of its resource.
fn a_resource_is_not_kept_once_for_each_record() {
    const RECORDS: usize = 2_000;
    const ROW_GROUP: usize = 1 << 20;
    let attribute = |key: &str, value: &str| KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue {
            value: Some(Value::StringValue(value.to_owned())),
        }),
        ..KeyValue::default()
    };
    let (long, overflowing) = ("x".repeat(2 << 20), "y".repeat(20 << 10));
    for (name, attributes) in [
        ("a column", vec![attribute("long", &long)]),
        (
            "the overflow",
            vec![attribute("twice", ""), attribute("twice", &overflowing)],
        ),
    ] {
        let request = ExportLogsServiceRequest {
            resource_logs: vec![ResourceLogs {
                resource: Some(Resource {
                    attributes,
                    ..Resource::default()
                }),
                scope_logs: vec![ScopeLogs {
                    log_records: vec![LogRecord::default(); RECORDS],
                    ..ScopeLogs::default()
                }],
                ..ResourceLogs::default()
            }],
        };
        let payload = Bytes::from(request.encode_to_vec());
        let builder = Pipeline::builder().row_group_bytes(ROW_GROUP);
        let mut pipeline = builder.fingerprint().build_files(Nowhere).unwrap();
        let (_, whole) = measure(|| ingest(&mut pipeline, &[payload], 1));
        let peak = whole.peak as usize;
        assert!(peak <= 16 * ROW_GROUP, "{peak} bytes at once for {name}");
    }
}

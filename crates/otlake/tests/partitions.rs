//! A thousand partitions at once, against none: time, memory and files. A measurement:
//!
//! ```sh
//! cargo test --release -p otlake --test partitions -- --ignored --nocapture
//! ```

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::print_stdout, reason = "printing is what it is for")]

use std::io::{self, Write};
use std::time::{Duration, Instant};

use mimalloc::MiMalloc;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use otlake::parquet::{Storage, StorageError, StorageFile};
use otlake::row::Bytes;
use otlake::{Pipeline, PipelineBuilder};
use otlake_testkit::{CountingAllocator, Shape, logs_request, measure};
use prost::Message;

/// As services are built: many small columns that grow are the allocator's work.
#[global_allocator]
static ALLOCATOR: CountingAllocator<MiMalloc> = CountingAllocator::new(MiMalloc);

const MIB: usize = 1 << 20;
const LIMIT: usize = 256 * MIB;
const PARTITIONS: usize = 1_000;
/// With turns of 100 records a payload has 100 partitions, so all of them have each.
const PAYLOADS: u64 = 10;
const TIMES: usize = 4;

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

/// Records with some 30 of 120 attributes each, and a tenant that is another after so many records.
fn payload(seed: u64, records_per_tenant: usize) -> Bytes {
    let shape = Shape {
        log_attributes: 30.0,
        attribute_names: 120,
        string_share: 0.6,
        ..Shape::ten_thousand()
    };
    let mut request = logs_request(&shape.with_seed(seed));
    let records = request
        .resource_logs
        .iter_mut()
        .flat_map(|resource| &mut resource.scope_logs)
        .flat_map(|scope| &mut scope.log_records);
    for (number, record) in records.enumerate() {
        let tenant = (number / records_per_tenant + seed as usize * 100) % PARTITIONS;
        let tenant = format!("tenant-{tenant:03}");
        record.attributes.push(KeyValue {
            key: "tenant".to_owned(),
            value: Some(AnyValue {
                value: Some(Value::StringValue(tenant)),
            }),
            ..KeyValue::default()
        });
    }
    request.encode_to_vec().into()
}

#[derive(Default)]
struct Written {
    time: Duration,
    rows: u64,
    files: usize,
    row_groups: usize,
    bytes: u64,
}

fn write(builder: PipelineBuilder, payloads: &[Bytes]) -> Written {
    let started = Instant::now();
    let mut pipeline = builder.build(Nowhere).unwrap();
    let mut written = Written::default();
    let mut note = |pipeline: &mut Pipeline<Nowhere>| {
        for file in pipeline.report().files() {
            written.files += 1;
            written.rows += file.rows;
            written.row_groups += file.row_groups;
            written.bytes += file.bytes;
        }
    };
    for payload in payloads.iter().cycle().take(TIMES * payloads.len()) {
        pipeline.ingest_logs(payload.clone()).unwrap();
        note(&mut pipeline);
    }
    pipeline.flush().unwrap();
    note(&mut pipeline);
    written.time = started.elapsed();
    written
}

#[test]
#[ignore = "a measurement, which takes a release build and half a minute"]
fn a_thousand_partitions() {
    let payloads = |records_per_tenant: usize| -> Vec<Bytes> {
        let payload = |seed| payload(seed, records_per_tenant);
        (0..PAYLOADS).map(payload).collect()
    };
    let limited = || Pipeline::builder().memory_limit(LIMIT);
    let partitioned = |open: usize| {
        let by_tenant = "tenant={attr.tenant}".parse().unwrap();
        limited().partitioning(by_tenant).open_partitions(open)
    };
    let cases: [(&str, usize, &dyn Fn() -> PipelineBuilder); 4] = [
        ("none", 1, &limited),
        ("1,000 by turns of 100 records", 100, &|| {
            partitioned(PARTITIONS)
        }),
        ("1,000 by turns of 10 records", 10, &|| {
            partitioned(PARTITIONS)
        }),
        ("1,000 by turns of one record", 1, &|| {
            partitioned(PARTITIONS)
        }),
    ];
    let mut first = None;
    for (name, records_per_tenant, builder) in cases {
        let payloads = payloads(records_per_tenant);
        let written = (0..2)
            .map(|_| write(builder(), &payloads))
            .min_by_key(|written| written.time)
            .unwrap();
        let (_, allocations) = measure(|| write(builder(), &payloads));
        let time = *first.get_or_insert(written.time);
        println!(
            "{name}: {} records in {:.2} s, {:.2} of the first's throughput; peak {} MiB of {}; \
             {} files, {} row groups, {:.0} rows each, {} MiB",
            written.rows,
            written.time.as_secs_f64(),
            time.as_secs_f64() / written.time.as_secs_f64(),
            allocations.peak as usize / MIB,
            LIMIT / MIB,
            written.files,
            written.row_groups,
            written.rows as f64 / written.row_groups as f64,
            written.bytes / MIB as u64,
        );
    }
}

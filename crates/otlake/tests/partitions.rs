//! Many partitions at once, against none: time, memory and files. A measurement:
//!
//! ```sh
//! cargo test --release -p otlake --test partitions -- --ignored --nocapture
//! ```

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::print_stdout, reason = "printing is what it is for")]

mod measured;

use std::time::{Duration, Instant};

use mimalloc::MiMalloc;
use otlake::row::Bytes;
use otlake::{FingerprintStage, Pipeline, PipelineBuilder};
use otlake_testkit::{CountingAllocator, measure};

use self::measured::{Nowhere, of_tenants};

/// As services are built: many small columns that grow are the allocator's work.
#[global_allocator]
static ALLOCATOR: CountingAllocator<MiMalloc> = CountingAllocator::new(MiMalloc);

const MIB: usize = 1 << 20;
const LIMIT: usize = 256 * MIB;
/// With turns of 100 records a payload has 100 partitions, so ten of them have a thousand.
const PAYLOADS: u64 = 10;
/// Long enough that memory is full most of the time.
const TIMES: usize = 10;

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
    let mut pipeline = builder.fingerprint().build_files(Nowhere).unwrap();
    let mut written = Written::default();
    let mut note = |pipeline: &mut Pipeline<(FingerprintStage,)>| {
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
#[ignore = "a measurement, which takes a release build and a minute"]
fn many_partitions_at_once() {
    let limited = || Pipeline::builder().memory_limit(LIMIT);
    let mut first = None;
    for (partitions, records_per_turn) in [(1, 1), (10, 1), (1_000, 100), (1_000, 10), (1_000, 1)] {
        let builder = || match partitions {
            1 => limited(),
            open => {
                let by_tenant = "tenant={attr.tenant}".parse().unwrap();
                limited().partitioning(by_tenant).open_partitions(open)
            }
        };
        let payload = |seed| of_tenants(seed, 10_000, partitions, records_per_turn);
        let payloads: Vec<Bytes> = (0..PAYLOADS).map(payload).collect();
        let written = (0..2)
            .map(|_| write(builder(), &payloads))
            .min_by_key(|written| written.time)
            .unwrap();
        let (_, allocations) = measure(|| write(builder(), &payloads));
        let time = *first.get_or_insert(written.time);
        println!(
            "{partitions} by turns of {records_per_turn}: {} records in {:.2} s, {:.2} of the first's \
             throughput; peak {} MiB of {}; {} files, {} row groups, {:.0} rows each, {} MiB",
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

//! Decoding the records of a payload. The floors come first; the feature `peers` adds prost.

#![allow(
    clippy::unwrap_used,
    reason = "a bench that cannot run has nobody to tell but the terminal"
)]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use otlake_benches::{Workload, floors};

fn decode(criterion: &mut Criterion) {
    let workloads = Workload::generated().unwrap();
    for workload in &workloads {
        let mut group = criterion.benchmark_group(format!("decode/{}", workload.name()));
        group.throughput(Throughput::Elements(workload.records() as u64));
        group.bench_function("floor_walk", |bencher| {
            bencher.iter(|| {
                let records = |payload| floors::walk(workload.signal(), payload).unwrap().records;
                workload
                    .payloads()
                    .iter()
                    .map(|payload| records(payload))
                    .sum::<usize>()
            });
        });
        group.bench_function("floor_walk_utf8", |bencher| {
            bencher.iter(|| {
                let records = |payload| {
                    floors::walk_utf8(workload.signal(), payload)
                        .unwrap()
                        .records
                };
                workload
                    .payloads()
                    .iter()
                    .map(|payload| records(payload))
                    .sum::<usize>()
            });
        });
        #[cfg(feature = "peers")]
        group.bench_function("peer_prost", |bencher| {
            use otlake_benches::peers;
            bencher.iter(|| {
                let records = |payload| peers::records(workload.signal(), payload).unwrap();
                workload
                    .payloads()
                    .iter()
                    .map(|payload| records(payload))
                    .sum::<usize>()
            });
        });
        group.finish();
    }
}

criterion_group!(benches, decode);
criterion_main!(benches);

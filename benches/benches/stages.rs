//! Each stage, and all of them end to end: one benchmark per case of the report that measures
//! otlake (`decode`, `fingerprint`, `buffer`, `shred`, `parquet`, `end_to_end_…`).

#![allow(
    clippy::unwrap_used,
    reason = "a bench that cannot run has nobody to tell but the terminal"
)]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use otlake_benches::{Kind, Workload, lineup};

fn stages(criterion: &mut Criterion) {
    let mut workloads = Workload::generated().unwrap();
    workloads.push(Workload::recorded().unwrap());
    for workload in &workloads {
        let mut group = criterion.benchmark_group(workload.name());
        group.throughput(Throughput::Elements(workload.records() as u64));
        for mut case in lineup(workload).unwrap() {
            if case.kind() == Kind::Stage {
                group.bench_function(case.name(), |bencher| {
                    bencher.iter(|| case.pass().unwrap());
                });
            }
        }
        group.finish();
    }
}

criterion_group!(benches, stages);
criterion_main!(benches);

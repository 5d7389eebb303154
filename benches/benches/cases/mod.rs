//! Runs cases of the report under criterion.

#![allow(dead_code, reason = "the benches share this, and none uses all of it")]

use criterion::{Criterion, Throughput};
use otlake_benches::{Case, Workload, lineup};

/// Benchmarks the cases with these names on every workload: one group per workload, with the floors and, with the
/// feature `peers`, the peers next to our own code. A workload that has no such case of ours gets no group.
pub fn bench(criterion: &mut Criterion, stage: &str, names: &[&str]) {
    let mut workloads = Workload::generated().unwrap();
    workloads.push(Workload::recorded().unwrap());
    for workload in &workloads {
        let mut cases = lineup(workload).unwrap();
        cases.retain(|case| names.contains(&case.name()));
        let size = Throughput::ElementsAndBytes {
            elements: workload.records() as u64,
            bytes: workload.bytes() as u64,
        };
        bench_group(
            criterion,
            &format!("{stage}/{}", workload.name()),
            size,
            cases,
        );
    }
}

/// Benchmarks cases as one group, unless none of them is ours.
pub fn bench_group(criterion: &mut Criterion, name: &str, size: Throughput, cases: Vec<Case<'_>>) {
    if !cases
        .iter()
        .any(|case| case.kind() == otlake_benches::Kind::Stage)
    {
        return;
    }
    let mut group = criterion.benchmark_group(name);
    group.throughput(size);
    for mut case in cases {
        group.bench_function(case.name(), |bencher| {
            bencher.iter(|| case.pass().unwrap());
        });
    }
    group.finish();
}

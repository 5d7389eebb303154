//! Fingerprinting a line of log text: the scanner alone, then the report's cases `fingerprint`,
//! `pattern_known` and `pattern_timestamped`; the feature `peers` adds the peers.

#![allow(
    clippy::unwrap_used,
    reason = "a bench that cannot run has nobody to tell but the terminal"
)]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use otlake_benches::{Bodies, lineup_of_bodies};
use otlake_fingerprint::{Scanner, Tokenizer};

fn fingerprint(criterion: &mut Criterion) {
    let bodies = Bodies::generated().unwrap();
    let mut group = criterion.benchmark_group(Bodies::NAME);
    group.throughput(Throughput::Elements(bodies.lines().len() as u64));
    group.bench_function("scanner", |bencher| {
        bencher.iter(|| {
            let mut tokens = 0;
            for line in bodies.lines() {
                Scanner::new().tokenize(line.as_bytes(), |_| tokens += 1);
            }
            tokens
        });
    });
    for mut case in lineup_of_bodies(&bodies).unwrap() {
        group.bench_function(case.name(), |bencher| {
            bencher.iter(|| case.pass().unwrap());
        });
    }
    group.finish();
}

criterion_group!(benches, fingerprint);
criterion_main!(benches);

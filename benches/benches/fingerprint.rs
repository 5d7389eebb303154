//! Fingerprints lines of log text (`fingerprint`) and learns their patterns (`pattern_known`, and
//! `pattern_timestamped` for lines with a growing timestamp), next to the scanner alone and, with the
//! feature `peers`, the peers.

#![allow(
    clippy::unwrap_used,
    reason = "a bench that cannot run has nobody to tell but the terminal"
)]

mod cases;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use otlake_benches::{Bodies, Case, Kind, lineup_of_bodies};
use otlake_fingerprint::{Scanner, Tokenizer};

fn fingerprint(criterion: &mut Criterion) {
    let bodies = Bodies::generated().unwrap();
    let scanner = Case::per_line("scanner", Kind::Stage, &bodies, |line| {
        let mut tokens = 0;
        Scanner::new().tokenize(line.as_bytes(), |_| tokens += 1);
        std::hint::black_box(tokens);
    });
    let mut cases = vec![scanner];
    cases.extend(lineup_of_bodies(&bodies).unwrap());
    let size = Throughput::ElementsAndBytes {
        elements: bodies.lines().len() as u64,
        bytes: bodies.bytes() as u64,
    };
    cases::bench_group(criterion, "fingerprint/bodies", size, cases);
}

criterion_group!(benches, fingerprint);
criterion_main!(benches);

//! Decodes payloads to rows, next to the peers and to floors that only walk over the bytes.

#![allow(
    clippy::unwrap_used,
    reason = "a bench that cannot run has nobody to tell but the terminal"
)]

mod cases;

use criterion::{Criterion, criterion_group, criterion_main};

fn decode(criterion: &mut Criterion) {
    let names = [
        "decode",
        "floor_walk",
        "floor_walk_utf8",
        "peer_prost_decode",
        "peer_serde_json",
    ];
    cases::bench(criterion, "decode", &names);
}

criterion_group!(benches, decode);
criterion_main!(benches);

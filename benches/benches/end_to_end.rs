//! Takes payloads to Parquet files, next to the peers.

#![allow(
    clippy::unwrap_used,
    reason = "a bench that cannot run has nobody to tell but the terminal"
)]

mod cases;

use criterion::{Criterion, criterion_group, criterion_main};

fn end_to_end(criterion: &mut Criterion) {
    let names = [
        "end_to_end_zstd1",
        "end_to_end_zstd1_no_fingerprint",
        "end_to_end_zstd1_rolling",
        "end_to_end_snappy",
        "end_to_end_none",
        "floor_walk_utf8",
        "peer_otlp2records_zstd1",
        "peer_columns_zstd1",
        "peer_columns_snappy",
        "peer_columns_none",
    ];
    cases::bench(criterion, "end_to_end", &names);
}

criterion_group!(benches, end_to_end);
criterion_main!(benches);

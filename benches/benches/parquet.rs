//! Writes record batches to Parquet files, next to a floor that only compresses the finished columns.

#![allow(
    clippy::unwrap_used,
    reason = "a bench that cannot run has nobody to tell but the terminal"
)]

mod cases;

use criterion::{Criterion, criterion_group, criterion_main};

fn parquet(criterion: &mut Criterion) {
    let names = ["parquet", "floor_zstd1"];
    cases::bench(criterion, "parquet", &names);
}

criterion_group!(benches, parquet);
criterion_main!(benches);

//! Turns rows into record batches, at once (`shred`) or after they have waited in a row buffer (`buffer` is
//! that detour alone).

#![allow(
    clippy::unwrap_used,
    reason = "a bench that cannot run has nobody to tell but the terminal"
)]

mod cases;

use criterion::{Criterion, criterion_group, criterion_main};

fn shred(criterion: &mut Criterion) {
    let names = ["shred", "buffer"];
    cases::bench(criterion, "shred", &names);
}

criterion_group!(benches, shred);
criterion_main!(benches);

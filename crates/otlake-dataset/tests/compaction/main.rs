//! Small files that are merged: the same rows in the same partitions, in order, whatever happens in between.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod cells;
#[path = "../faulty/mod.rs"]
mod faulty;
mod interference;
mod plans;
#[path = "../random/mod.rs"]
mod random;
#[path = "../records/mod.rs"]
mod records;
mod rows;
mod stalling;
mod swaps;

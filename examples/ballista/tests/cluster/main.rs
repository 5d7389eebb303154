//! Queries return the same rows on a cluster as on one machine, and backfills write the same dataset, also when an
//! executor is lost.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod lake;
mod lost_executor;
mod one_process;
mod processes;
mod three_processes;

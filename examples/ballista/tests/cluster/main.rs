//! Queries return the same rows on a cluster as on one machine.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod lake;
mod one_process;
mod three_processes;

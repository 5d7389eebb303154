//! A dataset's table: what is read, what is not, and that neither changes the result.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod attributes;
mod errors;
mod files;
mod lake;
mod order;
mod pruning;
mod random;
mod schema;

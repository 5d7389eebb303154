//! The storages of otlake-parquet against real parts: file systems, object stores, an S3 server, faults.
//!
//! ```text
//!  tests/ ──▶ FaultyStorage ──▶ LocalDirectory, Memory
//!        └──▶ ObjectStorage ──▶ Watched ──▶ InMemory, LocalFileSystem
//!                          └──▶ AmazonS3 ──HTTP──▶ S3Server (s3s-fs, on a port of this machine)
//! ```
//!
//! [`Watched`] and [`FaultyStorage`] fail at the call that they are told, and `Watched` knows which
//! uploads are open. What is random follows from `OTLAKE_SEED`; `OTLAKE_ROUNDS` says how often.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "tests are all that it is for"
)]

mod faulty;
mod random;
mod s3;
mod watched;

pub use faulty::{FaultyFile, FaultyStorage, StorageFault};
pub use random::Random;
pub use s3::S3Server;
pub use watched::{StoreFault, Watched};

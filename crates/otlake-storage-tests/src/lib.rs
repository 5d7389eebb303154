//! Tests of delivery with real parts: file systems, object stores, an S3 server, faults and killed
//! processes.
//!
//! ```text
//!  Numbered ──▶ Pipeline ──┐                                                    ┌──▶ ReadFile
//!                          ├──▶ FaultyStorage ──▶ LocalDirectory, InMemoryStorage ───────┤
//!                  bytes ──┴──▶ ObjectStorage ──▶ Watched ──▶ InMemory, LocalFileSystem
//!                                            └──▶ AmazonS3 ──HTTP──▶ S3Server (s3s-fs, on a port here)
//! ```
//!
//! [`Watched`] and [`FaultyStorage`] fail at a chosen call, and `Watched` tracks open uploads.
//! [`Numbered`] records show in the [files that are read](ReadFile) whether a record is lost or
//! duplicated. [`kill`] starts writers and a compactor as processes and kills them, and a
//! [`TableReader`] looks at the tables meanwhile. Random choices follow from `OTLAKE_SEED`;
//! `OTLAKE_ROUNDS` sets the number of rounds.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "tests are all that it is for"
)]

mod batches;
mod faulty;
mod killed;
mod numbered;
mod random;
mod s3;
mod stub;
mod suite;
mod watched;

pub use batches::{
    assert_manifests, assert_published, assert_there_once, identity, read_all, records_of_batch,
    small_files, try_batch,
};
pub use faulty::{FaultyStorage, StorageFault};
pub use killed::{TABLES, TableReader, Victim, WRITERS, acknowledged, kill};
pub use numbered::{Numbered, ReadFile, ReadRow};
pub use random::Random;
pub use s3::{S3Server, s3_client};
pub use stub::StubServer;
pub use suite::run_suite;
pub use watched::{StoreFault, Watched};

//! Commits the files of a dataset to Delta Lake tables, exactly once.
//!
//! ```text
//!  Dataset ── Manifest ──▶ DeltaCommit ── one entry for all commits that wait ──▶ logs/_delta_log/…05.json
//!     │                        │  txn        source and sequence number of the batch
//!     │                        │  metaData   if a file has a new column
//!     │                        │  add        path, partition values, statistics
//!     ▼                        │
//!  logs/date=2026-11-22/….parquet            and a checkpoint every 100 versions
//! ```
//!
//! # Example
//!
//! ```
//! use std::sync::Arc;
//!
//! use otlake_dataset::{Commit, Dataset};
//! use otlake_delta::DeltaCommit;
//! use otlake_row::{Group, Row, RowSink, Signal, Value, fields};
//! use otlake_schema::Table;
//!
//! # let directory = tempfile::tempdir()?;
//! # let location = directory.path().to_str().expect("a path in ASCII");
//! let storage = otlake_storage::open(location)?; // or "s3://bucket/lake", with the feature `aws` of otlake-storage
//! let delta = Arc::new(DeltaCommit::builder(storage.clone()).build()?);
//! let dataset = Dataset::builder()
//!     .partitioning("date={date}".parse()?)
//!     .commit(delta.clone())
//!     .open(storage)?;
//!
//! let mut writer = dataset.writer();
//! let mut row = Row::new(Signal::Logs, Group::new(&[]), Group::new(&[]));
//! row.push(fields::TIME_UNIX_NANO, Value::Int(1_795_332_600_000_000_000));
//! row.push(fields::BODY, Value::String("order placed"));
//! writer.row(&mut row)?;
//! writer.flush()?;
//!
//! assert_eq!(delta.version(Table::Logs)?, Some(0));
//! let files = delta.files(Table::Logs)?;
//! assert!(files[0].name.starts_with("logs/date=2026-11-22/part-"));
//! # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
//! ```
//!
//! `deltalake.DeltaTable("lake/logs")` reads it in Python, and `delta_scan('lake/logs')` in DuckDB.
//!
//! # When to use this crate alone
//!
//! Use it if engines that support Delta Lake read the tables of a dataset. It needs no catalog, only the storage.
//! Without it, the manifests of a dataset do the same for readers that know them.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod actions;
mod add;
mod delta_commit;
mod documents_store;
mod error;
mod kernel;
mod partition;
mod protocol;
mod schema;
mod stats;
mod table_commits;
mod table_log;
mod types;

pub use crate::delta_commit::{
    CheckpointEvent, CheckpointObserver, DeltaCommit, DeltaCommitBuilder,
};
pub use crate::error::{ColumnError, DeltaError};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/guide/delta.md")]
struct Guide;

// The commit of a dataset is shared by its writers.
const _: () = {
    const fn is_send_and_sync<T: Send + Sync>() {}
    is_send_and_sync::<DeltaCommit>();
    is_send_and_sync::<DeltaError>();
};

//! Writes rows and Arrow record batches to many Parquet files that are one table.
//!
//! ```text
//!              DatasetWriter, one per thread                          Dataset, shared
//!            ┌──────────────────────────────────────────┐        ┌───────────────────────┐
//!  Row ─────▶│ Gather ──▶ Route ──▶ encode a row group ─┼───────▶│ Files ──────▶ Commit  │──▶ Manifest
//!            │ rows to    which     (on this thread)    │ append │ one open file         │
//!            │ columns    partition?     ▲              │        │ per partition         │
//!            └───────────────────────────┼──────────────┘        ├───────────────────────┤
//!  RecordBatch ──────────────────────────┘                       │ types, memory budget  │
//!                                                                └───────────────────────┘
//! ```
//!
//! # Example
//!
//! ```
//! use std::sync::Arc;
//!
//! use otlake_dataset::Dataset;
//! use otlake_row::{Group, Row, RowSink, Signal, Value, fields};
//! use otlake_storage::InMemoryStorage;
//!
//! let storage = InMemoryStorage::new();
//! let dataset = Dataset::builder().open(Arc::new(storage.clone()))?;
//!
//! let mut writer = dataset.writer();
//! let mut row = Row::new(Signal::Logs, Group::new(&[]), Group::new(&[]));
//! row.push(fields::BODY, Value::String("order placed"));
//! writer.row(&mut row)?;
//! writer.flush()?;
//!
//! let file = &writer.report()[0].files[0];
//! assert_eq!(file.rows, 1);
//! assert!(storage.files().contains_key(&file.name));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # The life of a batch
//!
//! A writer has one state for all of its tables:
//!
//! ```text
//!                 begin_batch                        finish_batch
//!          ┌────────────────────▶ Open ──┬──────────────────────────▶ Idle, committed
//!          │                        │    └── a step of it fails ────▶ Idle, abandoned
//!        Idle                       │ any call fails
//!          ▲                        ▼
//!          └── finish_batch ───── Failed      (abandoned: rows in no closed file are dropped)
//! ```
//!
//! `finish_batch` closes the files of all tables. Then, for each table, it deletes the files that an earlier
//! attempt has left, and commits. An abandoned batch is repeated from `begin_batch` on, by any writer.
//!
//! # The life of a file
//!
//! ```text
//!  first row group ──▶ open ──▶ closing ──▶ visible ──▶ committed
//!                       │          │                       │ fails: the next flush retries it with
//!                       ▼          ▼                       ▼ the same name and content
//!                  rows are lost, and each writer is told how many of them were its own
//! ```
//!
//! A file is closed when it is full or too old, when it is flushed, or when the memory limit is reached. All of
//! its columns are published before that.
//!
//! # When to use this crate alone
//!
//! Use it for rows or record batches that don't come from OTLP payloads, or with stages of your own in front:
//! a [`DatasetWriter`] is a [`RowSink`](otlake_row::RowSink). The crate `otlake` adds decoders, fingerprints
//! and observers.
//!
//! # Features
//!
//! `zstd`, `snappy` and `lz4`, all on by default, are the codecs of the files.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod catalog;
mod commit;
mod compact;
mod dataset;
mod error;
mod files;
mod gather;
mod memory_budget;
mod report;
mod retention;
mod route;
mod writer;

pub use crate::catalog::published_schema::{PublishError, PublishedSchema};
pub use crate::catalog::schema_document::SchemaDocument;
pub use crate::commit::batch_budget::{BatchBudget, BudgetExceeded};
pub use crate::commit::batch_state::BatchStart;
pub use crate::commit::clean_up::CleanUp;
pub use crate::commit::group_commit::{GroupCommit, GroupPanicked};
pub use crate::commit::manifest::file::{ManifestColumn, ManifestFile, ManifestLeaf};
pub use crate::commit::manifest::{Manifest, ManifestError};
pub use crate::commit::manifest_commit::ManifestCommit;
pub use crate::commit::replacement::ReplaceOutcome;
pub use crate::commit::retired_swaps::RetiredSwaps;
pub use crate::commit::table_files::{TableFiles, TableFilesError};
pub use crate::commit::watermarks::{WatermarkError, Watermarks};
pub use crate::commit::{Commit, CommitOutcome, ReplaceUnsupported};
pub use crate::compact::error::CompactionError;
pub use crate::compact::options::CompactionOptions;
pub use crate::compact::plan::{CompactionGroup, CompactionPlan};
pub use crate::compact::report::CompactionReport;
pub use crate::compact::{CompactionProgress, Compactor};
pub use crate::dataset::builder::{DatasetBuilder, MetricTables};
pub use crate::dataset::{Dataset, TableReport};
pub use crate::error::{
    BeginBatchError, CommitError, FinishBatchError, FlushError, LossCause, LostRows, OpenError,
    RowError, TableSinkError,
};
pub use crate::files::batch_id::{BatchId, BatchIdError};
pub use crate::files::file_names::FileNames;
pub use crate::files::rolling_sink::RollingSink;
pub use crate::gather::row_buffer::{RowBuffer, RowInterner};
pub use crate::report::TableStats;
pub use crate::retention::drop_older_than;
pub use crate::route::partition::Partitioning;
pub use crate::route::partition_value::{
    ParseTransformError, PartitionLiteral, PartitionValue, Transform,
};
pub use crate::route::partitioner::Partitioner;
pub use crate::route::template::{ParsePartitioningError, PartitioningErrorKind};
pub use crate::writer::DatasetWriter;
pub use crate::writer::input_budget::{InputBudget, RejectedRows};
pub use crate::writer::table_sink::TableSink;

// The code of the README is compiled.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

// Writers are moved to their threads, and the dataset is shared by them.
const _: () = {
    const fn is_send<T: Send>() {}
    const fn is_send_and_sync<T: Send + Sync>() {}
    is_send::<DatasetWriter>();
    is_send_and_sync::<Dataset>();
    is_send_and_sync::<DatasetBuilder>();
    is_send_and_sync::<SchemaDocument>();
    is_send_and_sync::<Compactor>();
    is_send_and_sync::<GroupCommit<Manifest, CommitOutcome>>();
    is_send_and_sync::<Manifest>();
    is_send_and_sync::<RowBuffer>();
    is_send_and_sync::<RowInterner>();
    is_send_and_sync::<Partitioner>();
    is_send_and_sync::<OpenError>();
    is_send_and_sync::<RowError>();
    is_send_and_sync::<FlushError>();
    is_send_and_sync::<FinishBatchError>();
    is_send_and_sync::<TableSinkError>();
};

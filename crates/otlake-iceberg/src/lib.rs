//! Commits the files of otlake datasets to Apache Iceberg tables, exactly once.
//!
//! ```text
//!  DatasetWriter ──▶ files ──▶ Manifest ──▶ IcebergCommit ──▶ group ──▶ fast append ──▶ catalog
//!       │                                   (field ids, types   (one snapshot for all    (watermarks and snapshot
//!       │                                    and partitions      writers that wait)       in one step)
//!       │                                    are checked)
//!       └──▶ new columns ──▶ IcebergSchema ──▶ the table's schema, which assigns the field ids
//! ```
//!
//! # When to use this crate
//!
//! Use it if readers find tables through an Iceberg catalog. Without one, the manifests that a dataset writes by default
//! are enough. `docs/tables.md` compares both.
//!
//! The crate exchanges manifests with the dataset and no Arrow types, because the `iceberg` crate is on another
//! version of Arrow.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod builder;
mod commit;
mod data_file;
mod error;
mod group;
mod leaves;
mod new_table;
mod partition;
mod pinned;
mod published;
mod shared;
mod types;
mod watermarks;

pub use crate::builder::{IcebergCommitBuilder, TimePartition};
pub use crate::commit::IcebergCommit;
pub use crate::error::{FileFault, IcebergCommitError, IcebergSchemaError};
pub use crate::published::IcebergSchema;

// The version of these types is part of the interface.
pub use iceberg;

// The code of the README is compiled.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/guide/iceberg.md")]
struct Guide;

// The commit of a dataset is shared by its writers.
const _: () = {
    const fn is_send_and_sync<T: Send + Sync>() {}
    is_send_and_sync::<IcebergCommit>();
    is_send_and_sync::<IcebergCommitError>();
    is_send_and_sync::<IcebergSchemaError>();
};

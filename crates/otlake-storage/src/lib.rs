//! Complete files and small documents in a directory, in memory or in an object store.
//!
//! ```text
//!   open("s3://…" | "gs://…" | "az://…" | "file:…" | "memory:" | path)
//!     │
//!     ▼
//!  Arc<dyn Documents>   get, put under a condition, list by prefix, delete
//!     │ is a
//!     ▼
//!  dyn Storage          create(name) ──▶ Box<dyn StorageFile>: write, then commit or drop
//! ```
//!
//! # Example
//!
//! ```
//! use std::io::Write;
//!
//! use otlake_storage::{PutIf, PutOutcome, open};
//!
//! let storage = open("memory:")?;
//! let mut file = storage.create("date=2026-11-22/a.parquet")?;
//! file.write_all(b"PAR1")?;
//! assert!(storage.list("date=")?.is_empty());
//! file.commit()?;
//! assert_eq!(storage.list("date=")?[0].name, "date=2026-11-22/a.parquet");
//!
//! let stored = storage.put("state.json", "1".into(), PutIf::Absent)?;
//! assert!(matches!(stored, PutOutcome::Stored(_)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # When to use this crate alone
//!
//! Use it to publish files that readers must never see half-written, and to keep small state next to them
//! that several writers update. It knows neither Parquet nor OpenTelemetry.
//!
//! # Features
//!
//! - `object-store`: [`ObjectStorage`](https://docs.rs/otlake-storage/latest/otlake_storage/struct.ObjectStorage.html),
//!   for everything that implements the trait `ObjectStore` of the object_store crate.
//! - `aws`, `gcp`, `azure`: that crate's clients, and their URLs in [`open`].

#![cfg_attr(docsrs, feature(doc_cfg))]

mod documents;
mod error;
mod in_memory;
mod local;
mod names;
#[cfg(feature = "object-store")]
mod object;
mod open;
mod retry;
mod storage;

pub use crate::documents::{Document, Documents, PutIf, PutOutcome, StoredFile, Version};
pub use crate::error::{StorageError, StorageErrorKind};
pub use crate::in_memory::InMemoryStorage;
pub use crate::local::LocalDirectory;
pub use crate::names::{check_name, random_digits};
#[cfg(feature = "object-store")]
pub use crate::object::ObjectStorage;
pub use crate::open::{OpenError, open};
pub use crate::retry::{
    Retries, RetriesExhausted, RetryEvent, RetryObserver, RetryPolicy, RetryReason,
};
pub use crate::storage::{Storage, StorageFile};

#[cfg(feature = "object-store")]
pub use object_store;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

const _: () = {
    const fn send_and_sync<T: Send + Sync + ?Sized>() {}
    send_and_sync::<dyn Documents>();
    send_and_sync::<InMemoryStorage>();
    send_and_sync::<LocalDirectory>();
    #[cfg(feature = "object-store")]
    send_and_sync::<ObjectStorage>();
    send_and_sync::<StorageError>();
    send_and_sync::<OpenError>();
    send_and_sync::<Retries>();
    send_and_sync::<RetriesExhausted>();
    const fn send<T: Send + ?Sized>() {}
    send::<dyn StorageFile>();
};

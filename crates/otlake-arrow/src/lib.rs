//! Turns rows into Arrow record batches, and infers their schema on the way.
//!
//! ```text
//! Row ──▶ BatchBuilder ──▶ RecordBatch ──▶ BatchSink
//!           │ one builder per column, created when its key is first seen, filled up with nulls,
//!           │ widened in place when a value of another type arrives
//!           └ the cells of a resource or scope: pushed once, repeated for all its rows
//! ```
//!
//! Strings with few distinct values become `Dictionary(Int32, Utf8)`, other strings `Utf8`, so that a
//! writer that knows dictionaries does not have to hash them again.
//! [`BatchOptions::with_plain_strings`] makes all of them `Utf8`.
//!
//! # Example
//!
//! ```
//! use otlake_arrow::{BatchBuilder, arrow_array::{cast::AsArray, types::Int64Type}};
//! use otlake_row::{Group, Keys, Location, Row, RowSink, Signal, Value, fields};
//! use otlake_schema::Schema;
//!
//! let mut keys = Keys::new();
//! let status = keys.intern(Location::Attribute, "http.status").expect("below the key limit");
//! let (resource, scope) = (Group::new(&[]), Group::new(&[]));
//!
//! let mut builder = BatchBuilder::new(Schema::logs());
//! for code in [200, 404] {
//!     let mut row = Row::new(Signal::Logs, resource, scope);
//!     row.push(fields::BODY, Value::String("done"));
//!     row.push(status, Value::Int(code));
//!     row.set_keys(&keys);
//!     builder.row(&mut row)?;
//! }
//! let batch = builder.finish_batch();
//!
//! assert_eq!(batch.num_rows(), 2);
//! let status = batch.column_by_name("attr_http_status").expect("a column per attribute");
//! assert_eq!(status.as_primitive::<Int64Type>().values(), &[200, 404]);
//! # Ok::<_, otlake_arrow::BatchError>(())
//! ```
//!
//! # When to use this crate alone
//!
//! Use it to pass telemetry to a query engine or to another file format: it needs no Parquet. It has no
//! features.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod batch;
mod column;
mod column_builder;
mod group;
mod options;
mod overflow;
mod projection;
mod sink;
mod slots;

pub use crate::batch::{BatchBuilder, BatchError};
pub use crate::options::BatchOptions;
pub use crate::sink::BatchSink;

pub use arrow_array;
pub use arrow_schema;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

// A builder moves to the thread of its worker.
const _: () = {
    const fn is_send_and_sync<T: Send + Sync>() {}
    is_send_and_sync::<BatchBuilder>();
    is_send_and_sync::<BatchOptions>();
    is_send_and_sync::<BatchError>();
};

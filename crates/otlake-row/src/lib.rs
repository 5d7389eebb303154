//! The row data model of otlake: what decoders push, stages change and sinks consume.
//!
//! ```text
//! a decoder ──▶ Row ──▶ stages ──▶ Row ──▶ a RowSink
//!               │ signal
//!               │ resource ──▶ Group ─┐
//!               │ scope ─────▶ Group ─┴ shared by consecutive rows
//!               └ cells: [(Key, Value)]
//! ```
//!
//! One [`Row`] serves every signal: the body of a log and the name of a span are cells like any
//! attribute, under well-known keys from [`fields`]. Values borrow from the payload or from the decoder's
//! scratch memory, keys are interned ids, and the attributes of a resource exist once for all rows that
//! share them. Pushing a row allocates nothing.
//!
//! # Example
//!
//! ```
//! use otlake_row::{Cell, Group, Keys, Location, Row, RowSink, Signal, Value, fields, sink_fn};
//!
//! let mut keys = Keys::new();
//! let user = keys.intern(Location::Attribute, "user.id").expect("below the key limit");
//! let cells = [Cell { key: fields::SCOPE_NAME, value: Value::String("checkout") }];
//! let (resource, scope) = (Group::new(&[]), Group::new(&cells));
//!
//! let mut seen = Vec::new();
//! let mut sink = sink_fn(|row: &mut Row<'_>| {
//!     seen.extend(row.get(fields::BODY).and_then(Value::as_str).map(str::to_owned));
//!     Ok::<_, std::convert::Infallible>(())
//! });
//!
//! let mut row = Row::new(Signal::Logs, resource, scope);
//! row.push(fields::BODY, Value::String("order placed"));
//! row.push(user, Value::Int(42));
//! row.set_keys(&keys);
//! sink.row(&mut row)?;
//! drop(sink);
//!
//! assert_eq!(seen, ["order placed"]);
//! assert_eq!(keys.name(user), "user.id");
//! # Ok::<(), std::convert::Infallible>(())
//! ```
//!
//! # When to use this crate alone
//!
//! To write a stage, a sink or a decoder of your own. The crate knows no Arrow, no protobuf, no JSON and
//! no async.

#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod enums;
pub mod fields;
mod group;
mod key;
mod keys;
mod owned;
mod registry;
mod row;
mod signal;
mod sink;
mod stage;
mod value;

pub use crate::group::{Group, GroupId};
pub use crate::key::{Key, Location};
pub use crate::keys::{KeyLimits, Keys, KeysId};
pub use crate::owned::{OwnedCell, OwnedGroup, OwnedRow, OwnedValue};
pub use crate::registry::RegisterError;
pub use crate::row::{Cell, Row};
pub use crate::signal::{MetricKind, Signal};
pub use crate::sink::{RowSink, SinkFn, sink_fn};
pub use crate::stage::{BoxStage, Stage, StageChain, Staged};
pub use crate::value::{Value, ValueKind};

pub use bytes::Bytes;
pub use bytestring::ByteString;

#[doc = include_str!("../README.md")]
#[cfg(doctest)]
struct Readme;

// Rows are made on one thread and may be sent to another.
const _: () = {
    const fn is_send_and_sync<T: Send + Sync>() {}
    is_send_and_sync::<Key>();
    is_send_and_sync::<Keys>();
    is_send_and_sync::<RegisterError>();
    is_send_and_sync::<Group<'_>>();
    is_send_and_sync::<Row<'_>>();
    is_send_and_sync::<OwnedRow>();
    is_send_and_sync::<Value<'_>>();
};

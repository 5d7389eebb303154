//! The vocabulary of otlake: what a decoder pushes, a stage looks at and a sink takes.
//!
//! ```text
//!              Row { signal, resource ─┐, scope ─┐, cells: [(Key, Value)] }
//! Decoder ──▶                          ▼         ▼                          ──▶ RowSink
//!                                    Group     Group   (shared by the rows of a group)
//! ```
//!
//! One [`Row`] serves every signal: a log's body and a span's name are cells like any attribute,
//! under well-known keys from [`fields`]. Values borrow from the payload or from the decoder's
//! scratch, keys are interned ids, and groups exist once for all the rows that share them, so
//! pushing a row allocates nothing.
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
//!     seen.extend(row.get(fields::BODY).and_then(|body| body.as_str()).map(str::to_owned));
//!     Ok::<_, std::convert::Infallible>(())
//! });
//!
//! let mut row = Row::new(Signal::Logs, resource, scope);
//! row.push(fields::BODY, Value::String("order placed"));
//! row.push(user, Value::Int(42));
//! row.set_keys(&keys);
//! sink.row(&mut row).unwrap();
//! drop(sink);
//!
//! assert_eq!(seen, ["order placed"]);
//! assert_eq!(keys.name(user), "user.id");
//! ```
//!
//! # When to use this crate alone
//!
//! To write a stage, a sink or a decoder of your own: it knows no Arrow, no protobuf and no async.

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

//! The JSON encoding of OTLP: `scanner` makes `token`s of the text, `tape` and `node` hold them so that
//! members can be read in any order, `text`, `number` and `bytes` know how proto3 writes scalars in
//! JSON, `common` the messages that all signals share, `export` the nesting of resource, scope and
//! items, the others the messages of a signal.

mod bytes;
mod common;
mod export;
mod logs;
mod metrics;
mod node;
mod number;
mod path;
mod scanner;
mod tape;
mod text;
mod token;
mod traces;

pub(crate) use self::export::{Export, request};
pub(crate) use self::logs::Logs;
pub(crate) use self::metrics::Metrics;
pub(crate) use self::path::path_at;
pub(crate) use self::tape::Tape;
pub(crate) use self::traces::Traces;

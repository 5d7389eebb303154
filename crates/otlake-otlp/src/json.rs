//! The JSON encoding of OTLP. `scanner` turns text into `token`s, and `tape` and `node` hold them so that members
//! can be read in any order. `text`, `number` and `bytes` read the scalars of proto3's JSON. `common` has the
//! messages that all signals share, and `export` the nesting of resources, scopes and items. The other modules
//! have the messages of one signal each.

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

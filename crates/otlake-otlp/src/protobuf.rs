//! The protobuf encoding of OTLP. `wire` has the wire format, `common` the messages that all signals share, and
//! `export` the nesting of resources, scopes and items. The other modules have the messages of one signal each.

mod common;
mod export;
mod logs;
mod metrics;
mod traces;
pub(crate) mod wire;

pub(crate) use self::export::{Export, path_at, request};
pub(crate) use self::logs::{Logs, log_record};
pub(crate) use self::metrics::{Metrics, metric_fields};
pub(crate) use self::traces::{Traces, span};

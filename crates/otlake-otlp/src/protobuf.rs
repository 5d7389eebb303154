//! The protobuf encoding of OTLP: `wire` knows protobuf, `common` the messages that all signals
//! share, `export` the nesting of resource, scope and items, the others the messages of a signal.

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

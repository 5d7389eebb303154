//! The protobuf encoding of OTLP: `wire` knows protobuf, `common` the messages that all signals
//! share, `export` the nesting of resource, scope and records, `logs` the log record.

pub(crate) mod common;
pub(crate) mod export;
pub(crate) mod logs;
pub(crate) mod wire;

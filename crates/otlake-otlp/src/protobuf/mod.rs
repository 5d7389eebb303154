//! The protobuf encoding of OTLP: `wire` knows protobuf, `common` the messages that all signals
//! share, `export` the nesting of resource, scope and items, the others the messages of a signal.

pub(crate) mod common;
pub(crate) mod export;
pub(crate) mod logs;
pub(crate) mod metrics;
pub(crate) mod traces;
pub(crate) mod wire;

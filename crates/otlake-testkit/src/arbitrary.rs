//! Requests that no SDK would send but the wire format allows, and bytes that it does not allow.

mod groups;
mod logs;
mod metrics;
mod mutate;
mod schema;
mod strings;
mod traces;
mod values;
mod wire;

pub use logs::arbitrary_logs_request;
pub use metrics::arbitrary_metrics_request;
pub use mutate::mutate;
pub use strings::{break_utf8, repair_utf8};
pub use traces::arbitrary_traces_request;
pub use wire::{delimited_field, fixed64_field, varint_field};

//! Payloads as a production system sends them: skewed and repetitive, with a few values that never
//! repeat.

mod attributes;
mod bodies;
mod instruments;
mod logs;
mod metrics;
mod operations;
mod resources;
mod shape;
mod text;
mod traces;
mod values;

pub use logs::{logs_payload, logs_request};
pub use metrics::{metrics_payload, metrics_request};
pub use shape::{MetricShape, Shape, TraceShape};
pub use traces::{traces_payload, traces_request};

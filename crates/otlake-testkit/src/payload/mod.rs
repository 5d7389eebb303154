//! Payloads as a production system sends them: skewed, repetitive, with a few values that never
//! repeat.

mod attributes;
mod bodies;
mod logs;
mod resources;
mod shape;
mod text;

pub use logs::{logs_payload, logs_request};
pub use shape::Shape;

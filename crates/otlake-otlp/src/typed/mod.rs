//! Rows from the message types of the opentelemetry-proto crate: the same rows that the bytes of
//! the message decode to. A file for each signal, and in `common` what they share.

mod common;
mod logs;
mod metrics;
mod traces;

//! Requests that no SDK would send but the wire format allows, and bytes that it does not.

mod logs;
mod mutate;
mod values;
mod wire;

pub use logs::arbitrary_logs_request;
pub use mutate::mutate;

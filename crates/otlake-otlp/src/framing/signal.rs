//! Detects the signal of a payload if neither an endpoint nor a file name tells it.

mod json;
mod protobuf;

pub use self::json::{SignalError, signal_of_json};
pub use self::protobuf::signal_of_protobuf;

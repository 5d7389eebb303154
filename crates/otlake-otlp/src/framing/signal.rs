//! Which signal a payload is of, when neither an endpoint nor a name says it.

mod json;
mod protobuf;

pub use self::json::{SignalError, signal_of_json};
pub use self::protobuf::signal_of_protobuf;

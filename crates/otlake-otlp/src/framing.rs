//! Files to payloads: what stands in a file one after the other, and in what compression.

mod compression;
mod detect;
mod documents;
mod error;
mod input;
mod lines;
mod payload;
mod prefixed;
mod protobuf;
mod reader;
mod scanner;
mod shape;
mod signal;
#[cfg(test)]
mod tests;

pub use self::error::{PayloadError, PayloadErrorKind};
pub use self::payload::{Format, Payload};
pub use self::reader::PayloadReader;
pub use self::shape::{Framing, UnknownFraming};
pub use self::signal::{SignalError, signal_of_json, signal_of_protobuf};

//! Splits files into payloads: detects the framing and the compression of a file, and reads one payload after
//! another.

mod compression;
mod detect;
mod document_scanner;
mod error;
mod framings;
mod input;
mod json_documents;
mod json_lines;
mod payload;
mod prefixed;
mod protobuf;
mod reader;
mod signal;
#[cfg(test)]
mod tests;

pub use self::error::{PayloadError, PayloadErrorKind};
pub use self::framings::{Framing, UnknownFraming};
pub use self::payload::{Format, Payload};
pub use self::reader::PayloadReader;
pub use self::signal::{SignalError, signal_of_json, signal_of_protobuf};

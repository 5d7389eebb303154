use otlake_row::Bytes;

use super::detect::is_json;

/// The encoding of a payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// Binary protobuf.
    Protobuf,
    /// OTLP/JSON.
    Json,
}

impl Format {
    /// Detects the format of a payload. It is JSON if it begins with a brace, after white space and a byte order mark.
    /// A protobuf request can begin in the same way, with a line feed as a tag and a brace as a length. Then the
    /// bytes after the brace decide.
    pub fn of(payload: &[u8]) -> Format {
        if is_json(payload) {
            Format::Json
        } else {
            Format::Protobuf
        }
    }
}

/// One request of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Payload {
    /// The inflated request. A JSON document has no white space and no byte order mark before it.
    pub bytes: Bytes,
    /// The format.
    pub format: Format,
    /// The number of the payload in its file, from 1. Broken payloads count, empty ones do not.
    pub number: u64,
    /// The offset of the payload in the inflated file, in bytes.
    pub offset: u64,
}

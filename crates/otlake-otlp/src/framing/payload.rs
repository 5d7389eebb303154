use otlake_row::Bytes;

use super::detect::is_json;

/// What a payload is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// Binary protobuf.
    Protobuf,
    /// OTLP/JSON.
    Json,
}

impl Format {
    /// What `payload` seems to be written in: JSON when it begins with a brace, white space and a
    /// byte order mark aside. A protobuf request can begin like that too, with a line feed for a
    /// tag and the brace for a length, so what follows the brace decides then.
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
    /// The request, inflated, without white space or a byte order mark before a JSON document.
    pub bytes: Bytes,
    /// What it is written in.
    pub format: Format,
    /// Which one of the file's payloads it is, from 1. Broken ones count, empty ones do not.
    pub number: u64,
    /// The byte of the file, inflated, at which it begins, from 0.
    pub offset: u64,
}

#[cfg(all(feature = "gzip", feature = "zstd"))]
mod bombs;
mod detection;
mod faults;
mod reading;
#[cfg(all(feature = "gzip", feature = "zstd"))]
mod round_trips;
mod signals;

use std::io::{self, Read};

use super::*;

/// The items that a test compares: payloads, and errors as texts.
pub(super) fn read(file: impl Read, framing: Option<Framing>, limit: usize) -> Vec<Item> {
    let mut reader = PayloadReader::new(file).with_limit(limit);
    if let Some(framing) = framing {
        reader = reader.with_framing(framing);
    }
    let items = reader.by_ref().map(Item::from).collect();
    assert!(reader.next().is_none(), "nothing comes after the end");
    items
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Item {
    Payload(Format, Vec<u8>),
    Error(String),
}

impl Item {
    pub(super) fn json(text: &str) -> Item {
        Item::Payload(Format::Json, text.into())
    }

    pub(super) fn protobuf(bytes: &[u8]) -> Item {
        Item::Payload(Format::Protobuf, bytes.into())
    }

    pub(super) fn error(text: &str) -> Item {
        Item::Error(text.into())
    }
}

impl From<Result<Payload, PayloadError>> for Item {
    fn from(item: Result<Payload, PayloadError>) -> Item {
        match item {
            Ok(payload) => Item::Payload(payload.format, payload.bytes.into()),
            Err(error) => Item::Error(error.to_string()),
        }
    }
}

/// Returns a length-prefixed message.
pub(super) fn prefixed(message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).unwrap().to_be_bytes();
    [&length[..], message].concat()
}

/// A reader that returns a limited number of bytes at a time, and is interrupted in between.
pub(super) struct Pieces<'a> {
    rest: &'a [u8],
    size: usize,
    interrupted: bool,
}

impl Pieces<'_> {
    pub(super) fn new(file: &[u8], size: usize) -> Pieces<'_> {
        Pieces {
            rest: file,
            size,
            interrupted: false,
        }
    }
}

impl Read for Pieces<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.interrupted = !self.interrupted;
        if self.interrupted {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let size = self.size.min(buffer.len());
        self.rest.by_ref().take(size as u64).read(buffer)
    }
}

#[cfg(feature = "gzip")]
pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;

    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[cfg(feature = "zstd")]
pub(super) fn zstd(bytes: &[u8]) -> Vec<u8> {
    ::zstd::bulk::compress(bytes, 1).unwrap()
}

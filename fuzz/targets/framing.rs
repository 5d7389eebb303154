//! Reads arbitrary bytes as a file of payloads, with a given or a detected framing. The payloads
//! and faults are the same however much is read at a time, each payload is within the limit, and
//! each is at its stated offset.
//!
//! The first byte chooses the framing, the second one the limit and how much is read at a time.

#![no_main]

use std::io::{self, Read};

use flate2::bufread::MultiGzDecoder;
use libfuzzer_sys::fuzz_target;
use otlake::otlp::{
    Format, Framing, Payload, PayloadError, PayloadErrorKind, PayloadReader, signal_of_json,
    signal_of_protobuf,
};

/// Maximum size to which a file of the fuzzer's size may inflate here.
const LARGE: usize = 8 << 20;

/// A reader that returns a few bytes at a time.
struct Pieces<'a> {
    rest: &'a [u8],
    size: usize,
}

impl Read for Pieces<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let size = self.size.min(buffer.len());
        self.rest.by_ref().take(size as u64).read(buffer)
    }
}

fuzz_target!(|input: &[u8]| {
    let [framing, limit, file @ ..] = input else {
        return;
    };
    let framing = Framing::ALL.get(usize::from(framing % 8)).copied();
    let size = usize::from(limit % 16) + 1;
    let limit = usize::from(*limit) * 16;

    let items = read(file, framing, limit);
    let Some(inflated) = inflate(file) else {
        // The file is compressed in several ways, damaged, or a bomb. How much comes out before the
        // fault depends on how much is requested.
        return;
    };
    assert_eq!(
        items,
        read(Pieces { rest: file, size }, framing, limit),
        "depends on the reads"
    );
    let mut end = 0;
    for payload in items.iter().flatten() {
        let at = usize::try_from(payload.offset).unwrap_or(usize::MAX);
        assert!(at >= end, "payloads overlap");
        let here = &inflated[at..];
        if here.starts_with(&payload.bytes) {
            end = at + payload.bytes.len();
        } else {
            // A compressed message, or JSON after white space.
            assert_eq!(at, end.max(at));
            assert!(at >= 4, "no room for a length");
            let length = [0, 1, 2, 3].map(|byte| inflated[at - 4 + byte]);
            end = at + u32::from_be_bytes(length) as usize;
        }
        assert!(end <= inflated.len());
    }
});

type Item = Result<Payload, String>;

fn read(file: impl Read, framing: Option<Framing>, limit: usize) -> Vec<Item> {
    let mut reader = PayloadReader::new(file).with_limit(limit);
    if let Some(framing) = framing {
        reader = reader.with_framing(framing);
    }
    let mut items = Vec::new();
    let mut ended = false;
    for item in reader {
        assert!(!ended, "payloads after the end");
        match &item {
            Ok(payload) => {
                assert!(!payload.bytes.is_empty() && payload.bytes.len() <= limit);
                assert_eq!(payload.number, items.len() as u64 + 1);
                match payload.format {
                    Format::Json => drop(signal_of_json(&payload.bytes)),
                    _ => drop(signal_of_protobuf(&payload.bytes)),
                }
            }
            Err(error) => {
                assert_eq!(error.number(), items.len() as u64 + 1);
                ended = error.is_final();
                check(error, limit);
            }
        }
        items.push(item.map_err(|error| error.to_string()));
    }
    items
}

fn check(error: &PayloadError, limit: usize) {
    match error.kind() {
        PayloadErrorKind::TooLarge {
            bytes,
            limit: stated,
            ..
        } => {
            assert_eq!(*stated, limit);
            assert!(bytes.is_none_or(|bytes| bytes > limit as u64));
        }
        PayloadErrorKind::CutOff {
            expected,
            remaining,
        } => assert!(remaining < expected),
        PayloadErrorKind::Read(error) => panic!("slices can be read: {error}"),
        _ => {}
    }
}

/// Returns the inflated file, unless it is damaged or larger than `LARGE`.
fn inflate(file: &[u8]) -> Option<Vec<u8>> {
    match file {
        [0x1f, 0x8b, 8, _, ..] => all_of(MultiGzDecoder::new(file)),
        [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => {
            all_of(zstd::stream::read::Decoder::with_buffer(file).ok()?)
        }
        _ => all_of(file),
    }
}

fn all_of(decoder: impl Read) -> Option<Vec<u8>> {
    let mut inflated = Vec::new();
    let read = decoder.take(LARGE as u64 + 1).read_to_end(&mut inflated);
    (read.ok()? <= LARGE).then_some(inflated)
}

//! Any bytes as a compressed body: what a decoder of streams takes is taken, to the same bytes, and the
//! limit decides only over bodies that are larger.
//!
//! The first two bytes choose the limit.

#![no_main]

use std::io::{self, Read};

use flate2::bufread::MultiGzDecoder;
use libfuzzer_sys::fuzz_target;
use otlake::otlp::{ContentEncoding, InflateError};
use otlake::row::Bytes;

const LARGE: usize = 1 << 20;

fuzz_target!(|input: &[u8]| {
    let Some((limit, body)) = input.split_first_chunk() else {
        return;
    };
    let limit = usize::from(u16::from_le_bytes(*limit));
    let gzip = all_of(Ok(MultiGzDecoder::new(body)));
    let zstd = all_of(zstd::stream::read::Decoder::with_buffer(body));
    let body = Bytes::copy_from_slice(body);

    let taken = inflate(ContentEncoding::Gzip, &body, limit);
    // The decoder of whole bodies may take what the other one refuses, codes with gaps for one: what
    // it makes of them has the size and the checksum that are stated.
    if gzip.is_some() {
        assert_eq!(taken, gzip);
    }
    let taken = inflate(ContentEncoding::Zstd, &body, limit);
    // Of zstd the decoder of streams takes more: frames that end before the size that they state.
    if taken.is_some() && zstd.is_some() {
        assert_eq!(taken, zstd);
    }
});

/// All that comes out, unless it is damaged or larger than `LARGE`.
fn all_of(decoder: io::Result<impl Read>) -> Option<Vec<u8>> {
    let mut inflated = Vec::new();
    let mut decoder = decoder.ok()?.take(LARGE as u64 + 1);
    let length = decoder.read_to_end(&mut inflated).ok()?;
    (length <= LARGE).then_some(inflated)
}

/// The body within `LARGE`, and within `limit` the same unless it is larger.
fn inflate(encoding: ContentEncoding, body: &Bytes, limit: usize) -> Option<Vec<u8>> {
    let inflated = encoding.inflate(body, LARGE).ok();
    match (encoding.inflate(body, limit), &inflated) {
        (Ok(smaller), Some(inflated)) => assert!(smaller.len() <= limit && smaller == inflated),
        (Ok(_), None) => panic!("taken, but not with a larger limit"),
        (Err(InflateError::TooLarge { limit: stated, .. }), Some(inflated)) => {
            assert_eq!(stated, limit);
            assert!(inflated.len() > limit);
        }
        // Damage that the decoder of whole bodies does not mind: see above.
        (Err(_), Some(inflated)) => assert!(inflated.len() > limit),
        (Err(_), None) => {}
    }
    inflated.map(Vec::from)
}

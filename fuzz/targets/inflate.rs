//! Inflates arbitrary bytes as a compressed body. Whatever the streaming decoder accepts is
//! accepted with the same result; the limit only matters for larger bodies.
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
    // The decoder for whole bodies may accept what the streaming one rejects, such as incomplete
    // codes. Its result has the size and the checksum that the body states.
    if gzip.is_some() {
        assert_eq!(taken, gzip);
    }
    let taken = inflate(ContentEncoding::Zstd, &body, limit);
    // The streaming decoder accepts more zstd: frames that end before the size that they state.
    if taken.is_some() && zstd.is_some() {
        assert_eq!(taken, zstd);
    }
});

/// Returns the complete result, unless the body is damaged or the result is larger than `LARGE`.
fn all_of(decoder: io::Result<impl Read>) -> Option<Vec<u8>> {
    let mut inflated = Vec::new();
    let mut decoder = decoder.ok()?.take(LARGE as u64 + 1);
    let length = decoder.read_to_end(&mut inflated).ok()?;
    (length <= LARGE).then_some(inflated)
}

/// Inflates the body within `LARGE`, and checks that the result within `limit` is the same, unless
/// it is larger.
fn inflate(encoding: ContentEncoding, body: &Bytes, limit: usize) -> Option<Vec<u8>> {
    let inflated = encoding.inflate(body, LARGE).ok();
    match (encoding.inflate(body, limit), &inflated) {
        (Ok(smaller), Some(inflated)) => assert!(smaller.len() <= limit && smaller == inflated),
        (Ok(_), None) => panic!("accepted, but not with a larger limit"),
        (Err(InflateError::TooLarge { limit: stated, .. }), Some(inflated)) => {
            assert_eq!(stated, limit);
            assert!(inflated.len() > limit);
        }
        // Damage that the decoder for whole bodies ignores; see above.
        (Err(_), Some(inflated)) => assert!(inflated.len() > limit),
        (Err(_), None) => {}
    }
    inflated.map(Vec::from)
}

//! Any bytes as a compressed body: what a decoder of streams takes is taken, to the same bytes; it is
//! refused when it is beyond the limit, and only then.
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
    let gzip = read_to(MultiGzDecoder::new(body), LARGE);
    let zstd = zstd::stream::read::Decoder::with_buffer(body)
        .and_then(|mut decoder| {
            // The window that bodies may have without stating their size.
            decoder.window_log_max(23)?;
            read_to(decoder, LARGE)
        });
    let body = Bytes::copy_from_slice(body);
    check(ContentEncoding::Gzip, &body, limit, gzip);
    check(ContentEncoding::Zstd, &body, limit, zstd);
});

/// All that comes out, or what is just too large.
fn read_to(decoder: impl Read, limit: usize) -> io::Result<Vec<u8>> {
    let mut inflated = Vec::new();
    decoder
        .take(limit as u64 + 1)
        .read_to_end(&mut inflated)
        .map(|_| inflated)
}

fn check(encoding: ContentEncoding, body: &Bytes, limit: usize, stream: io::Result<Vec<u8>>) {
    let within = |limit| encoding.inflate(body, limit);
    match stream {
        Ok(inflated) if inflated.len() <= LARGE => {
            assert_eq!(within(LARGE).expect("a stream takes it"), inflated);
            match within(limit) {
                Ok(_) => assert!(inflated.len() <= limit),
                Err(InflateError::TooLarge { limit: stated, .. }) => {
                    assert_eq!(stated, limit);
                    assert!(inflated.len() > limit);
                }
                Err(error) => panic!("refused, but not with a larger limit: {error}"),
            }
        }
        // Too large, or damaged behind what is read.
        Ok(_) => drop(within(LARGE).expect_err("beyond the limit")),
        // The decoder of whole bodies is less strict with codes that nothing was written in; what
        // it makes of them has the size and the checksum that are stated.
        Err(_) => {
            if let Ok(inflated) = within(LARGE) {
                let smaller = within(limit);
                if inflated.len() <= limit {
                    assert_eq!(smaller.expect("not beyond the limit"), inflated);
                } else {
                    smaller.expect_err("beyond the limit");
                }
            }
        }
    }
}

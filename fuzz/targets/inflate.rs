//! Any bytes as a compressed body: damaged, too large, or the same bytes whatever the limit.
//!
//! The first two bytes choose the limit.

#![no_main]

use libfuzzer_sys::fuzz_target;
use otlake::otlp::{ContentEncoding, InflateError};
use otlake::row::Bytes;

const LARGE: usize = 1 << 20;

fuzz_target!(|input: &[u8]| {
    let Some((limit, body)) = input.split_first_chunk() else {
        return;
    };
    let limit = usize::from(u16::from_le_bytes(*limit));
    let body = Bytes::copy_from_slice(body);
    for encoding in [ContentEncoding::Gzip, ContentEncoding::Zstd] {
        let (small, large) = (
            encoding.inflate(&body, limit),
            encoding.inflate(&body, LARGE),
        );
        match (small, large) {
            (Ok(small), Ok(large)) => {
                assert!(small.len() <= limit);
                assert_eq!(small, large);
            }
            (Err(InflateError::TooLarge { limit: stated, .. }), Ok(large)) => {
                assert_eq!(stated, limit);
                assert!(large.len() > limit);
            }
            // The damage may lie beyond what the smaller limit reads.
            (Err(_), Err(_)) => {}
            (Ok(_), Err(error)) => panic!("taken, but not with a larger limit: {error}"),
            (Err(error), Ok(_)) => panic!("refused, but not with a larger limit: {error}"),
        }
    }
});

use std::io;

use zstd::stream::read::Decoder;
use zstd::zstd_safe::{find_frame_compressed_size, get_frame_content_size};

use super::bounded::read_to_bound;

/// The window that every sender over HTTP may use (RFC 9659), and the largest that zstd takes
/// unasked, as powers of two.
const WINDOW_LOGS: std::ops::RangeInclusive<u32> = 23..=27;

/// The body, or `None` when it is larger than `bound`.
pub(super) fn inflate(body: &[u8], bound: usize) -> io::Result<Option<Vec<u8>>> {
    match stated_size(body) {
        Some(size) if size > bound => Ok(None),
        Some(size) => zstd::bulk::decompress(body, size).map(Some),
        // Written by an encoder of streams, or damaged.
        None => {
            let mut decoder = Decoder::with_buffer(body)?;
            // A window larger than what may come out is memory for nothing.
            let log = bound.checked_ilog2().unwrap_or(0) + 1;
            decoder.window_log_max(log.clamp(*WINDOW_LOGS.start(), *WINDOW_LOGS.end()))?;
            read_to_bound(decoder, bound)
        }
    }
}

/// The size that the headers of all frames state together.
fn stated_size(mut body: &[u8]) -> Option<usize> {
    let mut size = 0_usize;
    while !body.is_empty() {
        let frame = find_frame_compressed_size(body).ok()?;
        let content = get_frame_content_size(body).ok()??;
        size = size.checked_add(usize::try_from(content).ok()?)?;
        body = body.get(frame..)?;
    }
    Some(size)
}

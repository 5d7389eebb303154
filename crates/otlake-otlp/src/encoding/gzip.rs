use std::io;

use flate2::bufread::GzDecoder;
use libdeflater::{Decompressor, crc32};
use memchr::memmem;

use super::bounded::read_to_bound;
use super::members::Members;

/// The highest ratio of deflate: a match of 258 bytes in two bits.
const DENSEST: usize = 258 * 4;

/// Inflates a body, or returns `None` if it is larger than `bound`.
pub(super) fn inflate(body: &[u8], bound: usize) -> io::Result<Option<Vec<u8>>> {
    match one_member(body, bound) {
        Some(inflated) => Ok(Some(inflated)),
        // It has several members, exceeds the bound or is damaged. The streaming decoder tells which.
        None => read_to_bound(Members::<_, GzDecoder<_>>::new(body), bound),
    }
}

/// Inflates a body that is one member, as nearly all are, and within `bound`.
///
/// libdeflate takes half the time of a streaming decoder (docs/performance.md). But it needs the size of the output
/// beforehand, which is at the end of a member, and it does not tell where in the input a member ends. It does not
/// verify a header's checksum either, so headers with optional fields, which are rare in HTTP bodies, are left to
/// the streaming decoder.
fn one_member(body: &[u8], bound: usize) -> Option<Vec<u8>> {
    let Some(([_, _, _, flags, ..], trailer)) = body.split_last_chunk::<8>() else {
        return None;
    };
    let [crc0, crc1, crc2, crc3, size @ ..] = *trailer;
    let size = usize::try_from(u32::from_le_bytes(size)).ok()?;
    // An impossible size is not allocated.
    if *flags != 0 || size > bound || size / DENSEST > body.len() {
        return None;
    }
    let mut inflated = vec![0; size];
    let written = Decompressor::new()
        .gzip_decompress(body, &mut inflated)
        .ok()?;
    let crc = u32::from_le_bytes([crc0, crc1, crc2, crc3]);
    // In the input, a member ends with its checksum and size. If these are the last eight bytes, and occur nowhere
    // before, nothing comes after the member.
    let is_all = written == size
        && crc32(&inflated) == crc
        && memmem::find(body, trailer) == Some(body.len() - trailer.len());
    is_all.then_some(inflated)
}

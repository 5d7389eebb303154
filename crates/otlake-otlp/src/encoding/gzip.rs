use std::io;

use flate2::bufread::GzDecoder;
use libdeflater::{Decompressor, crc32};
use memchr::memmem;

use super::bounded::read_to_bound;
use super::members::Members;

/// What deflate makes of one byte at most: matches of 258 bytes, each in two bits.
const DENSEST: usize = 258 * 4;

/// The body, or `None` when it is larger than `bound`.
pub(super) fn inflate(body: &[u8], bound: usize) -> io::Result<Option<Vec<u8>>> {
    match one_member(body, bound) {
        Some(inflated) => Ok(Some(inflated)),
        // Of several members, beyond the bound or damaged: the decoder of streams knows which.
        None => read_to_bound(Members::<_, GzDecoder<_>>::new(body), bound),
    }
}

/// The body when it is one member, as nearly all are, and not beyond `bound`.
///
/// libdeflate takes half of the time of a decoder of streams (docs/performance.md), but wants the
/// output's size beforehand, which stands at the end of a member, and does not say where in the
/// input a member ended. It does not verify a header's checksum either, so headers with optional
/// fields, which bodies over HTTP hardly have, are left to the other decoder.
fn one_member(body: &[u8], bound: usize) -> Option<Vec<u8>> {
    let Some(([_, _, _, flags, ..], trailer)) = body.split_last_chunk::<8>() else {
        return None;
    };
    let [crc0, crc1, crc2, crc3, size @ ..] = *trailer;
    let size = usize::try_from(u32::from_le_bytes(size)).ok()?;
    // A size that the body cannot have is not allocated.
    if *flags != 0 || size > bound || size / DENSEST > body.len() {
        return None;
    }
    let mut inflated = vec![0; size];
    let written = Decompressor::new()
        .gzip_decompress(body, &mut inflated)
        .ok()?;
    let crc = u32::from_le_bytes([crc0, crc1, crc2, crc3]);
    // What was inflated ends in the input with its own checksum and size. When those are the last
    // eight bytes, and stand nowhere before, nothing comes after it.
    let is_all = written == size
        && crc32(&inflated) == crc
        && memmem::find(body, trailer) == Some(body.len() - trailer.len());
    is_all.then_some(inflated)
}

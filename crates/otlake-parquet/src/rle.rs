//! Parquet's RLE / bit-packing hybrid: levels and dictionary indices.
//!
//! <https://parquet.apache.org/docs/file-format/data-pages/encodings/#RLE>

use crate::thrift::put_varint;

/// Bits that hold every number up to `max`.
pub(crate) fn bit_width(max: u64) -> u32 {
    64 - max.leading_zeros()
}

/// An RLE run: `len` times `value`.
pub(crate) fn put_run(out: &mut Vec<u8>, len: usize, value: u32, width: u32) {
    put_varint(out, (len as u64) << 1);
    let bytes = width.div_ceil(8) as usize;
    out.extend_from_slice(&value.to_le_bytes()[..bytes]);
}

/// The levels of a version 1 data page that are all `level`, with their length before them; nothing
/// if the column has no such levels.
pub(crate) fn put_constant_levels(out: &mut Vec<u8>, len: usize, level: u32, max_level: u64) {
    if max_level == 0 {
        return;
    }
    let start = begin_levels(out);
    put_run(out, len, level, bit_width(max_level));
    end_levels(out, start);
}

/// Leaves room for the length of the levels.
pub(crate) fn begin_levels(out: &mut Vec<u8>) -> usize {
    out.extend_from_slice(&[0; 4]);
    out.len()
}

/// Fills in the length of the levels that begin at `start`.
pub(crate) fn end_levels(out: &mut [u8], start: usize) {
    let len = (out.len() - start) as u32;
    out[start - 4..start].copy_from_slice(&len.to_le_bytes());
}

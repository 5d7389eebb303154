//! Parquet's RLE / bit-packing hybrid: levels and dictionary indices.
//!
//! <https://parquet.apache.org/docs/file-format/data-pages/encodings/#RLE>

use crate::page::pack::put_groups;
use crate::varint::put_varint;

/// Returns the number of bits that hold every number up to `max`.
pub(crate) fn bit_width(max: u64) -> u32 {
    64 - max.leading_zeros()
}

/// Appends an RLE run of `len` times `value`.
pub(crate) fn put_run(out: &mut Vec<u8>, len: usize, value: u32, width: u32) {
    put_varint(out, (len as u64) << 1);
    let bytes = width.div_ceil(8) as usize;
    out.extend_from_slice(&value.to_le_bytes()[..bytes]);
}

/// Appends the header of a bit-packed run of `groups` times 8 values.
pub(crate) fn put_packed_head(out: &mut Vec<u8>, groups: usize) {
    put_varint(out, (groups as u64) << 1 | 1);
}

/// Appends the indices of a data page: their width and their runs.
pub(crate) fn put_indices(out: &mut Vec<u8>, indices: &[u32], width: u32) {
    out.push(width as u8);
    if width == 0 {
        if !indices.is_empty() {
            put_run(out, indices.len(), 0, 0);
        }
    } else {
        put_runs(out, indices, width);
    }
}

/// Appends numbers as runs: RLE where they repeat, bit-packed elsewhere.
pub(crate) fn put_runs(out: &mut Vec<u8>, indices: &[u32], width: u32) {
    let shortest = shortest_run(width);
    // The start of the current bit-packed run, and a position in it, whole groups of 8 later.
    let (mut packed, mut at) = (0, 0);
    while let Some(group) = indices[at..].first_chunk::<8>() {
        let value = group[0];
        // The two ends suffice to recognise most groups of mixed values.
        if value != group[7] || !uniform(group, value) {
            at += 8;
            continue;
        }
        let len = 8 + run_length(&indices[at + 8..], value);
        if len < shortest {
            at += len / 8 * 8;
            continue;
        }
        put_packed(out, &indices[packed..at], width);
        put_run(out, len, value, width);
        at += len;
        packed = at;
    }
    let rest = &indices[packed..];
    match rest.first() {
        Some(&value) if uniform(rest, value) => put_run(out, rest.len(), value, width),
        Some(_) => put_packed(out, rest, width),
        None => {}
    }
}

/// Returns the shortest run that is worth it: a run costs two or three bytes, and interrupting a bit-packed run
/// costs another header.
fn shortest_run(width: u32) -> usize {
    match width {
        0..4 => 32,
        4..8 => 16,
        _ => 8,
    }
}

fn put_packed(out: &mut Vec<u8>, values: &[u32], width: u32) {
    if !values.is_empty() {
        put_packed_head(out, values.len().div_ceil(8));
        put_groups(out, values, width);
    }
}

/// Returns whether all values are `value`. There is no early exit, so this is a few vector instructions.
#[inline]
pub(crate) fn uniform(values: &[u32], value: u32) -> bool {
    values
        .iter()
        .fold(0, |difference, other| difference | (other ^ value))
        == 0
}

/// Returns the number of values at the start that are `value`.
pub(crate) fn run_length(values: &[u32], value: u32) -> usize {
    let (blocks, _) = values.as_chunks::<16>();
    let whole = blocks
        .iter()
        .take_while(|block| uniform(&block[..], value))
        .count()
        * 16;
    whole
        + values[whole..]
            .iter()
            .take_while(|other| **other == value)
            .count()
}

/// Appends the levels of a version 1 data page, preceded by their length, that are all `level`. Appends nothing if
/// the column has no such levels.
pub(crate) fn put_constant_levels(out: &mut Vec<u8>, len: usize, level: u32, max_level: u64) {
    if max_level == 0 {
        return;
    }
    let start = begin_levels(out);
    put_run(out, len, level, bit_width(max_level));
    end_levels(out, start);
}

/// Leaves room for the length of the levels and returns the position of their first byte.
pub(crate) fn begin_levels(out: &mut Vec<u8>) -> usize {
    out.extend_from_slice(&[0; 4]);
    out.len()
}

/// Fills in the length of the levels that start at `start`.
pub(crate) fn end_levels(out: &mut [u8], start: usize) {
    let len = (out.len() - start) as u32;
    out[start - 4..start].copy_from_slice(&len.to_le_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Decodes as the specification describes it.
    fn decode(bytes: &[u8], len: usize) -> Vec<u32> {
        let width = u32::from(bytes[0]);
        let mut at = 1;
        let mut values = Vec::new();
        while values.len() < len {
            let (mut head, mut shift) = (0u64, 0);
            loop {
                let byte = bytes[at];
                at += 1;
                head |= u64::from(byte & 0x7f) << shift;
                shift += 7;
                if byte < 0x80 {
                    break;
                }
            }
            if head & 1 == 1 {
                let count = (head >> 1) as usize * 8;
                let bit = |n: usize| u32::from(bytes[at + n / 8] >> (n % 8) & 1);
                for value in 0..count {
                    let start = value * width as usize;
                    values.push((0..width).map(|b| bit(start + b as usize) << b).sum());
                }
                at += count / 8 * width as usize;
            } else {
                let mut value = [0; 4];
                let size = width.div_ceil(8) as usize;
                value[..size].copy_from_slice(&bytes[at..at + size]);
                at += size;
                values.extend(std::iter::repeat_n(
                    u32::from_le_bytes(value),
                    (head >> 1) as usize,
                ));
            }
        }
        assert_eq!(at, bytes.len(), "no bytes are left");
        values.truncate(len);
        values
    }

    proptest! {
        #[test]
        fn indices_come_back(
            runs in prop::collection::vec((any::<u32>(), 1usize..70), 0..60),
            width in 0u32..=20,
        ) {
            let mask = (1u32 << width) - 1;
            let mut values: Vec<u32> = Vec::new();
            for (value, len) in runs {
                if value & 0x100 == 0 {
                    values.extend(std::iter::repeat_n(value & mask, len));
                } else {
                    values.extend((0..len as u32).map(|i| value.wrapping_mul(i * 7 + 1) & mask));
                }
            }
            let mut out = Vec::new();
            put_indices(&mut out, &values, width);
            prop_assert_eq!(decode(&out, values.len()), values);
        }
    }
}

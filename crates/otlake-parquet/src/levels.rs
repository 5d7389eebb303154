//! Definition levels of a flat column: its validity, as it is.

use arrow_buffer::NullBuffer;

use crate::rle::{begin_levels, end_levels, put_constant_levels, put_packed_head, put_run};

/// Words of 64 equal bits from which on an RLE run is worth the head of the bit-packed run after it.
const UNIFORM_WORDS: usize = 4;

/// Appends the levels, 0 or 1, of the rows `row..row + rows`, with their length before them.
pub(crate) fn put_levels(
    out: &mut Vec<u8>,
    nulls: Option<&NullBuffer>,
    row: usize,
    rows: usize,
    words: &mut Vec<u64>,
) {
    let Some(nulls) = nulls else {
        put_constant_levels(out, rows, 1, 1);
        return;
    };
    // Arrow's validity and Parquet's bit-packed levels of width 1 have the same bits in the same
    // order, so mixed stretches are copied.
    let bits = nulls.inner().slice(row, rows);
    let chunks = bits.bit_chunks();
    words.clear();
    words.extend(chunks.iter());
    let tail = chunks.remainder_len();
    if tail > 0 {
        words.push(chunks.remainder_bits());
    }

    let start = begin_levels(out);
    let full = |number: usize| {
        if tail > 0 && number + 1 == words.len() {
            (1 << tail) - 1
        } else {
            u64::MAX
        }
    };
    let bits_until = |number: usize| (number * 64).min(rows);
    let mut packed = 0;
    let mut at = 0;
    while at < words.len() {
        let set = words[at] == full(at);
        if !set && words[at] != 0 {
            at += 1;
            continue;
        }
        let mut end = at + 1;
        while end < words.len() && words[end] == if set { full(end) } else { 0 } {
            end += 1;
        }
        let whole = at == 0 && end == words.len();
        if whole || end - at >= UNIFORM_WORDS {
            put_packed(out, &words[packed..at], bits_until(at) - bits_until(packed));
            put_run(out, bits_until(end) - bits_until(at), u32::from(set), 1);
            packed = end;
        }
        at = end;
    }
    put_packed(out, &words[packed..], rows - bits_until(packed));
    end_levels(out, start);
}

fn put_packed(out: &mut Vec<u8>, words: &[u64], bits: usize) {
    if bits == 0 {
        return;
    }
    let groups = bits.div_ceil(8);
    put_packed_head(out, groups);
    let start = out.len();
    for word in words {
        out.extend_from_slice(&word.to_le_bytes());
    }
    out.truncate(start + groups);
}

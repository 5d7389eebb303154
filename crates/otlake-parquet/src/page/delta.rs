//! The delta encodings of integers and of lengths.
//!
//! <https://parquet.apache.org/docs/file-format/data-pages/encodings/#DELTAENC>

use crate::page::pack::{BLOCK, put_wide_block};
use crate::page::rle::bit_width;
use crate::varint::{put_varint, put_zigzag};

/// The sizes that parquet-mr uses, so every reader knows them.
const DELTAS: usize = 128;
const MINIBLOCKS: usize = DELTAS / BLOCK;

/// Appends `values` as `DELTA_BINARY_PACKED`. The differences of 4-byte integers (`narrow`) wrap at 32 bits,
/// which readers undo.
pub(crate) fn put_delta_binary_packed(out: &mut Vec<u8>, values: &[i64], narrow: bool) {
    put_varint(out, DELTAS as u64);
    put_varint(out, MINIBLOCKS as u64);
    put_varint(out, values.len() as u64);
    let Some((&first, _)) = values.split_first() else {
        put_zigzag(out, 0);
        return;
    };
    put_zigzag(out, first);

    let mut deltas = [0i64; DELTAS];
    // Each block overlaps the one before by one value.
    let mut at = 0;
    while at + 1 < values.len() {
        let window = &values[at..values.len().min(at + DELTAS + 1)];
        let count = window.len() - 1;
        if is_constant(window) {
            put_zigzag(out, 0);
            out.extend_from_slice(&[0; MINIBLOCKS]);
            at += count;
            continue;
        }
        for (delta, pair) in deltas.iter_mut().zip(window.windows(2)) {
            *delta = pair[1].wrapping_sub(pair[0]);
        }
        if narrow {
            for delta in &mut deltas[..count] {
                *delta = i64::from(*delta as i32);
            }
        }
        let smallest = deltas[..count]
            .iter()
            .fold(i64::MAX, |least, delta| least.min(*delta));
        // Missing values are packed as zeros.
        deltas[count..].fill(smallest);

        put_zigzag(out, smallest);
        let widths = out.len();
        out.extend_from_slice(&[0; MINIBLOCKS]);
        for (number, miniblock) in deltas.as_chunks::<BLOCK>().0.iter().enumerate() {
            if number * BLOCK >= count {
                break;
            }
            // A loop, because `map` of an array calls its closure where it is not inlined.
            let mut rests = [0; BLOCK];
            for (rest, delta) in rests.iter_mut().zip(miniblock) {
                *rest = delta.wrapping_sub(smallest) as u64;
            }
            let width = bit_width(rests.iter().fold(0, |all, rest| all | rest));
            out[widths + number] = width as u8;
            put_wide_block(out, &rests, width);
        }
        at += count;
    }
}

/// Returns whether all values are equal, as the lengths of ids are. There is no early exit, so this is a few vector
/// instructions.
#[inline]
fn is_constant(values: &[i64]) -> bool {
    let first = values.first().copied().unwrap_or(0);
    values.iter().fold(0, |bits, value| bits | (value ^ first)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lengths of ids are equal, and a page of them has little but the heads of blocks.
    #[test]
    fn blocks_of_equal_values_have_no_bits() {
        for narrow in [false, true] {
            let mut out = Vec::new();
            put_delta_binary_packed(&mut out, &[7; 300], narrow);
            let head = [0x80, 1, 4, 0xac, 2, 14];
            assert_eq!(out, [&head[..], &[0; 3 * (1 + MINIBLOCKS)]].concat());
        }
    }

    /// A block overlaps the one before by one value, so a step between blocks is in the second one.
    #[test]
    fn a_step_between_blocks_of_equal_values_is_kept() {
        let values = [[7; DELTAS + 1].as_slice(), &[9; DELTAS]].concat();
        let mut out = Vec::new();
        put_delta_binary_packed(&mut out, &values, false);
        let second = &out[6 + 1 + MINIBLOCKS..];
        // The least delta, a width of two bits for the miniblock of the step, and 32 values of that width.
        assert_eq!(second[..5], [0, 2, 0, 0, 0]);
        assert_eq!(second[5..], [2, 0, 0, 0, 0, 0, 0, 0]);
    }
}

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
        for (delta, pair) in deltas.iter_mut().zip(window.windows(2)) {
            *delta = pair[1].wrapping_sub(pair[0]);
        }
        if narrow {
            for delta in &mut deltas[..count] {
                *delta = i64::from(*delta as i32);
            }
        }
        let smallest = deltas[..count].iter().copied().min().unwrap_or(0);
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

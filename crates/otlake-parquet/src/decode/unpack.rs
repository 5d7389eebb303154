//! Bit-unpacking, the reverse of `page/pack.rs`.

use crate::page::pack::BLOCK;

/// Reads 32 numbers of `width` bits, at most 32, from the first `4 * width` bytes of `bytes`. Bytes that are missing
/// are zeros.
pub(crate) fn unpack_block(bytes: &[u8], width: u32, values: &mut [u32; BLOCK]) {
    // Each width has code of its own, in which every shift is a constant.
    macro_rules! dispatch {
        ($($width:literal)*) => {
            match width {
                $($width => unpack::<$width>(bytes, values),)*
                _ => *values = [0; BLOCK],
            }
        };
    }
    dispatch!(1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32);
}

fn unpack<const WIDTH: usize>(bytes: &[u8], values: &mut [u32; BLOCK]) {
    let mut words = [0u32; WIDTH];
    let (whole, rest) = bytes.as_chunks::<4>();
    for (word, bytes) in words.iter_mut().zip(whole) {
        *word = u32::from_le_bytes(*bytes);
    }
    if whole.len() < WIDTH {
        let mut last = [0; 4];
        last[..rest.len()].copy_from_slice(rest);
        words[whole.len()] = u32::from_le_bytes(last);
    }
    let mask = u32::MAX >> (32 - WIDTH);
    macro_rules! each {
        ($($number:literal)*) => {
            $(
                let (word, shift) = ($number * WIDTH / 32, $number * WIDTH % 32);
                let mut value = words[word] >> shift;
                if shift + WIDTH > 32 {
                    value |= words[word + 1] << (32 - shift);
                }
                values[$number] = value & mask;
            )*
        };
    }
    each!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31);
}

/// Reads 32 numbers of `width` bits, at most 64, from the first `4 * width` bytes of `bytes`.
pub(crate) fn unpack_wide_block(bytes: &[u8], width: u32, values: &mut [u64; BLOCK]) {
    if width <= 32 {
        let mut narrow = [0; BLOCK];
        unpack_block(bytes, width, &mut narrow);
        for (value, narrow) in values.iter_mut().zip(narrow) {
            *value = u64::from(narrow);
        }
        return;
    }
    let mask = u64::MAX >> (64 - width.min(64));
    for (number, value) in values.iter_mut().enumerate() {
        let bit = number * width as usize;
        let mut window = [0; 16];
        let from = bytes.get(bit / 8..).unwrap_or_default();
        let len = from.len().min(9);
        window[..len].copy_from_slice(&from[..len]);
        *value = (u128::from_le_bytes(window) >> (bit % 8)) as u64 & mask;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::pack::put_wide_block;

    #[test]
    fn what_was_packed_comes_back() {
        for width in 0..=64u32 {
            let mask = u64::MAX.checked_shr(64 - width).unwrap_or(0);
            let values: [u64; BLOCK] =
                std::array::from_fn(|i| (i as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) & mask);
            let mut packed = Vec::new();
            put_wide_block(&mut packed, &values, width);
            packed.extend_from_slice(&[0xff; 5]);
            let mut unpacked = [1; BLOCK];
            unpack_wide_block(&packed, width, &mut unpacked);
            assert_eq!(unpacked, values, "{width} bits");
        }
    }

    /// The last group of a run may be shorter than a block.
    #[test]
    fn missing_bytes_are_zeros() {
        for len in 0..12 {
            let mut unpacked = [0; BLOCK];
            unpack_block(&vec![0xff; len], 3, &mut unpacked);
            let ones: u32 = unpacked.iter().map(|value| value.count_ones()).sum();
            assert_eq!(ones as usize, 8 * len);
        }
    }
}

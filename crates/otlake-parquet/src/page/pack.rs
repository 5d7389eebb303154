//! Bit-packing, least significant bit first, for the RLE hybrid and the delta encodings.

/// The number of values in a block; a block of width `w` has `4 * w` bytes.
pub(crate) const BLOCK: usize = 32;

/// Appends `values`, `width` bits each, in groups of 8; the last group is padded with zeros.
pub(crate) fn put_groups(out: &mut Vec<u8>, values: &[u32], width: u32) {
    let (blocks, rest) = values.as_chunks::<BLOCK>();
    for block in blocks {
        put_block(out, block, width);
    }
    if !rest.is_empty() {
        let mut block = [0; BLOCK];
        block[..rest.len()].copy_from_slice(rest);
        let start = out.len();
        put_block(out, &block, width);
        out.truncate(start + rest.len().div_ceil(8) * width as usize);
    }
}

/// Appends 32 values of at most 32 bits.
pub(crate) fn put_block(out: &mut Vec<u8>, values: &[u32; BLOCK], width: u32) {
    // Each width has code of its own, in which every shift is a constant.
    macro_rules! dispatch {
        ($($width:literal)*) => {
            match width {
                0 => {}
                $($width => {
                    let mut words = [0u32; $width];
                    pack::<$width>(values, &mut words);
                    put_words(out, &words);
                })*
                _ => debug_assert!(false, "a width of {width} bits"),
            }
        };
    }
    dispatch!(1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32);
}

/// Packs a block of values into words. Unrolled by hand: the compiler would leave a loop with variable shifts,
/// at half the speed.
#[inline(always)]
fn pack<const WIDTH: usize>(values: &[u32; BLOCK], words: &mut [u32; WIDTH]) {
    macro_rules! each {
        ($($number:literal)*) => {
            $(
                let (word, shift) = ($number * WIDTH / 32, $number * WIDTH % 32);
                words[word] |= values[$number] << shift;
                if shift + WIDTH > 32 {
                    words[word + 1] |= values[$number] >> (32 - shift);
                }
            )*
        };
    }
    each!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31);
}

#[inline(always)]
fn put_words<const WIDTH: usize>(out: &mut Vec<u8>, words: &[u32; WIDTH]) {
    let start = out.len();
    out.resize(start + 4 * WIDTH, 0);
    for (bytes, word) in out[start..].as_chunks_mut::<4>().0.iter_mut().zip(words) {
        *bytes = word.to_le_bytes();
    }
}

/// Appends 32 values of at most 64 bits.
pub(crate) fn put_wide_block(out: &mut Vec<u8>, values: &[u64; BLOCK], width: u32) {
    if width <= 32 {
        put_block(out, &values.map(|value| value as u32), width);
        return;
    }
    let (mut word, mut filled) = (0u64, 0);
    for &value in values {
        word |= value << filled;
        filled += width;
        if filled >= 64 {
            out.extend_from_slice(&word.to_le_bytes());
            filled -= 64;
            // The bits of the value that did not fit; none if it fitted exactly.
            word = if filled == 0 {
                0
            } else {
                value >> (width - filled)
            };
        }
    }
    // 32 values end at a multiple of 4 bytes.
    out.extend_from_slice(&word.to_le_bytes()[..filled as usize / 8]);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unpack(bytes: &[u8], width: u32, count: usize) -> Vec<u64> {
        let bit = |number: usize| u64::from(bytes[number / 8] >> (number % 8) & 1);
        (0..count)
            .map(|value| {
                (0..width)
                    .map(|b| bit(value * width as usize + b as usize) << b)
                    .sum()
            })
            .collect()
    }

    #[test]
    fn every_width() {
        for width in 0..=64u32 {
            let mask = if width == 64 {
                u64::MAX
            } else {
                (1 << width) - 1
            };
            let values: [u64; BLOCK] =
                std::array::from_fn(|i| (i as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) & mask);
            let mut out = Vec::new();
            put_wide_block(&mut out, &values, width);
            assert_eq!(out.len(), 4 * width as usize);
            assert_eq!(unpack(&out, width, BLOCK), values);
            if width <= 32 {
                for len in [0, 1, 7, 8, 9, 31, 32, 33, 100] {
                    let values: Vec<u32> = (0..len).map(|i| values[i % BLOCK] as u32).collect();
                    let mut out = Vec::new();
                    put_groups(&mut out, &values, width);
                    assert_eq!(out.len(), len.div_ceil(8) * width as usize);
                    let read: Vec<u32> =
                        unpack(&out, width, len).iter().map(|v| *v as u32).collect();
                    assert_eq!(read, values);
                }
            }
        }
    }
}

//! Classes of bytes: one table lookup per byte on the hot path.

/// An ASCII digit.
pub(crate) const DIGIT: u8 = 1;
/// A letter that is also a hexadecimal digit.
pub(crate) const HEX_LETTER: u8 = 1 << 1;
/// Any other letter, `_`, `$`, and every byte of a multi-byte or broken UTF-8 sequence.
pub(crate) const LETTER: u8 = 1 << 2;
/// `.`: joins the labels of a name or the parts of a number, or is part of a dot leader.
pub(crate) const DOT: u8 = 1 << 3;
/// `-` and `+`: join words and numbers.
pub(crate) const DASH: u8 = 1 << 4;
/// `/`, `\`, `@`, `~` and `'`: join paths, addresses and contractions, and need further checks.
pub(crate) const ODD: u8 = 1 << 5;
/// A byte above 0x7f; always together with [`LETTER`].
pub(crate) const HIGH: u8 = 1 << 6;
/// A byte that ends a chunk: white space, brackets, quotes, `=`, `:`, `,` and all other punctuation.
pub(crate) const STOP: u8 = 1 << 7;

/// The class bits of every byte.
pub(crate) static CLASS: [u8; 256] = table();

const fn table() -> [u8; 256] {
    let mut classes = [STOP; 256];
    let mut byte = 0;
    while byte < 256 {
        let class = match byte as u8 {
            b'0'..=b'9' => DIGIT,
            b'a'..=b'f' | b'A'..=b'F' => HEX_LETTER,
            b'g'..=b'z' | b'G'..=b'Z' | b'_' | b'$' => LETTER,
            b'.' => DOT,
            b'-' | b'+' => DASH,
            b'/' | b'\\' | b'@' | b'~' | b'\'' => ODD,
            0x80..=0xff => LETTER | HIGH,
            _ => STOP,
        };
        classes[byte] = class;
        byte += 1;
    }
    classes
}

/// Returns the class bits of all bytes of a chunk.
#[inline]
pub(crate) fn classes(chunk: &[u8]) -> u8 {
    chunk
        .iter()
        .fold(0, |flags, &byte| flags | CLASS[byte as usize])
}

/// Returns the length of the chunk at the front of a text, and the classes of its bytes.
#[inline(always)]
pub(crate) fn chunk(text: &[u8]) -> (usize, u8) {
    let mut flags = 0;
    let (fours, rest) = text.as_chunks::<4>();
    let mut len = 0;
    for four in fours {
        for (at, &byte) in four.iter().enumerate() {
            let class = CLASS[byte as usize];
            if class & STOP != 0 {
                return (len + at, flags);
            }
            flags |= class;
        }
        len += 4;
    }
    for &byte in rest {
        let class = CLASS[byte as usize];
        if class & STOP != 0 {
            break;
        }
        flags |= class;
        len += 1;
    }
    (len, flags)
}

/// The number of bytes that [`leading_letters`] reads.
pub(crate) const WORD: usize = 16;

/// Returns the number of ASCII letters at the front of a block.
#[inline(always)]
pub(crate) fn leading_letters(block: &[u8; WORD]) -> usize {
    let ([low, high], _) = block.as_chunks::<8>() else {
        return 0;
    };
    let others = other_bytes(*low);
    if others != 0 {
        return others.trailing_zeros() as usize / 8;
    }
    8 + other_bytes(*high).trailing_zeros() as usize / 8
}

/// Returns a number whose lowest set bit is the highest bit of the first byte that is not an ASCII letter, or 0 if all are letters.
#[inline(always)]
fn other_bytes(bytes: [u8; 8]) -> u64 {
    const EACH: u64 = 0x0101_0101_0101_0101;
    // Letters become 1 to 26, bytes between them 0 or 27 to 31, and all others more.
    let numbers = (u64::from_le_bytes(bytes) | (0x20 * EACH)) ^ (0x60 * EACH);
    // A carry or a borrow only changes bytes after one that is not a letter.
    let above = numbers.wrapping_add(EACH * (0x7f - 26));
    let below = numbers.wrapping_sub(EACH);
    (above | below | numbers) & (0x80 * EACH)
}

/// Returns whether `byte` is a letter, a digit or part of a multi-byte character.
pub(crate) fn is_alnum(byte: u8) -> bool {
    CLASS[byte as usize] & (DIGIT | HEX_LETTER | LETTER) != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_either_stops_or_joins() {
        for byte in 0..=255_u8 {
            let class = CLASS[byte as usize];
            assert!(
                class == STOP || class & STOP == 0,
                "{byte:#x} is {class:#b}"
            );
        }
        assert_eq!(CLASS[b' ' as usize], STOP);
        assert_eq!(CLASS[b'=' as usize], STOP);
        assert!(is_alnum(b'z') && is_alnum(b'0') && is_alnum(0xe9) && !is_alnum(b'.'));
    }

    #[test]
    fn leading_letters_end_at_every_other_byte() {
        for len in 0..=WORD {
            for other in (0..=255_u8).filter(|byte| !byte.is_ascii_alphabetic()) {
                for letter in [b'a', b'z', b'A', b'Z'] {
                    // The bytes after it must not matter.
                    for rest in [0, b'q', b'`', 0x80, 0xff] {
                        let mut block = [rest; WORD];
                        block[..len].fill(letter);
                        if let Some(end) = block.get_mut(len) {
                            *end = other;
                        }
                        assert_eq!(leading_letters(&block), len, "{block:x?}");
                    }
                }
            }
        }
    }
}

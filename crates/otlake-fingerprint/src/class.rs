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
}

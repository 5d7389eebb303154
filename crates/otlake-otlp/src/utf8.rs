//! UTF-8 validation of the payload's strings.
//!
//! The strings of telemetry are short (19 bytes on average) and nearly all ASCII. For such strings the call
//! of a validator costs more than the check itself. Checking eight bytes at a time inline reduced the time of
//! decoding by a quarter (`docs/performance.md`). Other strings are validated by simdutf8.

#![allow(
    unsafe_code,
    reason = "bytes that have just been checked to be ASCII become a str without a second check"
)]

const HIGH_BITS: u64 = 0x8080_8080_8080_8080;

/// The longest string that is checked inline. A longer one is worth the call of a vectorised validator.
pub(crate) const SHORT: usize = 64;

/// Returns bytes as a string if they are at most [`SHORT`] and all ASCII.
#[inline]
pub(crate) fn short_ascii(bytes: &[u8]) -> Option<&str> {
    if bytes.len() <= SHORT && is_ascii(bytes) {
        // SAFETY: `is_ascii` has checked that every byte is below 0x80, so the slice is UTF-8. The str
        // borrows the same slice, shared, so the bytes cannot change while it lives.
        return Some(unsafe { std::str::from_utf8_unchecked(bytes) });
    }
    None
}

/// Returns the longest prefix of bytes that is UTF-8.
pub(crate) fn valid_prefix(bytes: &[u8]) -> &str {
    bytes.utf8_chunks().next().map_or("", |chunk| chunk.valid())
}

/// Returns whether all bytes are below 0x80. All strings in a range of lengths are checked with the same number
/// of words, which may overlap, because the processor cannot predict the end of a loop over words.
#[inline]
fn is_ascii(bytes: &[u8]) -> bool {
    let bits = if let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) {
        words(first) | words(last)
    } else if let Some(last) = bytes.len().checked_sub(8) {
        let second = last.min(8);
        word(bytes, 0) | word(bytes, second) | word(bytes, last - second) | word(bytes, last)
    } else if let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) {
        u64::from(u32::from_ne_bytes(*first) | u32::from_ne_bytes(*last))
    } else {
        bytes.iter().fold(0, |bits, byte| bits | u64::from(*byte))
    };
    bits & HIGH_BITS == 0
}

/// Returns the bits that are set in any word.
#[inline]
fn words(bytes: &[u8; 32]) -> u64 {
    let words = bytes.as_chunks().0.iter();
    words.fold(0, |bits, word| bits | u64::from_ne_bytes(*word))
}

#[inline]
fn word(bytes: &[u8], at: usize) -> u64 {
    let word = bytes[at..].first_chunk();
    word.map_or(0, |word| u64::from_ne_bytes(*word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expected(bytes: &[u8]) -> Option<&str> {
        let string = std::str::from_utf8(bytes).ok()?;
        (string.is_ascii() && bytes.len() <= SHORT).then_some(string)
    }

    #[test]
    fn agrees_with_the_standard_library_at_every_length_and_position() {
        let mut bytes = [b'a'; 2 * SHORT];
        for len in 0..bytes.len() {
            assert_eq!(short_ascii(&bytes[..len]), expected(&bytes[..len]));
            for place in 0..len {
                for wrong in [0x80, 0xc3, 0xff] {
                    bytes[place] = wrong;
                    assert_eq!(short_ascii(&bytes[..len]), expected(&bytes[..len]));
                    bytes[place] = b'a';
                }
                if place + 1 < len {
                    bytes[place..place + 2].copy_from_slice("é".as_bytes());
                    assert_eq!(short_ascii(&bytes[..len]), expected(&bytes[..len]));
                    bytes[place..place + 2].fill(b'a');
                }
            }
        }
    }
}

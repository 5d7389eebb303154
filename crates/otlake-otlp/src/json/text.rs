//! The escapes of JSON strings.

use bumpalo::Bump;
use bumpalo::collections::Vec as BumpVec;

/// A byte in place of half a surrogate pair. It is not UTF-8, so it is treated like other invalid bytes: it is
/// replaced, or the record is rejected.
const LONE_SURROGATE: u8 = 0xff;

/// Resolves the escapes of a string, which the scanner has found to be well formed.
#[cold]
pub(crate) fn unescape<'r>(content: &[u8], arena: &'r Bump) -> &'r [u8] {
    let mut plain = BumpVec::with_capacity_in(content.len(), arena);
    let mut rest = content;
    while let Some(at) = rest.iter().position(|byte| *byte == b'\\') {
        plain.extend_from_slice_copy(&rest[..at]);
        rest = &rest[at + 1..];
        let Some((&escape, after)) = rest.split_first() else {
            break;
        };
        rest = after;
        match escape {
            b'b' => plain.push(0x08),
            b'f' => plain.push(0x0c),
            b'n' => plain.push(b'\n'),
            b'r' => plain.push(b'\r'),
            b't' => plain.push(b'\t'),
            b'u' => match code_point(&mut rest) {
                Some(char) => {
                    plain.extend_from_slice_copy(char.encode_utf8(&mut [0; 4]).as_bytes());
                }
                None => plain.push(LONE_SURROGATE),
            },
            itself => plain.push(itself),
        }
    }
    plain.extend_from_slice_copy(rest);
    plain.into_bump_slice()
}

/// Reads the character of the four digits at the beginning, and of the second escape if both are a surrogate pair.
fn code_point(rest: &mut &[u8]) -> Option<char> {
    let first = unit(rest)?;
    *rest = &rest[4..];
    if let 0xd800..0xdc00 = first
        && let Some(second) = rest.strip_prefix(b"\\u")
        && let Some(low @ 0xdc00..0xe000) = unit(second)
    {
        *rest = &second[4..];
        return char::from_u32(0x1_0000 + ((first - 0xd800) << 10 | (low - 0xdc00)));
    }
    char::from_u32(first)
}

/// Returns the UTF-16 unit of four hex digits.
fn unit(digits: &[u8]) -> Option<u32> {
    let digits = digits.first_chunk::<4>()?;
    let digit = |byte: u8| char::from(byte).to_digit(16);
    digits
        .iter()
        .try_fold(0, |unit, byte| Some(unit << 4 | digit(*byte)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_become_what_they_stand_for() {
        let arena = Bump::new();
        let cases: [(&str, &[u8]); 12] = [
            ("", b""),
            ("plain", b"plain"),
            (r#"\"\\\/\b\f\n\r\t"#, b"\"\\/\x08\x0c\n\r\t"),
            (r"a\u0041b", b"aAb"),
            (r"\u00e9\u00E9", "éé".as_bytes()),
            (r"\u0000", b"\0"),
            (r"\ud83d\ude00!", "😀!".as_bytes()),
            (r"\ud83d", b"\xff"),
            (r"\ude00", b"\xff"),
            (r"\ud83d\ud83d\ude00", b"\xff\xf0\x9f\x98\x80"),
            (r"\ud83d\n", b"\xff\n"),
            (r"\ud83d\u0041", b"\xffA"),
        ];
        for (escaped, plain) in cases {
            assert_eq!(unescape(escaped.as_bytes(), &arena), plain, "{escaped}");
        }
    }
}

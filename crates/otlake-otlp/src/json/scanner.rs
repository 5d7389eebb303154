//! A scanner for the lexical grammar of JSON (RFC 8259). It reads from a slice and copies nothing.

use wide::u8x16;

use super::token::{Kind, Token};
use crate::error::{Fault, InvalidPayloadKind, Result};

/// A cursor over JSON text. It is strict, except that it does not validate UTF-8: the rules decide whether an
/// invalid string is replaced or rejected.
#[derive(Clone, Copy)]
pub(crate) struct Scanner<'p> {
    json: &'p [u8],
    at: usize,
}

impl<'p> Scanner<'p> {
    pub(crate) fn new(json: &'p [u8]) -> Scanner<'p> {
        Scanner { json, at: 0 }
    }

    /// Returns the whole text, to which positions refer.
    pub(crate) fn json(&self) -> &'p [u8] {
        self.json
    }

    /// Skips white space, and returns the first byte of the next token; `None` at the end.
    #[inline]
    pub(crate) fn peek(&mut self) -> Option<u8> {
        loop {
            match self.json.get(self.at) {
                Some(b' ' | b'\n' | b'\r' | b'\t') => self.at += 1,
                byte => return byte.copied(),
            }
        }
    }

    /// Returns the current position. After [`Self::peek`], this is the beginning of a token.
    #[inline]
    pub(crate) fn position(&self) -> usize {
        self.at
    }

    /// Skips the byte that [`Self::peek`] has returned.
    #[inline]
    pub(crate) fn take(&mut self) {
        self.at += 1;
    }

    /// Goes back, or ahead, to a position.
    #[inline]
    pub(crate) fn go_to(&mut self, position: usize) {
        self.at = position;
    }

    /// Skips `text` if it is next, and returns whether it was.
    #[inline]
    pub(crate) fn skip<const LENGTH: usize>(&mut self, text: &[u8; LENGTH]) -> bool {
        let rest = self.json.get(self.at..).unwrap_or_default();
        let next = rest.first_chunk() == Some(text);
        self.at += if next { LENGTH } else { 0 };
        next
    }

    /// Reads the rest of a string up to its closing quote, if it has no escapes.
    #[inline]
    pub(crate) fn plain_text(&mut self) -> Token {
        let start = self.at;
        self.at += plain_length(&self.json[start..]);
        Token::new(Kind::String, start, self.at)
    }

    /// Returns whether an object or an array has content, after its opening bracket. If not, skips the closing
    /// bracket.
    #[inline]
    pub(crate) fn first(&mut self, close: u8) -> bool {
        let empty = self.peek() == Some(close);
        self.at += usize::from(empty);
        !empty
    }

    /// Skips the comma or the closing bracket after a member or an item. Returns whether it was a comma.
    #[inline]
    pub(crate) fn another(&mut self, close: u8) -> Result<bool> {
        match self.peek() {
            Some(b',') => {
                self.at += 1;
                Ok(true)
            }
            Some(byte) if byte == close => {
                self.at += 1;
                Ok(false)
            }
            _ if close == b'}' => Err(self.expected("`,` or `}`")),
            _ => Err(self.expected("`,` or `]`")),
        }
    }

    /// Reads the name of a member, and skips its colon.
    #[inline]
    pub(crate) fn name(&mut self) -> Result<Token> {
        if self.peek() != Some(b'"') {
            return Err(self.expected("the name of a member, in double quotes"));
        }
        let name = self.string()?;
        if self.peek() != Some(b':') {
            return Err(self.expected("`:`"));
        }
        self.at += 1;
        Ok(name)
    }

    /// Reads a string, whose opening quote is next.
    #[inline]
    pub(crate) fn string(&mut self) -> Result<Token> {
        let start = self.at + 1;
        let kind = self.skip_string()?;
        Ok(Token::new(kind, start, self.at - 1))
    }

    /// Skips a string, and returns its kind, which fits a register. A whole token would be returned in memory, as fields that are
    /// then loaded together, which waits for the stores.
    #[inline(never)]
    fn skip_string(&mut self) -> Result<Kind> {
        self.at += 1;
        self.at += plain_length(&self.json[self.at..]);
        let kind = match self.json.get(self.at) {
            Some(b'"') => Kind::String,
            _ => {
                self.rest_of_string()?;
                Kind::Escaped
            }
        };
        self.at += 1;
        Ok(kind)
    }

    /// Scans to the closing quote, from the first byte that is not plain text.
    #[cold]
    fn rest_of_string(&mut self) -> Result<()> {
        loop {
            match self.json.get(self.at) {
                Some(b'"') => return Ok(()),
                Some(b'\\') => self.escape()?,
                Some(_) => return Err(self.expected("an escape for the control character")),
                None => return Err(self.expected("the `\"` that ends the string")),
            }
            self.at += plain_length(&self.json[self.at..]);
        }
    }

    fn escape(&mut self) -> Result<()> {
        match self.json.get(self.at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 2,
            Some(b'u') => {
                let digits = self.json.get(self.at + 2..self.at + 6);
                if !digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)) {
                    return Err(self.expected("four hex digits after `\\u`"));
                }
                self.at += 6;
            }
            _ => return Err(self.expected("one of the escapes of JSON")),
        }
        Ok(())
    }

    /// Reads a number, which is next, as its text.
    #[inline]
    pub(crate) fn number(&mut self) -> Result<Token> {
        let start = self.at;
        match number_length(&self.json[start..]) {
            Ok(length) => {
                self.at += length;
                Ok(Token::new(Kind::Number, start, self.at))
            }
            Err(length) => {
                self.at += length;
                Err(self.expected("a digit"))
            }
        }
    }

    /// Reads `null`, `true` or `false`, whose first letter is next.
    #[inline]
    pub(crate) fn literal(&mut self, literal: &'static str, kind: Kind) -> Result<Token> {
        let start = self.at;
        if !self.json[self.at..].starts_with(literal.as_bytes()) {
            return Err(self.expected(literal));
        }
        self.at += literal.len();
        Ok(Token::new(kind, start, self.at))
    }

    /// Returns the fault that something else is expected here.
    #[cold]
    pub(crate) fn expected(&self, expected: &'static str) -> Box<Fault> {
        let at = &self.json[self.at.min(self.json.len())..];
        Fault::new(InvalidPayloadKind::JsonSyntax { expected }, at)
    }
}

/// Returns the number of bytes before the first quote, backslash or control character.
///
/// It looks at 32 bytes at a time, because most strings are shorter: the processor cannot predict the end of a loop.
#[inline]
fn plain_length(bytes: &[u8]) -> usize {
    let (blocks, tail) = bytes.as_chunks::<32>();
    for (index, block) in blocks.iter().enumerate() {
        let (halves, _) = block.as_chunks::<16>();
        let stops = stops(halves[0]) | stops(halves[1]) << 16;
        if stops != 0 {
            return 32 * index + stops.trailing_zeros() as usize;
        }
    }
    let in_tail = tail
        .iter()
        .position(|byte| matches!(byte, b'"' | b'\\' | ..0x20));
    32 * blocks.len() + in_tail.unwrap_or(tail.len())
}

/// Returns a bit for each byte, which is set if the byte ends plain text.
#[inline]
fn stops(bytes: [u8; 16]) -> u32 {
    let bytes = u8x16::new(bytes);
    let is = |byte: u8| bytes.cmp_eq(u8x16::splat(byte));
    let is_control = bytes.min(u8x16::splat(0x1f)).cmp_eq(bytes);
    (is(b'"') | is(b'\\') | is_control).move_mask() as u32
}

/// Returns the length of the number at the beginning, or as an error the position at which a digit is missing.
pub(crate) fn number_length(bytes: &[u8]) -> std::result::Result<usize, usize> {
    let mut at = usize::from(bytes.first() == Some(&b'-'));
    at = match bytes.get(at) {
        Some(b'0') => at + 1,
        _ => digits(bytes, at)?,
    };
    if bytes.get(at) == Some(&b'.') {
        at = digits(bytes, at + 1)?;
    }
    if let Some(b'e' | b'E') = bytes.get(at) {
        at += 1 + usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
        at = digits(bytes, at)?;
    }
    Ok(at)
}

/// Returns the end of the digits that begin at `start`, of which there must be at least one.
#[inline]
fn digits(bytes: &[u8], start: usize) -> std::result::Result<usize, usize> {
    let mut at = start;
    while let Some(b'0'..=b'9') = bytes.get(at) {
        at += 1;
    }
    if at == start { Err(start) } else { Ok(at) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_ends_at_the_same_byte_as_in_a_byte_by_byte_search() {
        let mut bytes = [b'a'; 70];
        for length in 0..bytes.len() {
            for place in 0..length {
                for byte in 0..=255 {
                    bytes[place] = byte;
                    let expected = bytes[..length]
                        .iter()
                        .position(|byte| *byte == b'"' || *byte == b'\\' || *byte < b' ');
                    let ours = plain_length(&bytes[..length]);
                    assert_eq!(ours, expected.unwrap_or(length), "{byte} at {place}");
                }
                bytes[place] = b'a';
            }
        }
    }

    #[test]
    fn numbers_end_where_the_grammar_says() {
        for (text, length) in [
            ("0", Ok(1)),
            ("-0", Ok(2)),
            ("01", Ok(1)),
            ("12,", Ok(2)),
            ("1.50]", Ok(4)),
            ("1e9", Ok(3)),
            ("1E+9", Ok(4)),
            ("-1.5e-09 ", Ok(8)),
            ("", Err(0)),
            ("-", Err(1)),
            ("+1", Err(0)),
            (".5", Err(0)),
            ("1.", Err(2)),
            ("1.e5", Err(2)),
            ("1e", Err(2)),
            ("1e+", Err(3)),
        ] {
            assert_eq!(number_length(text.as_bytes()), length, "{text}");
        }
    }
}

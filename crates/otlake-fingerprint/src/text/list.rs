//! Reads brackets with a single value inside: an empty list, a list of words, the numbers of hosts.

use super::{Tail, Text};
use crate::class::{CLASS, HEX_LETTER, LETTER};
use crate::token::Token;

/// The maximum number of bytes of a list.
const MAX_LIST: usize = 1024;

impl<F: FnMut(Token<'_>)> Text<'_, '_, F> {
    /// Reads an empty pair of brackets or a list of words (`[TERM, HUP]`) as one variable. Returns false if the bracket is only a separator.
    #[inline(never)]
    pub(super) fn list(&mut self, open: u8) -> bool {
        let bytes = self.bytes;
        let start = self.at;
        let close = if open == b'[' { b']' } else { b'}' };
        if bytes.get(start + 1) == Some(&close) {
            self.variable(start, start + 2, Tail::Nothing);
            return true;
        }
        let inside = &bytes[start + 1..bytes.len().min(start + 1 + MAX_LIST)];
        // Most brackets have no comma inside.
        let has_comma = memchr::memchr2(b',', close, inside).is_some_and(|at| inside[at] == b',');
        if !has_comma {
            return false;
        }
        let Some(end) = words_end(inside, close) else {
            return false;
        };
        self.at = start + 1 + end;
        self.variable(start + 1, start + 1 + end, Tail::Nothing);
        true
    }

    /// Returns the end of a chunk that is followed by the numbers of several hosts: `node-[1,3-5]`.
    pub(super) fn hosts(&self, start: usize, end: usize) -> Option<usize> {
        let bytes = self.bytes;
        let named = bytes[end - 1] == b'-'
            && end - start > 1
            && CLASS[bytes[start] as usize] & (HEX_LETTER | LETTER) != 0;
        if !named || bytes.get(end) != Some(&b'[') {
            return None;
        }
        let inside = bytes[end + 1..]
            .iter()
            .take(MAX_LIST)
            .take_while(|b| b.is_ascii_digit() || matches!(b, b' ' | b',' | b'-'))
            .count();
        let close = end + 1 + inside;
        (bytes[end + 1..close].iter().any(u8::is_ascii_digit) && bytes.get(close) == Some(&b']'))
            .then_some(close + 1)
    }

    /// Returns the position after the brackets at `at` if they hold the numbers of several hosts: `node[001-004,7]`.
    pub(super) fn range(&self, at: usize) -> Option<usize> {
        let inside = &self.bytes[at..].strip_prefix(b"[")?;
        let len = inside
            .iter()
            .take(MAX_LIST)
            .take_while(|b| b.is_ascii_digit() || matches!(b, b',' | b'-'))
            .count();
        let numbers = &inside[..len];
        let several = numbers.first()?.is_ascii_digit() && !numbers.iter().all(u8::is_ascii_digit);
        (several && inside.get(len) == Some(&b']')).then_some(at + len + 2)
    }
}

/// Returns the length of two or more items with commas between them, up to `close`. At least one item is a word, because numbers are
/// variables anyway.
fn words_end(text: &[u8], close: u8) -> Option<usize> {
    let mut items = 1;
    let mut item = 0;
    let (mut digits, mut word) = (false, false);
    for (at, &byte) in text.iter().enumerate() {
        match byte {
            b',' if item > 0 => {
                items += 1;
                item = 0;
                word |= !digits;
                digits = false;
            }
            b' ' if item == 0 && at > 0 => {}
            byte if byte == close => {
                return (items > 1 && item > 0 && (word || !digits)).then_some(at);
            }
            byte if byte.is_ascii_alphanumeric()
                || matches!(byte, b'_' | b'-' | b'.' | b'/' | b'$' | b'@')
                || byte >= 0x80 =>
            {
                item += 1;
                digits |= byte.is_ascii_digit();
            }
            _ => return None,
        }
    }
    None
}

//! Recognizes variables without a digit: constants that are values, hexadecimal bytes, base64, and missing values.

use super::{After, Tail, Text};
use crate::lexicon;
use crate::token::Token;

/// The minimum length of a run of letters that can be base64. Shorter ones can't be distinguished from names.
pub(super) const SHORTEST_BASE64: usize = 16;
/// The number of hexadecimal pairs in a row that are bytes even if none of them has a digit.
const PAIRS: usize = 4;

/// Returns whether letters change case as often as random letters do. `NullPointerException` changes once in four letters, and
/// `HTTPServerURLBuilder` rarely.
pub(super) fn is_base64(word: &[u8]) -> bool {
    let capitals = word.iter().filter(|b| b.is_ascii_uppercase()).count();
    let changes = word
        .windows(2)
        .filter(|pair| pair[0].is_ascii_uppercase() != pair[1].is_ascii_uppercase())
        .count();
    let third = word.len() / 3;
    capitals >= third && word.len() - capitals >= third && changes >= third && !word.contains(&b'_')
}

impl<F: FnMut(Token<'_>)> Text<'_, '_, F> {
    /// Returns whether a chunk of the letters `a` to `f` is a number: eight or more, or one of several bytes (`de ad be ef`).
    pub(super) fn is_hex(&self, start: usize, end: usize) -> bool {
        match end - start {
            8.. => true,
            2 => self.is_hex_pair(start),
            _ => false,
        }
    }

    /// Returns whether the pair at `start` is one of at least [`PAIRS`] hexadecimal pairs with single spaces between them.
    fn is_hex_pair(&self, start: usize) -> bool {
        let bytes = self.bytes;
        let pair_at = |at: usize| {
            bytes
                .get(at..at + 2)
                .is_some_and(|pair| pair.iter().all(u8::is_ascii_hexdigit))
        };
        let begins_at =
            |at: usize| at == 0 || matches!(bytes[at - 1], b' ' | b'[' | b'(' | b'<' | b':' | b'=');
        // A full stop may follow the last.
        let ends_at = |at: usize| self.ends_at(at) || bytes[at] == b'.' && self.ends_at(at + 1);
        if !begins_at(start) || !ends_at(start + 2) {
            return false;
        }
        let mut pairs = 1;
        let mut at = start + 2;
        while pairs < PAIRS && bytes.get(at) == Some(&b' ') && pair_at(at + 1) && ends_at(at + 3) {
            pairs += 1;
            at += 3;
        }
        at = start;
        while pairs < PAIRS
            && at >= 3
            && bytes[at - 1] == b' '
            && pair_at(at - 3)
            && begins_at(at - 3)
        {
            pairs += 1;
            at -= 3;
        }
        pairs >= PAIRS
    }

    /// Returns whether a word in the place of a value means no value or one of two values: `null`, `true`, `no`.
    ///
    /// After a colon and a space, prose may follow (`Note: no space left`), so one of two values is only recognized if it is the whole
    /// value. A colon between two words may also join a name (`cache:on`), neither half of which is a value. People who label events
    /// distinguish `overlap:true` from `overlap:false`.
    #[inline(never)]
    pub(super) fn is_constant_value(&self, start: usize, end: usize) -> bool {
        let word = &self.bytes[start..end];
        lexicon::is_null(word)
            || lexicon::is_switch(word)
                && match self.after {
                    After::Key => true,
                    After::Colon => self.value_ends_at(end),
                    After::Label | After::Nothing => false,
                }
    }

    fn value_ends_at(&self, end: usize) -> bool {
        let rest = &self.bytes[end..];
        let rest = rest.strip_prefix(b".").unwrap_or(rest);
        match rest.first() {
            None => true,
            Some(b' ') => rest[1..].first().is_none_or(u8::is_ascii_whitespace),
            Some(byte) => {
                matches!(byte, b',' | b';' | b')' | b']' | b'}' | b'|')
                    || byte.is_ascii_whitespace()
            }
        }
    }

    /// Emits an empty variable if a key has no value, so that the end, a separator or the next key follows it.
    #[inline]
    pub(super) fn empty_value(&mut self) {
        let bytes = self.bytes;
        let at = self.at;
        if self.left == 0 {
            return;
        }
        let empty = match bytes.get(at) {
            None => true,
            Some(b' ') => self.key_follows(at),
            Some(byte) => matches!(
                byte,
                b',' | b';' | b')' | b']' | b'}' | b'|' | b'&' | b'\t' | b'\n' | b'\r'
            ),
        };
        if empty {
            self.variable(at, at, Tail::Nothing);
        }
    }

    /// Returns whether the end of the line or `name=` follows the spaces at `at`.
    #[inline(never)]
    fn key_follows(&self, mut at: usize) -> bool {
        let bytes = self.bytes;
        while bytes.get(at) == Some(&b' ') {
            at += 1;
        }
        let name = bytes[at..]
            .iter()
            .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'))
            .count();
        match bytes.get(at + name) {
            None | Some(b'\n' | b'\r') => name == 0,
            Some(b'=') => name > 0 && bytes[at].is_ascii_alphabetic(),
            Some(_) => false,
        }
    }
}

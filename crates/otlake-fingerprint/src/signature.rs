//! [`Signature`]: the canonical form of a message that a fingerprint hashes.

use std::fmt;

use crate::fingerprint::Fingerprint;
use crate::token::Token;

/// The maximum length of a signature in bytes. Tokens beyond it are ignored.
pub const MAX_SIGNATURE: usize = 8 * 1024;

/// The number of bytes that are copied for a shorter word: a single move instead of a call.
const BLOCK: usize = 16;

/// The size of the buffer. A variable may be two bytes beyond the limit.
const BUFFER: usize = MAX_SIGNATURE + 2;

/// The canonical form of a message: its words in order, and one mark for each run of variables.
///
/// Words are separated by spaces, and a run of variables is a single `*`. A run has one mark because the length of a list of values is
/// accidental. Kinds are left out because the same parameter is `12` today and `0x1f` tomorrow.
///
/// ```
/// use otlake_fingerprint::{Fingerprinter, Signature};
///
/// let mut fingerprinter = Fingerprinter::new();
/// let _ = fingerprinter.fingerprint(b"retry 3 of 5: timeout after 250 ms");
/// let signature: &Signature = fingerprinter.signature();
/// assert_eq!(signature.to_string(), "retry * of * timeout after *");
/// assert_eq!(signature.as_bytes(), b"retry * of * timeout after * ");
/// ```
#[derive(Clone)]
pub struct Signature {
    /// The version byte, then the tokens, each followed by a space.
    bytes: Box<[u8; BUFFER]>,
    len: usize,
    /// Whether the last token was a variable.
    open: bool,
}

impl Signature {
    pub(crate) fn clear(&mut self) {
        self.len = 1;
        self.open = false;
    }

    /// Appends a token.
    #[inline]
    pub(crate) fn push(&mut self, token: &Token<'_>) {
        if token.is_variable() {
            if !self.open && self.len < MAX_SIGNATURE {
                self.bytes[self.len] = b'*';
                self.bytes[self.len + 1] = b' ';
                self.len += 2;
                self.open = true;
            }
            return;
        }
        let (len, rest) = token.with_rest();
        let start = self.len;
        match rest.first_chunk::<BLOCK>() {
            // What follows the word in the message is copied too, and overwritten by what follows it here.
            Some(block) if len < BLOCK && start < MAX_SIGNATURE - BLOCK => {
                self.bytes[start..start + BLOCK].copy_from_slice(block);
                self.bytes[start + len] = b' ';
                self.len = start + len + 1;
                self.open = false;
            }
            _ => self.push_long(token.text()),
        }
    }

    /// Appends a word of any length, or one that is close to the end of the message or of the buffer.
    #[inline(never)]
    fn push_long(&mut self, word: &[u8]) {
        let end = self.len + word.len();
        if end < MAX_SIGNATURE {
            self.bytes[self.len..end].copy_from_slice(word);
            self.bytes[end] = b' ';
            self.len = end + 1;
            self.open = false;
        }
    }

    /// Returns the bytes that are hashed: the version, then the tokens.
    pub(crate) fn hashed(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    /// Returns the tokens as bytes: words and `*`, each followed by a space.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[1..self.len]
    }
}

impl Default for Signature {
    fn default() -> Self {
        let mut bytes = Box::new([0; BUFFER]);
        bytes[0] = Fingerprint::VERSION;
        Self {
            bytes,
            len: 1,
            open: false,
        }
    }
}

/// The tokens, separated by single spaces.
impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(String::from_utf8_lossy(self.as_bytes()).trim_end())
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signature({:?})", self.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_of_variables_count_once_and_overlong_words_are_left_out() {
        let mut signature = Signature::default();
        let long = vec![b'x'; 2 * MAX_SIGNATURE];
        signature.push(&Token::word(b"a"));
        signature.push(&Token::variable(b"1"));
        signature.push(&Token::variable(b"2"));
        signature.push(&Token::word(&long));
        signature.push(&Token::word(b"of seventeen letters"));
        signature.push(&Token::variable(b"3"));
        assert_eq!(signature.to_string(), "a * of seventeen letters *");
    }

    #[test]
    fn words_of_every_length_are_copied_whole() {
        let text = b"abcdefghijklmnopqrstuvwxyz";
        for len in 1..text.len() {
            let mut signature = Signature::default();
            signature.push(&Token::leading_word(text, len));
            signature.push(&Token::word(b"z"));
            let expected = [&text[..len], b" z "].concat();
            assert_eq!(signature.as_bytes(), expected);
        }
    }

    #[test]
    fn a_full_signature_takes_no_more() {
        let mut signature = Signature::default();
        for _ in 0..MAX_SIGNATURE {
            signature.push(&Token::word(b"word"));
            signature.push(&Token::variable(b"1"));
        }
        assert!(signature.hashed().len() <= MAX_SIGNATURE + 2);
    }
}

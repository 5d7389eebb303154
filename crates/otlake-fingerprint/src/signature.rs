//! [`Signature`]: the canonical form of a message that a fingerprint hashes.

use std::fmt;

use crate::fingerprint::Fingerprint;
use crate::token::Token;

/// The maximum length of a signature in bytes. Tokens beyond it are ignored.
pub const MAX_SIGNATURE: usize = 8 * 1024;

/// The maximum length of words that are copied as one block: a single move instead of a call.
const BLOCK: usize = 16;

/// The canonical form of a message: its words in order, and one mark for each run of variables.
///
/// Words are separated by spaces, and a run of variables is a single `*`. A run has one mark because the length of a list of values is
/// accidental. Kinds are left out because the same parameter is `12` today and `0x1f` tomorrow.
#[derive(Clone)]
pub struct Signature {
    /// The version byte, then the tokens, each followed by a space. The buffer is one block longer than the limit.
    bytes: Box<[u8]>,
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
        let word = token.text();
        let Some(end) = self
            .len
            .checked_add(word.len())
            .filter(|&end| end < MAX_SIGNATURE)
        else {
            return;
        };
        let to = &mut self.bytes[self.len..];
        if word.len() <= BLOCK {
            copy_short(to, word);
        } else {
            to[..word.len()].copy_from_slice(word);
        }
        self.bytes[end] = b' ';
        self.len = end + 1;
        self.open = false;
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

/// Copies up to [`BLOCK`] bytes with two overlapping moves of a fixed size.
#[inline]
fn copy_short(to: &mut [u8], word: &[u8]) {
    let len = word.len();
    if let (Some(head), Some(tail)) = (word.first_chunk::<8>(), word.last_chunk::<8>()) {
        to[..8].copy_from_slice(head);
        to[len - 8..len].copy_from_slice(tail);
    } else if let (Some(head), Some(tail)) = (word.first_chunk::<4>(), word.last_chunk::<4>()) {
        to[..4].copy_from_slice(head);
        to[len - 4..len].copy_from_slice(tail);
    } else {
        for (to, from) in to.iter_mut().zip(word) {
            *to = *from;
        }
    }
}

impl Default for Signature {
    fn default() -> Self {
        let mut bytes = vec![0; MAX_SIGNATURE + BLOCK].into_boxed_slice();
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
            signature.push(&Token::word(&text[..len]));
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

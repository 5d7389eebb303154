//! [`Scanner`]: the shipped tokenizer.

use crate::json;
use crate::text::scan_text;
use crate::token::{Token, Tokenizer};

/// The number of bytes of a text message that are looked at; the rest does not count.
///
/// The constant text of a log statement stands in its first lines' worth of bytes; what follows is payload. With the cap a
/// 10 MB message costs what a 4 KiB one costs.
pub const MAX_BYTES: usize = 4096;

/// The number of bytes of a JSON body that are looked at.
///
/// Larger than [`MAX_BYTES`], because the set of keys is only known at the end of the object.
pub const MAX_JSON_BYTES: usize = 16 * 1024;

/// The number of tokens of a message that are looked at; the rest does not count.
pub const MAX_TOKENS: usize = 96;

/// The shipped tokenizer: one pass over the bytes, no regular expressions, no allocation.
///
/// What it does, as rules of log text in general (the full text is `docs/fingerprint.md`):
///
/// * White space, brackets, quotes, `=`, `:`, `,` and other punctuation separate; a value splits from its key.
/// * Letters alone are a word. A chunk with a digit in it is a variable, whatever else it holds: number, address, hash,
///   identifier, date, version.
/// * Paths, URLs, `name@place`, host names and reverse-domain names are variables; `Class.method` and `and/or` are words.
/// * A unit after a number, a month before one, and a time zone after a time belong to the variable.
/// * `null` as a value and a quoted string as a value are variables; `true` and `false` are words, since they say that
///   something else happened.
/// * The first line decides, ANSI escapes are skipped, any bytes are accepted.
/// * A JSON object is the tokens of its message field, then the sorted set of its key paths.
///
/// ```
/// use otlake_fingerprint::{Kind, Scanner, Tokenizer};
///
/// let mut kinds = Vec::new();
/// Scanner::new().tokenize(b"user alice logged in from 10.0.0.7 in 35 ms", |token| {
///     if token.is_variable() {
///         kinds.push(token.kind());
///     }
/// });
/// assert_eq!(kinds, [Kind::Ip, Kind::Quantity]);
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Scanner(());

impl Scanner {
    /// The scanner; it has no settings, because a fingerprint must mean the same everywhere.
    pub const fn new() -> Self {
        Self(())
    }
}

impl Tokenizer for Scanner {
    #[inline]
    fn tokenize<F: FnMut(Token<'_>)>(&self, message: &[u8], mut emit: F) {
        let head = &message[..message.len().min(MAX_BYTES)];
        let first = head
            .iter()
            .position(|byte| !byte.is_ascii_whitespace())
            .unwrap_or(head.len());
        if message.get(first) == Some(&b'{') {
            let body = &message[first..message.len().min(first + MAX_JSON_BYTES)];
            if json::scan_json(body, &mut emit) {
                return;
            }
        }
        // Bounded from the first byte that counts, so that leading blank lines do not eat the budget.
        scan_text(
            &message[first..message.len().min(first + MAX_BYTES)],
            &mut emit,
        );
    }
}

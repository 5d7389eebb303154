//! [`Scanner`]: the shipped tokenizer.

use std::ops::Range;

use crate::header::header;
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
/// * `null`, booleans and quoted strings are variables as values, and words elsewhere: also a boolean right behind the colon of a bare key.
/// * The first line decides unless it says too little (a traceback, a statement), ANSI escapes are skipped, any bytes are accepted.
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
    /// Returns the scanner. It has no settings, because a fingerprint must mean the same everywhere.
    pub const fn new() -> Self {
        Self(())
    }
}

impl Tokenizer for Scanner {
    #[inline]
    fn tokenize<F: FnMut(Token<'_>)>(&self, message: &[u8], mut emit: F) {
        scan(message, &mut emit);
    }

    fn text(&self, message: &[u8]) -> Range<usize> {
        let start = message_start(message);
        let body = window(&message[start..], MAX_JSON_BYTES);
        if body.first() == Some(&b'{')
            && let Some(field) = json::message_field(body)
        {
            let text = &body[field.clone()];
            return start + field.start + message_start(text)..start + field.end;
        }
        start..message.len()
    }
}

/// Emits the tokens of a message.
#[inline]
pub(crate) fn scan<F: FnMut(Token<'_>)>(message: &[u8], emit: &mut F) {
    let mut rest = &message[skip_front(message)..];
    if rest.first() == Some(&b'{') && json::scan_json(window(rest, MAX_JSON_BYTES), emit) {
        return;
    }
    if let Some(header) = header(rest) {
        rest = &rest[skip_blank(rest, header.end)..];
        if rest.first() == Some(&b'{') && json::scan_json(window(rest, MAX_JSON_BYTES), emit) {
            return;
        }
    }
    scan_text(window(rest, MAX_JSON_BYTES), emit);
}

/// Returns where the message begins, behind white space, a byte-order mark and a header.
fn message_start(message: &[u8]) -> usize {
    let first = skip_front(message);
    match header(&message[first..]) {
        Some(header) => skip_blank(message, first + header.end),
        None => first,
    }
}

/// Returns where the message begins, behind white space and a byte-order mark.
#[inline]
pub(crate) fn skip_front(message: &[u8]) -> usize {
    match message.first() {
        Some(byte) if byte.is_ascii_graphic() => 0,
        _ => skip_blank(message, 0),
    }
}

/// Returns the position of the first byte from `from` on that is neither white space nor a byte-order mark, at most [`MAX_BYTES`] further.
fn skip_blank(message: &[u8], from: usize) -> usize {
    let head = window(&message[from..], MAX_BYTES);
    let mut at = 0;
    loop {
        match &head[at..] {
            [byte, ..] if byte.is_ascii_whitespace() => at += 1,
            [0xef, 0xbb, 0xbf, ..] => at += 3,
            _ => return from + at,
        }
    }
}

fn window(bytes: &[u8], len: usize) -> &[u8] {
    &bytes[..bytes.len().min(len)]
}

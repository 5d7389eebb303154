//! [`Scanner`]: the shipped tokenizer.

use std::ops::Range;

use crate::header::header;
use crate::json;
use crate::pairs;
use crate::text::scan_text;
use crate::token::{Token, Tokenizer};

/// The maximum number of bytes of a text message that are scanned. The rest is ignored.
///
/// The constant text of a log statement is in its first few lines, and data follows. With this limit, a 10 MB message takes no longer
/// than one of 4 KiB.
pub const MAX_BYTES: usize = 4096;

/// The maximum number of bytes of a JSON body that are scanned.
///
/// It is larger than [`MAX_BYTES`], because the set of keys is only known at the end of the object.
pub const MAX_JSON_BYTES: usize = 16 * 1024;

/// The maximum number of tokens of a message. Further tokens are ignored.
pub const MAX_TOKENS: usize = 96;

/// The shipped tokenizer: one pass over the bytes, no regular expressions, no allocation.
///
/// Its rules are about log text in general. In short (`docs/fingerprint.md` has all of them):
///
/// * White space, brackets, quotes, `=`, `:`, `,` and other punctuation separate tokens, and a value from its key.
/// * Letters alone are a word. A chunk with a digit is a variable, whatever else it contains: number, address, hash, identifier,
///   date, version.
/// * Paths, URLs, `name@place`, host names and reverse-domain names are variables; `Class.method` and `and/or` are words.
/// * A unit after a number, a month before a number, and a time zone after a time belong to the variable.
/// * `null`, booleans and quoted strings are variables as values, and words elsewhere. A boolean right after the colon of a bare key is
///   a word.
/// * Only the first line is scanned, unless it says too little (a traceback, a statement). ANSI escapes are skipped. Any bytes are
///   accepted.
/// * A JSON object has the tokens of its message field, or if it has none, the sorted set of its key paths.
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
    /// Creates a scanner. It has no settings, because a fingerprint must mean the same everywhere.
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
        let rest = &message[start..];
        // The message inside of `rest`, whose position is `from`.
        let within = |rest: &[u8], from: usize, field: Range<usize>| {
            let text = &rest[field.clone()];
            from + field.start + message_start(text)..from + field.end
        };
        if let Some(body) = object(rest)
            && let Some(field) = json::message_field(window(body, MAX_JSON_BYTES))
        {
            return within(body, message.len() - body.len(), field);
        }
        // A value with escapes is not a text that can be cut out.
        let head = window(rest, MAX_BYTES);
        if let Some(field) = pairs::message_field(head)
            && !head[field.clone()].contains(&b'\\')
        {
            return within(rest, start, field);
        }
        start..message.len()
    }

    fn header(&self, message: &[u8]) -> usize {
        message_start(message)
    }
}

/// Emits the tokens of a message.
#[inline]
pub(crate) fn scan<F: FnMut(Token<'_>)>(message: &[u8], emit: &mut F) {
    let mut rest = &message[skip_front(message)..];
    if let Some(body) = object(rest)
        && json::scan_json(window(body, MAX_JSON_BYTES), emit)
    {
        return;
    }
    if let Some(header) = header(rest) {
        rest = &rest[header.end..];
        rest = &rest[skip_front(rest)..];
        if let Some(body) = object(rest)
            && json::scan_json(window(body, MAX_JSON_BYTES), emit)
        {
            return;
        }
    }
    scan_text(window(rest, MAX_JSON_BYTES), emit);
}

/// Returns the text from its first brace, if it begins with one or with the cookie of CEE before one (`@cee: {"msg":…}`).
#[inline]
fn object(text: &[u8]) -> Option<&[u8]> {
    match text.first()? {
        b'{' => Some(text),
        b'@' => after_cookie(text),
        _ => None,
    }
}

/// Returns the text after a cookie and at most [`MAX_BYTES`] spaces, if it begins with a brace.
#[cold]
fn after_cookie(text: &[u8]) -> Option<&[u8]> {
    let rest = text.strip_prefix(b"@cee:")?;
    let blanks = window(rest, MAX_BYTES)
        .iter()
        .take_while(|b| **b == b' ')
        .count();
    Some(&rest[blanks..]).filter(|body| body.first() == Some(&b'{'))
}

/// Returns the position of the message, after white space, a byte-order mark and a header.
fn message_start(message: &[u8]) -> usize {
    let first = skip_front(message);
    match header(&message[first..]) {
        Some(header) => skip_blank(message, first + header.end),
        None => first,
    }
}

/// Returns the position of the message, after white space and a byte-order mark.
#[inline]
pub(crate) fn skip_front(message: &[u8]) -> usize {
    match message.first() {
        Some(byte) if byte.is_ascii_graphic() => 0,
        _ => skip_blank(message, 0),
    }
}

/// Returns the position of the first byte at or after `from` that is neither white space nor part of a byte-order mark, at most
/// [`MAX_BYTES`] further on.
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

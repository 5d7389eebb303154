//! Step 4 of section "Which part of a message counts".

use super::text::{is_full_match, match_len};
use super::vocabulary::is_alnum;

/// The form of a pair.
pub(super) const PAIR: &str = r#"[A-Za-z_][A-Za-z0-9_.\-/@]*=("([^"\\]|\\.)*("|\\?$)|'([^'\\]|\\.)*('|\\?$)|[^="' ][^=" ]*|)"#;

/// Returns the pairs of a line that consists of pairs, at least one, with spaces between them.
pub(super) fn pairs(line: &[u8]) -> Option<Vec<&[u8]>> {
    if !is_full_match(&format!("(?s){PAIR}( +{PAIR})*"), line) {
        return None;
    }
    let mut pairs = Vec::new();
    let mut left = line;
    while let Some(len) = match_len(&format!("(?s)^{PAIR}"), left) {
        let (pair, rest) = left.split_at(len);
        pairs.push(pair);
        left = &rest[rest.iter().take_while(|b| **b == b' ').count()..];
    }
    Some(pairs)
}

/// Returns the message of a text that consists of pairs, with its escapes.
pub(super) fn message(text: &[u8]) -> Option<&[u8]> {
    let text = &text[..text.len().min(4096)];
    let line = text.split(|b| matches!(b, b'\n' | b'\r')).next()?;
    let pairs = pairs(line.trim_ascii_end())?;
    if pairs.len() < 2 || match_len("^[A-Za-z_]+=", pairs[0]).is_none() {
        return None;
    }
    let find = |name: &str| {
        pairs
            .iter()
            .find_map(|pair| pair.strip_prefix(name.as_bytes()))
    };
    let value = find("msg=").or_else(|| find("message="))?;
    let quoted = matches!(value, [b'"' | b'\'', ..]);
    let message = match value {
        [b'"', inside @ .., b'"'] if is_full_match(r#"(?s)([^"\\]|\\.)*"#, inside) => inside,
        [b'\'', inside @ .., b'\''] if is_full_match(r"(?s)([^'\\]|\\.)*", inside) => inside,
        [b'"' | b'\'', cut @ ..] => cut,
        bare => bare,
    };
    let fits = quoted || is_full_match(r"[A-Za-z0-9_\-./@^+\x80-\xff]*", value);
    (fits && message.iter().any(|b| is_alnum(*b))).then_some(message)
}

//! Step 4 of section "Which part of a message counts".

use super::text::is_full_match;
use super::vocabulary::is_alnum;

/// Returns the message of a text that consists of pairs, with its escapes.
pub(super) fn message(text: &[u8]) -> Option<&[u8]> {
    let text = &text[..text.len().min(4096)];
    let line = text.split(|b| matches!(b, b'\n' | b'\r')).next()?;
    let mut rest = line.trim_ascii_end();
    let mut pairs: Vec<(&[u8], &[u8])> = Vec::new();
    while !rest.is_empty() {
        let equals = rest.iter().position(|b| *b == b'=')?;
        let (name, behind) = (&rest[..equals], &rest[equals + 1..]);
        let form = if pairs.is_empty() {
            "[A-Za-z_]+"
        } else {
            r"[A-Za-z_][A-Za-z0-9_.\-/@]*"
        };
        if !is_full_match(form, name) {
            return None;
        }
        // With its quotes.
        let mut len = 0;
        if behind.first() == Some(&b'"') {
            len = 1;
            while behind.get(len).is_some_and(|b| *b != b'"') {
                len += if behind[len] == b'\\' { 2 } else { 1 };
            }
            len = behind.len().min(len + 1);
        } else {
            while behind.get(len).is_some_and(|b| *b != b' ') {
                len += 1;
            }
        }
        let (value, tail) = behind.split_at(len);
        if !value.starts_with(b"\"") && !is_full_match(r#"[^="]*"#, value)
            || !tail.is_empty() && tail[0] != b' '
        {
            return None;
        }
        pairs.push((name, value));
        let spaces = tail.iter().take_while(|b| **b == b' ').count();
        rest = &tail[spaces..];
    }
    let find = |name: &[u8]| pairs.iter().find(|pair| pair.0 == name);
    let (_, value) = find(b"msg").or_else(|| find(b"message"))?;
    if pairs.len() < 2 {
        return None;
    }
    let message = match value {
        [b'"', inside @ .., b'"'] if is_full_match(r#"(?s)([^"\\]|\\.)*"#, inside) => inside,
        [b'"', cut @ ..] => cut,
        bare => bare,
    };
    let fits = value.starts_with(b"\"") || is_full_match(r"[A-Za-z0-9_\-./@^+\x80-\xff]*", value);
    (fits && message.iter().any(|b| is_alnum(*b))).then_some(message)
}

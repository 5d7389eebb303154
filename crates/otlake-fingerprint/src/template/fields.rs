//! Finds the values in the fields of a record after its message, which the template shows as placeholders.

use std::ops::Range;

use crate::pairs;

/// Returns the ranges of the values in a text that consists of pairs or of JSON objects. It is empty for any other text.
pub(super) fn values(fields: &[u8]) -> Vec<Range<usize>> {
    if fields.starts_with(b"{\"") || fields.starts_with(b"[]") || fields.starts_with(b"{}") {
        return scalars(fields);
    }
    match pairs::only_pairs(fields) {
        Some(_) => pairs::values(fields).collect(),
        None => Vec::new(),
    }
}

/// Returns the ranges of the strings that are no keys, without their quotes, and of the numbers and literals.
fn scalars(objects: &[u8]) -> Vec<Range<usize>> {
    let mut values = Vec::new();
    let mut at = 0;
    while let Some(&byte) = objects.get(at) {
        let rest = &objects[at..];
        match byte {
            b'{' | b'}' | b'[' | b']' | b':' | b',' => at += 1,
            _ if byte.is_ascii_whitespace() => at += 1,
            b'"' => {
                let len = string_len(&rest[1..]);
                let end = at + 1 + len;
                at = objects.len().min(end + 1);
                if objects[at..].trim_ascii_start().first() != Some(&b':') {
                    values.push(end - len..end);
                }
            }
            _ => {
                let ends =
                    |b: &u8| matches!(b, b',' | b']' | b'}' | b'"') || b.is_ascii_whitespace();
                let len = rest.iter().position(ends).unwrap_or(rest.len());
                values.push(at..at + len);
                at += len;
            }
        }
    }
    values
}

/// Returns the length of a string up to its quote, or to the end.
fn string_len(text: &[u8]) -> usize {
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        match byte {
            b'"' => return at,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_values_of_fields_are_found() {
        let cases: [(&str, &[&str]); 6] = [
            ("size=3 name=\"a b\"", &["3", "a b"]),
            (
                "{\"a\":1,\"b\":[true,\"x:y\"],\"c\":{\"d\":\"\"}}",
                &["1", "true", "x:y", ""],
            ),
            ("{\"a\" : \"\\\"q\" } {\"b\":null}", &["\\\"q", "null"]),
            ("{} {\"b\":1.5}", &["1.5"]),
            ("{\"a\":\"cut", &["cut"]),
            ("...", &[]),
        ];
        for (text, expected) in cases {
            let values: Vec<_> = values(text.as_bytes())
                .into_iter()
                .map(|range| &text[range])
                .collect();
            assert_eq!(values, expected, "{text}");
        }
    }
}

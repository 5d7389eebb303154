//! Finds the message of a line that consists of pairs: `level=info msg="pool opened" size=3` (logfmt).

use std::ops::Range;

use crate::class::is_alnum;

/// A pair of a line: `name=value`.
struct Pair<'l> {
    name: &'l [u8],
    /// The range of the value, without its quotes.
    value: Range<usize>,
    /// The end of the pair.
    end: usize,
}

/// Returns the pairs of a line, with spaces between them. Where the line holds anything else, it returns `None` and ends.
fn pairs(line: &[u8]) -> impl Iterator<Item = Option<Pair<'_>>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        if at >= line.len() {
            return None;
        }
        let pair = pair(line, at);
        at = pair.as_ref().map_or(line.len(), |pair| pair.end);
        at += line[at..].iter().take_while(|b| **b == b' ').count();
        Some(pair)
    })
}

/// Returns the range of the message in a text whose first line consists of pairs, at least two of them.
///
/// The message is the value of `msg`, or if there is none, of `message`. The other pairs are fields and do not count.
#[inline(never)]
pub(crate) fn message_field(text: &[u8]) -> Option<Range<usize>> {
    let end = memchr::memchr2(b'\n', b'\r', text).unwrap_or(text.len());
    let line = text[..end].trim_ascii_end();
    let mut message: Option<Pair<'_>> = None;
    let mut count = 0;
    for pair in pairs(line) {
        let pair = pair?;
        // The scan looks for pairs when the first chunk is letters.
        if count == 0
            && !pair
                .name
                .iter()
                .all(|b| b.is_ascii_alphabetic() || *b == b'_')
        {
            return None;
        }
        count += 1;
        let counts = match pair.name {
            b"msg" => message.as_ref().is_none_or(|known| known.name != b"msg"),
            b"message" => message.is_none(),
            _ => false,
        };
        if counts {
            message = Some(pair);
        }
    }
    let range = message.filter(|_| count > 1)?.value;
    let value = &line[range.clone()];
    let quoted = matches!(line[range.start - 1], b'"' | b'\'');
    // Without quotes, it is a single word or number, not a call such as `msg=audit(1714557600.123:17):`.
    let is_word = |&byte: &u8| {
        byte.is_ascii_alphanumeric()
            || matches!(byte, b'_' | b'-' | b'.' | b'/' | b'@' | b'^' | b'+')
            || byte >= 0x80
    };
    let fits = value.iter().any(|&b| is_alnum(b)) && (quoted || value.iter().all(is_word));
    fits.then_some(range)
}

/// The pairs that a text consists of.
#[derive(Default)]
pub(crate) struct Pairs {
    /// The number of pairs.
    pub(crate) count: usize,
    /// Whether one of the values ends in a comma or a semicolon, as the items of a sentence do.
    pub(crate) listed: bool,
    /// Whether one of them is named `msg` or `message`.
    pub(crate) message: bool,
}

/// Reads a text that is one pair or more with spaces between them. Returns `None` if it holds anything else.
pub(crate) fn only_pairs(line: &[u8]) -> Option<Pairs> {
    let mut all = Pairs::default();
    for pair in pairs(line) {
        let pair = pair?;
        all.count += 1;
        all.message |= matches!(pair.name, b"msg" | b"message");
        all.listed |= matches!(line[pair.end - 1], b',' | b';');
    }
    (all.count > 0).then_some(all)
}

/// Returns the ranges of the values of a text for which [`only_pairs`] returns something.
pub(crate) fn values(line: &[u8]) -> impl Iterator<Item = Range<usize>> + '_ {
    pairs(line).map_while(|pair| Some(pair?.value))
}

/// Returns the pair at `at`.
fn pair(line: &[u8], at: usize) -> Option<Pair<'_>> {
    let name = &line[at..at + name_len(&line[at..])?];
    let start = at + name.len() + 1;
    let (value, end) = match line.get(start) {
        Some(&quote @ (b'"' | b'\'')) => quoted(line, start, quote)?,
        _ => bare(line, start)?,
    };
    Some(Pair { name, value, end })
}

/// Returns the length of the name at the front, which `=` must follow.
fn name_len(text: &[u8]) -> Option<usize> {
    let len = text
        .iter()
        .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-' | b'/' | b'@'))
        .count();
    let named = text
        .first()
        .is_some_and(|b| b.is_ascii_alphabetic() || *b == b'_');
    (named && text.get(len) == Some(&b'=')).then_some(len)
}

/// Returns the content of the quoted value at `start`, and the position after its quote. A space or the end must follow. The value may
/// be cut short.
fn quoted(line: &[u8], start: usize, quote: u8) -> Option<(Range<usize>, usize)> {
    let mut at = start + 1;
    while let Some(&byte) = line.get(at) {
        match byte {
            b'\\' => at += 1,
            _ if byte == quote => {
                let apart = matches!(line.get(at + 1), None | Some(b' '));
                return apart.then_some((start + 1..at, at + 1));
            }
            _ => {}
        }
        at += 1;
    }
    Some((start + 1..line.len(), line.len()))
}

/// Returns the value without quotes at `start`, and its end.
fn bare(line: &[u8], start: usize) -> Option<(Range<usize>, usize)> {
    let rest = &line[start..];
    let len = memchr::memchr3(b' ', b'=', b'"', rest).unwrap_or(rest.len());
    matches!(rest.get(len), None | Some(b' ')).then_some((start..start + len, start + len))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_of_pairs_is_found() {
        let cases = [
            ("level=info msg=\"pool opened\" size=3", Some("pool opened")),
            ("msg=started n=1\nmore", Some("started")),
            ("message=\"a\" msg=\"b\"", Some("b")),
            ("level=info msg=\"cut sho", Some("cut sho")),
            ("a= msg=x", Some("x")),
            ("level=info msg='pool opened' size=3", Some("pool opened")),
            ("msg=started", None),
            ("level=info msg=\"\" n=1", None),
            ("level=info msg=audit(1:2): n=1", None),
            ("level=info then msg=x", None),
            ("level=info msg=x y", None),
            ("a=\"b\"c msg=x", None),
        ];
        for (text, expected) in cases {
            let range = message_field(text.as_bytes());
            assert_eq!(range.map(|range| &text[range]), expected, "{text}");
        }
    }
}

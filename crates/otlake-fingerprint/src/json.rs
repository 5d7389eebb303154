//! Scans JSON bodies: the tokens of the message field, or if there is none, the sorted set of key paths.

use crate::class::is_alnum;
use crate::scanner::{MAX_BYTES, scan};
use crate::token::Token;

/// The maximum number of key paths of a body. Further ones are ignored.
const MAX_PATHS: usize = 96;
/// The maximum total length of the key paths of a body, in bytes.
const MAX_PATH_BYTES: usize = 4096;
/// The maximum depth of keys. Deeper values are skipped without recursion.
const MAX_DEPTH: usize = 16;

/// The maximum depth of a message field.
const MAX_MESSAGE_DEPTH: usize = 3;

/// Members that contain the message before its values were filled in, so that all records of one statement have the same.
const TEMPLATE_KEYS: [&[u8]; 4] = [
    b"{originalformat}",
    b"@mt",
    b"messagetemplate",
    b"message_template",
];

/// Members that contain the message and nothing else, most specific name first.
const MESSAGE_KEYS: [&[u8]; 15] = [
    b"message",
    b"msg",
    b"@message",
    b"@m",
    b"short_message",
    b"renderedmessage",
    b"rendered_message",
    b"textpayload",
    b"m",
    b"logmessage",
    b"log_message",
    b"eventmessage",
    b"event_message",
    b"messagetext",
    b"stringvalue",
];

/// Members that may contain the message or something else, most specific name first.
const OTHER_KEYS: [&[u8]; 20] = [
    b"log",
    b"event",
    b"event_name",
    b"eventname",
    b"event_type",
    b"text",
    b"body",
    b"title",
    b"summary",
    b"description",
    b"error",
    b"methodname",
    b"operation",
    b"action",
    b"operationname",
    b"err",
    b"exception",
    b"reason",
    b"detail",
    b"content",
];

/// Members that name what happened, also where they are not at the top level.
const EVENT_KEYS: [&[u8]; 8] = [
    b"event_name",
    b"eventname",
    b"event_type",
    b"eventtype",
    b"methodname",
    b"operationname",
    b"operation",
    b"action",
];

/// Members with an object that wraps the fields of the record.
const WRAPPER_KEYS: [&[u8]; 13] = [
    b"fields",
    b"jsonpayload",
    b"payload",
    b"data",
    b"record",
    b"log",
    b"state",
    b"properties",
    b"attributes",
    b"event",
    b"body",
    b"entry",
    b"protopayload",
];

/// The rank of a string that may be the message: its class, the number of objects around it, and the place of its name in the list. The
/// string with the smallest rank is the message.
type Rank = (u8, usize, usize);

/// Returns the rank of the string `text` at `path`, if it may be the message.
fn rank<'k>(path: impl Iterator<Item = &'k [u8]> + Clone, text: &[u8]) -> Option<Rank> {
    let depth = path.clone().count();
    let key = path.clone().last()?;
    let place = |keys: &[&[u8]]| {
        keys.iter()
            .position(|known| key.eq_ignore_ascii_case(known))
    };
    if depth > MAX_MESSAGE_DEPTH || text.is_empty() {
        return None;
    }
    if let Some(place) = place(&TEMPLATE_KEYS) {
        return has_text_outside_holes(text).then_some((1, depth, place));
    }
    let is_wrapped = || {
        path.clone().take(depth - 1).all(|outer| {
            WRAPPER_KEYS
                .iter()
                .any(|known| outer.eq_ignore_ascii_case(known))
        })
    };
    if let Some(place) = place(&MESSAGE_KEYS) {
        return Some((if is_wrapped() { 2 } else { 4 }, depth, place));
    }
    if depth == 1 {
        return place(&OTHER_KEYS).map(|place| (3, depth, place));
    }
    let place = place(&EVENT_KEYS)?;
    is_wrapped().then_some((5, depth, place))
}

/// Returns whether a template has text outside of its holes. `{Message}` has none, so the message is elsewhere.
fn has_text_outside_holes(template: &[u8]) -> bool {
    let mut open = 0_usize;
    template.iter().any(|&byte| {
        match byte {
            b'{' => open += 1,
            b'}' => open = open.saturating_sub(1),
            _ => {}
        }
        open == 0 && is_alnum(byte)
    })
}

/// Emits the tokens of a JSON object. If `body` is not an object, returns false and emits nothing.
///
/// The tokens are those of the message field, or if there is none, the sorted set of key paths. A body that is cut off, by the limit or
/// by its producer, is read as far as it goes. A body that violates the grammar is text.
#[inline(never)]
pub(crate) fn scan_json<F: FnMut(Token<'_>)>(body: &[u8], emit: &mut F) -> bool {
    let mut keys = Keys::new();
    let Some(message) = walk(body, &mut keys) else {
        return false;
    };
    let message = message.map(|range| &body[range]);
    match message.filter(|text| text.iter().any(|&b| is_alnum(b))) {
        Some(text) if memchr::memchr(b'\\', text).is_some() => {
            let mut scratch = [0; MAX_BYTES];
            let len = unescape(text, &mut scratch);
            scan(&scratch[..len], emit);
        }
        Some(text) => scan(text, emit),
        None => keys.sorted(|path| emit(Token::word(path))),
    }
    true
}

/// Returns the range of the message field's text in `body`, if the text has no escapes.
pub(crate) fn message_field(body: &[u8]) -> Option<std::ops::Range<usize>> {
    walk(body, &mut Keys::new())?
        .filter(|range| memchr::memchr(b'\\', &body[range.clone()]).is_none())
}

/// The set of key paths, in fixed memory.
struct Keys {
    text: [u8; MAX_PATH_BYTES],
    used: usize,
    paths: [(u16, u16); MAX_PATHS],
    count: usize,
}

impl Keys {
    const fn new() -> Self {
        Self {
            text: [0; MAX_PATH_BYTES],
            used: 0,
            paths: [(0, 0); MAX_PATHS],
            count: 0,
        }
    }

    fn path(&self, index: usize) -> &[u8] {
        let (start, end) = self.paths[index];
        &self.text[start as usize..end as usize]
    }

    /// Adds the path `.a.b` of the open keys.
    fn insert<'k>(&mut self, keys: impl Iterator<Item = &'k [u8]>) {
        let start = self.used;
        let mut end = start;
        for key in keys {
            // A key that begins with a digit is an index or an id and not a name.
            let variable = key.first().is_some_and(u8::is_ascii_digit);
            let len = if variable { 1 } else { key.len() };
            if end + 1 + len > MAX_PATH_BYTES {
                return;
            }
            self.text[end] = b'.';
            for (to, &from) in self.text[end + 1..].iter_mut().zip(key) {
                *to = if variable {
                    b'#'
                } else if from <= b' ' {
                    b'_'
                } else {
                    from
                };
            }
            end += 1 + len;
        }
        let found = self.paths[..self.count].binary_search_by(|&(from, to)| {
            self.text[from as usize..to as usize].cmp(&self.text[start..end])
        });
        if let Err(place) = found
            && self.count < MAX_PATHS
        {
            self.paths.copy_within(place..self.count, place + 1);
            self.paths[place] = (start as u16, end as u16);
            self.count += 1;
            self.used = end;
        }
    }

    fn sorted(&self, mut each: impl FnMut(&[u8])) {
        for index in 0..self.count {
            each(self.path(index));
        }
    }
}

/// The element that the walk expects next.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Expect {
    /// A value.
    Value,
    /// A key, or the end of the object.
    Key,
    /// A comma or the end of the innermost object or array.
    Next,
}

/// Walks an object without recursion. The outer `None` means that the grammar is violated. The range is the content of the message
/// string.
#[allow(
    clippy::option_option,
    reason = "broken grammar and a missing message are two things"
)]
fn walk(body: &[u8], keys: &mut Keys) -> Option<Option<std::ops::Range<usize>>> {
    // One bit per open level, set for an object. If there are more levels than bits, the walk ends early, as if the body was cut off.
    let mut open = [false; 64];
    let mut names: [(usize, usize); MAX_DEPTH] = [(0, 0); MAX_DEPTH];
    let mut depth = 0_usize;
    let mut objects = 0_usize;
    let mut message: Option<(Rank, std::ops::Range<usize>)> = None;
    let mut expect = Expect::Value;
    let mut at = 0;
    loop {
        while body.get(at).is_some_and(u8::is_ascii_whitespace) {
            at += 1;
        }
        let Some(&byte) = body.get(at) else {
            return Some(message.map(|(_, range)| range));
        };
        match (expect, byte) {
            (Expect::Value, b'{' | b'[') => {
                if depth == open.len() {
                    return Some(message.map(|(_, range)| range));
                }
                open[depth] = byte == b'{';
                depth += 1;
                objects += usize::from(byte == b'{');
                expect = if byte == b'{' {
                    Expect::Key
                } else {
                    Expect::Value
                };
                at += 1;
            }
            (Expect::Key, b'"') => {
                let Some(end) = string_end(body, at) else {
                    return Some(message.map(|(_, range)| range));
                };
                let mut value = end + 1;
                while body.get(value).is_some_and(u8::is_ascii_whitespace) {
                    value += 1;
                }
                match body.get(value) {
                    Some(b':') => {}
                    None => return Some(message.map(|(_, range)| range)),
                    Some(_) => return None,
                }
                value += 1;
                while body.get(value).is_some_and(u8::is_ascii_whitespace) {
                    value += 1;
                }
                if objects <= MAX_DEPTH {
                    names[objects - 1] = (at + 1, end);
                    keys.insert(
                        names[..objects]
                            .iter()
                            .map(|&(start, end)| &body[start..end]),
                    );
                }
                if objects == depth
                    && objects <= MAX_MESSAGE_DEPTH
                    && body.get(value) == Some(&b'"')
                {
                    let path = names[..objects]
                        .iter()
                        .map(|&(start, end)| &body[start..end]);
                    let inside = value + 1..string_end(body, value).unwrap_or(body.len());
                    if let Some(rank) = rank(path, &body[inside.clone()])
                        && message.as_ref().is_none_or(|(best, _)| rank < *best)
                    {
                        message = Some((rank, inside));
                    }
                }
                at = value;
                expect = Expect::Value;
            }
            (Expect::Value, b'"') => {
                let Some(end) = string_end(body, at) else {
                    return Some(message.map(|(_, range)| range));
                };
                at = end + 1;
                expect = Expect::Next;
            }
            (Expect::Value, b'-' | b'0'..=b'9' | b't' | b'f' | b'n') => {
                while body
                    .get(at)
                    .is_some_and(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'+' | b'.'))
                {
                    at += 1;
                }
                expect = Expect::Next;
            }
            (Expect::Next, b',') => {
                expect = if open[depth - 1] {
                    Expect::Key
                } else {
                    Expect::Value
                };
                at += 1;
            }
            (Expect::Key | Expect::Next | Expect::Value, b'}' | b']') => {
                if depth == 0 || open[depth - 1] != (byte == b'}') {
                    return None;
                }
                depth -= 1;
                objects -= usize::from(byte == b'}');
                at += 1;
                expect = Expect::Next;
                if depth == 0 {
                    // There is text after the object, so this is not a JSON body.
                    let rest = &body[at..];
                    return rest
                        .iter()
                        .all(u8::is_ascii_whitespace)
                        .then_some(message.map(|(_, range)| range));
                }
            }
            _ => return None,
        }
    }
}

/// Returns the position of the closing quote of the string that begins at `start`.
fn string_end(body: &[u8], start: usize) -> Option<usize> {
    let mut at = start + 1;
    loop {
        at += memchr::memchr2(b'"', b'\\', body.get(at..)?)?;
        if body[at] == b'"' {
            return Some(at);
        }
        at += 2;
    }
}

/// Writes the unescaped string to `out`, as far as it fits, and returns the number of bytes written.
pub(crate) fn unescape(text: &[u8], out: &mut [u8]) -> usize {
    let mut len = 0;
    let mut at = 0;
    while at < text.len() && len < out.len() {
        let byte = text[at];
        at += 1;
        out[len] = byte;
        if byte == b'\\' {
            let escape = text.get(at).copied().unwrap_or(b' ');
            at += 1;
            out[len] = match escape {
                b'n' => b'\n',
                b'r' => b'\r',
                b't' => b'\t',
                // For tokens, a code point beyond ASCII is a letter. Its exact form does not matter, as long as it is always the same.
                b'u' => {
                    // The parser of numbers takes a sign as well.
                    let code = text
                        .get(at..at + 4)
                        .filter(|hex| hex.iter().all(u8::is_ascii_hexdigit))
                        .and_then(|hex| std::str::from_utf8(hex).ok())
                        .and_then(|hex| u16::from_str_radix(hex, 16).ok());
                    at += if code.is_some() { 4 } else { 0 };
                    code.map_or(b' ', |code| {
                        if code < 0x80 {
                            code as u8
                        } else {
                            0x80 | code as u8
                        }
                    })
                }
                other => other,
            };
        }
        len += 1;
    }
    len
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_bytes_and_a_broken_one_is_a_space() {
        let cases: [(&[u8], &[u8]); 5] = [
            (br"a\n\t\\", b"a\n\t\\"),
            (br"\u0041\u00e9\u20ac", b"A\xe9\xac"),
            (br"\u+12f", b" +12f"),
            (br"\u12", b" 12"),
            (br"a\", b"a "),
        ];
        for (text, expected) in cases {
            let mut out = [0; 16];
            let len = unescape(text, &mut out);
            assert_eq!(&out[..len], expected, "{}", text.escape_ascii());
        }
    }
}

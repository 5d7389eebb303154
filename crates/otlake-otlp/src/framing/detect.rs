//! What a file is by its first bytes, once it is inflated. The rule stands in the documentation of
//! [`PayloadReader`](super::PayloadReader).

use super::compression;
use crate::foreign;

/// A byte order mark in UTF-8.
pub(super) const BOM: &[u8] = b"\xef\xbb\xbf";

/// White space and empty messages at the beginning of a file are looked through so far.
pub(super) const HEAD: usize = 64 << 10;

/// The highest first byte of a length: that of 128 MiB - 1. As the tag of a protobuf field these
/// bytes have the number 0, which is none; 8 could be a tag.
const LENGTH: std::ops::RangeInclusive<u8> = 0..=7;

/// The tag of a request's repeated field, and of the fields below it that come first.
const TAG: u8 = 0x0a;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Detected {
    /// There is nothing in the file but white space.
    Nothing,
    Protobuf,
    Json,
    LengthPrefixed,
    Unrecognised,
    /// It takes more bytes to tell.
    Undecided,
}

/// What a file is that begins with `head`, and has no more bytes when it is `all` of it.
pub(super) fn detect(head: &[u8], all: bool) -> Detected {
    // However much was read at a time, the answer is the same.
    let (head, all) = match head.get(..HEAD) {
        Some(cut) => (cut, all && cut.len() == head.len()),
        None => (head, all),
    };
    match head {
        [] if all => Detected::Nothing,
        [] => Detected::Undecided,
        [0, ..] => match json_after_zeros(head, all) {
            Some(detected) => detected,
            None => length_prefixed(head, all),
        },
        [first, ..] if LENGTH.contains(first) => length_prefixed(head, all),
        _ => json_or_protobuf(head, all),
    }
}

/// JSON behind zero bytes; `None` if it is something else that follows them.
///
/// The last of the zero bytes may belong to the length of a message of 123 bytes, which is a brace. What
/// follows is then a message and no object.
fn json_after_zeros(head: &[u8], all: bool) -> Option<Detected> {
    let zeros = head.iter().take_while(|byte| **byte == 0).count();
    match &head[zeros..] {
        [b'{', rest @ ..] => match begins_object(rest) {
            Some(true) => Some(Detected::Json),
            Some(false) => None,
            None if !all && head.len() < HEAD => Some(Detected::Undecided),
            None => Some(Detected::Json),
        },
        _ => None,
    }
}

fn length_prefixed(mut head: &[u8], all: bool) -> Detected {
    let short = match (all, head.len() < HEAD) {
        (false, true) => Detected::Undecided,
        // Zeros from the first byte on are more likely a hole than empty messages.
        _ if head.iter().all(|byte| *byte == 0) => Detected::Unrecognised,
        _ => Detected::LengthPrefixed,
    };
    while let Some((length, content)) = head.split_first_chunk::<4>() {
        match (u32::from_be_bytes(*length), content) {
            (0, _) => head = content,
            (_, []) => return short,
            (_, content) if begins_message(content) => return Detected::LengthPrefixed,
            _ => return Detected::Unrecognised,
        }
    }
    short
}

/// Whether a message may begin like `content`, of which a byte or more is there.
fn begins_message(content: &[u8]) -> bool {
    matches!(content[0], TAG | compression::ZSTD) || begins_json(content[0])
}

fn begins_json(byte: u8) -> bool {
    byte == b'{' || is_space(byte) || byte == BOM[0]
}

fn json_or_protobuf(head: &[u8], all: bool) -> Detected {
    let undecided = !all && head.len() < HEAD;
    if foreign::is_utf16(head) {
        return Detected::Unrecognised;
    }
    if undecided && matches!(head, [b'{' | b'['] | [b'{' | b'[', 0] | [b'{' | b'[', 0, _]) {
        return Detected::Undecided;
    }
    match skip_space(head) {
        rest if undecided && BOM.starts_with(rest) => Detected::Undecided,
        [] if all => Detected::Nothing,
        [] => Detected::Unrecognised,
        [b'{', rest @ ..] if head[0] == TAG => match begins_object(rest) {
            Some(true) => Detected::Json,
            Some(false) => Detected::Protobuf,
            None if undecided => Detected::Undecided,
            // Cut off, whatever it was.
            None => Detected::Json,
        },
        [b'{', ..] => Detected::Json,
        _ if head[0] == TAG => Detected::Protobuf,
        [b'[', rest @ ..] if matches!(skip_space(rest), [b'{' | b']', ..]) => Detected::Json,
        [b'[', rest @ ..] if undecided && skip_space(rest).is_empty() => Detected::Undecided,
        _ if foreign::describe(head, None).is_some() => Detected::Unrecognised,
        _ if a_later_line_is_json(head) => Detected::Json,
        _ if undecided => Detected::Undecided,
        _ => Detected::Unrecognised,
    }
}

/// Whether a line after the first begins like a JSON object: the file begins within a line, or with lines
/// that are something else.
fn a_later_line_is_json(head: &[u8]) -> bool {
    let mut starts = memchr::memmem::find_iter(head, b"\n{");
    starts.any(|at| begins_object(&head[at + 2..]) == Some(true))
}

/// Whether `rest`, behind a brace, goes on like a JSON object; `None` when that takes more bytes.
///
/// A request whose first field is 123 bytes long begins with a line feed and a brace as well. What
/// follows is then a tag, and the tags that are white space or a quote are of no field there, but
/// for 0x0a, behind which a length and tags follow in turn: no key of an object begins like that.
fn begins_object(rest: &[u8]) -> Option<bool> {
    match rest.trim_ascii_start() {
        [] | [b'"'] => None,
        [b'"', key, ..] => Some(*key >= b' '),
        [b'}', ..] => Some(true),
        _ => Some(false),
    }
}

/// See [`Format::of`](super::Format::of).
pub(super) fn is_json(payload: &[u8]) -> bool {
    json_or_protobuf(payload, true) == Detected::Json
}

/// JSON's white space; line feeds among it.
pub(super) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

/// What follows white space and byte order marks.
pub(super) fn skip_space(mut bytes: &[u8]) -> &[u8] {
    loop {
        match bytes {
            [byte, rest @ ..] if is_space(*byte) => bytes = rest,
            _ => match bytes.strip_prefix(BOM) {
                Some(rest) => bytes = rest,
                None => return bytes,
            },
        }
    }
}

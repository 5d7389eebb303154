//! Detects the framing of a file by its first inflated bytes. The documentation of
//! [`PayloadReader`](super::PayloadReader) has the rules.

use super::compression;
use super::json_lines::RECORD_SEPARATOR;
use crate::foreign;

/// The byte order mark in UTF-8.
pub(super) const BOM: &[u8] = b"\xef\xbb\xbf";

/// The number of bytes at the beginning of a file that are searched, past white space and empty messages.
pub(super) const HEAD: usize = 64 << 10;

/// The first bytes of a length below 128 MiB. As tags of protobuf fields they would have the invalid number 0,
/// whereas 8 could be a tag.
const LENGTH: std::ops::RangeInclusive<u8> = 0..=7;

/// The tag of a request's repeated field, and of the first fields of the messages in it.
const TAG: u8 = 0x0a;

/// The framing of a file, as far as it can be detected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Detected {
    /// The file has nothing but white space.
    Nothing,
    Protobuf,
    Json,
    LengthPrefixed,
    Unrecognised,
    /// More bytes are needed.
    Undecided,
}

/// Detects the framing of a file that begins with `head`. `all` says that the file has no more bytes.
pub(super) fn detect(head: &[u8], all: bool) -> Detected {
    // The result must not depend on how many bytes were read at a time.
    let (head, all) = match head.get(..HEAD) {
        Some(cut) => (cut, all && cut.len() == head.len()),
        None => (head, all),
    };
    match head {
        [] if all => Detected::Nothing,
        [] => Detected::Undecided,
        [0, ..] => match json_after_zeros(head, all) {
            Some(detected) => detected,
            None => match length_prefixed(head, all) {
                Detected::Unrecognised if a_later_line_is_json(head) => Detected::Json,
                Detected::Unrecognised if !all && head.len() < HEAD => Detected::Undecided,
                detected => detected,
            },
        },
        [first, ..] if LENGTH.contains(first) => length_prefixed(head, all),
        _ => json_or_protobuf(head, all),
    }
}

/// Detects JSON after zero bytes. Returns `None` if something else follows them.
///
/// The last zero bytes may belong to the length of a message of 123 bytes, whose last byte is a brace. Then a
/// message follows, not an object.
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
        // A file of nothing but zeros is more likely a hole than empty messages.
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

/// Returns whether a message may begin with `content`, which is not empty.
fn begins_message(content: &[u8]) -> bool {
    matches!(content[0], TAG | compression::ZSTD | compression::GZIP) || begins_json(content[0])
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
            // The file is cut off. It makes no difference which of the two it was.
            None => Detected::Json,
        },
        [b'{', ..] => Detected::Json,
        [RECORD_SEPARATOR, rest @ ..] if skip_space(rest).starts_with(b"{") => Detected::Json,
        _ if head[0] == TAG => Detected::Protobuf,
        [b'[', rest @ ..] if matches!(skip_space(rest), [b'{' | b']', ..]) => Detected::Json,
        [b'[', rest @ ..] if undecided && skip_space(rest).is_empty() => Detected::Undecided,
        _ if undecided && head.len() < foreign::ENOUGH => Detected::Undecided,
        _ if foreign::is_binary(head) => Detected::Unrecognised,
        // Whatever the first line is.
        _ if a_later_line_is_json(head) => Detected::Json,
        _ if undecided => Detected::Undecided,
        _ => Detected::Unrecognised,
    }
}

/// Returns whether a line after the first begins like a JSON object. If so, the file begins in the middle of a
/// line, or with lines of something else.
fn a_later_line_is_json(head: &[u8]) -> bool {
    let mut starts = memchr::memmem::find_iter(head, b"\n{");
    starts.any(|at| begins_object(&head[at + 2..]) == Some(true))
}

/// Returns whether `rest`, which follows a brace, continues like a JSON object, or `None` if that takes more bytes.
///
/// A request whose first field is 123 bytes long begins with a line feed and a brace as well. A tag follows then.
/// The tags that are white space or a quote belong to no field there, except 0x0a, after which a length and
/// further tags follow. No key of an object begins like that.
fn begins_object(rest: &[u8]) -> Option<bool> {
    match rest.trim_ascii_start() {
        [] | [b'"'] => None,
        [b'"', key, ..] => Some(*key >= b' '),
        [b'}', ..] => Some(true),
        _ => Some(false),
    }
}

/// Returns whether a payload is JSON; see [`Format::of`](super::Format::of).
pub(super) fn is_json(payload: &[u8]) -> bool {
    json_or_protobuf(payload, true) == Detected::Json
}

/// Returns whether a byte is JSON's white space, which includes line feeds.
pub(super) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

/// Returns the bytes after white space and byte order marks.
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

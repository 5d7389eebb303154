//! Names what bytes are if they are not a payload of OTLP, because that is what the reader of an error wants to
//! know.

use crate::Format;

/// Returns a description of bytes that are neither protobuf nor JSON of OTLP, and what to do with them. If a
/// format is given, bytes in the other format are described, too.
#[cold]
pub(crate) fn describe(bytes: &[u8], format: Option<Format>) -> Option<&'static str> {
    known_start(bytes)
        .or_else(|| is_utf16(bytes).then_some("text in UTF-16: convert it to UTF-8 first"))
        .or_else(|| text(bytes))
        .or_else(|| other_format(bytes, format?))
}

fn known_start(bytes: &[u8]) -> Option<&'static str> {
    const KNOWN: &[(&[u8], &str)] = &[
        (b"\x1f\x8b", "gzip data: inflate it first"),
        (b"\x28\xb5\x2f\xfd", "zstd data: inflate it first"),
        (b"BZh", "bzip2 data: decompress it first"),
        (b"\xfd7zXZ\0", "xz data: decompress it first"),
        (b"\x04\x22\x4d\x18", "LZ4 data: decompress it first"),
        (b"\xff\x06\0\0sNaPpY", "Snappy data: decompress it first"),
        (b"PK\x03\x04", "a zip archive: extract its files first"),
        (b"PK\x05\x06", "an empty zip archive"),
        (
            b"7z\xbc\xaf\x27\x1c",
            "a 7z archive: extract its files first",
        ),
        (b"PAR1", "a Parquet file"),
        (b"ARROW1", "an Arrow file"),
        (b"Obj\x01", "an Avro file"),
        (b"SQLite format 3\0", "an SQLite database"),
        (b"%PDF", "a PDF document"),
        (b"\x7fELF", "a program"),
    ];
    let known = KNOWN.iter().find(|(start, _)| bytes.starts_with(start));
    if let Some((_, what)) = known {
        return Some(what);
    }
    if !bytes.is_empty() && bytes.iter().all(|byte| *byte == 0) {
        return Some("nothing but zero bytes");
    }
    let tar = bytes.get(257..262) == Some(b"ustar");
    tar.then_some("a tar archive: extract its files first")
}

/// Returns whether bytes begin like JSON in UTF-16.
pub(crate) fn is_utf16(bytes: &[u8]) -> bool {
    match bytes {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => true,
        // Without a byte order mark: `{"` or `{` and white space.
        [b'{' | b'[', 0, second, 0, ..] | [0, b'{' | b'[', 0, second, ..] => {
            matches!(second, b'"' | b'{' | b'}' | b' ' | b'\r' | b'\n' | b'\t')
        }
        _ => false,
    }
}

/// Describes text that is not JSON, by its first line.
fn text(bytes: &[u8]) -> Option<&'static str> {
    let line = bytes.trim_ascii_start();
    let line = &line[..line.len().min(256)];
    let line = line.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let has = |part: &[u8]| line.windows(part.len()).any(|window| window == part);
    if line.starts_with(b"{'") || line.starts_with(b"[{'") {
        return Some("a literal of Python or JavaScript: JSON has double quotes");
    }
    if line.starts_with(b"<") {
        return Some("HTML or XML");
    }
    let dated = line.first_chunk::<5>();
    let dated =
        dated.is_some_and(|date| date[..4].iter().all(u8::is_ascii_digit) && date[4] == b'-');
    if dated && (has(b" stdout ") || has(b" stderr ")) {
        return Some("a log file of a container runtime (CRI): strip what precedes each message");
    }
    None
}

fn other_format(bytes: &[u8], format: Format) -> Option<&'static str> {
    match format {
        Format::Protobuf if Format::of(bytes) == Format::Json => {
            Some("JSON, not protobuf: decode it as JSON")
        }
        Format::Json if bytes.starts_with(b"\x0a") && Format::of(bytes) == Format::Protobuf => {
            Some("protobuf, not JSON: decode it as protobuf")
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_data_is_named() {
        for (bytes, what) in [
            (&b"\x1f\x8b\x08\0"[..], "gzip"),
            (b"BZh91AY", "bzip2"),
            (b"\xfd7zXZ\0\0", "xz"),
            (b"PK\x03\x04\x14", "zip"),
            (b"\xff\xfe{\0", "UTF-16"),
            (b"{\0\"\0r\0", "UTF-16"),
            (b"\0{\0\r\0\n", "UTF-16"),
            (b"{'resourceLogs': []}", "Python"),
            (b"<!doctype html>", "HTML"),
            (
                b"2024-05-01T10:00:00.1Z stdout F {\"resourceLogs\":[]}\n",
                "CRI",
            ),
        ] {
            let found = describe(bytes, None).unwrap_or_default();
            assert!(found.contains(what), "{}: {found:?}", bytes.escape_ascii());
        }
    }

    #[test]
    fn payloads_are_not_foreign_but_in_the_other_format() {
        let (json, protobuf) = (&b" {\"resourceLogs\":[]}"[..], &b"\x0a\x02\x12\0"[..]);
        assert_eq!(describe(json, None), None);
        assert_eq!(describe(protobuf, None), None);
        assert_eq!(describe(json, Some(Format::Json)), None);
        assert_eq!(describe(protobuf, Some(Format::Protobuf)), None);
        assert!(describe(json, Some(Format::Protobuf)).is_some());
        assert!(describe(protobuf, Some(Format::Json)).is_some());
        assert_eq!(describe(b"", Some(Format::Json)), None);
    }
}

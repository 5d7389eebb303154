//! Names what bytes are if they are not a payload of OTLP, because that is what the reader of an error wants to
//! know.

use crate::Format;

/// The number of bytes that [`describe`] looks at. Given fewer, its answer can change when more arrive.
pub(crate) const ENOUGH: usize = 512;

/// Returns a description of bytes that are neither protobuf nor JSON of OTLP, and what to do with them. If a
/// format is given, bytes in the other format are described, too.
#[cold]
pub(crate) fn describe(bytes: &[u8], format: Option<Format>) -> Option<&'static str> {
    let head = &bytes[..bytes.len().min(ENOUGH)];
    known_start(head)
        .or_else(|| is_utf16(head).then_some("text in UTF-16: convert it to UTF-8 first"))
        .or_else(|| text(head))
        .or_else(|| is_zero(bytes).then_some("nothing but zero bytes"))
        .or_else(|| other_format(bytes, format?))
}

/// Returns whether bytes begin like a well-known format that is not text.
pub(crate) fn is_binary(bytes: &[u8]) -> bool {
    known_start(bytes).is_some()
}

fn is_zero(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.iter().all(|byte| *byte == 0)
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
        (b"\x78\x01", "zlib data: inflate it first"),
        (b"\x78\x9c", "zlib data: inflate it first"),
        (b"\x78\xda", "zlib data: inflate it first"),
        (b"\xff\xfe\0\0", "text in UTF-32: convert it to UTF-8 first"),
        (b"\0\0\xfe\xff", "text in UTF-32: convert it to UTF-8 first"),
    ];
    let known = KNOWN.iter().find(|(start, _)| bytes.starts_with(start));
    if let Some((_, what)) = known {
        return Some(what);
    }
    if bytes.get(257..262) == Some(b"ustar") {
        return Some("a tar archive: extract its files first");
    }
    is_grpc(bytes).then_some("a message of gRPC with its prefix: remove the first five bytes")
}

/// Returns whether bytes begin like a request after gRPC's prefix, which is a flag and a length.
fn is_grpc(bytes: &[u8]) -> bool {
    match bytes {
        // The highest byte of the length is that of less than 128 MiB.
        [0, high @ 0..8, b, c, d, 0x0a, ..] => [*high, *b, *c, *d] != [0; 4],
        _ => false,
    }
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
    if line
        .first_chunk()
        .is_some_and(|start: &[u8; 2]| start[0] == b'<' && start[1].is_ascii_digit())
    {
        return Some("a syslog file: it has no OTLP");
    }
    // Not a request in protobuf, whose length can be that of a `<`.
    if matches!(
        line,
        [b'<', b'!' | b'/' | b'?' | b'a'..=b'z' | b'A'..=b'Z', ..]
    ) {
        return Some("HTML or XML");
    }
    if line.starts_with(b"data:") || line.starts_with(b"event:") {
        return Some("a stream of server-sent events: extract the text after each `data:`");
    }
    if line.starts_with(b"\"{") {
        return Some("a JSON string: decode the text in it");
    }
    if line.len() >= 32 && line.iter().all(u8::is_ascii_hexdigit) {
        return Some("text in hex: decode it first");
    }
    let in_base64 = |byte: &u8| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'-' | b'_')
    };
    if line.len() >= 32 && line.iter().all(in_base64) {
        return Some("text in base64: decode it first");
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
            (b"\xff\xfe\0\0{\0\0\0", "UTF-32"),
            (b"\x78\x9cabc", "zlib"),
            (b"<34>1 2003-10-11T22:14:15.003Z host su", "syslog"),
            (b"data: {\"resourceLogs\":[]}\n\n", "server-sent"),
            (b"\"{\\\"resourceLogs\\\":[]}\"", "a JSON string"),
            (b"0a100a0e0a0c0a0a0a080a060a040a020a00", "hex"),
            (
                b"ChASDhIMKgoKCGFiY2RlZmdoCg4SDBIKKggKBmFiY2RlZg==",
                "base64",
            ),
            (b"\0\0\0\0\x12\x0a\x10\x12\x0e\x12", "gRPC"),
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
        // The length of the first resource is that of a `<`.
        assert_eq!(
            describe(b"\x0a<\x0a\x02\x0a\0\x12", Some(Format::Protobuf)),
            None
        );
    }
}

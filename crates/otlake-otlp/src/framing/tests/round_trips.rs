//! Payloads that were framed and compressed are read back.

use otlake_testkit::Rng;

use super::*;

const LIMIT: usize = 1 << 20;

#[derive(Clone, Copy, Debug)]
enum Compression {
    None,
    Gzip,
    GzipMembers,
    Zstd,
    ZstdFrames,
    /// Each message is compressed on its own, after its length, as in older versions of the Collector's file exporter.
    ZstdMessages,
}

const COMPRESSIONS: [Compression; 6] = [
    Compression::None,
    Compression::Gzip,
    Compression::GzipMembers,
    Compression::Zstd,
    Compression::ZstdFrames,
    Compression::ZstdMessages,
];

/// Returns a file of payloads in a framing.
fn frame(framing: Framing, payloads: &[Vec<u8>], rng: &mut Rng) -> Vec<u8> {
    let gaps: &[&[u8]] = match framing {
        Framing::JsonLines => &[b"\n", b"\r\n", b"\n\n", b"  \n\t\r\n ", b"\n\xef\xbb\xbf"],
        _ => &[b"", b" ", b"\n", b"\r\n\r\n", b"\xef\xbb\xbf"],
    };
    let mut file = Vec::new();
    for payload in payloads {
        match framing {
            Framing::Protobuf => file.extend(payload),
            Framing::LengthPrefixed => {
                if rng.chance(0.1) {
                    file.extend(prefixed(b""));
                }
                file.extend(prefixed(payload));
            }
            Framing::JsonLines | Framing::JsonDocuments => {
                file.extend(payload);
                file.extend_from_slice(rng.pick::<&[u8]>(gaps));
            }
        }
    }
    file
}

/// Returns bytes that begin like a request in protobuf.
fn protobuf(rng: &mut Rng) -> Vec<u8> {
    let length = rng.skewed(2000);
    let mut request = vec![0x0a];
    prost::encoding::encode_varint(length as u64 + 1, &mut request);
    // A tag with which the message of a resource may begin.
    request.push(*rng.pick(&[0x0a, 0x12, 0x1a]));
    request.extend(rng.bytes(length));
    request
}

/// Returns an object with everything that could be mistaken for its end.
fn json(rng: &mut Rng, line: bool) -> Vec<u8> {
    fn value(rng: &mut Rng, space: &str, depth: usize, text: &mut String) {
        match rng.below(if depth == 0 { 2 } else { 4 }) {
            0 => text.push_str(rng.pick::<&str>(&["-1.5e3", "true", "null", "0"])),
            1 => {
                text.push('"');
                for _ in 0..rng.skewed(40) {
                    text.push_str(rng.pick::<&str>(&[
                        "a", "\\\"", "\\\\", "{", "}", "[", "]", ",", ":", "\\n", "\\u007b", "ä",
                        "\r",
                    ]));
                }
                text.push('"');
            }
            array => {
                let (open, close) = if array == 2 { ('[', ']') } else { ('{', '}') };
                text.push(open);
                for index in 0..rng.below(4) {
                    text.push_str(if index > 0 { "," } else { "" });
                    text.push_str(space);
                    if open == '{' {
                        text.push_str("\"k}\"");
                        text.push_str(space);
                        text.push(':');
                    }
                    value(rng, space, depth - 1, text);
                    text.push_str(space);
                }
                text.push(close);
            }
        }
    }
    let space = if line { " " } else { "\n  " };
    let mut text = format!("{{{space}\"resourceLogs\"{space}:");
    value(rng, space, 5, &mut text);
    text.push('}');
    text.into()
}

fn payloads(framing: Framing, rng: &mut Rng) -> Vec<Vec<u8>> {
    let count = if framing == Framing::Protobuf {
        1
    } else {
        1 + rng.below(8)
    };
    let as_json = match framing {
        Framing::Protobuf => false,
        Framing::LengthPrefixed => rng.chance(0.5),
        Framing::JsonDocuments | Framing::JsonLines => true,
    };
    let lines = framing == Framing::JsonLines;
    (0..count)
        .map(|_| {
            if as_json {
                let line = lines || rng.chance(0.4);
                json(rng, line)
            } else {
                protobuf(rng)
            }
        })
        .collect()
}

/// Cuts the file like a rotation or a flush, compresses the parts, and concatenates them.
fn in_parts(file: &[u8], rng: &mut Rng, compress: fn(&[u8]) -> Vec<u8>) -> Vec<u8> {
    let mut parts = Vec::new();
    let mut rest = file;
    while !rest.is_empty() {
        let (part, behind) = rest.split_at(1 + rng.below(rest.len()));
        parts.extend(compress(part));
        rest = behind;
    }
    parts
}

fn zstd_or_skip(bytes: &[u8]) -> Vec<u8> {
    [&b"\x5f\x2a\x4d\x18\x02\0\0\0ab"[..], &zstd(bytes)].concat()
}

#[test]
fn framed_payloads_are_read_back() {
    let rng = &mut Rng::new(11);
    for round in 0..150 {
        let framing = *rng.pick(&Framing::ALL);
        let compression = *rng.pick(&COMPRESSIONS);
        let payloads = payloads(framing, rng);
        let messages: Vec<_> = match compression {
            Compression::ZstdMessages if framing == Framing::LengthPrefixed => {
                payloads.iter().map(|payload| zstd(payload)).collect()
            }
            _ => payloads.clone(),
        };
        let file = frame(framing, &messages, rng);
        let file = match compression {
            Compression::None | Compression::ZstdMessages => file,
            Compression::Gzip => gzip(&file),
            Compression::GzipMembers => in_parts(&file, rng, gzip),
            Compression::Zstd => zstd(&file),
            Compression::ZstdFrames => in_parts(&file, rng, zstd_or_skip),
        };
        let expected: Vec<_> = payloads
            .into_iter()
            .map(|payload| Item::Payload(Format::of(&payload), payload))
            .collect();
        let name = format!("round {round}: {framing} {compression:?}");
        for size in [1 + rng.below(7), 1 + rng.below(5000), file.len()] {
            let pieces = Pieces::new(&file, size);
            assert_eq!(
                read(pieces, Some(framing), LIMIT),
                expected,
                "{name}, named, by {size}"
            );
            let pieces = Pieces::new(&file, size);
            assert_eq!(read(pieces, None, LIMIT), expected, "{name}, by {size}");
        }
    }
}

#[test]
fn the_beginning_of_a_file_has_its_first_payloads_and_at_most_one_error() {
    let rng = &mut Rng::new(12);
    for round in 0..8 {
        let framing = Framing::ALL[round % 4];
        let payloads = payloads(framing, rng);
        let plain = frame(framing, &payloads, rng);
        let whole: Vec<_> = payloads
            .into_iter()
            .map(|payload| Item::Payload(Format::of(&payload), payload))
            .collect();
        for file in [
            plain.clone(),
            in_parts(&plain, rng, gzip),
            in_parts(&plain, rng, zstd),
        ] {
            // A compression is recognised by four bytes.
            for end in 4.min(file.len())..file.len() {
                let mut items = read(&file[..end], Some(framing), LIMIT);
                if let Some(Item::Error(_)) = items.last() {
                    items.pop();
                }
                // A request, a line or a byte order mark that is cut off cannot be recognised as such.
                if let Some(Item::Payload(_, last)) = items.last()
                    && let Some(Item::Payload(_, full)) = whole.get(items.len() - 1)
                    && matches!(framing, Framing::Protobuf | Framing::JsonLines)
                    && (full.starts_with(last) || b"\xef\xbb".starts_with(last))
                    && last != full
                {
                    items.pop();
                }
                assert!(
                    whole.starts_with(&items),
                    "{framing}, {end} of {}",
                    file.len()
                );
            }
        }
    }
}

#[test]
fn recorded_requests_are_read_in_every_framing() {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/data/logs");
    let mut messages = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let file = std::fs::File::open(entry.unwrap().path()).unwrap();
        let payload = PayloadReader::new(file).next().unwrap().unwrap();
        assert_eq!(payload.format, Format::Protobuf);
        messages.push(payload.bytes.to_vec());
    }
    let expected: Vec<_> = messages.iter().map(|bytes| Item::protobuf(bytes)).collect();
    let framed = |compress: fn(&[u8]) -> Vec<u8>| {
        let messages = messages.iter().map(|message| prefixed(&compress(message)));
        messages.collect::<Vec<_>>().concat()
    };
    let plain = framed(<[u8]>::to_vec);
    for file in [gzip(&plain), zstd(&plain), framed(zstd), plain] {
        assert_eq!(read(&file[..], None, LIMIT), expected);
    }
}

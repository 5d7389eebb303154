//! Writes the seeds in `corpus/`. They are committed; run this again when an input's form changes:
//!
//! ```text
//! cargo run --manifest-path fuzz/Cargo.toml --example seeds
//! ```

use std::path::Path;
use std::{fs, io};

use otlake::fingerprint::{PatternOptions, Patterns};
use otlake::otlp::ContentEncoding;
use otlake::row::Signal;
use otlake_testkit::{Rng, Shape, arbitrary_logs_request, logs_payload, mutate};
use prost::Message;

/// Small ones of those recorded from SDKs: fuzzing is the faster the smaller its seeds are.
const RECORDED: [&str; 2] = ["frontend-nodejs-002.binpb", "payment-python-002.binpb.gz"];

/// For `logs_to_parquet`: codec, rows of a row group - 1, rows of a file - 1, columns.
const OPTIONS: [[u8; 4]; 4] = [
    [0, 255, 255, 255],
    [1, 0, 255, 3],
    [2, 2, 6, 255],
    [3, 255, 0, 0],
];

fn main() -> io::Result<()> {
    let mut payloads = edge_cases();
    for seed in 0..8 {
        let rng = &mut Rng::new(seed);
        let mut payload = arbitrary_logs_request(rng).encode_to_vec();
        payloads.push((format!("arbitrary-{seed}"), payload.clone()));
        mutate(&mut payload, Signal::Logs, rng);
        payloads.push((format!("mutated-{seed}"), payload));
    }
    for (name, shape) in [
        ("wide", Shape::ten_thousand()),
        ("grouped", Shape::small_groups()),
    ] {
        let shape = Shape {
            records: 4,
            ..shape
        };
        payloads.push((name.to_owned(), logs_payload(&shape)));
    }
    let logs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/data/logs");
    for name in RECORDED {
        let extension = Path::new(name)
            .extension()
            .and_then(|extension| extension.to_str());
        let encoding = ContentEncoding::from_extension(extension.unwrap_or_default());
        let payload = encoding
            .inflate(&fs::read(logs.join(name))?.into(), 1 << 20)
            .map_err(io::Error::other)?;
        payloads.push((name.replace('.', "-"), payload.to_vec()));
    }

    for (index, (name, payload)) in payloads.iter().enumerate() {
        write("logs_decode", name, payload)?;
        let options = OPTIONS[index % OPTIONS.len()];
        write("logs_to_parquet", name, &[&options[..], payload].concat())?;
    }
    for (name, body) in bodies()? {
        for (limit, of) in [(0xff, "65535"), (0x00, "0")] {
            write(
                "inflate",
                &format!("{name}-limit-{of}"),
                &[&[limit, limit], &body[..]].concat(),
            )?;
        }
    }
    for (index, (name, text)) in STREAMS.iter().enumerate() {
        // The memory bound and the number of states.
        let choice = u8::try_from(index * 5).unwrap_or(0);
        write("fingerprint", name, &[&[choice], text.as_bytes()].concat())?;
        write("patterns_snapshot", name, &state(text).save())?;
    }
    write("patterns_snapshot", "crowded", &crowded().save())?;
    Ok(())
}

/// Messages by the line.
const STREAMS: [(&str, &str); 8] = [
    ("empty", ""),
    (
        "users",
        "user ann in\nuser bob in\nuser carol in\nuser dave in\nuser ann in",
    ),
    (
        "numbers",
        "took 3 ms\ntook -1,234.5e3 ms\n91% of 16 GiB\n0x1f 1.2.3-rc1 deadbeef",
    ),
    (
        "addresses",
        "from 10.0.0.7:80\nfrom [fe80::1]:443/64\n00:1a:2b:3c:4d:5e\nann@example.com\nhttps://a.b/c?d=1#e",
    ),
    (
        "times",
        "2026-11-22T08:32:00.123Z up\nNov 22 08:32:00 up\n[22/Nov/2026:08:32:00 +0000] up\n1763800320 up",
    ),
    (
        "pairs",
        "a=1 b=\"x y\" c: [1, 2] ok=true\nuser='ann' (id: 7)\n{\"level\":\"warn\",\"msg\":\"disk 7\",\"k\":{\"l\":[null]}}",
    ),
    (
        "paths",
        "open /var/log/a.log\nopen C:\\Program Files\\x.exe\n\tat a.b.C.d(C.java:17)\n550e8400-e29b-41d4-a716-446655440000",
    ),
    (
        "odd",
        "\u{1b}[31mERROR\u{1b}[0m é\u{301} \u{fffd}\r\n\u{0}\"\\\n((((\n====\n: : :",
    ),
];

fn state(text: &str) -> Patterns {
    let mut patterns = Patterns::new(PatternOptions::new().with_source(7));
    for line in text.lines() {
        patterns.observe(line.as_bytes());
    }
    patterns
}

/// A state that has evicted what was beyond its bound.
fn crowded() -> Patterns {
    let options = PatternOptions::new().with_max_bytes(8_000);
    let mut patterns = Patterns::new(options);
    for number in 0..40_u8 {
        let word = [b'a' + number % 20, b'k' + number / 20];
        patterns.observe(&[b"free text ", &word[..]].concat());
    }
    patterns
}

fn write(target: &str, name: &str, input: &[u8]) -> io::Result<()> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("corpus")
        .join(target);
    fs::create_dir_all(&corpus)?;
    fs::write(corpus.join(format!("{name}.bin")), input)
}

/// Payloads at the edges of the protobuf encoding.
fn edge_cases() -> Vec<(String, Vec<u8>)> {
    let in_record = |fields: &[u8]| {
        // resource_logs { scope_logs { log_records { … } } }
        [0x12, 0x12, 0x0a]
            .iter()
            .fold(fields.to_vec(), |message, tag| field(*tag, &message))
    };
    let string = |text: &[u8]| field(0x0a, text);
    let nested = |depth| {
        // body { array_value { values { … } } }
        (0..depth).fold(string(b"x"), |value, _| field(0x2a, &field(0x0a, &value)))
    };
    let attribute =
        |key: &[u8], value: &[u8]| field(0x32, &[string(key), field(0x12, value)].concat());
    let cases: [(&str, Vec<u8>); 17] = [
        ("empty", Vec::new()),
        ("record-empty", in_record(b"")),
        (
            "body-string",
            in_record(&field(0x2a, &string(b"disk /dev/sda1 is 91% full"))),
        ),
        ("body-empty-value", in_record(b"\x2a\x00")),
        (
            "body-twice",
            in_record(&[field(0x2a, &string(b"a")), field(0x2a, b"\x18\x07")].concat()),
        ),
        ("body-nested-30", in_record(&field(0x2a, &nested(30)))),
        ("body-nested-60", in_record(&field(0x2a, &nested(60)))),
        (
            "attribute-types",
            in_record(
                &[
                    attribute(b"k", &string(b"s")),
                    attribute(b"k", b"\x18\x01"),
                    attribute(b"k", b"\x10\x01"),
                    attribute(b"k", b"\x21\x00\x00\x00\x00\x00\x00\xf8\x7f"),
                    attribute(b"k", b"\x3a\x02\xff\xfe"),
                    attribute(b"k", b""),
                    attribute(b"_k", b"\x32\x00"),
                    attribute(b"", b"\x2a\x00"),
                ]
                .concat(),
            ),
        ),
        ("string-not-utf8", in_record(&field(0x2a, &string(b"\xff")))),
        (
            "time-beyond-i64",
            in_record(b"\x09\xff\xff\xff\xff\xff\xff\xff\xff"),
        ),
        (
            "ids-odd-lengths",
            in_record(b"\x4a\x03\x01\x02\x03\x52\x01\xff"),
        ),
        (
            "severity-negative",
            in_record(b"\x10\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
        ),
        (
            "varint-overlong",
            in_record(b"\x10\x89\x80\x80\x80\x80\x80\x80\x80\x80\x00"),
        ),
        (
            "varint-without-end",
            in_record(b"\x10\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
        ),
        (
            "unknown-fields",
            in_record(b"\xf8\x07\x01\xf9\x07\0\0\0\0\0\0\0\0\xfd\x07\0\0\0\0\xfb\x07\xfc\x07"),
        ),
        ("field-number-0", in_record(b"\x02\x00")),
        ("cut-in-a-length", b"\x0a\xff".to_vec()),
    ];
    cases
        .map(|(name, payload)| (name.to_owned(), payload))
        .to_vec()
}

/// A length-delimited field.
fn field(tag: u8, bytes: &[u8]) -> Vec<u8> {
    let mut field = vec![tag];
    prost::encoding::encode_varint(bytes.len() as u64, &mut field);
    field.extend(bytes);
    field
}

fn bodies() -> io::Result<Vec<(String, Vec<u8>)>> {
    // "ab", as gzip writes it.
    let gzip = b"\x1f\x8b\x08\0\0\0\0\0\0\x03\x4b\x4c\x02\0\x6d\x48\x83\x9e\x02\0\0\0".to_vec();
    let zstd = zstd::bulk::compress(b"ab", 1)?;
    let bomb = zstd::bulk::compress(&vec![0; 2 << 20], 1)?;
    let named = |name: &str, body: Vec<u8>| (name.to_owned(), body);
    Ok(vec![
        named("empty", Vec::new()),
        named("gzip-twice", gzip.repeat(2)),
        named("gzip-cut", gzip[..gzip.len() - 6].to_vec()),
        named("gzip-then-other", [&gzip[..], b"x"].concat()),
        named("gzip", gzip),
        named("zstd-twice", zstd.repeat(2)),
        named("zstd-cut", zstd[..zstd.len() - 1].to_vec()),
        named("zstd", zstd),
        named("zstd-bomb", bomb),
    ])
}

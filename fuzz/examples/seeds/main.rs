//! Writes the seeds in `corpus/`. They are committed; run this again when the format of an input
//! changes:
//!
//! ```text
//! cargo run --manifest-path fuzz/Cargo.toml --example seeds
//! ```

mod edges;
mod files;

use std::path::Path;
use std::{fs, io};

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use otlake::fingerprint::{PatternOptions, Patterns};
use otlake::otlp::ContentEncoding;
use otlake_testkit::{Rng, break_utf8, mutate};

use edges::Edges;

/// Options of `to_parquet`: codec, signal and partitions, rows per row group - 1, rows per file -
/// 1, columns.
const OPTIONS: [[u8; 4]; 4] = [
    [0, 255, 255, 255],
    [1, 0, 255, 3],
    [2, 2, 6, 255],
    [3, 255, 0, 0],
];

const PARTITIONINGS: usize = 3;

/// Writes a payload with options, covering every combination over the indices.
fn write_to_parquet(signal: u8, index: usize, name: &str, payload: &[u8]) -> io::Result<()> {
    let [codec, row_group_rows, rows_per_file, columns] = OPTIONS[index % OPTIONS.len()];
    let partitioning = (index % PARTITIONINGS) as u8;
    let options = [
        codec + 4 * (signal + 3 * partitioning),
        row_group_rows,
        rows_per_file,
        columns,
    ];
    write("to_parquet", name, &[&options[..], payload].concat())
}

fn main() -> io::Result<()> {
    let logs =
        payloads::<ExportLogsServiceRequest>(&["frontend-nodejs-002", "payment-python-002"])?;
    for (index, (name, payload)) in logs.iter().enumerate() {
        write("logs_decode", name, payload)?;
        write_to_parquet(0, index, name, payload)?;
    }
    let traces = ["frontend-nodejs-003", "payment-python-003"];
    let traces = payloads::<ExportTraceServiceRequest>(&traces)?;
    for (index, (name, payload)) in traces.iter().enumerate() {
        write("traces_decode", name, payload)?;
        write_to_parquet(1, index, &format!("traces-{name}"), payload)?;
    }
    let metrics = [
        "catalog-bridge-001",
        "catalog-nodejs-001",
        "payment-python-007",
    ];
    let metrics = payloads::<ExportMetricsServiceRequest>(&metrics)?;
    for (index, (name, payload)) in metrics.iter().enumerate() {
        write("metrics_decode", name, payload)?;
        write_to_parquet(2, index, &format!("metrics-{name}"), payload)?;
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
    for (name, framing, file) in files::files()? {
        // With the framing given, and detected; then the limit.
        for (framing, detected) in [(framing, ""), (7, "-detected")] {
            let input = [&[framing, 0xff], &file[..]].concat();
            write("framing", &format!("{name}{detected}"), &input)?;
        }
    }
    for (index, (name, text)) in STREAMS.iter().enumerate() {
        // The memory bound and the number of states.
        let choice = u8::try_from(index * 5).unwrap_or(0);
        write("fingerprint", name, &[&[choice], text.as_bytes()].concat())?;
        write("fingerprint_reference", name, text.as_bytes())?;
        write("patterns_snapshot", name, &state(text).save())?;
    }
    write("patterns_snapshot", "crowded", &crowded().save())?;
    Ok(())
}

/// Returns payloads of a signal: hand-written, arbitrary, as in production, and from `recorded`.
/// The recorded ones are small, because fuzzing is faster with small seeds.
fn payloads<R: Edges>(recorded: &[&str]) -> io::Result<Vec<(String, Vec<u8>)>> {
    let mut payloads = R::edge_cases();
    for seed in 0..8 {
        let rng = &mut Rng::new(seed);
        let mut payload = R::arbitrary(rng).encode_to_vec();
        payloads.push((format!("arbitrary-{seed}"), payload.clone()));
        let mut broken = payload.clone();
        mutate(&mut payload, R::SIGNAL, rng);
        payloads.push((format!("mutated-{seed}"), payload));
        if break_utf8(&mut broken, R::SIGNAL, rng) > 0 {
            payloads.push((format!("not-utf8-{seed}"), broken));
        }
    }
    payloads.extend(R::production().map(|(name, payload)| (name.to_owned(), payload)));
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/data");
    for entry in fs::read_dir(data.join(R::SIGNAL.name()))? {
        let path = entry?.path();
        let file = path.file_name().unwrap_or_default().to_string_lossy();
        let Some(name) = recorded.iter().find(|name| file.starts_with(**name)) else {
            continue;
        };
        let extension = path.extension().unwrap_or_default().to_string_lossy();
        let payload = ContentEncoding::from_extension(&extension)
            .inflate(&fs::read(&path)?.into(), 1 << 20)
            .map_err(io::Error::other)?;
        payloads.push(((*name).to_owned(), payload.to_vec()));
    }
    Ok(payloads)
}

/// Streams of messages, one per line.
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

/// Returns a state that has evicted what exceeded its bound.
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

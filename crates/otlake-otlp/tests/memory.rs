//! The memory that a sender can make the reader of payloads and the decoders allocate.

#![cfg(all(feature = "gzip", feature = "zstd"))]
#![allow(clippy::unwrap_used, reason = "tests")]

use std::alloc::System;
use std::convert::Infallible;
use std::io::Write;

use otlake_otlp::{ContentEncoding, Format, Framing, InflateLimits, OtlpDecoder, PayloadReader};
use otlake_row::{Bytes, Row, Signal, sink_fn};
use otlake_testkit::{CountingAllocator, measure};

#[global_allocator]
static ALLOCATOR: CountingAllocator<System> = CountingAllocator::new(System);

const LIMIT: usize = 256 << 10;

/// The size of the buffers between the file and the payload, whatever the payload's size. The C code of zstd and
/// libdeflate has buffers of its own, which are not counted.
const BUFFERS: u64 = 512 << 10;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::bulk::compress(bytes, 1).unwrap()
}

fn line(length: usize) -> Vec<u8> {
    let mut line = br#"{"resourceLogs":""#.to_vec();
    line.resize(length - 2, b'x');
    line.extend(b"\"}");
    line
}

/// This is one test, because the allocations of concurrent tests would be counted.
#[test]
fn memory_is_bounded() {
    a_file_takes_the_memory_of_its_largest_payload();
    a_payload_over_the_limit_takes_no_more_than_the_limit();
    a_body_takes_no_more_than_its_limit();
    a_group_in_pieces_takes_no_extra_memory();
    a_histogram_over_the_limit();
}

fn a_file_takes_the_memory_of_its_largest_payload() {
    let lines = [line(100_000), line(LIMIT), line(5_000)].map(|line| [&line[..], b"\n"].concat());
    let lines = lines.concat().repeat(10);
    let messages: Vec<u8> = [LIMIT, 100]
        .repeat(10)
        .into_iter()
        .flat_map(|length| {
            let length_bytes = u32::try_from(length).unwrap().to_be_bytes();
            [&length_bytes[..], &line(length)].concat()
        })
        .collect();
    for (name, file, payloads) in [
        ("lines", lines.clone(), 30),
        ("lines in gzip", gzip(&lines), 30),
        ("lines in zstd", zstd(&lines), 30),
        ("messages", messages.clone(), 20),
        ("messages in zstd", zstd(&messages), 20),
    ] {
        let (count, allocations) = measure(|| {
            let payloads = PayloadReader::new(&file[..]).with_limit(LIMIT);
            payloads.map(Result::unwrap).count()
        });
        assert_eq!(count, payloads, "{name}");
        // The buffer takes twice the payload, and half as much again while it grows. The payload is added.
        let bound = 4 * LIMIT as u64 + BUFFERS;
        let peak = allocations.peak;
        assert!(peak < bound, "{name}: {peak}");
    }
}

fn a_payload_over_the_limit_takes_no_more_than_the_limit() {
    let large = line(10 << 20);
    let zeros = vec![0; 10 << 20];
    let lying = [&u32::MAX.to_be_bytes()[..], b"{}"].concat();
    let small = 10_000;
    for (name, file, framing) in [
        ("a line", large.clone(), Framing::JsonLines),
        ("a line in gzip", gzip(&large), Framing::JsonLines),
        ("a document in zstd", zstd(&large), Framing::JsonDocuments),
        ("a request in gzip", gzip(&zeros), Framing::Protobuf),
        (
            "a length and next to nothing",
            lying,
            Framing::LengthPrefixed,
        ),
    ] {
        let (items, allocations) = measure(|| {
            let reader = PayloadReader::new(&file[..]).with_framing(framing);
            reader
                .with_limit(small)
                .map(|item| item.is_err())
                .collect::<Vec<_>>()
        });
        assert_eq!(items, [true], "{name}");
        let peak = allocations.peak;
        assert!(peak < 2 * small as u64 + BUFFERS, "{name}: {peak}");
    }
    // A length within the limit is not trusted either.
    let lying = [&(64_u32 << 20).to_be_bytes()[..], b"{}"].concat();
    let (items, allocations) = measure(|| {
        let reader = PayloadReader::new(&lying[..]).with_framing(Framing::LengthPrefixed);
        reader.map(|item| item.is_err()).collect::<Vec<_>>()
    });
    assert_eq!(items, [true]);
    assert!(allocations.peak < BUFFERS, "{}", allocations.peak);
}

fn a_body_takes_no_more_than_its_limit() {
    let zeros = vec![0; 10 << 20];
    let stream = zstd::stream::encode_all(&zeros[..], 1).unwrap();
    for (encoding, body) in [
        (ContentEncoding::Gzip, gzip(&zeros)),
        (ContentEncoding::Gzip, [gzip(&zeros), gzip(b"")].concat()),
        (ContentEncoding::Zstd, zstd(&zeros)),
        (ContentEncoding::Zstd, stream),
    ] {
        let body = Bytes::from(body);
        let limits = InflateLimits::default().with_ratio(usize::MAX);
        for bytes in [1000, LIMIT] {
            let limits = limits.with_bytes(bytes);
            let (inflated, allocations) = measure(|| encoding.inflate_within(&body, limits));
            assert!(inflated.is_err());
            let peak = allocations.peak;
            // While the buffer grows, a part of it exists twice.
            let bound = 2 * bytes as u64 + BUFFERS;
            assert!(peak < bound, "{encoding:?}, limit {bytes}: {peak}");
        }
    }
}

/// A resource, a scope or the data of a metric may be sent in any number of pieces, of at least two bytes each.
fn a_group_in_pieces_takes_no_extra_memory() {
    const PIECES: usize = 100_000;
    let message = |field: u8, content: &[u8]| {
        let mut length = content.len();
        let mut bytes = vec![field << 3 | 2];
        while length >= 0x80 {
            bytes.push(length as u8 | 0x80);
            length >>= 7;
        }
        bytes.push(length as u8);
        bytes.extend(content);
        bytes
    };
    let pieces = |field: u8| message(field, &[]).repeat(PIECES);
    let record = message(2, &[]);
    let scope = |content: &[u8]| message(1, &message(2, content));
    let resource = [pieces(1), message(2, &record)].concat();
    let point = message(5, &message(1, &[]));
    let data = message(2, &[pieces(5), point].concat());
    for (name, signal, payload) in [
        ("resource", Signal::Logs, message(1, &resource)),
        (
            "scope",
            Signal::Logs,
            scope(&[pieces(1), record.clone()].concat()),
        ),
        ("gauge", Signal::Metrics, scope(&data)),
    ] {
        let payload = Bytes::from(payload);
        let (rows, allocations) = measure(|| {
            let mut rows = 0;
            let mut count = sink_fn(|_: &mut Row<'_>| {
                rows += 1;
                Ok::<_, Infallible>(())
            });
            OtlpDecoder::new()
                .decode(signal, Format::Protobuf, &payload, &mut count)
                .unwrap();
            rows
        });
        assert_eq!(rows, 1, "{name}");
        let peak = allocations.peak;
        assert!(peak < 64 << 10, "{name}: {peak}");
    }
}

/// A point over a limit takes no more memory than one within it, however many numbers it claims to have.
fn a_histogram_over_the_limit() {
    let field = |number: u32, content: &[u8]| otlake_testkit::delimited_field(number, content);
    let counts = field(6, &vec![1; 32 << 20]);
    let metric = field(9, &field(1, &counts));
    let payload = Bytes::from(field(1, &field(2, &field(2, &metric))));
    let (rejected, allocations) = measure(|| {
        let mut none = sink_fn(|_: &mut Row<'_>| Ok::<_, Infallible>(()));
        let mut decoder = OtlpDecoder::new();
        let summary = decoder.decode(Signal::Metrics, Format::Protobuf, &payload, &mut none);
        summary.unwrap().rejected
    });
    assert_eq!(rejected, 1);
    // 65,536 values of 24 bytes.
    let peak = allocations.peak;
    assert!(peak < 4 << 20, "{peak}");
}

//! The floors visit everything that prost decodes: a floor that skipped something would be too low.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod expected;

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use otlake_benches::floors::{Malformed, Zstd1, walk, walk_utf8};
use otlake_row::Signal;
use otlake_testkit::{
    MetricShape, Rng, Shape, TraceShape, logs_payload, metrics_payload, mutate, traces_payload,
};

use expected::Expected;

fn walks_count<R: Expected>(generated: Vec<Vec<u8>>) {
    let arbitrary = (0..1_000).map(|seed| R::arbitrary(&mut Rng::new(seed)).encode_to_vec());
    for payload in generated.into_iter().chain(arbitrary) {
        let expected = R::decode(payload.as_slice()).unwrap().expected();
        assert_eq!(walk(R::SIGNAL, &payload), Ok(expected));
        assert_eq!(walk_utf8(R::SIGNAL, &payload), Ok(expected));
    }
}

#[test]
fn walks_count_what_prost_decodes() {
    walks_count::<ExportLogsServiceRequest>(vec![
        logs_payload(&Shape {
            records: 500,
            ..Shape::ten_thousand()
        }),
        logs_payload(&Shape::small_groups()),
    ]);
    walks_count::<ExportTraceServiceRequest>(vec![traces_payload(&TraceShape {
        spans: 500,
        ..TraceShape::ten_thousand()
    })]);
    walks_count::<ExportMetricsServiceRequest>(vec![metrics_payload(&MetricShape {
        points: 500,
        ..MetricShape::ten_thousand()
    })]);
}

fn walked_or_rejected<R: Expected>() {
    let (mut walked, mut rejected) = (0, 0);
    for seed in 0..3_000 {
        let mut rng = Rng::new(seed);
        let mut payload = R::arbitrary(&mut rng).encode_to_vec();
        mutate(&mut payload, R::SIGNAL, &mut rng);
        match walk_utf8(R::SIGNAL, &payload) {
            Ok(counts) => {
                walked += 1;
                assert_eq!(walk(R::SIGNAL, &payload), Ok(counts));
            }
            Err(_) => rejected += 1,
        }
    }
    assert!(
        walked > 500 && rejected > 500,
        "{walked} walked, {rejected} rejected"
    );
}

#[test]
fn mutated_payloads_are_walked_or_rejected() {
    walked_or_rejected::<ExportLogsServiceRequest>();
    walked_or_rejected::<ExportTraceServiceRequest>();
    walked_or_rejected::<ExportMetricsServiceRequest>();
}

#[test]
fn faults_are_named() {
    let walk = |payload: &[u8]| walk(Signal::Logs, payload);
    assert_eq!(walk(&[0x0a, 5, 0]), Err(Malformed::Truncated));
    assert_eq!(walk(&[0x08, 0x80]), Err(Malformed::Truncated));
    assert_eq!(walk(&[0x80; 11]), Err(Malformed::Varint));
    assert_eq!(walk(&[0x0e]), Err(Malformed::WireType));
    // A schema_url of one byte that is not valid UTF-8.
    let payload = [0x0a, 3, 0x1a, 1, 0xff];
    assert_eq!(walk(&payload).map(|counts| counts.strings), Ok(1));
    assert_eq!(walk_utf8(Signal::Logs, &payload), Err(Malformed::Utf8));
}

#[test]
fn zstd_compresses_each_buffer_by_itself() {
    let mut zstd = Zstd1::new().unwrap();
    let buffers = [b"one two ".repeat(500), vec![7; 10_000], Vec::new()];
    let one_by_one: usize = buffers
        .iter()
        .map(|buffer| zstd::bulk::compress(buffer, 1).unwrap().len())
        .sum();
    assert_eq!(zstd.compressed_size(&buffers).unwrap(), one_by_one);
    // The context is reused.
    assert_eq!(zstd.compressed_size(&buffers).unwrap(), one_by_one);
    assert_eq!(zstd.compressed_size(&[]).unwrap(), 0);
}

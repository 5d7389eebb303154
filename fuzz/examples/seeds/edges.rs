//! Hand-written payloads at the edges of the protobuf encoding.

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use otlake_testkit::{
    MetricShape, Request, Shape, TraceShape, delimited_field as field, fixed64_field, logs_payload,
    metrics_payload, traces_payload, varint_field,
};

type Named<const N: usize> = [(&'static str, Vec<u8>); N];

/// A signal with seeds of its own.
pub trait Edges: Request {
    fn edge_cases() -> Vec<(String, Vec<u8>)>;

    /// Returns small payloads as in production.
    fn production() -> impl Iterator<Item = (&'static str, Vec<u8>)>;
}

impl Edges for ExportLogsServiceRequest {
    fn edge_cases() -> Vec<(String, Vec<u8>)> {
        let in_record = |fields: &[u8]| in_scope(&field(2, fields));
        let body = |value: &[u8]| in_record(&field(5, value));
        let mut cases = of_records(6, in_record);
        cases.extend(named([
            ("body-string", body(&string(b"disk /dev/sda1 is 91% full"))),
            ("body-empty-value", body(b"")),
            (
                "body-twice",
                in_record(&[field(5, &string(b"a")), field(5, &varint_field(3, 7))].concat()),
            ),
            ("body-nested-30", body(&nested(30))),
            ("body-nested-60", body(&nested(60))),
            ("string-not-utf8", body(&string(b"\xff"))),
            ("time-beyond-i64", in_record(&fixed64_field(1, u64::MAX))),
            (
                "ids-odd-lengths",
                in_record(&[field(9, b"\x01\x02\x03"), field(10, b"\xff")].concat()),
            ),
            ("severity-negative", in_record(&varint_field(2, u64::MAX))),
            (
                "varint-overlong",
                in_record(b"\x10\x89\x80\x80\x80\x80\x80\x80\x80\x80\x00"),
            ),
        ]));
        cases
    }

    fn production() -> impl Iterator<Item = (&'static str, Vec<u8>)> {
        let four = |shape| {
            logs_payload(&Shape {
                records: 4,
                ..shape
            })
        };
        let shapes = [
            ("wide", Shape::ten_thousand()),
            ("grouped", Shape::small_groups()),
        ];
        shapes.map(|(name, shape)| (name, four(shape))).into_iter()
    }
}

impl Edges for ExportTraceServiceRequest {
    fn edge_cases() -> Vec<(String, Vec<u8>)> {
        let in_span = |fields: &[u8]| in_scope(&field(2, fields));
        let status = |content: &[u8]| field(15, content);
        let mut cases = of_records(9, in_span);
        cases.extend(named([
            ("events-empty", in_span(&field(11, b"").repeat(3))),
            ("links-empty", in_span(&field(13, b"").repeat(3))),
            ("status-empty", in_span(&status(b""))),
            (
                "status-in-two-pieces",
                in_span(&[status(&field(2, b"why")), status(&varint_field(3, 2))].concat()),
            ),
            ("kind-negative", in_span(&varint_field(6, u64::MAX))),
            (
                "event-nested-30",
                in_span(&field(11, &field(3, &field(2, &nested(30))))),
            ),
            (
                "end-before-start",
                in_span(&[fixed64_field(7, u64::MAX), fixed64_field(8, 1)].concat()),
            ),
            (
                "names-not-utf8",
                in_span(
                    &[
                        field(5, b"\xff"),
                        field(11, &field(2, b"\xc0")),
                        field(13, &field(3, b"\xe2\x82")),
                    ]
                    .concat(),
                ),
            ),
        ]));
        cases
    }

    fn production() -> impl Iterator<Item = (&'static str, Vec<u8>)> {
        let shape = TraceShape {
            spans: 5,
            ..TraceShape::ten_thousand()
        };
        [("trace", traces_payload(&shape))].into_iter()
    }
}

impl Edges for ExportMetricsServiceRequest {
    fn edge_cases() -> Vec<(String, Vec<u8>)> {
        let in_metric = |fields: &[u8]| in_scope(&field(2, fields));
        // Gauge, sum, histogram, exponential histogram, summary.
        let point = |kind: u32, fields: &[u8]| field(kind, &field(1, fields));
        let in_point = |kind: u32, fields: &[u8]| in_metric(&point(kind, fields));
        let mut cases = of_records(7, |fields| in_point(5, fields));
        let empty = [5, 7, 9, 10, 11].map(|kind| point(kind, b"")).concat();
        cases.extend(named([
            ("no-data", in_metric(&field(1, b"name"))),
            ("every-kind-and-the-last-counts", in_metric(&empty)),
            (
                "sum-in-two-pieces",
                in_metric(
                    &[
                        field(7, &varint_field(2, 1)),
                        field(7, &[varint_field(3, 1), field(1, b"")].concat()),
                    ]
                    .concat(),
                ),
            ),
            (
                "counts-packed-and-not",
                in_point(
                    9,
                    &[field(6, &[1; 16]), fixed64_field(6, u64::MAX)].concat(),
                ),
            ),
            ("counts-cut", in_point(9, &field(6, &[1; 15]))),
            (
                "buckets-packed-and-not",
                in_point(
                    10,
                    &[
                        field(8, &[field(2, b"\x01\x80\x01"), varint_field(2, 3)].concat()),
                        field(9, &varint_field(1, 1)),
                        field(8, &varint_field(2, u64::MAX)),
                    ]
                    .concat(),
                ),
            ),
            (
                "quantiles",
                in_point(
                    11,
                    &field(6, &fixed64_field(1, f64::NAN.to_bits())).repeat(2),
                ),
            ),
            (
                "exemplar",
                in_point(
                    5,
                    &field(
                        5,
                        &[fixed64_field(6, 1), field(7, &string(b"\xff"))].concat(),
                    ),
                ),
            ),
            (
                "metadata",
                in_metric(&[field(12, &field(1, b"k")), point(5, b"")].concat()),
            ),
            (
                "int-then-double",
                in_point(7, &[fixed64_field(6, 1), fixed64_field(4, 1)].concat()),
            ),
        ]));
        cases
    }

    fn production() -> impl Iterator<Item = (&'static str, Vec<u8>)> {
        let shape = MetricShape {
            points: 12,
            ..MetricShape::ten_thousand()
        };
        [("export", metrics_payload(&shape))].into_iter()
    }
}

/// Returns seeds for everything that every kind of record can have, with attributes under this
/// field number.
fn of_records(attributes: u32, in_record: impl Fn(&[u8]) -> Vec<u8>) -> Vec<(String, Vec<u8>)> {
    let attribute =
        |key: &[u8], value: &[u8]| field(attributes, &[field(1, key), field(2, value)].concat());
    named([
        ("empty", Vec::new()),
        ("record-empty", in_record(b"")),
        (
            "attribute-types",
            in_record(
                &[
                    attribute(b"k", &string(b"s")),
                    attribute(b"k", &varint_field(3, 1)),
                    attribute(b"k", &varint_field(2, 1)),
                    attribute(b"k", &fixed64_field(4, f64::NAN.to_bits())),
                    attribute(b"k", &field(7, b"\xff\xfe")),
                    attribute(b"k", b""),
                    attribute(b"_k", &field(6, b"")),
                    attribute(b"", &field(5, b"")),
                ]
                .concat(),
            ),
        ),
        (
            "key-not-utf8",
            in_record(&attribute(b"k\xff", b"").repeat(2)),
        ),
        (
            "varint-without-end",
            in_record(b"\xa0\x06\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
        ),
        (
            "unknown-fields",
            in_record(b"\xf8\x07\x01\xf9\x07\0\0\0\0\0\0\0\0\xfd\x07\0\0\0\0\xfb\x07\xfc\x07"),
        ),
        ("field-number-0", in_record(b"\x02\x00")),
        ("cut-in-a-length", b"\x0a\xff".to_vec()),
    ])
}

fn named<const N: usize>(cases: Named<N>) -> Vec<(String, Vec<u8>)> {
    cases
        .map(|(name, payload)| (name.to_owned(), payload))
        .into()
}

/// Returns a request of one resource and one scope with these fields.
fn in_scope(fields: &[u8]) -> Vec<u8> {
    field(1, &field(2, fields))
}

fn string(text: &[u8]) -> Vec<u8> {
    field(1, text)
}

/// Returns a string inside this many arrays.
fn nested(depth: usize) -> Vec<u8> {
    (0..depth).fold(string(b"x"), |value, _| field(5, &field(1, &value)))
}

//! The facts about each signal that tests need.

use std::path::{Path, PathBuf};

pub use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
pub use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
pub use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
#[cfg(feature = "opentelemetry-proto")]
use otlake_otlp::{ExportRequest, Summary};
use otlake_otlp::{Format, Limits, OtlpDecoder, Rejection, RejectionReason};
#[cfg(feature = "opentelemetry-proto")]
use otlake_testkit::{CanonicalRow, CanonicalRows};
use otlake_testkit::{
    Decoded, MetricShape, Request, Shape, TraceShape, compare_with_prost, delimited_field,
    logs_payload, metrics_payload, traces_payload,
};

/// A signal, represented by prost's type of its request.
pub trait Subject: Request {
    /// The directory of its payloads in `examples/data`.
    const DIRECTORY: &str;
    /// The fields from the request to a record, with their numbers. For metrics, the record is the point of a gauge.
    const PATH: &[(&str, u32)];
    /// The field number of a record's attributes.
    const ATTRIBUTES: u32;

    /// Returns payloads of `records` records, with the shapes of production data.
    fn production(records: usize) -> Vec<Vec<u8>>;

    #[cfg(feature = "opentelemetry-proto")]
    fn export_request(&self) -> ExportRequest<'_>;

    /// Returns a payload of one resource and one scope with these fields, and of records with these fields.
    fn payload(resource: &[u8], scope: &[u8], records: &[Vec<u8>]) -> Vec<u8> {
        let (_, item) = Self::PATH[2];
        let records = records.iter().map(|record| {
            let inside = Self::PATH[3..].iter().rev();
            let content = inside.fold(record.clone(), |content, (_, number)| {
                delimited_field(*number, &content)
            });
            delimited_field(item, &content)
        });
        let mut scopes = delimited_field(1, scope);
        scopes.extend(records.flatten());
        let mut resources = delimited_field(1, resource);
        resources.extend(delimited_field(2, &scopes));
        delimited_field(1, &resources)
    }

    /// Returns the path of the first record.
    fn first_record() -> String {
        let path = Self::PATH.iter().map(|(name, _)| match *name {
            // This field is not repeated.
            "gauge" => name.to_string(),
            name => format!("{name}[0]"),
        });
        path.collect::<Vec<_>>().join(".")
    }
}

impl Subject for ExportLogsServiceRequest {
    const DIRECTORY: &str = "logs";
    const PATH: &[(&str, u32)] = &[("resource_logs", 1), ("scope_logs", 2), ("log_records", 2)];
    const ATTRIBUTES: u32 = 6;

    fn production(records: usize) -> Vec<Vec<u8>> {
        [Shape::ten_thousand(), Shape::small_groups()]
            .map(|shape| logs_payload(&Shape { records, ..shape }))
            .into()
    }

    #[cfg(feature = "opentelemetry-proto")]
    fn export_request(&self) -> ExportRequest<'_> {
        self.into()
    }
}

impl Subject for ExportTraceServiceRequest {
    const DIRECTORY: &str = "traces";
    const PATH: &[(&str, u32)] = &[("resource_spans", 1), ("scope_spans", 2), ("spans", 2)];
    const ATTRIBUTES: u32 = 9;

    fn production(spans: usize) -> Vec<Vec<u8>> {
        let shape = TraceShape::ten_thousand();
        vec![traces_payload(&TraceShape { spans, ..shape })]
    }

    #[cfg(feature = "opentelemetry-proto")]
    fn export_request(&self) -> ExportRequest<'_> {
        self.into()
    }
}

impl Subject for ExportMetricsServiceRequest {
    const DIRECTORY: &str = "metrics";
    const PATH: &[(&str, u32)] = &[
        ("resource_metrics", 1),
        ("scope_metrics", 2),
        ("metrics", 2),
        ("gauge", 5),
        ("data_points", 1),
    ];
    const ATTRIBUTES: u32 = 7;

    fn production(points: usize) -> Vec<Vec<u8>> {
        let shape = MetricShape::ten_thousand();
        vec![metrics_payload(&MetricShape { points, ..shape })]
    }

    #[cfg(feature = "opentelemetry-proto")]
    fn export_request(&self) -> ExportRequest<'_> {
        self.into()
    }
}

/// Returns a decoder with limits as wide as prost's, so that only malformed payloads fail.
pub fn generous() -> OtlpDecoder {
    let limits = Limits::default()
        .with_attributes(1 << 20)
        .with_nesting_depth(64)
        .with_nested_values(1 << 20);
    OtlpDecoder::builder().limits(limits).build()
}

/// Decodes a payload in protobuf.
#[track_caller]
pub fn decode<S: Subject>(decoder: &mut OtlpDecoder, payload: &[u8]) -> Decoded {
    Decoded::by(decoder, S::SIGNAL, Format::Protobuf, payload)
}

/// Returns the rows of a typed request and the summary.
#[cfg(feature = "opentelemetry-proto")]
pub fn decode_typed<S: Subject>(
    decoder: &mut OtlpDecoder,
    request: &S,
) -> (Vec<CanonicalRow>, Summary) {
    let mut rows = CanonicalRows::default();
    let summary = decoder
        .decode_request(request.export_request(), &mut rows)
        .unwrap();
    (rows.0, summary)
}

/// Decodes a payload with a generous decoder, checks that prost agrees, and returns the result.
#[track_caller]
pub fn agree<S: Subject>(
    decoder: &mut OtlpDecoder,
    payload: &[u8],
    what: impl std::fmt::Display,
) -> Decoded {
    let ours = compare_with_prost::<S>(decoder, payload)
        .unwrap_or_else(|disagreement| panic!("{what}: {disagreement}"));
    match &ours.result {
        Ok(summary) => {
            // For a fault within a record or a group, prost rejects the payload, and our decoder the record or the
            // group.
            let first = summary.first_rejection.as_ref().map(Rejection::reason);
            use RejectionReason::{Malformed, WireType};
            let by_fault = matches!(first, None | Some(Malformed { .. } | WireType { .. }));
            assert!(by_fault, "{what}: {summary:?}");
        }
        Err(error) => assert!(error.offset() <= payload.len(), "{what}: {error}"),
    }
    #[cfg(feature = "opentelemetry-proto")]
    if let (Ok(summary), Ok(request)) = (&ours.result, S::decode(payload)) {
        let (typed, of_typed) = decode_typed(decoder, &request);
        let mut summary = summary.clone();
        // prost drops unknown fields.
        (summary.unknown_fields, summary.first_unknown_field) = (0, None);
        assert_eq!(of_typed, summary, "{what}: from the typed request");
        assert!(
            typed == ours.rows,
            "{what}: other rows from the typed request"
        );
    }
    ours
}

/// Returns the files of the signal that were recorded from SDKs.
pub fn recorded<S: Subject>() -> Vec<PathBuf> {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/data");
    let entries = std::fs::read_dir(data.join(S::DIRECTORY)).unwrap();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

//! Decoding OTLP/JSON, next to the same records in protobuf, to serde_json into the types of
//! opentelemetry-proto, and to serde_json over the text alone.

#![allow(
    clippy::unwrap_used,
    reason = "a bench that cannot run has nobody to tell but the terminal"
)]

use std::convert::Infallible;

use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use mimalloc::MiMalloc;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use otlake_otlp::{Format, OtlpDecoder};
use otlake_row::{Row, RowSink, Signal};
use otlake_testkit::{
    MetricShape, Shape, TraceShape, logs_request, metrics_request, traces_request,
};
use prost::Message;
use serde::de::IgnoredAny;

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// Counts cells and keeps nothing.
#[derive(Default)]
struct Cells(usize);

impl RowSink for Cells {
    type Error = Infallible;

    fn row(&mut self, row: &mut Row<'_>) -> Result<(), Infallible> {
        self.0 += row.cells().len();
        Ok(())
    }
}

macro_rules! bench {
    ($criterion:expr, $name:literal, $request:expr, $message:ident, $signal:ident) => {
        let json = Bytes::from(serde_json::to_vec(&$request).unwrap());
        let protobuf = Bytes::from($request.encode_to_vec());
        let mut decoder = OtlpDecoder::new();
        let records = decoder
            .decode(Signal::$signal, Format::Json, &json, &mut Cells::default())
            .unwrap()
            .accepted;
        let mut group = $criterion.benchmark_group(concat!("json/", $name));
        group.throughput(Throughput::Elements(records));
        group.bench_function("decode", |bencher| {
            bencher.iter(|| {
                let mut cells = Cells::default();
                decoder
                    .decode(Signal::$signal, Format::Json, &json, &mut cells)
                    .unwrap();
                cells.0
            });
        });
        group.bench_function("decode_protobuf", |bencher| {
            bencher.iter(|| {
                let mut cells = Cells::default();
                decoder
                    .decode(Signal::$signal, Format::Protobuf, &protobuf, &mut cells)
                    .unwrap();
                cells.0
            });
        });
        group.bench_function("peer_serde_json", |bencher| {
            bencher.iter(|| serde_json::from_slice::<$message>(&json).unwrap());
        });
        group.bench_function("floor_serde_json_skip", |bencher| {
            bencher.iter(|| serde_json::from_slice::<IgnoredAny>(&json).unwrap());
        });
        group.finish();
    };
}

fn json(criterion: &mut Criterion) {
    let logs = logs_request(&Shape::ten_thousand());
    bench!(criterion, "logs", logs, ExportLogsServiceRequest, Logs);
    let small = logs_request(&Shape::small_groups());
    bench!(
        criterion,
        "logs_small_groups",
        small,
        ExportLogsServiceRequest,
        Logs
    );
    let traces = traces_request(&TraceShape::ten_thousand());
    bench!(
        criterion,
        "traces",
        traces,
        ExportTraceServiceRequest,
        Traces
    );
    let metrics = metrics_request(&MetricShape::ten_thousand());
    bench!(
        criterion,
        "metrics",
        metrics,
        ExportMetricsServiceRequest,
        Metrics
    );
}

criterion_group!(benches, json);
criterion_main!(benches);

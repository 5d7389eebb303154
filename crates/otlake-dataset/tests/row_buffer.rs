//! Rows packed into buffers and replayed are the rows that were pushed.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use otlake_dataset::{RowBuffer, RowInterner};
use otlake_otlp::{Format, OtlpDecoder};
use otlake_row::{Row, RowSink, sink_fn};
use otlake_testkit::{CanonicalRows, Request, Rng};

fn replays_what_was_pushed<R: Request>() {
    let mut interner = RowInterner::new();
    let mut buffers: [RowBuffer; 3] = Default::default();
    let mut at_once: [CanonicalRows; 3] = Default::default();
    // Decoders come and go, and the buffers keep what they were given.
    for decoders in 0..4 {
        let mut decoder = OtlpDecoder::new();
        for seed in decoders * 100..(decoders + 1) * 100 {
            let mut rng = Rng::new(seed);
            let payload = R::arbitrary(&mut rng).encode_to_vec().into();
            let sink = &mut sink_fn(|row: &mut Row<'_>| {
                let number = rng.below(3);
                buffers[number].push(row, &mut interner);
                at_once[number].row(row)
            });
            decoder
                .decode(R::SIGNAL, Format::Protobuf, &payload, sink)
                .unwrap();
        }
    }
    for (buffer, at_once) in buffers.into_iter().zip(at_once) {
        assert!(buffer.rows() > 100, "{} rows", buffer.rows());
        let mut waited = CanonicalRows::default();
        buffer.replay(&interner, &mut waited).unwrap();
        assert_eq!(waited.0, at_once.0);
    }
}

#[test]
fn logs_replay_as_pushed() {
    replays_what_was_pushed::<ExportLogsServiceRequest>();
}

#[test]
fn spans_replay_as_pushed() {
    replays_what_was_pushed::<ExportTraceServiceRequest>();
}

#[test]
fn data_points_replay_as_pushed() {
    replays_what_was_pushed::<ExportMetricsServiceRequest>();
}

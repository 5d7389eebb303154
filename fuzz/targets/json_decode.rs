//! Decodes arbitrary bytes as OTLP/JSON. The first byte chooses the signal and the meaning of the
//! rest.
//!
//! Either the rest is the payload: serde_json and our parser agree on whether it is JSON, and a
//! decoder that has seen it before returns the same result. Or the rest is a request in protobuf:
//! it is written as JSON in a random dialect, and must decode to the rows of the request.

#![no_main]

use libfuzzer_sys::fuzz_target;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use otlake::otlp::{Format, InvalidPayloadKind, Limits, OtlpDecoder};
use otlake_testkit::{Decoded, JsonRequest, Rng, one_nan};
use serde::de::IgnoredAny;

fuzz_target!(|input: &[u8]| {
    let Some((choice, bytes)) = input.split_first() else {
        return;
    };
    match choice % 3 {
        0 => check::<ExportLogsServiceRequest>(choice / 3, bytes),
        1 => check::<ExportTraceServiceRequest>(choice / 3, bytes),
        _ => check::<ExportMetricsServiceRequest>(choice / 3, bytes),
    }
});

fn check<R: JsonRequest>(seed: u8, bytes: &[u8]) {
    let mut decoder = generous();
    let mut decode = |json: &[u8]| Decoded::by(&mut decoder, R::SIGNAL, Format::Json, json);
    if seed < 40 {
        check_text(bytes, &mut decode);
    } else if let Ok(request) = R::decode(bytes) {
        let json = request.json(&mut Rng::new(u64::from(seed)));
        let Decoded { result, rows } = decode(json.as_bytes());
        match result {
            Ok(summary) if summary.rejected > 0 => {}
            Ok(_) => assert_eq!(rows, one_nan(request.canonical_rows()), "{json}"),
            // An empty request can be written with unknown members alone, which is no request.
            Err(error) => assert!(
                request.canonical_rows().is_empty()
                    && matches!(error.kind(), InvalidPayloadKind::NotARequest { .. }),
                "{error}\n{json}"
            ),
        }
    }
}

fn check_text(json: &[u8], decode: &mut impl FnMut(&[u8]) -> Decoded) {
    let first = decode(json);
    // The second time, the decoder predicts names from the first.
    assert_eq!(decode(json), first);
    let theirs = serde_json::from_slice::<IgnoredAny>(json);
    match first.result {
        Ok(_) => assert!(theirs.is_ok(), "accepted, but it is not JSON: {theirs:?}"),
        Err(error) => {
            assert!(error.offset() <= json.len(), "{error}");
            let syntax = matches!(error.kind(), InvalidPayloadKind::JsonSyntax { .. });
            let object = json.trim_ascii_start().starts_with(b"{");
            assert!(!(syntax && object && theirs.is_ok()), "{error}");
        }
    }
}

/// Returns a decoder with limits wide enough for everything that the testkit writes.
fn generous() -> OtlpDecoder {
    let limits = Limits::default()
        .with_attributes(1 << 20)
        .with_nesting_depth(64)
        .with_nested_values(1 << 20);
    OtlpDecoder::builder().limits(limits).build()
}

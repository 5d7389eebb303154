//! Any bytes, decoded by us and by prost: the same rows, or both refuse.

#![no_main]

use libfuzzer_sys::fuzz_target;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use otlake::otlp::{DecodeError, Limits, LogsDecoder};
use otlake::row::{Bytes, DecodeFailure, Decoder, Keys, Summary};
use otlake_testkit::{CanonicalRow, CanonicalRows, canonical_logs};
use prost::Message;

fuzz_target!(|payload: &[u8]| {
    let mut decoder = generous();
    let (ours, rows) = decode(&mut decoder, payload);
    // The second time the decoder predicts names from the first.
    assert_eq!(decode(&mut decoder, payload), (ours.clone(), rows.clone()));

    if matches!(&ours, Ok(summary) if summary.rejected > 0) {
        return;
    }
    match (ours, ExportLogsServiceRequest::decode(payload)) {
        (Ok(summary), Ok(theirs)) => {
            assert_eq!(rows, canonical_logs(&theirs));
            let mut typed = CanonicalRows::default();
            assert_eq!(decoder.decode_request(&theirs, &mut typed), Ok(summary));
            assert_eq!(typed.0, rows, "from the typed request");
        }
        (Err(_), Err(_)) => {}
        // prost refuses a whole payload for what costs a single record here.
        (Ok(_), Err(theirs)) if theirs.to_string().contains("recursion limit") => {}
        (Ok(_), Err(theirs)) => panic!("taken, but prost refuses it: {theirs}"),
        (Err(ours), Ok(_)) => panic!("refused, but prost takes it: {ours}"),
    }
});

/// As much as prost takes, so that only malformed payloads are refused.
fn generous() -> LogsDecoder {
    let limits = Limits::default()
        .with_attributes(1 << 20)
        .with_nesting_depth(64)
        .with_nested_values(1 << 20);
    LogsDecoder::with_limits(limits, Keys::new())
}

fn decode(
    decoder: &mut LogsDecoder,
    payload: &[u8],
) -> (Result<Summary, DecodeError>, Vec<CanonicalRow>) {
    let mut rows = CanonicalRows::default();
    let (result, accepted) = match decoder.decode(&Bytes::copy_from_slice(payload), &mut rows) {
        Ok(summary) => (Ok(summary.clone()), summary.accepted),
        Err(DecodeFailure::Payload { error, accepted }) => {
            assert!(error.offset() <= payload.len(), "{error}");
            (Err(error), accepted)
        }
        Err(DecodeFailure::Sink { error, .. }) => match error {},
    };
    assert_eq!(accepted, rows.0.len() as u64, "the rows are counted");
    (result, rows.0)
}

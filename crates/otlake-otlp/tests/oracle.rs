//! The decoder against prost: the same rows, or both refuse.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use otlake_otlp::{DecodeError, DecodeErrorKind, Limits, LogsDecoder};
use otlake_row::{Bytes, DecodeFailure, Decoder, Keys};
use otlake_testkit::{
    CanonicalRow, CanonicalRows, Rng, Shape, arbitrary_logs_request, canonical_logs, logs_payload,
    mutate,
};
use prost::Message;

/// As much as prost takes, so that only malformed payloads are refused.
fn generous() -> LogsDecoder {
    let limits = Limits::default()
        .with_attributes(1 << 20)
        .with_nesting_depth(64)
        .with_nested_values(1 << 20);
    LogsDecoder::with_limits(limits, Keys::new())
}

fn decode(decoder: &mut LogsDecoder, payload: &[u8]) -> Result<Vec<CanonicalRow>, DecodeError> {
    let mut rows = CanonicalRows::default();
    match decoder.decode(&Bytes::copy_from_slice(payload), &mut rows) {
        Ok(summary) => {
            assert_eq!(
                summary.accepted,
                rows.0.len() as u64,
                "the summary counts the rows"
            );
            assert_eq!(summary.rejected, 0, "{summary:?}");
            Ok(rows.0)
        }
        Err(DecodeFailure::Payload { error, accepted }) => {
            assert_eq!(
                accepted,
                rows.0.len() as u64,
                "the failure counts the rows before it"
            );
            assert!(error.offset() <= payload.len(), "{error}");
            Err(error)
        }
        Err(DecodeFailure::Sink { error, .. }) => match error {},
    }
}

#[track_caller]
fn assert_agrees_with_prost(decoder: &mut LogsDecoder, payload: &[u8], what: &str) -> bool {
    let ours = decode(decoder, payload);
    let theirs = ExportLogsServiceRequest::decode(payload);
    match (ours, theirs) {
        (Ok(ours), Ok(theirs)) => {
            assert!(
                ours == canonical_logs(&theirs),
                "other rows than prost's: {what}"
            );
            #[cfg(feature = "opentelemetry-proto")]
            {
                let mut typed = CanonicalRows::default();
                let summary = generous().decode_request(&theirs, &mut typed).unwrap();
                assert_eq!(summary.rejected, 0, "{what}");
                assert!(typed.0 == ours, "other rows from the typed request: {what}");
            }
            true
        }
        (Err(_), Err(_)) => false,
        (Ok(_), Err(theirs)) => panic!("taken, but prost refuses it: {what}: {theirs}"),
        (Err(ours), Ok(_)) => panic!("refused, but prost takes it: {what}: {ours}"),
    }
}

#[test]
fn arbitrary_requests_give_the_rows_that_prost_gives() {
    let mut decoder = generous();
    for seed in 0..2_000 {
        let payload = arbitrary_logs_request(&mut Rng::new(seed)).encode_to_vec();
        assert!(assert_agrees_with_prost(
            &mut decoder,
            &payload,
            &format!("seed {seed}")
        ));
    }
}

#[test]
fn mutated_requests_give_the_rows_that_prost_gives_or_are_refused_by_both() {
    let mut decoder = generous();
    let (mut taken, mut refused) = (0, 0);
    for seed in 0..20_000 {
        let mut rng = Rng::new(seed);
        let mut payload = arbitrary_logs_request(&mut rng).encode_to_vec();
        for _ in 0..=rng.below(3) {
            mutate(&mut payload, &mut rng);
        }
        if assert_agrees_with_prost(&mut decoder, &payload, &format!("seed {seed}")) {
            taken += 1;
        } else {
            refused += 1;
        }
    }
    // Were the mutations all harmless, or all fatal, this test would show little.
    assert!(
        taken > 1_000 && refused > 1_000,
        "taken {taken}, refused {refused}"
    );
}

#[test]
fn production_shapes_give_the_rows_that_prost_gives() {
    let mut decoder = generous();
    for shape in [Shape::ten_thousand(), Shape::small_groups()] {
        let payload = logs_payload(&shape);
        assert!(assert_agrees_with_prost(
            &mut decoder,
            &payload,
            &format!("{shape:?}")
        ));
    }
}

#[test]
fn names_beyond_the_interners_limit_are_kept_in_the_excess_cell() {
    let limits = otlake_row::KeyLimits {
        names: 3,
        ..Default::default()
    };
    let mut decoder = LogsDecoder::with_limits(Limits::default(), Keys::with_limits(limits));
    let payload = logs_payload(&Shape {
        records: 20,
        ..Shape::ten_thousand()
    });
    let rows = decode(&mut decoder, &payload).unwrap();
    let request = ExportLogsServiceRequest::decode(&payload[..]).unwrap();
    for (ours, theirs) in rows.into_iter().zip(canonical_logs(&request)) {
        let mut attributes = Vec::new();
        for (name, value) in ours.attributes {
            match value {
                otlake_testkit::CanonicalValue::KvList(excess) if name.is_empty() => {
                    attributes.extend(excess);
                }
                value => attributes.push((name, value)),
            }
        }
        let (mut expected, count) = (theirs.attributes, attributes.len());
        attributes.sort_by(|a, b| a.0.cmp(&b.0));
        expected.sort_by(|a, b| a.0.cmp(&b.0));
        assert_eq!(
            attributes, expected,
            "nothing is lost of {count} attributes"
        );
    }
}

#[test]
fn a_payload_cut_anywhere_is_an_error_or_the_records_before() {
    let payload = logs_payload(&Shape {
        records: 3,
        ..Shape::ten_thousand()
    });
    let mut decoder = generous();
    for end in 0..payload.len() {
        assert_agrees_with_prost(&mut decoder, &payload[..end], &format!("cut at {end}"));
    }
}

#[test]
fn errors_name_the_byte_and_the_field() {
    // One record whose second attribute has the key 0xff.
    let attribute = b"\x32\x03\x0a\x01a\x32\x03\x0a\x01\xff";
    let record = [&[0x12, attribute.len() as u8][..], attribute].concat();
    let scope = [&[0x12, record.len() as u8][..], &record].concat();
    let payload = [&[0x0a, scope.len() as u8][..], &scope].concat();
    let error = decode(&mut generous(), &payload).unwrap_err();
    assert_eq!(*error.kind(), DecodeErrorKind::InvalidUtf8);
    assert_eq!(error.offset(), payload.len() - 1);
    assert_eq!(
        error.path(),
        "resource_logs[0].scope_logs[0].log_records[0].attributes[1].key"
    );
}

#[test]
fn records_over_a_limit_are_rejected_alone() {
    let mut request = arbitrary_logs_request(&mut Rng::new(7));
    request.resource_logs.clear();
    let mut good = otlake_testkit::logs_request(&Shape {
        records: 3,
        ..Shape::ten_thousand()
    });
    let record = &mut good.resource_logs[0].scope_logs[0].log_records[1];
    let attribute = record.attributes[0].clone();
    record.attributes = vec![attribute; 2_000];
    request.resource_logs.append(&mut good.resource_logs);

    let mut rows = CanonicalRows::default();
    let payload = Bytes::from(request.encode_to_vec());
    let summary = LogsDecoder::new().decode(&payload, &mut rows).unwrap();
    assert_eq!((summary.accepted, summary.rejected), (2, 1));
    assert_eq!(
        summary.first_rejection.as_deref(),
        Some("record 1 of the payload: there are more attributes than the limit of 1024")
    );
    #[cfg(feature = "opentelemetry-proto")]
    {
        let mut typed = CanonicalRows::default();
        let summary_of_typed = LogsDecoder::new()
            .decode_request(&request, &mut typed)
            .unwrap();
        assert_eq!(summary_of_typed, summary);
        assert_eq!(typed.0, rows.0);
    }
}

#[test]
fn values_nested_without_end_cost_a_record_and_no_stack() {
    let mut value = b"\x0a\x01x".to_vec();
    for _ in 0..10_000 {
        // AnyValue { array_value { values: value } }
        for tag in [0x0a, 0x2a] {
            let mut outer = vec![tag];
            prost::encoding::encode_varint(value.len() as u64, &mut outer);
            outer.append(&mut value);
            value = outer;
        }
    }
    let mut payload = value;
    for tag in [0x2a, 0x12, 0x12, 0x0a] {
        let mut outer = vec![tag];
        prost::encoding::encode_varint(payload.len() as u64, &mut outer);
        outer.append(&mut payload);
        payload = outer;
    }
    let summary = LogsDecoder::new()
        .decode(&payload.into(), &mut CanonicalRows::default())
        .unwrap();
    assert_eq!((summary.accepted, summary.rejected), (0, 1));
}

#[test]
fn a_payload_over_the_limit_is_refused_whole() {
    let limits = Limits::default().with_payload_bytes(100);
    let mut decoder = LogsDecoder::with_limits(limits, Keys::new());
    let error = decode(&mut decoder, &[0; 101]).unwrap_err();
    assert_eq!(
        *error.kind(),
        DecodeErrorKind::PayloadTooLarge {
            bytes: 101,
            limit: 100
        }
    );
}

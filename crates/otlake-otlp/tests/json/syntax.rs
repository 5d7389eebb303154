//! Agrees with serde_json on what is JSON.

use otlake_otlp::{InvalidPayloadKind, OtlpDecoder, RejectionReason};
use otlake_testkit::Rng;
use serde::de::IgnoredAny;

use crate::subject::{ExportLogsServiceRequest, Subject, decode, generous};

for_every_signal! {
    a_payload_cut_anywhere_is_an_error,
    damaged_payloads_are_json_for_both_or_for_neither,
}

/// Returns whether a payload is JSON, after checking that serde_json agrees. Like ours, its way of skipping values
/// does not check whether strings are UTF-8 or surrogates are paired.
#[track_caller]
fn agree<S: Subject>(decoder: &mut OtlpDecoder, payload: &[u8]) -> bool {
    let theirs = serde_json::from_slice::<IgnoredAny>(payload);
    let ours = decode::<S>(decoder, payload);
    let text = String::from_utf8_lossy(payload);
    match (&ours, &theirs) {
        (Ok(_), Ok(_)) => true,
        (Ok(_), Err(theirs)) => {
            panic!("taken, but for serde_json it is not JSON: {theirs}\n{text}")
        }
        (Err(error), _) => {
            let syntax = matches!(error.kind(), InvalidPayloadKind::JsonSyntax { .. });
            // That the payload must be an object is not a rule of JSON.
            let object = payload.trim_ascii_start().first() == Some(&b'{');
            assert!(
                !(syntax && object && theirs.is_ok()),
                "{error}, but for serde_json it is JSON\n{text}"
            );
            false
        }
    }
}

fn a_payload_cut_anywhere_is_an_error<S: Subject>() {
    let mut decoder = generous();
    for seed in 0..4 {
        let mut rng = Rng::new(seed);
        let json = S::arbitrary(&mut rng).json(&mut rng);
        let json = json.trim().as_bytes();
        let step = 1 + json.len() / 1_000;
        for end in (0..json.len()).step_by(step) {
            assert!(!agree::<S>(&mut decoder, &json[..end]), "cut at {end}");
        }
        assert!(agree::<S>(&mut decoder, json));
    }
}

fn damaged_payloads_are_json_for_both_or_for_neither<S: Subject>() {
    const PIECES: [&[u8]; 24] = [
        b"{",
        b"}",
        b"[",
        b"]",
        b",",
        b":",
        b"\"",
        b"\\",
        b"\\u12",
        b"\\ud800",
        b"null",
        b"true",
        b"fals",
        b"0",
        b"-",
        b"1e",
        b".5",
        b"01",
        b" ",
        b"\n",
        b"\0",
        b"\xff",
        b"\xef\xbb\xbf",
        b"/**/",
    ];
    let mut decoder = generous();
    let (mut taken, mut rejected) = (0, 0);
    for seed in 0..1_500 {
        let mut rng = Rng::new(seed);
        let mut json = S::arbitrary(&mut rng).json(&mut rng).into_bytes();
        for _ in 0..1 + rng.below(3) {
            let at = rng.below(json.len());
            match rng.below(4) {
                0 => json[at] ^= 1 << rng.below(8),
                1 => json[at] = rng.below(256) as u8,
                2 => {
                    let end = (at + rng.below(4)).min(json.len());
                    json.drain(at..end);
                }
                _ => {
                    json.splice(at..at, rng.pick(&PIECES).iter().copied());
                }
            }
            if json.is_empty() {
                break;
            }
        }
        if agree::<S>(&mut decoder, &json) {
            taken += 1;
        } else {
            rejected += 1;
        }
    }
    // If all changes were harmless, or all of them fatal, this test would prove little.
    assert!(
        taken > 100 && rejected > 500,
        "taken {taken}, rejected {rejected}"
    );
}

#[test]
fn every_small_text_is_json_for_both_or_for_neither() {
    const BYTES: &[u8] = b"{}[],:\"\\ u1-0.eE+tn\n\x01";
    let mut decoder = generous();
    let mut text = Vec::new();
    for length in 0..=4 {
        for number in 0..BYTES.len().pow(length) {
            text.clear();
            // The text as the value of an unknown member.
            text.extend_from_slice(b"{\"x\":");
            let mut number = number;
            for _ in 0..length {
                text.push(BYTES[number % BYTES.len()]);
                number /= BYTES.len();
            }
            text.push(b'}');
            agree::<ExportLogsServiceRequest>(&mut decoder, &text);
        }
    }
}

#[test]
fn values_nested_without_end_are_skipped_or_rejected_without_taking_stack() {
    let mut decoder = generous();
    let deep = |open: &str, close: &str| open.repeat(100_000) + "1" + &close.repeat(100_000);
    for unknown in [
        deep("[", "]"),
        deep(r#"{"a":"#, "}"),
        deep(r#"[{"a":"#, "}]"),
    ] {
        let json = format!(r#"{{"x":{unknown},"resourceLogs":[]}}"#);
        assert!(agree::<ExportLogsServiceRequest>(
            &mut decoder,
            json.as_bytes()
        ));
    }
    let value = deep(r#"{"arrayValue":{"values":["#, "]}}");
    let records = format!(r#"[{{"body":{value}}},{{"body":{{"stringValue":"kept"}}}}]"#);
    let json = format!(r#"{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":{records}}}]}}]}}"#);
    let (rows, summary) =
        decode::<ExportLogsServiceRequest>(&mut decoder, json.as_bytes()).unwrap();
    assert_eq!((rows.len(), summary.rejected), (1, 1));
    let limit = 32;
    assert_eq!(
        *summary.first_rejection.unwrap().reason(),
        RejectionReason::NestingDepth { limit }
    );
}

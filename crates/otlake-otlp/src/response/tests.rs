//! The bodies are decoded with prost and serde_json: the messages mean what was put in.

use std::time::Duration;

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceResponse;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceResponse;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use otlake_row::Signal;
use otlake_testkit::{BadRequest, FieldViolation, RetryDelay, RetryInfo, Status};
use prost::Message;
use serde_json::json;

use super::*;
use crate::{Rejection, RejectionReason};

/// A message with what JSON escapes, and with a varint of two bytes as its length.
fn text() -> String {
    "\"a\\b\"\n\t\u{1}é漢".repeat(20)
}

fn rejected() -> Summary {
    Summary {
        accepted: 98,
        rejected: 300,
        first_rejection: Some(Rejection::new(4, RejectionReason::InvalidUtf8, None)),
        ..Summary::default()
    }
}

const MESSAGE: &str = "300 of 398 RECORDS were rejected, the first because: record 4 of the payload: a string is not \
                       valid UTF-8";

#[test]
fn a_full_success_leaves_the_partial_success_unset() {
    for signal in Signal::ALL {
        assert_eq!(Summary::default().response(signal, Format::Protobuf), b"");
        assert_eq!(Summary::default().response(signal, Format::Json), b"{}");
    }
}

#[test]
fn a_partial_success_in_protobuf_is_that_of_the_signal() {
    let body = rejected().response(Signal::Logs, Format::Protobuf);
    let logs = ExportLogsServiceResponse::decode(&body[..]).unwrap();
    let logs = logs.partial_success.unwrap();
    assert_eq!(logs.rejected_log_records, 300);
    assert_eq!(
        logs.error_message,
        MESSAGE.replace("RECORDS", "log records")
    );

    let body = rejected().response(Signal::Traces, Format::Protobuf);
    let traces = ExportTraceServiceResponse::decode(&body[..]).unwrap();
    let traces = traces.partial_success.unwrap();
    assert_eq!(traces.rejected_spans, 300);
    assert_eq!(traces.error_message, MESSAGE.replace("RECORDS", "spans"));

    let body = rejected().response(Signal::Metrics, Format::Protobuf);
    let metrics = ExportMetricsServiceResponse::decode(&body[..]).unwrap();
    let metrics = metrics.partial_success.unwrap();
    assert_eq!(metrics.rejected_data_points, 300);
    assert_eq!(
        metrics.error_message,
        MESSAGE.replace("RECORDS", "data points")
    );
}

#[test]
fn a_partial_success_in_json_has_the_member_of_the_signal() {
    let cases = [
        (Signal::Logs, "rejectedLogRecords", "log records"),
        (Signal::Traces, "rejectedSpans", "spans"),
        (Signal::Metrics, "rejectedDataPoints", "data points"),
    ];
    for (signal, member, records) in cases {
        let body = rejected().response(signal, Format::Json);
        let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
        let message = MESSAGE.replace("RECORDS", records);
        let expected = json!({"partialSuccess": {member: "300", "errorMessage": message}});
        assert_eq!(body, expected);
    }
}

#[test]
fn a_warning_rejects_nothing() {
    let summary = Summary {
        replaced_strings: 3,
        ..Summary::default()
    };
    let body = summary.response(Signal::Logs, Format::Protobuf);
    let partial = ExportLogsServiceResponse::decode(&body[..]).unwrap();
    let partial = partial.partial_success.unwrap();
    assert_eq!(partial.rejected_log_records, 0);
    assert!(partial.error_message.starts_with("3 strings"));
}

#[test]
fn a_status_has_its_details_in_protobuf() {
    let status = RpcStatus::new(RpcCode::Unavailable, text())
        .with_retry_delay(Duration::from_millis(2_500))
        .with_violation("resource_logs[0]", text());
    let status = Status::decode(&status.encode(Format::Protobuf)[..]).unwrap();
    assert_eq!((status.code, status.message), (14, text()));
    let [retry, bad] = &status.details[..] else {
        panic!("{:?}", status.details)
    };
    assert_eq!(retry.type_url, "type.googleapis.com/google.rpc.RetryInfo");
    let delay = RetryInfo::decode(&retry.value[..]).unwrap().retry_delay;
    let expected = RetryDelay {
        seconds: 2,
        nanos: 500_000_000,
    };
    assert_eq!(delay, Some(expected));
    assert_eq!(bad.type_url, "type.googleapis.com/google.rpc.BadRequest");
    let violations = BadRequest::decode(&bad.value[..]).unwrap().field_violations;
    let expected = FieldViolation {
        field: "resource_logs[0]".into(),
        description: text(),
    };
    assert_eq!(violations, [expected]);
}

#[test]
fn a_status_has_its_details_in_json() {
    let status = RpcStatus::new(RpcCode::Unavailable, text())
        .with_retry_delay(Duration::from_millis(2_500))
        .with_violation("resource_logs[0]", text());
    let status: serde_json::Value = serde_json::from_slice(&status.encode(Format::Json)).unwrap();
    let expected = json!({
        "code": 14,
        "message": text(),
        "details": [
            {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "2.500000000s"},
            {
                "@type": "type.googleapis.com/google.rpc.BadRequest",
                "fieldViolations": [{"field": "resource_logs[0]", "description": text()}],
            },
        ],
    });
    assert_eq!(status, expected);
}

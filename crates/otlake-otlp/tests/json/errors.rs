//! Errors say where, and limits cost records but not payloads.

use otlake_otlp::{
    Format, InvalidPayload, InvalidPayloadKind, InvalidUtf8, Limits, OtlpDecoder, RejectionReason,
    Summary,
};
use otlake_row::Signal;

use crate::subject::{
    ExportLogsServiceRequest, ExportMetricsServiceRequest, ExportTraceServiceRequest, Subject,
    decode, generous,
};

/// The error of a payload in which `^` stands before the byte that it has to name.
#[track_caller]
fn error_at_caret<S: Subject>(marked: &str) -> InvalidPayload {
    let offset = marked.find('^').unwrap();
    let payload = marked.replacen('^', "", 1);
    let error = decode::<S>(&mut generous(), payload.as_bytes()).unwrap_err();
    assert_eq!(error.offset(), offset, "{error}");
    error
}

#[test]
fn errors_name_the_byte_and_the_field() {
    let good = r#"{"body":{"stringValue":"b"}}"#;
    let bad = r#"{"attributes":[{"key":"a"},{"key":"b","value":^5}]}"#;
    let error = error_at_caret::<ExportLogsServiceRequest>(&format!(
        r#"{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{good},{good},{good},{bad}]}}]}}]}}"#
    ));
    assert_eq!(
        error.path(),
        "resourceLogs[0].scopeLogs[0].logRecords[3].attributes[1].value"
    );
    assert_eq!(
        error.to_string(),
        format!(
            "{}: expected an object, found a number, at byte {}",
            error.path(),
            error.offset()
        )
    );

    for (record, path) in [
        (r#"{"timeUnixNano":^-1}"#, "timeUnixNano"),
        (r#"{"time_unix_nano":^"-1"}"#, "timeUnixNano"),
        (
            r#"{"body":{"kvlistValue":{"values":[{},{"key":"k","value":{"arrayValue":{"values":[{},{"intValue":^1.5}]}}}]}}}"#,
            "body.kvlistValue.values[1].value.arrayValue.values[1].intValue",
        ),
    ] {
        let error = error_at_caret::<ExportLogsServiceRequest>(&format!(
            r#"{{"resourceLogs":[{{}},{{"scopeLogs":[{{}},{{"logRecords":[{record}]}}]}}]}}"#
        ));
        assert_eq!(
            error.path(),
            format!("resourceLogs[1].scopeLogs[1].logRecords[0].{path}")
        );
    }

    for (payload, path) in [
        (r#"{"resourceLogs":^"none"}"#, "resourceLogs"),
        (
            r#"{"resourceLogs":[{"resource":^[]}]}"#,
            "resourceLogs[0].resource",
        ),
        (
            r#"{"resourceLogs":[{"scopeLogs":^{}}]}"#,
            "resourceLogs[0].scopeLogs",
        ),
        (
            r#"{"resourceLogs":[{"scopeLogs":[{"scope":{"name":^1}}]}]}"#,
            "resourceLogs[0].scopeLogs[0].scope.name",
        ),
    ] {
        let error = error_at_caret::<ExportLogsServiceRequest>(payload);
        assert_eq!(error.path(), path);
    }

    let error = error_at_caret::<ExportTraceServiceRequest>(
        r#"{"resourceSpans":[{"scopeSpans":[{"spans":[{"links":[{},{"traceId":^"?"}]}]}]}]}"#,
    );
    assert_eq!(
        error.path(),
        "resourceSpans[0].scopeSpans[0].spans[0].links[1].traceId"
    );

    let error = error_at_caret::<ExportMetricsServiceRequest>(
        r#"{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"exponentialHistogram":{"dataPoints":[{},{"positive":{"bucketCounts":[1,^-1]}}]}}]}]}]}"#,
    );
    assert_eq!(
        error.path(),
        "resourceMetrics[0].scopeMetrics[0].metrics[0].exponentialHistogram.dataPoints[1].positive.bucketCounts[1]"
    );
}

#[test]
fn errors_of_syntax_name_the_byte_and_what_should_be_there() {
    for (payload, expected, path) in [
        ("^", "the `{` of an export request", ""),
        (" ^[]", "the `{` of an export request", ""),
        ("{^", "the name of a member, in double quotes", ""),
        (r#"{"resourceLogs":[{}^"#, "`,` or `]`", ""),
        (
            r#"{"resourceLogs":[{},{"scopeLogs":[{^]}]}"#,
            "the name of a member, in double quotes",
            "resourceLogs[1]",
        ),
        (
            r#"{"resourceLogs":[{"schemaUrl":"cut^"#,
            "the `\"` that ends the string",
            "resourceLogs[0]",
        ),
        (r#"{"resourceLogs":[]} ^x"#, "the end of the payload", ""),
    ] {
        let error = error_at_caret::<ExportLogsServiceRequest>(payload);
        assert_eq!(*error.kind(), InvalidPayloadKind::JsonSyntax { expected });
        assert_eq!(error.path(), path);
    }
}

#[test]
fn resources_before_an_error_are_delivered_and_counted() {
    let resource = r#"{"scopeLogs":[{"logRecords":[{},{}]}]}"#;
    let payload = format!(r#"{{"resourceLogs":[{resource},{resource},{{"scopeLogs":[7]}}]}}"#);
    let mut rows = otlake_testkit::CanonicalRows::default();
    let error = OtlpDecoder::new()
        .decode(Signal::Logs, Format::Json, &payload.into(), &mut rows)
        .unwrap_err();
    assert_eq!(rows.0.len(), 4);
    assert_eq!(error.summary().accepted, 4);
    assert!(error.to_string().contains("4 records before it"), "{error}");
}

#[test]
fn strings_that_are_not_utf8_are_replaced_or_cost_the_record() {
    let payload = b"{\"resourceLogs\":[{\"scopeLogs\":[{\"logRecords\":[\
        {\"body\":{\"stringValue\":\"cut \xe2\x82\"}},{\"body\":{\"stringValue\":\"\\n\xff\"}},\
        {\"body\":{\"stringValue\":\"\\udc00\"}},{}]}]}]}";
    let (rows, summary) = decode::<ExportLogsServiceRequest>(&mut generous(), payload).unwrap();
    assert_eq!((rows.len(), summary.replaced_strings), (4, 3));

    let mut strict = OtlpDecoder::builder()
        .invalid_utf8(InvalidUtf8::Reject)
        .build();
    let (rows, summary) = decode::<ExportLogsServiceRequest>(&mut strict, payload).unwrap();
    assert_eq!((rows.len(), summary.rejected), (1, 3));
    assert_eq!(
        summary.first_rejection.unwrap().to_string(),
        "record 1 of the payload: a string is not valid UTF-8"
    );
}

#[test]
fn limits_hold_as_they_do_for_protobuf() {
    let attribute = r#"{"key":"a","value":{"stringValue":"v"}}"#;
    let many = vec![attribute; 2_000].join(",");
    let long = "x".repeat(100_000);
    let json = format!(
        r#"{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{{}},{{"attributes":[{many}]}},
        {{"body":{{"stringValue":"{long}"}}}},{{"attributes":[{{"key":"{long}"}}]}},
        {{"body":{{"arrayValue":{{"values":[{{}},{{}},{{}},{{}}]}}}}}},{{}}]}}]}}]}}"#
    );
    let limits = Limits::default()
        .with_value_bytes(99_999)
        .with_nested_values(3);
    let mut decoder = OtlpDecoder::builder().limits(limits).build();
    let (rows, summary) =
        decode::<ExportLogsServiceRequest>(&mut decoder, json.as_bytes()).unwrap();
    assert_eq!((rows.len(), summary.rejected), (2, 4));
    let rejection = summary.first_rejection.unwrap();
    assert_eq!(rejection.record(), 2);
    let limit = 1024;
    assert_eq!(*rejection.reason(), RejectionReason::Attributes { limit });

    let limits = Limits::default().with_payload_bytes(10);
    let mut decoder = OtlpDecoder::builder().limits(limits).build();
    let error = decode::<ExportLogsServiceRequest>(&mut decoder, b"{          }").unwrap_err();
    let kind = InvalidPayloadKind::PayloadTooLarge {
        bytes: 12,
        limit: 10,
    };
    assert_eq!(*error.kind(), kind);
}

/// A member that comes again is merged with what came before. Were that copied each time without a
/// limit, these few kilobytes would ask for gigabytes.
#[test]
fn values_in_pieces_without_end_cost_a_record_and_no_memory() {
    let values = vec!["{}"; 60_000].join(",");
    let numbers = vec!["1"; 60_000].join(",");
    let pieces =
        |whole: &str, piece: &str| format!("{{{whole}{}}}", format!(",{piece}").repeat(20_000));
    let value = |name: &str| {
        let whole = format!(r#""{name}":{{"values":[{values}]}}"#);
        let value = pieces(&whole, &format!(r#""{name}":{{}}"#));
        format!(
            r#"{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{{}},{{"body":{value}}}]}}]}}]}}"#
        )
    };
    let buckets = |name: &str| {
        let whole = format!(r#""{name}":{{"bucketCounts":[{numbers}]}}"#);
        let point = pieces(&whole, &format!(r#""{name}":{{}}"#));
        format!(
            r#"{{"resourceMetrics":[{{"scopeMetrics":[{{"metrics":[{{"name":"m",
            "exponentialHistogram":{{"dataPoints":[{{}},{point}]}}}}]}}]}}]}}"#
        )
    };
    let limits = Limits::default();
    let check = |(rows, summary): (Vec<_>, Summary)| {
        assert_eq!((rows.len(), summary.rejected), (1, 1));
        let limit = 65_536;
        assert_eq!(
            *summary.first_rejection.unwrap().reason(),
            RejectionReason::NestedValues { limit }
        );
    };
    for name in ["arrayValue", "kvlistValue"] {
        let mut decoder = OtlpDecoder::builder().limits(limits).build();
        let json = value(name);
        check(decode::<ExportLogsServiceRequest>(&mut decoder, json.as_bytes()).unwrap());
    }
    for name in ["positive", "negative"] {
        let mut decoder = OtlpDecoder::builder().limits(limits).build();
        let json = buckets(name);
        check(decode::<ExportMetricsServiceRequest>(&mut decoder, json.as_bytes()).unwrap());
    }
}

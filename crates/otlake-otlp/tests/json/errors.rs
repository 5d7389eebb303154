//! Errors name the position of a fault, and a value of the wrong form or beyond a limit rejects only its record.

use otlake_otlp::{
    Format, InvalidPayload, InvalidPayloadKind, InvalidUtf8, Limits, OtlpDecoder, Rejection,
    RejectionReason, Summary,
};
use otlake_row::Signal;
use otlake_testkit::CanonicalValue;

use crate::subject::{
    ExportLogsServiceRequest, ExportMetricsServiceRequest, ExportTraceServiceRequest, Subject,
    decode, generous,
};

/// Returns the error of a payload in which `^` marks the byte that the error has to name.
#[track_caller]
fn error_at_caret<S: Subject>(marked: &str) -> InvalidPayload {
    let offset = marked.find('^').unwrap();
    let payload = marked.replacen('^', "", 1);
    let error = decode::<S>(&mut generous(), payload.as_bytes()).unwrap_err();
    assert_eq!(error.offset(), offset, "{error}");
    error
}

/// Returns the rejection of the only record that has a value of the wrong form.
#[track_caller]
fn rejection<S: Subject>(payload: &str) -> Rejection {
    let (_, summary) = decode::<S>(&mut generous(), payload.as_bytes()).unwrap();
    assert_eq!(summary.rejected, 1);
    summary.first_rejection.unwrap()
}

#[test]
fn a_value_of_the_wrong_form_rejects_its_record_and_is_named() {
    let good = r#"{"body":{"stringValue":"b"}}"#;
    let bad = r#"{"attributes":[{"key":"a"},{"key":"b","value":5}]}"#;
    let json = format!(
        r#"{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{good},{bad},{good}]}}]}},
        {{"scopeLogs":[{{"logRecords":[{good}]}}]}}]}}"#
    );
    let (rows, _) = decode::<ExportLogsServiceRequest>(&mut generous(), json.as_bytes()).unwrap();
    assert_eq!(rows.len(), 3);
    let rejection = rejection::<ExportLogsServiceRequest>(&json);
    assert_eq!(
        rejection.to_string(),
        "record 2 of the payload: \
         resourceLogs[0].scopeLogs[0].logRecords[1].attributes[1].value: \
         expected an object, found a number, at byte 121"
    );

    for (record, path) in [
        (r#"{"timeUnixNano":-1}"#, "timeUnixNano"),
        (r#"{"time_unix_nano":"-1"}"#, "time_unix_nano"),
        (
            r#"{"body":{"kvlistValue":{"values":[{},{"key":"k","value":{"arrayValue":{"values":[{},{"intValue":1.5}]}}}]}}}"#,
            "body.kvlistValue.values[1].value.arrayValue.values[1].intValue",
        ),
    ] {
        let rejection = self::rejection::<ExportLogsServiceRequest>(&format!(
            r#"{{"resourceLogs":[{{}},{{"scopeLogs":[{{}},{{"logRecords":[{record}]}}]}}]}}"#
        ));
        let path = format!("resourceLogs[1].scopeLogs[1].logRecords[0].{path}");
        assert_eq!(rejection.path(), path);
    }

    for (payload, path) in [
        (r#"{"resourceLogs":[7]}"#, "resourceLogs[0]"),
        (
            r#"{"resourceLogs":[{"resource":[],"scopeLogs":[{"logRecords":[{}]}]}]}"#,
            "resourceLogs[0].resource",
        ),
        (
            r#"{"resourceLogs":[{"scopeLogs":{}}]}"#,
            "resourceLogs[0].scopeLogs",
        ),
        (
            r#"{"resourceLogs":[{"scopeLogs":[{"scope":{"name":1},"logRecords":[{}]}]}]}"#,
            "resourceLogs[0].scopeLogs[0].scope.name",
        ),
        // Without records, somebody should still learn of the value.
        (
            r#"{"resourceLogs":[{"resource":{"attributes":{}}}]}"#,
            "resourceLogs[0].resource.attributes",
        ),
        (
            r#"{"resourceLogs":[{"scopeLogs":[{"scope":[]},{"scope":{}}]}]}"#,
            "resourceLogs[0].scopeLogs[0].scope",
        ),
    ] {
        let rejection = rejection_of_logs(payload);
        assert_eq!(rejection.path(), path);
    }

    let rejection = self::rejection::<ExportTraceServiceRequest>(
        r#"{"resourceSpans":[{"scopeSpans":[{"spans":[{"links":[{},{"traceId":"?"}]}]}]}]}"#,
    );
    assert_eq!(
        rejection.path(),
        "resourceSpans[0].scopeSpans[0].spans[0].links[1].traceId"
    );

    let rejection = self::rejection::<ExportMetricsServiceRequest>(
        r#"{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"exponentialHistogram":{"dataPoints":[{},{"positive":{"bucketCounts":[1,-1]}},{}]}}]}]}]}"#,
    );
    assert_eq!(rejection.record(), 2);
    assert_eq!(
        rejection.path(),
        "resourceMetrics[0].scopeMetrics[0].metrics[0].exponentialHistogram.dataPoints[1].positive.bucketCounts[1]"
    );
}

#[track_caller]
fn rejection_of_logs(payload: &str) -> Rejection {
    rejection::<ExportLogsServiceRequest>(payload)
}

#[test]
fn a_value_of_the_wrong_form_in_a_group_rejects_its_records() {
    let records = r#"{"logRecords":[{},{}]}"#;
    let json = format!(
        r#"{{"resourceLogs":[{{"scopeLogs":[{records}]}},
        {{"resource":{{"droppedAttributesCount":-1}},"scopeLogs":[{records},{records}]}},
        {{"scopeLogs":[{{"schemaUrl":"u","scope":7,"logRecords":[{{}}]}},{records}]}}]}}"#
    );
    let (rows, summary) =
        decode::<ExportLogsServiceRequest>(&mut generous(), json.as_bytes()).unwrap();
    assert_eq!((rows.len(), summary.rejected), (4, 5));
    let first = summary.first_rejection.unwrap();
    assert_eq!(first.record(), 3);
    assert_eq!(
        first.path(),
        "resourceLogs[1].resource.droppedAttributesCount"
    );
}

#[test]
fn all_records_of_a_faulty_schema_url_or_metric_are_counted() {
    let records = r#"{"logRecords":[{},{}]}"#;
    for (fault, path) in [
        (
            format!(r#"{{"schemaUrl":7,"scopeLogs":[{records},{records}]}}"#),
            "resourceLogs[0].schemaUrl",
        ),
        (
            r#"{"scopeLogs":[{"logRecords":[{},{},{},{}],"schemaUrl":[]}]}"#.to_owned(),
            "resourceLogs[0].scopeLogs[0].schemaUrl",
        ),
    ] {
        let json = format!(r#"{{"resourceLogs":[{fault},{{"scopeLogs":[{records}]}}]}}"#);
        let (rows, summary) =
            decode::<ExportLogsServiceRequest>(&mut generous(), json.as_bytes()).unwrap();
        assert_eq!((rows.len(), summary.rejected), (2, 4), "{json}");
        assert_eq!(summary.first_rejection.unwrap().path(), path);
    }
    for (metric, path) in [
        (
            r#"{"description":5,"gauge":{"dataPoints":[{},{},{}]}}"#,
            "description",
        ),
        (
            r#"{"sum":{"dataPoints":[{},{},{}],"isMonotonic":"?"}}"#,
            "sum.isMonotonic",
        ),
    ] {
        let json = format!(
            r#"{{"resourceMetrics":[{{"scopeMetrics":[{{"metrics":[{metric},{{"gauge":{{"dataPoints":[{{}}]}}}}]}}]}}]}}"#
        );
        let (rows, summary) =
            decode::<ExportMetricsServiceRequest>(&mut generous(), json.as_bytes()).unwrap();
        assert_eq!((rows.len(), summary.rejected), (1, 3), "{json}");
        let path = format!("resourceMetrics[0].scopeMetrics[0].metrics[0].{path}");
        assert_eq!(summary.first_rejection.unwrap().path(), path);
    }
}

#[test]
fn a_member_of_another_signal_without_content_is_skipped() {
    let records = r#"{"scopeLogs":[{"logRecords":[{},{}]}]}"#;
    for json in [
        format!(r#"{{"resourceLogs":[{records}],"resourceSpans":null}}"#),
        format!(r#"{{"resourceProfiles":null,"scope_spans": null,"resourceLogs":[{records}]}}"#),
        format!(r#"{{"resourceSpans":[],"resourceMetrics": [ ],"resourceLogs":[{records}]}}"#),
    ] {
        let (rows, summary) =
            decode::<ExportLogsServiceRequest>(&mut generous(), json.as_bytes()).unwrap();
        assert_eq!((rows.len(), summary.rejected), (2, 0), "{json}");
    }
    let json = br#"{"x":1,   "resourceSpans":[{}]}"#;
    let error = decode::<ExportLogsServiceRequest>(&mut generous(), json).unwrap_err();
    assert_eq!(error.offset(), 10);
}

#[test]
fn unknown_members_are_counted_and_the_first_is_named() {
    for (payload, rows, unknown, path) in [
        (
            r#"{"resourceLogs":[{"ScopeLogs":[{"logRecords":[{}]}]}]}"#,
            0,
            1,
            "resourceLogs[0].ScopeLogs",
        ),
        (
            r#"{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"Body":{},"attributes":[{"key":"k","stringValue":"v"}]}]}]}]}"#,
            1,
            2,
            "resourceLogs[0].scopeLogs[0].logRecords[0].Body",
        ),
        (
            r#"{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"Value":{"StringValue":"x"}}}]}]}]}"#,
            1,
            1,
            "resourceLogs[0].scopeLogs[0].logRecords[0].body.Value",
        ),
        (
            r#"{"resourceLogs":[],"partial":true,"x":null}"#,
            0,
            1,
            "partial",
        ),
        (r#"{}"#, 0, 0, ""),
    ] {
        let (found, summary) =
            decode::<ExportLogsServiceRequest>(&mut generous(), payload.as_bytes()).unwrap();
        assert_eq!(
            (found.len(), summary.unknown_fields),
            (rows, unknown),
            "{payload}"
        );
        assert_eq!(summary.first_unknown_field.unwrap_or_default(), path);
    }
    // Kinds of metrics before OTLP 0.9.
    for kind in ["intGauge", "doubleSum", "intHistogram", "doubleSummary"] {
        let json = format!(
            r#"{{"resourceMetrics":[{{"scopeMetrics":[{{"metrics":[{{"name":"m","{kind}":{{"dataPoints":[{{}}]}}}}]}}]}}]}}"#
        );
        let (rows, summary) =
            decode::<ExportMetricsServiceRequest>(&mut generous(), json.as_bytes()).unwrap();
        assert_eq!((rows.len(), summary.unknown_fields), (0, 1));
        let path = format!("resourceMetrics[0].scopeMetrics[0].metrics[0].{kind}");
        assert_eq!(summary.first_unknown_field, Some(path));
    }
}

/// The text of such a value goes to `overflow`, so that it is kept and does not decide the type of a column.
#[test]
fn the_text_of_a_value_with_unknown_members_only_is_kept() {
    let string = |text: &str| CanonicalValue::String(text.into());
    for (attribute, kept) in [
        (
            r#"{"key":"k","value":{"Value":{"StringValue":"x\n"}}}"#,
            r#"{"Value":{"StringValue":"x\n"}}"#,
        ),
        (
            r#"{"key":"k","value": {"StringValue" : "v" } }"#,
            r#"{"StringValue" : "v" }"#,
        ),
        (
            r#"{"key":"k","stringValue":"v"}"#,
            r#"{"key":"k","stringValue":"v"}"#,
        ),
        (r#"{"Value":[1],"key":"k"}"#, r#"{"Value":[1],"key":"k"}"#),
        (
            r#"{"key":"k","value":null,"int_value":7}"#,
            r#"{"key":"k","value":null,"int_value":7}"#,
        ),
    ] {
        let known = r#"{"key":"k","value":{"intValue":1}}"#;
        let json = format!(
            r#"{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{{"attributes":[{known}]}},{{"attributes":[{attribute},{known}]}}]}}]}}]}}"#
        );
        let decoder = &mut OtlpDecoder::new();
        let (rows, summary) = decode::<ExportLogsServiceRequest>(decoder, json.as_bytes()).unwrap();
        assert_eq!((rows.len(), summary.unknown_fields), (2, 1), "{attribute}");
        let expected = [
            ("k".to_owned(), CanonicalValue::Int(1)),
            // The cell of the excess.
            (
                String::new(),
                CanonicalValue::KvList(vec![("k".to_owned(), string(kept))]),
            ),
        ];
        assert_eq!(rows[1].attributes, expected, "{attribute}");
    }
    // A body, and a value inside another.
    for (body, expected) in [
        (
            r#"{"Value":{"StringValue":"x"}}"#,
            string(r#"{"Value":{"StringValue":"x"}}"#),
        ),
        (
            r#"{"arrayValue":{"values":[{},{"Value":1}]}}"#,
            CanonicalValue::Array(vec![CanonicalValue::Empty, string(r#"{"Value":1}"#)]),
        ),
    ] {
        let json = format!(
            r#"{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{{"body":{body}}}]}}]}}]}}"#
        );
        let (rows, summary) =
            decode::<ExportLogsServiceRequest>(&mut generous(), json.as_bytes()).unwrap();
        assert_eq!(summary.unknown_fields, 1);
        assert_eq!(rows[0].fields, [("body".into(), expected)]);
    }
}

#[test]
fn documents_that_are_not_requests_are_named() {
    for (payload, message) in [
        (
            r#"{"message":"hello"}"#,
            "this is not an OTLP request: its only member is \"message\", at byte 0",
        ),
        (
            r#" {"data":{"resourceLogs":[]}}"#,
            "this is not an OTLP request: its only member is \"data\"; it looks like a wrapper around a request: decode the content of the wrapper, at byte 0",
        ),
        (
            r#"{"log":"{}\n","stream":"stdout"}"#,
            "this is not an OTLP request: its members are \"log\", \"stream\"; it looks like a line of a Docker log file: decode the text in its `log`, at byte 0",
        ),
        (
            r#"{"items":[1,{"resourceSpans":[]}],"next":null,"x":0}"#,
            "this is not an OTLP request: its members are \"items\", \"x\"; it looks like a wrapper around a request: decode the content of the wrapper, at byte 0",
        ),
        (
            r#"{"ResourceLogs":[]}"#,
            "this is not an OTLP request: its only member is \"ResourceLogs\", at byte 0",
        ),
        (
            r#"{"scope":{},"logRecords":[{}]}"#,
            "this is not an OTLP request: its members are \"scope\", \"logRecords\", at byte 0",
        ),
        (
            r#"{'resourceLogs':[]}"#,
            "this is a literal of Python or JavaScript: JSON has double quotes, at byte 0",
        ),
    ] {
        let error = decode::<ExportLogsServiceRequest>(&mut generous(), payload.as_bytes());
        assert_eq!(error.unwrap_err().to_string(), message);
    }
}

#[test]
fn the_message_of_one_resource_is_accepted_without_a_request_around_it() {
    let json = r#"{"schemaUrl":"s","scopeLogs":[{"logRecords":[{},{}]}],
        "resource":{"attributes":[{"key":"a","value":{"intValue":1}}]}}"#;
    let request = format!(r#"{{"resourceLogs":[{json}]}}"#);
    let decode =
        |json: &str| decode::<ExportLogsServiceRequest>(&mut generous(), json.as_bytes()).unwrap();
    let (rows, summary) = decode(json);
    assert_eq!((rows.len(), summary.unknown_fields), (2, 0));
    assert_eq!(rows, decode(&request).0);

    let error = self::decode::<ExportTraceServiceRequest>(&mut generous(), json.as_bytes());
    let signal = Signal::Logs;
    assert_eq!(
        *error.unwrap_err().kind(),
        InvalidPayloadKind::OtherSignal { signal }
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
    let payload = format!(r#"{{"resourceLogs":[{resource},{resource},{{"scopeLogs":[7,]}}]}}"#);
    let mut rows = otlake_testkit::CanonicalRows::default();
    let error = OtlpDecoder::new()
        .decode(Signal::Logs, Format::Json, &payload.into(), &mut rows)
        .unwrap_err();
    assert_eq!(rows.0.len(), 4);
    assert_eq!(error.summary().accepted, 4);
    assert!(error.to_string().contains("4 records before it"), "{error}");
}

#[test]
fn strings_that_are_not_utf8_are_replaced_or_reject_the_record() {
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

/// A member that is sent again is merged with the previous one. If it were copied each time without a
/// limit, these few kilobytes would take gigabytes.
#[test]
fn values_in_many_pieces_are_rejected_without_taking_memory() {
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

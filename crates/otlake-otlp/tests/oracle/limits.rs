//! A limit or a bad value rejects the payload, the record or the group that has it, and nothing else.

use otlake_otlp::{InvalidPayloadKind, Limits, OtlpDecoder, RejectionReason};
use otlake_testkit::{delimited_field, fixed64_field, varint_field};

#[cfg(feature = "opentelemetry-proto")]
use crate::subject::decode_typed;
use crate::subject::{
    ExportLogsServiceRequest, ExportMetricsServiceRequest, ExportTraceServiceRequest, Subject,
    agree, decode,
};

for_every_signal! {
    records_over_a_limit_are_rejected_alone,
    all_records_of_a_group_over_a_limit_are_rejected,
    a_payload_over_the_limit_is_an_error,
    values_nested_without_end_are_rejected_without_taking_stack,
    values_in_many_pieces_are_rejected_without_taking_memory,
}

/// The attributes of one record, or of a resource or scope.
type Attributes = Vec<Vec<u8>>;

struct Case {
    what: &'static str,
    limits: Limits,
    /// Just within the limit.
    within: Attributes,
    /// Just over it.
    over: Attributes,
    because: &'static str,
}

fn cases() -> Vec<Case> {
    let limits = Limits::default;
    let text = |bytes: usize| string(&"x".repeat(bytes));
    vec![
        Case {
            what: "attributes",
            limits: limits().with_attributes(3),
            within: vec![attribute("a", &string("")); 3],
            over: vec![attribute("a", &string("")); 4],
            because: "there are more attributes than the limit of 3",
        },
        Case {
            what: "values in arrays",
            limits: limits().with_nested_values(4),
            within: vec![attribute("a", &array(&[vec![], vec![]])); 2],
            over: vec![
                attribute("a", &array(&[vec![], vec![]])),
                attribute("b", &array(&[vec![], vec![], vec![]])),
            ],
            because: "there are more nested values than the limit of 4",
        },
        Case {
            what: "values in maps",
            limits: limits().with_nested_values(4),
            within: vec![attribute("a", &map(&["a", "b", "c", "d"]))],
            over: vec![attribute("a", &map(&["a", "b", "c", "d", "a"]))],
            because: "there are more nested values than the limit of 4",
        },
        Case {
            what: "nesting",
            limits: limits().with_nesting_depth(2),
            within: vec![attribute("a", &nested(2))],
            over: vec![attribute("a", &nested(3))],
            because: "values are nested deeper than the limit of 2",
        },
        Case {
            what: "names",
            limits: limits().with_name_bytes(8),
            within: vec![attribute("12345678", &string(""))],
            over: vec![attribute("123456789", &string(""))],
            because: "the name of an attribute is longer than the limit of 8 bytes",
        },
        Case {
            what: "names in maps",
            limits: limits().with_name_bytes(8),
            within: vec![attribute("a", &map(&["12345678"]))],
            over: vec![attribute("a", &map(&["12345678", "123456789"]))],
            because: "the name of an attribute is longer than the limit of 8 bytes",
        },
        Case {
            what: "strings",
            limits: limits().with_value_bytes(100),
            within: vec![attribute("a", &text(100)); 3],
            over: vec![attribute("a", &text(101))],
            because: "a value is longer than the limit of 100 bytes",
        },
        Case {
            what: "bytes",
            limits: limits().with_value_bytes(100),
            within: vec![attribute("a", &delimited_field(7, &[0xff; 100]))],
            over: vec![attribute("a", &delimited_field(7, &[0xff; 101]))],
            because: "a value is longer than the limit of 100 bytes",
        },
        Case {
            what: "two limits, the first counts",
            limits: limits().with_name_bytes(8).with_nesting_depth(2),
            within: vec![attribute("12345678", &nested(2))],
            over: vec![
                attribute("a", &nested(3)),
                attribute("123456789", &nested(3)),
            ],
            because: "values are nested deeper than the limit of 2",
        },
    ]
}

fn records_over_a_limit_are_rejected_alone<S: Subject>() {
    for case in cases() {
        let record = |attributes: &Attributes| fields(S::ATTRIBUTES, attributes);
        let (within, over) = (record(&case.within), record(&case.over));
        let records = [&within, &over, &within, &over, &within].map(Vec::clone);
        check::<S>(
            case.what,
            case.limits,
            &S::payload(b"", b"", &records),
            &[1, 3],
            case.because,
        );
    }
    let three = S::payload(b"", b"", &[vec![], vec![], vec![]]);
    for (limit, rejected) in [(0, &[0, 1, 2][..]), (2, &[2]), (3, &[])] {
        let because = format!(
            "there are more records in the payload than the limit of {limit}: send smaller batches"
        );
        let limits = Limits::default().with_records(limit);
        check::<S>("records", limits, &three, rejected, &because);
    }
}

fn all_records_of_a_group_over_a_limit_are_rejected<S: Subject>() {
    for case in cases() {
        let good = S::payload(
            &fields(1, &case.within),
            &fields(3, &case.within),
            &[vec![]],
        );
        let (resource, scope) = (fields(1, &case.over), fields(3, &case.over));
        for bad in [
            S::payload(&resource, b"", &[vec![], vec![]]),
            S::payload(b"", &scope, &[vec![], vec![]]),
        ] {
            let payload = [&good[..], &bad, &good].concat();
            check::<S>(case.what, case.limits, &payload, &[1, 2], case.because);
        }
    }
}

/// Decodes with the limits, and compares the rows with those of the payload without the rejected records. Decodes
/// twice, because a decoder remembers names.
#[track_caller]
fn check<S: Subject>(
    what: &str,
    limits: Limits,
    payload: &[u8],
    rejected: &[usize],
    because: &str,
) {
    let request = S::decode(payload).unwrap();
    let rows = request.canonical_rows().into_iter().enumerate();
    let expected: Vec<_> = rows
        .filter(|(index, _)| !rejected.contains(index))
        .map(|(_, row)| row)
        .collect();
    let mut decoder = OtlpDecoder::builder().limits(limits).build();
    for _ in 0..2 {
        let ours = decode::<S>(&mut decoder, payload);
        let summary = ours.result.unwrap();
        assert_eq!(ours.rows, expected, "{what}");
        assert_eq!(summary.rejected, rejected.len() as u64, "{what}");
        let first = rejected
            .first()
            .map(|index| format!("record {} of the payload: {because}", index + 1));
        let rejection = summary.first_rejection.as_ref().map(ToString::to_string);
        assert_eq!(rejection, first, "{what}");
        #[cfg(feature = "opentelemetry-proto")]
        {
            let (typed, of_typed) = decode_typed(&mut decoder, &request);
            assert_eq!(of_typed, summary, "{what}, from the typed request");
            assert_eq!(typed, expected, "{what}, from the typed request");
        }
    }
}

fn a_payload_over_the_limit_is_an_error<S: Subject>() {
    let payload = S::payload(b"", b"", &[vec![], vec![]]);
    let decode = |limit: usize| {
        let limits = Limits::default().with_payload_bytes(limit);
        let mut decoder = OtlpDecoder::builder().limits(limits).build();
        decode::<S>(&mut decoder, &payload)
    };
    assert_eq!(decode(payload.len()).rows.len(), 2);
    let (bytes, limit) = (payload.len(), payload.len() - 1);
    let rejected = decode(limit);
    assert_eq!(rejected.rows, []);
    assert_eq!(
        *rejected.result.unwrap_err().kind(),
        InvalidPayloadKind::PayloadTooLarge { bytes, limit }
    );
}

fn values_nested_without_end_are_rejected_without_taking_stack<S: Subject>() {
    let bad = fields(S::ATTRIBUTES, &[attribute("a", &nested(10_000))]);
    let good = fields(S::ATTRIBUTES, &[attribute("a", &nested(3))]);
    let payload = S::payload(b"", b"", &[good.clone(), bad, good]);
    let mut decoder = OtlpDecoder::new();
    let summary = decode::<S>(&mut decoder, &payload).result.unwrap();
    assert_eq!((summary.accepted, summary.rejected), (2, 1));
    assert_eq!(
        summary.first_rejection.unwrap().to_string(),
        "record 2 of the payload: values are nested deeper than the limit of 32"
    );
}

/// Pieces of a value merge. If the previous ones were copied for each piece without a limit, these few kilobytes would
/// take gigabytes.
fn values_in_many_pieces_are_rejected_without_taking_memory<S: Subject>() {
    let large = array(&vec![Vec::new(); 60_000]);
    let pieces = delimited_field(2, &[large, array(&[]).repeat(20_000)].concat());
    let bad = delimited_field(S::ATTRIBUTES, &pieces);
    let payload = S::payload(b"", b"", &[vec![], bad, vec![]]);
    let mut decoder = OtlpDecoder::new();
    let summary = decode::<S>(&mut decoder, &payload).result.unwrap();
    assert_eq!((summary.accepted, summary.rejected), (2, 1));
    let rejection = summary.first_rejection.unwrap();
    assert_eq!(rejection.record(), 2);
    let limit = 65_536;
    assert_eq!(*rejection.reason(), RejectionReason::NestedValues { limit });
}

#[test]
fn events_links_and_their_attributes_are_nested_values() {
    let event = |attributes: usize| fields(3, &vec![attribute("a", &string("")); attributes]);
    let link = |attributes: usize| fields(4, &vec![attribute("a", &string("")); attributes]);
    // An event with one attribute and a link with one are four values.
    let within = [
        delimited_field(11, &event(1)),
        delimited_field(13, &link(1)),
    ]
    .concat();
    let over = [
        [within.clone(), delimited_field(11, b"")].concat(),
        [within.clone(), delimited_field(13, b"")].concat(),
        delimited_field(11, &event(4)),
        delimited_field(13, &link(4)),
    ];
    let [a, b, c, d] = over;
    let records = [within.clone(), a, b, within.clone(), c, d, within];
    check::<ExportTraceServiceRequest>(
        "events and links",
        Limits::default().with_nested_values(4),
        &ExportTraceServiceRequest::payload(b"", b"", &records),
        &[1, 2, 4, 5],
        "there are more nested values than the limit of 4",
    );
}

#[test]
fn buckets_quantiles_and_exemplars_are_nested_values() {
    let numbers = |count: usize| vec![0; 8 * count];
    let point = |kind: u32, point: &[u8]| delimited_field(kind, &delimited_field(1, point));
    let points = |count: usize| {
        let buckets = delimited_field(2, &vec![1; count]);
        [
            (
                "bucket_counts",
                point(9, &delimited_field(6, &numbers(count))),
            ),
            (
                "explicit_bounds",
                point(9, &delimited_field(7, &numbers(count))),
            ),
            ("unpacked", point(9, &fixed64_field(6, 1).repeat(count))),
            ("positive", point(10, &delimited_field(8, &buckets))),
            ("negative", point(10, &delimited_field(9, &buckets))),
            (
                "unpacked buckets",
                point(10, &delimited_field(8, &varint_field(2, 1).repeat(count))),
            ),
            (
                "quantiles",
                point(11, &delimited_field(6, b"").repeat(count)),
            ),
            (
                "exemplars of a gauge",
                point(5, &delimited_field(5, b"").repeat(count)),
            ),
            (
                "exemplars of a histogram",
                point(9, &delimited_field(8, b"").repeat(count)),
            ),
            (
                "exemplars of an exponential histogram",
                point(10, &delimited_field(11, b"").repeat(count)),
            ),
            (
                "attributes of exemplars",
                point(
                    7,
                    &delimited_field(5, &delimited_field(7, b"").repeat(count - 1)),
                ),
            ),
        ]
    };
    for ((what, within), (_, over)) in points(4).into_iter().zip(points(5)) {
        let payload = of_metrics(&[&within, &over, &within]);
        check::<ExportMetricsServiceRequest>(
            what,
            Limits::default().with_nested_values(4),
            &payload,
            &[1],
            "there are more nested values than the limit of 4",
        );
    }
}

#[test]
fn all_points_of_a_metric_over_a_limit_are_rejected() {
    let metadata = |count: usize| fields(12, &vec![attribute("a", &string("")); count]);
    let points = delimited_field(5, &delimited_field(1, b"").repeat(2));
    let (within, over) = (
        [metadata(4), points.clone()].concat(),
        [metadata(5), points].concat(),
    );
    for (limits, reason) in [
        (
            Limits::default().with_nested_values(4),
            "there are more nested values than the limit of 4",
        ),
        (
            Limits::default().with_attributes(4),
            "there are more attributes than the limit of 4",
        ),
    ] {
        check::<ExportMetricsServiceRequest>(
            "metadata",
            limits,
            &of_metrics(&[&within, &over, &within]),
            &[2, 3],
            reason,
        );
    }
}

#[test]
fn points_that_repeat_too_much_of_their_metric_are_rejected() {
    let description = "d".repeat(8 << 20);
    let metric = [
        delimited_field(3, description.as_bytes()),
        delimited_field(5, &delimited_field(1, b"").repeat(10)),
    ]
    .concat();
    // Eight points repeat the 64 MiB that are not checked, and the payload is shorter than that.
    check::<ExportMetricsServiceRequest>(
        "description",
        Limits::default().with_repetition(1),
        &of_metrics(&[&metric]),
        &[8, 9],
        "the points of the payload repeat more than 67108864 bytes of their metrics: shorten \
         descriptions and metadata, or send fewer points of a metric at once",
    );
}

/// Returns a payload of these metrics.
fn of_metrics(metrics: &[&[u8]]) -> Vec<u8> {
    let metrics = metrics.iter().map(|metric| delimited_field(2, metric));
    let scope: Vec<u8> = metrics.flatten().collect();
    delimited_field(1, &delimited_field(2, &scope))
}

/// Returns the content of a `KeyValue`.
fn attribute(name: &str, value: &[u8]) -> Vec<u8> {
    [
        delimited_field(1, name.as_bytes()),
        delimited_field(2, value),
    ]
    .concat()
}

/// Returns the content of an `AnyValue`.
fn string(text: &str) -> Vec<u8> {
    delimited_field(1, text.as_bytes())
}

fn array(values: &[Vec<u8>]) -> Vec<u8> {
    delimited_field(5, &fields(1, values))
}

fn map(names: &[&str]) -> Vec<u8> {
    let entries: Vec<_> = names.iter().map(|name| attribute(name, b"")).collect();
    delimited_field(6, &fields(1, &entries))
}

/// Returns a value inside `depth` arrays.
fn nested(depth: usize) -> Vec<u8> {
    (0..depth).fold(string("x"), |inner, _| array(&[inner]))
}

/// Returns a field for each content.
fn fields(number: u32, contents: &[Vec<u8>]) -> Vec<u8> {
    let field = |content: &Vec<u8>| delimited_field(number, content);
    contents.iter().map(field).collect::<Vec<_>>().concat()
}

#[test]
fn a_field_of_another_wire_type_rejects_its_record_and_is_named() {
    let good = varint_field(2, 9);
    // severity_text as a number.
    let bad = [varint_field(2, 9), varint_field(3, 1)].concat();
    let payload =
        ExportLogsServiceRequest::payload(b"", b"", &[good.clone(), bad, good.clone(), good]);
    let ours = decode::<ExportLogsServiceRequest>(&mut OtlpDecoder::new(), &payload);
    let summary = ours.result.unwrap();
    assert_eq!((summary.accepted, summary.rejected), (3, 1));
    assert_eq!(
        summary.first_rejection.unwrap().to_string(),
        "record 2 of the payload: resource_logs[0].scope_logs[0].log_records[1].3: \
         field 3 has the wrong wire type, 0, at byte 17"
    );
}

/// The records of the group are lost, and no others.
#[test]
fn a_field_of_another_wire_type_in_a_group_rejects_its_records_and_is_named() {
    let records = [vec![], varint_field(2, 9)];
    let good = ExportLogsServiceRequest::payload(b"", b"", &records);
    // An attribute whose name is a number.
    let attribute = delimited_field(1, &varint_field(1, 5));
    let scope = delimited_field(3, &varint_field(1, 5));
    let number = varint_field(3, 7);
    let envelope = |payload: &[u8], field: &[u8]| {
        // The payload has less than 128 bytes, so its length is one byte.
        delimited_field(1, &[field, &payload[2..]].concat())
    };
    for (what, bad, rejected, path) in [
        (
            "an attribute of the resource",
            ExportLogsServiceRequest::payload(&attribute, b"", &records),
            2,
            "resource_logs[1].1.1.1",
        ),
        (
            "an attribute of the scope",
            ExportLogsServiceRequest::payload(b"", &scope, &records),
            2,
            "resource_logs[1].scope_logs[0].1.3.1",
        ),
        (
            "the schema URL of the resource",
            envelope(&good, &number),
            2,
            "resource_logs[1].3",
        ),
        (
            "a resource without records",
            ExportLogsServiceRequest::payload(&attribute, b"", &[]),
            1,
            "resource_logs[1].1.1.1",
        ),
        (
            "a scope without records",
            ExportLogsServiceRequest::payload(b"", &scope, &[]),
            1,
            "resource_logs[1].scope_logs[0].1.3.1",
        ),
    ] {
        let payload = [&good[..], &bad, &good].concat();
        let ours = agree::<ExportLogsServiceRequest>(&mut OtlpDecoder::new(), &payload, what);
        let summary = ours.result.unwrap();
        assert_eq!(
            (summary.accepted, summary.rejected),
            (4, rejected),
            "{what}"
        );
        let first = summary.first_rejection.unwrap();
        assert_eq!((first.record(), first.path()), (3, path), "{what}");
        let bytes = good.len()..good.len() + bad.len();
        assert!(bytes.contains(&first.offset().unwrap()), "{what}");
    }
}

/// The points of a metric are intact, but what they share is not.
#[test]
fn all_points_of_a_malformed_metric_are_counted() {
    let points = [delimited_field(1, b""), delimited_field(1, b"")].concat();
    let gauge = delimited_field(5, &points);
    for (what, bad, rejected) in [
        (
            "the unit is a number",
            [&varint_field(3, 5)[..], &gauge].concat(),
            2,
        ),
        (
            "the end is missing",
            [&gauge[..], &gauge, b"\x0a\x7f"].concat(),
            4,
        ),
        ("there are no points", varint_field(3, 5), 1),
    ] {
        let metrics = [delimited_field(2, &bad), delimited_field(2, &gauge)].concat();
        let payload = delimited_field(1, &delimited_field(2, &metrics));
        let ours = agree::<ExportMetricsServiceRequest>(&mut OtlpDecoder::new(), &payload, what);
        let summary = ours.result.unwrap();
        assert_eq!(
            (summary.accepted, summary.rejected),
            (2, rejected),
            "{what}"
        );
    }
}

/// The messages around it say where it ends, so the other records are kept.
#[test]
fn a_malformed_record_is_rejected_alone() {
    let good = varint_field(2, 9);
    for (what, bad, field) in [
        ("a length is beyond its end", &b"\x2a\x7fabc"[..], ""),
        ("a length is beyond its end", b"\x10\xff", ".2"),
        ("a length is beyond its end", b"\x10", ".2"),
        (
            "a number has more than 64 bits",
            b"\x10\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
            ".2",
        ),
        ("a field number is invalid", b"\x00\x01", ".0"),
        ("a wire type is invalid", b"\xa7\x06", ".100"),
        ("a group ends without a start", b"\xa4\x06", ".100"),
        // Within the body, at its end, and right behind it.
        ("a length is beyond its end", b"\x2a\x02\x0a\x05", ".5"),
        ("a length is beyond its end", b"\x2a\x01\x0a", ".5.1"),
        ("a length is beyond its end", b"\x2a\x03\x0a\x01a\xff", ""),
        (
            "a field number is invalid",
            b"\x2a\x03\x0a\x01a\xff\xff\xff\xff\x7f",
            "",
        ),
    ] {
        let records = [good.clone(), bad.to_vec(), good.clone(), good.clone()];
        let payload = ExportLogsServiceRequest::payload(b"", b"", &records);
        let ours = agree::<ExportLogsServiceRequest>(&mut OtlpDecoder::new(), &payload, what);
        let summary = ours.result.unwrap();
        assert_eq!((summary.accepted, summary.rejected), (3, 1), "{what}");
        let first = summary.first_rejection.unwrap();
        assert_eq!(*first.reason(), RejectionReason::Malformed { what });
        assert_eq!(first.record(), 2);
        let path = format!("resource_logs[0].scope_logs[0].log_records[1]{field}");
        assert_eq!(first.path(), path, "{bad:x?}");
    }
}

/// The request says where the message of a resource ends, and that says where the message of a scope ends.
#[test]
fn a_malformed_message_around_a_scope_or_a_resource_is_rejected_alone() {
    let record = delimited_field(2, &varint_field(2, 9));
    let scope = |records| delimited_field(2, &record.repeat(records));
    // After two records, a length is beyond its end.
    let cut = delimited_field(2, &[&record.repeat(2)[..], b"\x12\x7fabc"].concat());
    let no_scope = b"\x12\x7fabc";
    // Each is between two resources with a record.
    for (what, bad, accepted, rejected, path) in [
        (
            "a scope whose records before the fault are counted",
            [scope(1), cut.clone(), scope(1)].concat(),
            4,
            2,
            "resource_logs[1].scope_logs[1]",
        ),
        (
            "a scope in which no record is seen",
            [scope(1), delimited_field(2, b"\xa7\x06"), scope(1)].concat(),
            4,
            1,
            "resource_logs[1].scope_logs[1].100",
        ),
        (
            "a scope with a tag without end right behind a record",
            [
                scope(1),
                delimited_field(2, &[&record[..], b"\xff"].concat()),
            ]
            .concat(),
            3,
            1,
            "resource_logs[1].scope_logs[1]",
        ),
        (
            "a scope that ends with a tag",
            [
                delimited_field(2, &[&record[..], b"\x1a"].concat()),
                scope(2),
            ]
            .concat(),
            4,
            1,
            "resource_logs[1].scope_logs[0].3",
        ),
        (
            "a resource with too large a tag right behind a scope",
            [&scope(2)[..], b"\xff\xff\xff\xff\x7f"].concat(),
            2,
            2,
            "resource_logs[1]",
        ),
        (
            "a resource whose records before the fault are counted",
            [&scope(3)[..], &cut, no_scope].concat(),
            2,
            5,
            "resource_logs[1]",
        ),
        (
            "a resource in which no record is seen",
            no_scope.to_vec(),
            2,
            1,
            "resource_logs[1]",
        ),
    ] {
        let good = delimited_field(1, &scope(1));
        let payload = [&good[..], &delimited_field(1, &bad), &good].concat();
        let ours = agree::<ExportLogsServiceRequest>(&mut OtlpDecoder::new(), &payload, what);
        assert_eq!(ours.rows.len(), accepted, "{what}");
        let summary = ours.result.unwrap();
        assert_eq!(
            (summary.accepted, summary.rejected),
            (accepted as u64, rejected),
            "{what}"
        );
        let first = summary.first_rejection.unwrap();
        assert!(
            matches!(first.reason(), RejectionReason::Malformed { .. }),
            "{first}"
        );
        assert_eq!(first.path(), path, "{what}");
        let bytes = good.len()..payload.len() - good.len();
        assert!(bytes.contains(&first.offset().unwrap()), "{what}: {first}");
    }
}

/// If the request can't be read to its end, the length of the malformed resource may be wrong, so what follows it is
/// not read.
#[test]
fn a_malformed_resource_of_a_request_that_is_cut_off_ends_the_payload() {
    let record = delimited_field(2, &varint_field(2, 9));
    let good = delimited_field(1, &delimited_field(2, &record));
    let bad = delimited_field(1, b"\x12\x7fabc");
    for (what, end) in [
        ("a length beyond the end", &b"\x0a\x7fabc"[..]),
        ("a resource that is no message", b"\x08\x01"),
        ("an invalid wire type", b"\x0f"),
    ] {
        let payload = [&good[..], &bad, &good, end].concat();
        let ours = agree::<ExportLogsServiceRequest>(&mut OtlpDecoder::new(), &payload, what);
        let error = ours.result.unwrap_err();
        assert_eq!(ours.rows.len(), 1, "{what}");
        assert_eq!(error.path(), "resource_logs[1]", "{what}");
    }
}

#[test]
fn unknown_fields_are_counted_and_the_first_is_named() {
    // `int_gauge` of the protocol before 0.9, and a field of the future.
    let old = [delimited_field(1, b"m"), delimited_field(4, b"")].concat();
    let metric = delimited_field(5, &delimited_field(1, &varint_field(100, 1)));
    let payload = of_metrics(&[&metric, &old, &metric]);
    let ours = decode::<ExportMetricsServiceRequest>(&mut OtlpDecoder::new(), &payload);
    let summary = ours.result.unwrap();
    assert_eq!((summary.accepted, summary.unknown_fields), (2, 3));
    assert_eq!(
        summary.first_unknown_field.unwrap(),
        "resource_metrics[0].scope_metrics[0].metrics[0].5.1.100"
    );
    let payload = of_metrics(&[&old]);
    let ours = decode::<ExportMetricsServiceRequest>(&mut OtlpDecoder::new(), &payload);
    assert_eq!(
        ours.result.unwrap().first_unknown_field.unwrap(),
        "resource_metrics[0].scope_metrics[0].metrics[0].4"
    );
}

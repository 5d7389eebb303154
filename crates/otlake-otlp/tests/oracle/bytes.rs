//! Handwritten bytes: what the wire format allows but no SDK sends, and what it does not allow.

use otlake_otlp::{InvalidPayloadKind, RejectionReason};
use otlake_testkit::{delimited_field, fixed64_field, varint_field};

use crate::subject::{ExportMetricsServiceRequest, Subject, agree, generous};

for_every_signal! {
    odd_and_malformed_fields,
    errors_name_the_byte_and_the_field,
}

/// The expected result of a payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Is {
    /// The payload is accepted, with this number of rows, which are the same as prost's.
    Accepted(usize),
    /// The payload is accepted, except for this number of records.
    Rejected(u64),
    /// The payload is malformed.
    Malformed,
}
use Is::{Accepted, Malformed, Rejected};

#[track_caller]
fn check<S: Subject>(what: &str, payload: &[u8], expected: Is) {
    let ours = agree::<S>(&mut generous(), payload, what);
    let is = match ours.result {
        Ok(summary) if summary.rejected > 0 => Rejected(summary.rejected),
        Ok(_) => Accepted(ours.rows.len()),
        Err(_) => Malformed,
    };
    assert_eq!(is, expected, "{what}");
}

/// Returns nested empty groups.
fn groups(depth: usize) -> Vec<u8> {
    // The start and the end of a group with the number 100.
    let (start, end) = (b"\xa3\x06", b"\xa4\x06");
    [start.repeat(depth), end.repeat(depth)].concat()
}

fn odd_and_malformed_fields<S: Subject>() {
    // No message has field 100.
    let cases: [(&str, Vec<u8>, Is); 22] = [
        ("nothing", vec![], Accepted(1)),
        ("unknown varint", varint_field(100, u64::MAX), Accepted(1)),
        ("unknown fixed64", fixed64_field(100, 7), Accepted(1)),
        ("unknown fixed32", b"\xa5\x06abcd".to_vec(), Accepted(1)),
        ("unknown bytes", delimited_field(100, b"\xff"), Accepted(1)),
        ("unknown group", groups(1), Accepted(1)),
        (
            "unknown group with fields",
            [
                &b"\xa3\x06"[..],
                &varint_field(1, 1),
                &delimited_field(2, b"x"),
                b"\xa4\x06",
            ]
            .concat(),
            Accepted(1),
        ),
        ("100 groups", groups(100), Accepted(1)),
        ("102 groups", groups(102), Malformed),
        ("10,000 groups", groups(10_000), Malformed),
        ("group without end", b"\xa3\x06".to_vec(), Malformed),
        ("end without group", b"\xa4\x06".to_vec(), Malformed),
        (
            "groups that overlap",
            b"\xa3\x06\xab\x06\xa4\x06\xac\x06".to_vec(),
            Malformed,
        ),
        ("wire type 6", b"\xa6\x06".to_vec(), Malformed),
        ("wire type 7", b"\xa7\x06".to_vec(), Malformed),
        ("field number 0", b"\x00\x01".to_vec(), Malformed),
        (
            "tag longer than needed",
            b"\xa0\x86\x80\x80\x00\x01".to_vec(),
            Accepted(1),
        ),
        (
            "field number over 2^29",
            b"\xa0\x86\x80\x80\x10\x01".to_vec(),
            Malformed,
        ),
        ("varint cut off", b"\xa0\x06\xff\xff".to_vec(), Malformed),
        (
            "varint of eleven bytes",
            b"\xa0\x06\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01".to_vec(),
            Malformed,
        ),
        (
            "length of 2^32",
            b"\xa2\x06\x80\x80\x80\x80\x10abc".to_vec(),
            Malformed,
        ),
        (
            "length of 2^64 - 1",
            b"\xa2\x06\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01abc".to_vec(),
            Malformed,
        ),
    ];
    for (what, field, is) in cases {
        // A fault in a record, a scope or a resource does not hide where its message ends.
        let contained = if is == Malformed { Rejected(1) } else { is };
        check::<S>(
            what,
            &S::payload(b"", b"", std::slice::from_ref(&field)),
            contained,
        );
        check::<S>(what, &S::payload(b"", &field, &[vec![]]), contained);
        check::<S>(what, &S::payload(&field, b"", &[vec![]]), contained);
        let of_request = [S::payload(b"", b"", &[vec![]]), field].concat();
        check::<S>(what, &of_request, is);
    }
    for (what, attribute, is) in [
        ("empty", &b""[..], Accepted(1)),
        ("a name without end", b"\x0a", Rejected(1)),
        (
            "a name with the wire type of a number",
            b"\x08\x01",
            Rejected(1),
        ),
        (
            "a value with the wire type of a number",
            b"\x10\x01",
            Rejected(1),
        ),
        (
            "an array in which a value is cut off",
            b"\x12\x04\x2a\x02\x0a\x01",
            Rejected(1),
        ),
        ("a bool of 2", b"\x12\x02\x10\x02", Accepted(1)),
        (
            "a bool beyond 32 bits",
            b"\x12\x06\x10\x80\x80\x80\x80\x10",
            Accepted(1),
        ),
        (
            "a string, then a number",
            b"\x12\x05\x0a\x01x\x18\x07",
            Accepted(1),
        ),
        (
            "a value in two pieces",
            b"\x12\x03\x0a\x01x\x12\x02\x18\x07",
            Accepted(1),
        ),
        (
            "an array in two pieces",
            b"\x12\x06\x2a\x04\x0a\x02\x18\x01\x12\x06\x2a\x04\x0a\x02\x18\x02",
            Accepted(1),
        ),
    ] {
        let record = delimited_field(S::ATTRIBUTES, attribute);
        check::<S>(what, &S::payload(b"", b"", &[record]), is);
    }
}

fn errors_name_the_byte_and_the_field<S: Subject>() {
    let good = delimited_field(S::ATTRIBUTES, &delimited_field(1, b"a"));
    // The name has a length of 5 bytes, but only 1 byte.
    let bad = delimited_field(S::ATTRIBUTES, b"\x0a\x05a");
    let payload = S::payload(b"", b"", &[[good, bad].concat()]);
    let ours = agree::<S>(&mut generous(), &payload, "a name cut off");
    let rejection = ours.result.unwrap().first_rejection.unwrap();
    let what = "a length is beyond its end";
    assert_eq!(*rejection.reason(), RejectionReason::Malformed { what });
    assert_eq!(rejection.offset(), Some(payload.len() - 1));
    let (last, _) = S::PATH[2];
    let record = &S::first_record();
    let (path, _) = record.split_once(&format!(".{last}[0]")).unwrap();
    assert!(rejection.path().starts_with(path), "{rejection}");

    // The same payload, cut off where the name is.
    let (cut, length) = (&payload[..payload.len() - 2], payload[1].into());
    let error = agree::<S>(&mut generous(), cut, "a payload cut off").result;
    let error = error.unwrap_err();
    let remaining = cut.len() - 2;
    assert_eq!(
        *error.kind(),
        InvalidPayloadKind::Truncated { length, remaining }
    );
    assert_eq!(error.offset(), 2);
    let (resource, _) = S::PATH[0];
    assert_eq!(error.path(), format!("{resource}[0]"));
}

/// `Metric` is the only message with a oneof of messages, and its points are the only ones with repeated numbers.
#[test]
fn metrics() {
    const GAUGE: u32 = 5;
    const SUM: u32 = 7;
    const HISTOGRAM: u32 = 9;
    const EXPONENTIAL: u32 = 10;
    const SUMMARY: u32 = 11;
    let data = |kind, content: &[u8]| delimited_field(kind, content);
    let point = |content: &[u8]| delimited_field(1, content);
    let numbers = |numbers: &[u64]| -> Vec<u8> {
        numbers
            .iter()
            .flat_map(|number| number.to_le_bytes())
            .collect()
    };
    let int = |int| point(&fixed64_field(6, int));
    let buckets = |content: &[u8]| data(EXPONENTIAL, &point(&delimited_field(8, content)));
    // A point with an attribute whose name is cut off.
    let broken = |attributes: u32| point(&delimited_field(attributes, b"\x0a\x05a"));
    let cases: Vec<(&str, Vec<u8>, Is)> = vec![
        ("no data", delimited_field(1, b"a metric"), Accepted(0)),
        ("no points", data(GAUGE, b""), Accepted(0)),
        ("an empty point", data(SUMMARY, &point(b"")), Accepted(1)),
        (
            "a gauge, then a sum",
            [data(GAUGE, &int(1)), data(SUM, &int(2))].concat(),
            Accepted(1),
        ),
        (
            "a gauge, then an empty sum",
            [data(GAUGE, &int(1)), data(SUM, b"")].concat(),
            Accepted(0),
        ),
        (
            "a gauge, a sum, and a gauge again",
            [
                data(GAUGE, &int(1)),
                data(SUM, &int(2)),
                data(GAUGE, &int(3)),
            ]
            .concat(),
            Accepted(1),
        ),
        (
            "a sum in two pieces, with its points",
            [
                data(SUM, &[int(1), varint_field(2, 1)].concat()),
                data(SUM, &[varint_field(3, 1), int(2)].concat()),
            ]
            .concat(),
            Accepted(2),
        ),
        (
            "a sum's temporality does not outlive it",
            [
                data(SUM, &[varint_field(2, 2), varint_field(3, 1)].concat()),
                data(GAUGE, &int(1)),
                data(SUM, &int(2)),
            ]
            .concat(),
            Accepted(1),
        ),
        (
            "a name behind the points",
            [data(GAUGE, &int(1)), delimited_field(1, b"late")].concat(),
            Accepted(1),
        ),
        (
            "a temporality behind the points",
            data(SUM, &[int(1), varint_field(2, 1)].concat()),
            Accepted(1),
        ),
        (
            "a temporality in ten bytes",
            data(SUM, &[int(1), varint_field(2, u64::MAX)].concat()),
            Accepted(1),
        ),
        (
            "a gauge has no temporality, so its field is unknown",
            data(GAUGE, &[int(1), delimited_field(2, b"x")].concat()),
            Accepted(1),
        ),
        (
            "a sum's temporality of another wire type",
            data(SUM, &[int(1), delimited_field(2, b"x")].concat()),
            Rejected(1),
        ),
        (
            "a histogram is never monotonic, so that field is unknown",
            data(HISTOGRAM, &[point(b""), delimited_field(3, b"x")].concat()),
            Accepted(1),
        ),
        (
            "a replaced gauge with a fault",
            [data(GAUGE, &broken(7)), data(SUM, &int(2))].concat(),
            Rejected(1),
        ),
        (
            "a replaced histogram with a fault",
            [data(HISTOGRAM, &broken(9)), data(SUM, &int(2))].concat(),
            Rejected(1),
        ),
        (
            "a replaced exponential histogram with a fault",
            [data(EXPONENTIAL, &broken(1)), data(GAUGE, b"")].concat(),
            Rejected(1),
        ),
        (
            "a replaced summary with a fault",
            [data(SUMMARY, &broken(7)), data(GAUGE, b"")].concat(),
            Rejected(1),
        ),
        (
            "a replaced gauge whose content is none",
            [data(GAUGE, b"\x0a"), data(SUM, &int(2))].concat(),
            Rejected(1),
        ),
        (
            "an integer, then a double",
            data(
                GAUGE,
                &point(&[fixed64_field(6, 1), fixed64_field(4, 1.5f64.to_bits())].concat()),
            ),
            Accepted(1),
        ),
        (
            "a double, then an integer",
            data(
                GAUGE,
                &point(&[fixed64_field(4, 1.5f64.to_bits()), fixed64_field(6, 1)].concat()),
            ),
            Accepted(1),
        ),
        (
            "counts packed, alone, and packed again",
            data(
                HISTOGRAM,
                &point(
                    &[
                        delimited_field(6, &numbers(&[1, 2])),
                        fixed64_field(6, u64::MAX),
                        delimited_field(6, &numbers(&[])),
                        delimited_field(6, &numbers(&[4])),
                    ]
                    .concat(),
                ),
            ),
            Accepted(1),
        ),
        (
            "bounds alone",
            data(
                HISTOGRAM,
                &point(&[fixed64_field(7, 0), fixed64_field(7, f64::NAN.to_bits())].concat()),
            ),
            Accepted(1),
        ),
        (
            "counts of seven bytes",
            data(HISTOGRAM, &point(&delimited_field(6, b"1234567"))),
            Rejected(1),
        ),
        (
            "counts with the wire type of a varint",
            data(HISTOGRAM, &point(&varint_field(6, 1))),
            Rejected(1),
        ),
        (
            "buckets packed, alone, and packed again",
            buckets(
                &[
                    delimited_field(2, b"\x01\x02"),
                    varint_field(2, u64::MAX),
                    delimited_field(2, b""),
                    delimited_field(2, b"\x80\x01"),
                ]
                .concat(),
            ),
            Accepted(1),
        ),
        (
            "a bucket that is cut off",
            buckets(&delimited_field(2, b"\x01\x80")),
            Rejected(1),
        ),
        (
            "a bucket of more than 64 bits",
            buckets(&delimited_field(2, &[0xff; 10])),
            Rejected(1),
        ),
        (
            "buckets with the wire type of a fixed64",
            buckets(&fixed64_field(2, 1)),
            Rejected(1),
        ),
        ("an offset of -1", buckets(&varint_field(1, 1)), Accepted(1)),
        (
            "an offset beyond 32 bits",
            buckets(&varint_field(1, u64::MAX)),
            Accepted(1),
        ),
        (
            "buckets in two pieces",
            data(
                EXPONENTIAL,
                &point(
                    &[
                        delimited_field(8, &delimited_field(2, b"\x01\x02")),
                        delimited_field(
                            8,
                            &[varint_field(1, 4), delimited_field(2, b"\x03")].concat(),
                        ),
                        delimited_field(9, b""),
                    ]
                    .concat(),
                ),
            ),
            Accepted(1),
        ),
        (
            "a quantile of 2",
            data(
                SUMMARY,
                &point(&delimited_field(6, &fixed64_field(1, 2f64.to_bits()))),
            ),
            Accepted(1),
        ),
        (
            "a count with the wire type of a varint",
            data(SUMMARY, &point(&varint_field(4, 1))),
            Rejected(1),
        ),
        (
            "points whose length is 2^32",
            data(GAUGE, b"\x0a\x80\x80\x80\x80\x10"),
            Rejected(1),
        ),
        (
            "a metric's old label, which the proto has reserved",
            [data(GAUGE, &int(1)), delimited_field(4, b"x")].concat(),
            Accepted(1),
        ),
    ];
    for (what, metric, is) in cases {
        let scope = delimited_field(2, &metric);
        let payload = delimited_field(1, &delimited_field(2, &scope));
        check::<ExportMetricsServiceRequest>(what, &payload, is);
    }
}

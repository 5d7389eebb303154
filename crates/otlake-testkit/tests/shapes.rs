//! The named shapes are what they say: figures measured on them are compared with figures from
//! elsewhere.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use otlake_testkit::{Shape, logs_request};
use prost::Message;

/// What a payload has, on average.
#[derive(Debug, Default)]
struct Averages {
    records: usize,
    bytes: f64,
    resource_attributes: f64,
    log_attributes: f64,
    string_share: f64,
    body_bytes: f64,
    trace_share: f64,
}

fn averages(shape: &Shape) -> Averages {
    let request = logs_request(shape);
    let mut sum = Averages::default();
    let (mut strings, mut resources) = (0.0, 0.0);
    for group in &request.resource_logs {
        resources += 1.0;
        sum.resource_attributes += group.resource.as_ref().unwrap().attributes.len() as f64;
        for record in group.scope_logs.iter().flat_map(|scope| &scope.log_records) {
            sum.records += 1;
            sum.log_attributes += record.attributes.len() as f64;
            sum.trace_share += f64::from(u8::from(!record.trace_id.is_empty()));
            for attribute in &record.attributes {
                let value = attribute.value.as_ref().unwrap().value.as_ref().unwrap();
                strings += f64::from(u8::from(matches!(value, Value::StringValue(_))));
            }
            match record.body.as_ref().unwrap().value.as_ref().unwrap() {
                Value::StringValue(body) => sum.body_bytes += body.len() as f64,
                other => panic!("a body that is no string: {other:?}"),
            }
        }
    }
    let records = sum.records as f64;
    Averages {
        records: sum.records,
        bytes: request.encoded_len() as f64 / records,
        resource_attributes: sum.resource_attributes / resources,
        log_attributes: sum.log_attributes / records,
        string_share: strings / sum.log_attributes,
        body_bytes: sum.body_bytes / records,
        trace_share: sum.trace_share / records,
    }
}

#[track_caller]
fn near(what: &str, is: f64, should: f64, tolerance: f64) {
    assert!(
        (is / should - 1.0).abs() < tolerance,
        "{what} is {is:.2} and should be about {should}"
    );
}

#[test]
fn ten_thousand_records_are_as_described() {
    let is = averages(&Shape::ten_thousand());
    eprintln!("{is:?}");
    assert_eq!(is.records, 10_000);
    near("bytes", is.bytes, 448.0, 0.03);
    near("resource attributes", is.resource_attributes, 12.0, 0.001);
    near("log attributes", is.log_attributes, 8.0, 0.02);
    near("string share", is.string_share, 0.9, 0.01);
    near("body bytes", is.body_bytes, 93.0, 0.05);
    near("trace share", is.trace_share, 0.5, 0.05);
}

#[test]
fn small_groups_are_as_described() {
    // Over ten payloads, because one of 500 records lies off the average.
    let payloads: Vec<Averages> = (1..=10)
        .map(|seed| averages(&Shape::small_groups().with_seed(seed)))
        .collect();
    let mean =
        |of: fn(&Averages) -> f64| payloads.iter().map(of).sum::<f64>() / payloads.len() as f64;
    eprintln!("{:?}", payloads[0]);
    assert!(payloads.iter().all(|payload| payload.records == 500));
    near("bytes", mean(|payload| payload.bytes), 928.0, 0.03);
    near(
        "resource attributes",
        mean(|payload| payload.resource_attributes),
        9.4,
        0.02,
    );
    near(
        "log attributes",
        mean(|payload| payload.log_attributes),
        12.4,
        0.02,
    );
    near(
        "body bytes",
        mean(|payload| payload.body_bytes),
        331.0,
        0.05,
    );
}

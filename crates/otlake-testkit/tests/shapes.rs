//! The named shapes have the properties they claim, because figures measured on them are compared
//! with figures from elsewhere.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use otlake_testkit::{
    MetricShape, Shape, TraceShape, logs_request, metrics_request, traces_request,
};
use prost::Message;
use std::collections::{BTreeMap, HashMap, HashSet};

/// Averages over a payload.
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
    // Over ten payloads, because a single one of 500 records deviates from the average.
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

#[test]
fn ten_thousand_spans_are_as_described() {
    let request = traces_request(&TraceShape::ten_thousand());
    let bytes = request.encoded_len() as f64;
    let groups = &request.resource_spans;
    let spans: Vec<_> = groups
        .iter()
        .flat_map(|group| &group.scope_spans)
        .flat_map(|scope| &scope.spans)
        .collect();
    assert_eq!(spans.len(), 10_000);
    let attributes: usize = spans.iter().map(|span| span.attributes.len()).sum();
    let mut kinds = BTreeMap::<i32, usize>::new();
    for span in &spans {
        *kinds.entry(span.kind).or_default() += 1;
    }
    let share = |has: fn(&opentelemetry_proto::tonic::trace::v1::Span) -> bool| {
        spans.iter().filter(|span| has(span)).count() as f64 / 10_000.0
    };
    let events = share(|span| !span.events.is_empty());
    let links = share(|span| !span.links.is_empty());
    let failed = share(|span| span.status.as_ref().unwrap().code == 2);
    let per_group = 10_000.0 / groups.len() as f64;
    eprintln!(
        "{} B, {} attributes, kinds {kinds:?}, events {events}, links {links}, failed {failed}, {per_group} a group",
        bytes / 10_000.0,
        attributes as f64 / 10_000.0,
    );
    near("bytes", bytes / 10_000.0, 494.0, 0.03);
    assert_eq!(kinds.len(), 5, "{kinds:?}");
    assert!(kinds.values().all(|count| *count > 300), "{kinds:?}");
    assert!((0.03..0.2).contains(&events), "{events}");
    assert!((0.005..0.1).contains(&links), "{links}");
    assert!((0.01..0.1).contains(&failed), "{failed}");

    // Traces are trees: every parent exists, belongs to the same trace and spans its children.
    let by_id: HashMap<_, _> = spans.iter().map(|span| (&span.span_id, span)).collect();
    let traces: HashSet<_> = spans.iter().map(|span| &span.trace_id).collect();
    let (mut roots, mut services) = (0, 0);
    for span in &spans {
        if span.parent_span_id.is_empty() {
            roots += 1;
            continue;
        }
        let parent = by_id[&span.parent_span_id];
        assert_eq!(parent.trace_id, span.trace_id);
        assert!(parent.start_time_unix_nano <= span.start_time_unix_nano);
        assert!(span.end_time_unix_nano <= parent.end_time_unix_nano);
        services += usize::from(span.flags & 0x200 != 0);
    }
    assert_eq!(roots, traces.len());
    assert!((300..5_000).contains(&roots), "{roots} traces");
    assert!(services > 500, "{services} spans are in another service");
}

#[test]
fn ten_thousand_points_are_as_described() {
    let request = metrics_request(&MetricShape::ten_thousand());
    let bytes = request.encoded_len() as f64;
    let metrics = request
        .resource_metrics
        .iter()
        .flat_map(|group| &group.scope_metrics)
        .flat_map(|scope| &scope.metrics);
    let mut kinds = BTreeMap::<&str, usize>::new();
    let (mut delta, mut cumulative, mut exemplars, mut count) = (0, 0, 0, 0);
    let mut temporality = |number: i32| match number {
        1 => delta += 1,
        _ => cumulative += 1,
    };
    for metric in metrics {
        count += 1;
        let (kind, points) = match metric.data.as_ref().unwrap() {
            Data::Gauge(gauge) => ("gauge", gauge.data_points.len()),
            Data::Sum(sum) => {
                temporality(sum.aggregation_temporality);
                ("sum", sum.data_points.len())
            }
            Data::Histogram(histogram) => {
                temporality(histogram.aggregation_temporality);
                let points = &histogram.data_points;
                exemplars += points.iter().filter(|p| !p.exemplars.is_empty()).count();
                ("histogram", points.len())
            }
            Data::ExponentialHistogram(histogram) => {
                temporality(histogram.aggregation_temporality);
                ("exponential", histogram.data_points.len())
            }
            Data::Summary(summary) => ("summary", summary.data_points.len()),
        };
        *kinds.entry(kind).or_default() += points;
    }
    eprintln!(
        "{} B, {kinds:?}, {count} metrics, {delta} delta, {cumulative} cumulative, {exemplars} exemplars",
        bytes / 10_000.0
    );
    near("bytes", bytes / 10_000.0, 239.0, 0.03);
    assert_eq!(kinds.values().sum::<usize>(), 10_000);
    assert!(kinds["sum"] > 4_000 && kinds["gauge"] > 2_000, "{kinds:?}");
    assert!((1_000..2_500).contains(&kinds["histogram"]), "{kinds:?}");
    assert!((100..1_000).contains(&kinds["exponential"]), "{kinds:?}");
    assert!((50..500).contains(&kinds["summary"]), "{kinds:?}");
    assert!(delta > 200 && cumulative > 200);
    assert!(exemplars > 20, "{exemplars}");
}

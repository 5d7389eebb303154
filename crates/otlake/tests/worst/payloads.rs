//! Payloads that stay within every input limit and cause as much as they can.

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::{
    Gauge, Histogram, HistogramDataPoint, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use otlake::otlp::Format;
use otlake::row::{Bytes, Signal};
use otlake_testkit::{Rng, delimited_field};
use prost::Message;

/// A request.
pub(crate) struct Payload {
    pub(crate) signal: Signal,
    pub(crate) format: Format,
    pub(crate) bytes: Bytes,
}

impl Payload {
    fn protobuf(signal: Signal, request: &impl Message) -> Self {
        Self {
            signal,
            format: Format::Protobuf,
            bytes: request.encode_to_vec().into(),
        }
    }
}

/// Returns printable text that no codec makes much shorter.
pub(crate) fn noise(bytes: usize) -> String {
    let mut rng = Rng::new(7);
    (0..bytes)
        .map(|_| char::from(b'A' + (rng.next_u64() % 26) as u8))
        .collect()
}

pub(crate) fn attribute(key: &str, value: &str) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue {
            value: Some(Value::StringValue(value.to_owned())),
        }),
        ..KeyValue::default()
    }
}

fn resource(attributes: Vec<KeyValue>) -> Option<Resource> {
    Some(Resource {
        attributes,
        ..Resource::default()
    })
}

/// Returns the logs of one resource.
pub(crate) fn logs(attributes: Vec<KeyValue>, records: Vec<LogRecord>) -> Payload {
    let scope = ScopeLogs {
        log_records: records,
        ..ScopeLogs::default()
    };
    of_scope(attributes, scope)
}

/// Returns the logs of one scope.
pub(crate) fn of_scope(attributes: Vec<KeyValue>, scope: ScopeLogs) -> Payload {
    let request = ExportLogsServiceRequest {
        resource_logs: vec![ResourceLogs {
            resource: resource(attributes),
            scope_logs: vec![scope],
            ..ResourceLogs::default()
        }],
    };
    Payload::protobuf(Signal::Logs, &request)
}

pub(crate) fn records(count: usize) -> Vec<LogRecord> {
    vec![LogRecord::default(); count]
}

/// Returns empty records in the place that the text has in each kind of request.
pub(crate) fn in_every_group(text: &str, count: usize) -> Vec<(&'static str, Payload)> {
    let scope = Some(InstrumentationScope {
        attributes: vec![attribute("long", text)],
        ..InstrumentationScope::default()
    });
    let log_records = records(count);
    let spans = ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            resource: resource(vec![attribute("long", text)]),
            scope_spans: vec![ScopeSpans {
                spans: vec![Span::default(); count],
                ..ScopeSpans::default()
            }],
            ..ResourceSpans::default()
        }],
    };
    let json = format!(
        r#"{{"resourceLogs":[{{"resource":{{"attributes":[{{"key":"long","value":{{"stringValue":"{text}"}}}}]}},"scopeLogs":[{{"logRecords":[{}{{}}]}}]}}]}}"#,
        "{},".repeat(count - 1)
    );
    vec![
        (
            "a resource's attribute",
            logs(vec![attribute("long", text)], log_records.clone()),
        ),
        (
            "a scope's attribute",
            of_scope(
                vec![],
                ScopeLogs {
                    scope,
                    log_records: log_records.clone(),
                    ..ScopeLogs::default()
                },
            ),
        ),
        (
            "a schema URL",
            of_scope(
                vec![],
                ScopeLogs {
                    schema_url: text.to_owned(),
                    log_records,
                    ..ScopeLogs::default()
                },
            ),
        ),
        (
            "a resource's attribute of spans",
            Payload::protobuf(Signal::Traces, &spans),
        ),
        (
            "a resource's attribute in JSON",
            Payload {
                signal: Signal::Logs,
                format: Format::Json,
                bytes: json.into(),
            },
        ),
    ]
}

/// Returns empty points with the text in each place that a metric has for it.
pub(crate) fn in_a_metric(text: &str, count: usize) -> [(&'static str, Payload); 2] {
    let metric = |description: &str, metadata| Metric {
        description: description.to_owned(),
        metadata,
        data: Some(Data::Gauge(Gauge {
            data_points: vec![NumberDataPoint::default(); count],
        })),
        ..Metric::default()
    };
    [
        ("a metric's description", metrics(metric(text, vec![]))),
        (
            "a metric's metadata",
            metrics(metric("", vec![attribute("long", text)])),
        ),
    ]
}

/// Returns the points of a metric.
pub(crate) fn metrics(metric: Metric) -> Payload {
    let request = ExportMetricsServiceRequest {
        resource_metrics: vec![ResourceMetrics {
            scope_metrics: vec![ScopeMetrics {
                metrics: vec![metric],
                ..ScopeMetrics::default()
            }],
            ..ResourceMetrics::default()
        }],
    };
    Payload::protobuf(Signal::Metrics, &request)
}

/// Returns a histogram with so many buckets.
pub(crate) fn histogram(buckets: usize) -> Payload {
    metrics(Metric {
        data: Some(Data::Histogram(Histogram {
            data_points: vec![HistogramDataPoint {
                bucket_counts: vec![u64::MAX; buckets],
                ..HistogramDataPoint::default()
            }],
            ..Histogram::default()
        })),
        ..Metric::default()
    })
}

/// Returns a record whose body is a list in a list, so many times.
pub(crate) fn nested(depth: usize) -> Payload {
    // From the inside out, in protobuf, which prost would encode with a recursion.
    let mut value = Vec::new();
    for _ in 0..depth {
        value = delimited_field(5, &delimited_field(1, &value));
    }
    let record = delimited_field(5, &value);
    let scope = delimited_field(2, &delimited_field(2, &record));
    Payload {
        signal: Signal::Logs,
        format: Format::Protobuf,
        bytes: delimited_field(1, &scope).into(),
    }
}

/// Returns records with an attribute each, whose names have the same letters.
pub(crate) fn names_of_one_column(count: usize) -> Vec<LogRecord> {
    const PUNCTUATION: &[u8] = b".-/: ,;#";
    (0..count)
        .map(|number| {
            let mut name = String::from("a");
            let mut rest = number;
            for _ in 0..6 {
                name.push(char::from(PUNCTUATION[rest % 8]));
                name.push('b');
                rest /= 8;
            }
            LogRecord {
                attributes: vec![attribute(&name, "x")],
                ..LogRecord::default()
            }
        })
        .collect()
}

/// Returns a record of each of so many tenants.
pub(crate) fn tenants(count: usize) -> Vec<LogRecord> {
    (0..count)
        .map(|number| LogRecord {
            attributes: vec![attribute("tenant", &number.to_string())],
            ..LogRecord::default()
        })
        .collect()
}

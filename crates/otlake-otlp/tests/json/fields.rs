//! Every field of the messages of opentelemetry-proto is read in every form.
//!
//! The lists come from the code that prost generated. So a field that a new version of the protocol adds fails here
//! until all decoders (protobuf, JSON and typed messages) read it, or it is listed as ignored.

use std::collections::BTreeSet;

use opentelemetry_proto::tonic::common::v1::any_value;
use opentelemetry_proto::tonic::common::v1::{
    AnyValue, ArrayValue, EntityRef, InstrumentationScope, KeyValue, KeyValueList,
};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs, SeverityNumber};
use opentelemetry_proto::tonic::metrics::v1::exponential_histogram_data_point::Buckets;
use opentelemetry_proto::tonic::metrics::v1::summary_data_point::ValueAtQuantile;
use opentelemetry_proto::tonic::metrics::v1::{
    AggregationTemporality, Exemplar, ExponentialHistogram, ExponentialHistogramDataPoint, Gauge,
    Histogram, HistogramDataPoint, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, Sum,
    Summary, SummaryDataPoint, exemplar, metric, number_data_point,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link, SpanKind};
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};
use otlake_otlp::Format;
use otlake_row::enums;
use otlake_testkit::{CanonicalRow, Decoded, one_nan};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::subject::{
    ExportLogsServiceRequest, ExportMetricsServiceRequest, ExportTraceServiceRequest, Subject,
    generous,
};

#[test]
fn every_field_of_logs_is_read_in_every_form() {
    let log = |record: Value| json!({"resourceLogs": [{"scopeLogs": [{"logRecords": [record]}]}]});
    check::<ExportLogsServiceRequest>(&[
        message::<LogRecord>(log),
        message::<ScopeLogs>(|scope| {
            let scope = with(scope, "logRecords", json!([{}]));
            json!({"resourceLogs": [{"scopeLogs": [scope]}]})
        }),
        message::<ResourceLogs>(|resource| {
            let scopes = json!([{"logRecords": [{}]}]);
            json!({"resourceLogs": [with(resource, "scopeLogs", scopes)]})
        }),
        message::<InstrumentationScope>(
            |scope| json!({"resourceLogs": [{"scopeLogs": [{"scope": scope, "logRecords": [{}]}]}]}),
        ),
        message::<Resource>(
            |resource| json!({"resourceLogs": [{"resource": resource, "scopeLogs": [{"logRecords": [{}]}]}]}),
        ),
        message::<EntityRef>(|entity| {
            let resource = json!({"entityRefs": [entity]});
            json!({"resourceLogs": [{"resource": resource, "scopeLogs": [{"logRecords": [{}]}]}]})
        }),
        message::<KeyValue>(move |entry| log(json!({"attributes": [entry]}))),
        message::<AnyValue>(move |value| log(json!({"body": value})))
            .one_of(variants::<any_value::Value>()),
        message::<ArrayValue>(move |array| log(json!({"body": {"arrayValue": array}}))),
        message::<KeyValueList>(move |list| log(json!({"body": {"kvlistValue": list}}))),
    ]);
}

#[test]
fn every_field_of_traces_is_read_in_every_form() {
    let span = |span: Value| json!({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]});
    check::<ExportTraceServiceRequest>(&[
        message::<Span>(span),
        message::<Event>(move |event| span(json!({"events": [event]}))),
        message::<Link>(move |link| span(json!({"links": [link]}))),
        message::<Status>(move |status| span(json!({"status": status}))),
        message::<ScopeSpans>(|scope| {
            let scope = with(scope, "spans", json!([{}]));
            json!({"resourceSpans": [{"scopeSpans": [scope]}]})
        }),
        message::<ResourceSpans>(|resource| {
            let scopes = json!([{"spans": [{}]}]);
            json!({"resourceSpans": [with(resource, "scopeSpans", scopes)]})
        }),
    ]);
}

#[test]
fn every_field_of_metrics_is_read_in_every_form() {
    fn metric(metric: Value) -> Value {
        json!({"resourceMetrics": [{"scopeMetrics": [{"metrics": [metric]}]}]})
    }
    fn point(kind: &str, point: Value) -> Value {
        metric(json!({kind: {"dataPoints": [point]}}))
    }
    check::<ExportMetricsServiceRequest>(&[
        message::<Metric>(|message| {
            // A metric without points has no row.
            let mut message = message;
            if !variants::<metric::Data>()
                .iter()
                .any(|kind| message.get(kind).is_some())
            {
                message["gauge"] = json!({"dataPoints": [{}]});
            }
            metric(message)
        })
        .one_of(variants::<metric::Data>()),
        message::<Gauge>(|data| metric(json!({"gauge": data}))),
        message::<Sum>(|data| metric(json!({"sum": with(data, "dataPoints", json!([{}]))}))),
        message::<Histogram>(|data| {
            metric(json!({"histogram": with(data, "dataPoints", json!([{}]))}))
        }),
        message::<ExponentialHistogram>(|data| {
            metric(json!({"exponentialHistogram": with(data, "dataPoints", json!([{}]))}))
        }),
        message::<Summary>(|data| metric(json!({"summary": data}))),
        message::<NumberDataPoint>(|data| point("gauge", data))
            .one_of(variants::<number_data_point::Value>()),
        message::<HistogramDataPoint>(|data| point("histogram", data)),
        message::<ExponentialHistogramDataPoint>(|data| point("exponentialHistogram", data)),
        message::<Buckets>(|data| point("exponentialHistogram", json!({"positive": data}))),
        message::<Buckets>(|data| point("exponentialHistogram", json!({"negative": data}))),
        message::<SummaryDataPoint>(|data| point("summary", data)),
        message::<ValueAtQuantile>(|data| point("summary", json!({"quantileValues": [data]}))),
        message::<Exemplar>(|data| point("gauge", json!({"exemplars": [data]})))
            .one_of(variants::<exemplar::Value>()),
        message::<ScopeMetrics>(|scope| {
            let metrics = json!([{"gauge": {"dataPoints": [{}]}}]);
            let scope = with(scope, "metrics", metrics);
            json!({"resourceMetrics": [{"scopeMetrics": [scope]}]})
        }),
        message::<ResourceMetrics>(|resource| {
            let scopes = json!([{"metrics": [{"gauge": {"dataPoints": [{}]}}]}]);
            json!({"resourceMetrics": [with(resource, "scopeMetrics", scopes)]})
        }),
    ]);
}

/// Adds a member unless the message has it, because fields of a group are visible only with a record.
fn with(mut message: Value, member: &str, value: Value) -> Value {
    if message.get(member).is_none_or(|list| *list == json!([])) {
        message[member] = value;
    }
    message
}

/// Fields that have no meaning outside of profiles.
const IGNORED: &[&str] = &["AnyValue.stringValueStrindex", "KeyValue.keyStrindex"];

/// A message, its fields, and the request around it.
struct Message {
    name: &'static str,
    fields: BTreeSet<String>,
    default: Map<String, Value>,
    request: Box<dyn Fn(Value) -> Value>,
}

fn message<M: Default + Serialize>(request: impl Fn(Value) -> Value + 'static) -> Message {
    let name = std::any::type_name::<M>().rsplit("::").next().unwrap();
    // All fields except those of a oneof, which are unset by default.
    let Value::Object(default) = serde_json::to_value(M::default()).unwrap() else {
        panic!("{name} is an object");
    };
    Message {
        name,
        fields: default.keys().cloned().collect(),
        default,
        request: Box::new(request),
    }
}

impl Message {
    fn one_of(mut self, members: Vec<String>) -> Message {
        self.fields.extend(members);
        self
    }
}

/// Returns the members of a oneof, which serde's error for an unknown one names.
fn variants<T: DeserializeOwned>() -> Vec<String> {
    let Err(error) = serde_json::from_value::<T>(json!({"no such member": 0})) else {
        panic!("there is no such member");
    };
    let error = error.to_string();
    let (_, members) = error.split_once("expected ").unwrap();
    let members = members.split('`').skip(1).step_by(2);
    members.map(str::to_owned).collect()
}

/// Returns values for fields of all types. Values that a field cannot have are skipped.
fn samples() -> Vec<Value> {
    vec![
        json!("7"),
        json!(7),
        json!(1.5),
        json!(true),
        json!("0102030405060708"),
        json!([1.5]),
        json!(["7"]),
        json!([{}]),
        json!([{"key": "name", "value": {"stringValue": "text"}}]),
        json!({"stringValue": "text"}),
        json!({"values": [{"stringValue": "text"}]}),
        json!({"values": [{"key": "name", "keyStrindex": 0, "value": {"stringValue": "text"}}]}),
        json!({"name": "text", "code": 2, "offset": 3, "dataPoints": [{}]}),
        json!({"attributes": [{"key": "name", "value": {"stringValue": "text"}}]}),
        json!([{}, {}]),
        json!([{"schemaUrl": "", "type": "", "idKeys": [], "descriptionKeys": []}]),
        json!([{"gauge": {"dataPoints": [{}, {}]}}]),
        json!([{"logRecords": [{}, {}], "spans": [{}, {}], "metrics": []}]),
    ]
}

#[track_caller]
fn check<R: Subject>(messages: &[Message]) {
    for message in messages {
        assert!(!message.fields.is_empty(), "{}", message.name);
        let default = (message.request)(message.default.clone().into());
        let without = rows(&request::<R>(&default).unwrap());
        for field in &message.fields {
            let name = format!("{}.{field}", message.name);
            let mut changed = false;
            for sample in samples() {
                let mut with_field = message.default.clone();
                with_field.insert(field.clone(), sample);
                // serde decides which values the field can have.
                if let Some(request) = request::<R>(&(message.request)(with_field.into())) {
                    changed |= rows(&request) != without;
                }
            }
            assert_eq!(
                changed,
                !IGNORED.contains(&&*name),
                "whether {name} is read"
            );
        }
    }
}

fn request<R: Subject>(json: &Value) -> Option<R> {
    serde_json::from_value(json.clone()).ok()
}

/// Returns the rows of a request, after checking that they are the same in every form.
#[track_caller]
fn rows<R: Subject>(request: &R) -> Vec<CanonicalRow> {
    let mut decoder = generous();
    let protobuf = request.encode_to_vec();
    let of_protobuf = Decoded::by(&mut decoder, R::SIGNAL, Format::Protobuf, &protobuf);
    let json = serde_json::to_vec(request).unwrap();
    let of_json = Decoded::by(&mut decoder, R::SIGNAL, Format::Json, &json);
    assert_eq!(of_json, of_protobuf, "{}", String::from_utf8_lossy(&json));
    #[cfg(feature = "opentelemetry-proto")]
    {
        let mut of_typed = otlake_testkit::CanonicalRows::default();
        decoder
            .decode_request(request.export_request(), &mut of_typed)
            .unwrap();
        assert_eq!(of_typed.0, of_protobuf.rows);
    }
    assert!(of_protobuf.result.is_ok());
    one_nan(of_protobuf.rows)
}

#[test]
fn enums_have_the_names_of_the_protocol() {
    fn check(names: &[&str], name_of: impl Fn(i32) -> Option<&'static str>) {
        for (number, name) in names.iter().enumerate() {
            assert_eq!(name_of(number as i32), Some(*name));
        }
        assert_eq!(name_of(names.len() as i32), None, "{names:?} has them all");
    }
    check(enums::SEVERITY_NUMBER, |number| {
        Some(SeverityNumber::try_from(number).ok()?.as_str_name())
    });
    check(enums::SPAN_KIND, |number| {
        Some(SpanKind::try_from(number).ok()?.as_str_name())
    });
    check(enums::STATUS_CODE, |number| {
        Some(StatusCode::try_from(number).ok()?.as_str_name())
    });
    check(enums::AGGREGATION_TEMPORALITY, |number| {
        Some(AggregationTemporality::try_from(number).ok()?.as_str_name())
    });
}

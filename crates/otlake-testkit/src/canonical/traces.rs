use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link};

use super::CanonicalRow;
use super::value::{CanonicalValue, attributes, message, string};

/// Converts a request decoded by prost to its rows, without any of otlake's decoding.
pub fn canonical_traces(request: &ExportTraceServiceRequest) -> Vec<CanonicalRow> {
    let mut rows = Vec::new();
    for resource in &request.resource_spans {
        let of_resource =
            CanonicalRow::of_resource(resource.resource.as_ref(), &resource.schema_url);
        for scope in &resource.scope_spans {
            let of_scope = of_resource.with_scope(scope.scope.as_ref(), &scope.schema_url);
            rows.extend(scope.spans.iter().map(|span| of_scope.with_span(span)));
        }
    }
    rows
}

impl CanonicalRow {
    fn with_span(&self, span: &Span) -> CanonicalRow {
        let mut row = self.clone();
        row.attributes = attributes(&span.attributes);
        row.bytes("trace_id", &span.trace_id);
        row.bytes("span_id", &span.span_id);
        row.string("trace_state", &span.trace_state);
        row.bytes("parent_span_id", &span.parent_span_id);
        row.int("flags", span.flags);
        row.string("name", &span.name);
        row.int("kind", span.kind);
        row.unsigned("start_time_unix_nano", span.start_time_unix_nano);
        row.unsigned("end_time_unix_nano", span.end_time_unix_nano);
        row.int("dropped_attributes_count", span.dropped_attributes_count);
        row.messages("events", &span.events, event);
        row.int("dropped_events_count", span.dropped_events_count);
        row.messages("links", &span.links, link);
        row.int("dropped_links_count", span.dropped_links_count);
        if let Some(status) = &span.status {
            row.int("status_code", status.code);
            row.string("status_message", &status.message);
        }
        row.sorted()
    }
}

fn event(event: &Event) -> CanonicalValue {
    message([
        ("time_unix_nano", event.time_unix_nano.into()),
        ("name", string(&event.name)),
        (
            "attributes",
            CanonicalValue::KvList(attributes(&event.attributes)),
        ),
        (
            "dropped_attributes_count",
            i64::from(event.dropped_attributes_count).into(),
        ),
    ])
}

fn link(link: &Link) -> CanonicalValue {
    message([
        ("trace_id", link.trace_id.as_slice().into()),
        ("span_id", link.span_id.as_slice().into()),
        ("trace_state", string(&link.trace_state)),
        (
            "attributes",
            CanonicalValue::KvList(attributes(&link.attributes)),
        ),
        (
            "dropped_attributes_count",
            i64::from(link.dropped_attributes_count).into(),
        ),
        ("flags", i64::from(link.flags).into()),
    ])
}

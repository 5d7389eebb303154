use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link, SpanKind};
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};

use super::common::{attributes, resource, scope, span_id, trace_id};
use super::document::Json;

pub(super) fn request(request: &ExportTraceServiceRequest) -> Json {
    let spans = Json::array(&request.resource_spans, resource_spans);
    Json::message().field("resource_spans", spans)
}

fn resource_spans(spans: &ResourceSpans) -> Json {
    Json::message()
        .set("resource", spans.resource.as_ref().map(resource))
        .field("scope_spans", Json::array(&spans.scope_spans, scope_spans))
        .field("schema_url", Json::string(&spans.schema_url))
}

fn scope_spans(spans: &ScopeSpans) -> Json {
    Json::message()
        .set("scope", spans.scope.as_ref().map(scope))
        .field("spans", Json::array(&spans.spans, span))
        .field("schema_url", Json::string(&spans.schema_url))
}

fn span(span: &Span) -> Json {
    let kind = SpanKind::try_from(span.kind).ok();
    let kind = Json::Enum(span.kind, kind.map(|known| known.as_str_name()));
    let dropped_attributes = Json::integer(span.dropped_attributes_count);
    let dropped_events = Json::integer(span.dropped_events_count);
    let dropped_links = Json::integer(span.dropped_links_count);
    Json::message()
        .field("trace_id", trace_id(&span.trace_id))
        .field("span_id", span_id(&span.span_id))
        .field("trace_state", Json::string(&span.trace_state))
        .field("parent_span_id", span_id(&span.parent_span_id))
        .field("flags", Json::integer(span.flags))
        .field("name", Json::string(&span.name))
        .field("kind", kind)
        .field(
            "start_time_unix_nano",
            Json::integer(span.start_time_unix_nano),
        )
        .field("end_time_unix_nano", Json::integer(span.end_time_unix_nano))
        .field("attributes", attributes(&span.attributes))
        .field("dropped_attributes_count", dropped_attributes)
        .field("events", Json::array(&span.events, event))
        .field("dropped_events_count", dropped_events)
        .field("links", Json::array(&span.links, link))
        .field("dropped_links_count", dropped_links)
        .set("status", span.status.as_ref().map(status))
}

fn status(status: &Status) -> Json {
    let code = StatusCode::try_from(status.code).ok();
    let code = Json::Enum(status.code, code.map(|known| known.as_str_name()));
    Json::message()
        .field("message", Json::string(&status.message))
        .field("code", code)
}

fn event(event: &Event) -> Json {
    let dropped = Json::integer(event.dropped_attributes_count);
    Json::message()
        .field("time_unix_nano", Json::integer(event.time_unix_nano))
        .field("name", Json::string(&event.name))
        .field("attributes", attributes(&event.attributes))
        .field("dropped_attributes_count", dropped)
}

fn link(link: &Link) -> Json {
    let dropped = Json::integer(link.dropped_attributes_count);
    Json::message()
        .field("trace_id", trace_id(&link.trace_id))
        .field("span_id", span_id(&link.span_id))
        .field("trace_state", Json::string(&link.trace_state))
        .field("attributes", attributes(&link.attributes))
        .field("dropped_attributes_count", dropped)
        .field("flags", Json::integer(link.flags))
}

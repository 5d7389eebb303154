use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};

use super::groups::{resource, scope, some};
use super::values::{attributes, count, enumeration, id, string, unsigned};
use crate::rng::Rng;

/// Returns a small request that uses everything the messages allow, like
/// [`arbitrary_logs_request`](super::arbitrary_logs_request): empty and missing events, links and
/// statuses, spans without ids, and times in any order.
pub fn arbitrary_traces_request(rng: &mut Rng) -> ExportTraceServiceRequest {
    ExportTraceServiceRequest {
        resource_spans: some(rng, 4, resource_spans),
    }
}

fn resource_spans(rng: &mut Rng) -> ResourceSpans {
    ResourceSpans {
        resource: resource(rng),
        scope_spans: some(rng, 4, scope_spans),
        schema_url: string(rng),
    }
}

fn scope_spans(rng: &mut Rng) -> ScopeSpans {
    ScopeSpans {
        scope: scope(rng),
        spans: some(rng, 5, span),
        schema_url: string(rng),
    }
}

fn span(rng: &mut Rng) -> Span {
    Span {
        trace_id: id(rng, 16),
        span_id: id(rng, 8),
        trace_state: string(rng),
        parent_span_id: id(rng, 8),
        flags: count(rng),
        name: string(rng),
        kind: enumeration(rng, 6),
        start_time_unix_nano: unsigned(rng),
        end_time_unix_nano: unsigned(rng),
        attributes: attributes(rng),
        dropped_attributes_count: count(rng),
        events: some(rng, 4, event),
        dropped_events_count: count(rng),
        links: some(rng, 4, link),
        dropped_links_count: count(rng),
        status: rng.chance(0.7).then(|| Status {
            message: string(rng),
            code: enumeration(rng, 3),
        }),
    }
}

fn event(rng: &mut Rng) -> Event {
    Event {
        time_unix_nano: unsigned(rng),
        name: string(rng),
        attributes: attributes(rng),
        dropped_attributes_count: count(rng),
    }
}

fn link(rng: &mut Rng) -> Link {
    Link {
        trace_id: id(rng, 16),
        span_id: id(rng, 8),
        trace_state: string(rng),
        attributes: attributes(rng),
        dropped_attributes_count: count(rng),
        flags: count(rng),
    }
}

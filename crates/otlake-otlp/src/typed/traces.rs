use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link};
use otlake_row::{Row, RowSink, Signal, Value};

use super::common::{self, entries, list, push_attributes};
use crate::attributes::Attributes;
use crate::record;
use crate::run::{Arenas, Run, Walk};
use crate::values::Values;

super::request! {
    ExportTraceServiceRequest, resource_spans, scope_spans,
    |run, arenas, groups, scope_spans| {
        for span in &scope_spans.spans {
            run.record(Signal::Traces, groups, &arenas.record, |attributes, row| {
                push_span(span, attributes, row);
                Ok(())
            })?;
            arenas.record.reset();
        }
    }
}

fn push_span<'r>(typed: &'r Span, attributes: &mut Attributes<'_, 'r>, row: &mut Row<'r>) {
    push_attributes(&typed.attributes, attributes, row);
    let values = &mut attributes.values;
    let status = typed.status.as_ref();
    let fields = record::Span {
        trace_id: values.id(&typed.trace_id),
        span_id: values.id(&typed.span_id),
        trace_state: values.text(&typed.trace_state),
        parent_span_id: values.id(&typed.parent_span_id),
        flags: typed.flags,
        name: values.text(&typed.name),
        kind: typed.kind,
        start_time_unix_nano: typed.start_time_unix_nano,
        end_time_unix_nano: typed.end_time_unix_nano,
        dropped_attributes_count: typed.dropped_attributes_count,
        events: list(&typed.events, values, event),
        dropped_events_count: typed.dropped_events_count,
        links: list(&typed.links, values, link),
        dropped_links_count: typed.dropped_links_count,
        status_code: status.map_or(0, |status| status.code),
        status_message: status.map_or("", |status| values.text(&status.message)),
    };
    fields.push(values, row);
}

fn event<'r>(typed: &'r Event, values: &mut Values<'r>) -> Value<'r> {
    let fields = record::Event {
        time_unix_nano: typed.time_unix_nano,
        name: values.text(&typed.name),
        attributes: entries(&typed.attributes, values, 0),
        dropped_attributes_count: typed.dropped_attributes_count,
    };
    fields.into_value(values)
}

fn link<'r>(typed: &'r Link, values: &mut Values<'r>) -> Value<'r> {
    let fields = record::Link {
        trace_id: values.id(&typed.trace_id),
        span_id: values.id(&typed.span_id),
        trace_state: values.text(&typed.trace_state),
        attributes: entries(&typed.attributes, values, 0),
        dropped_attributes_count: typed.dropped_attributes_count,
        flags: typed.flags,
    };
    fields.into_value(values)
}

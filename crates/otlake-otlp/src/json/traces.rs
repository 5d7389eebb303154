//! trace.proto: `ExportTraceServiceRequest` and `TracesData`, which have the same members.

use bumpalo::Bump;
use bumpalo::collections::Vec as BumpVec;
use otlake_row::{Row, RowSink, Signal, Value, enums};

use super::common::{push_entries, push_items, record_attributes};
use super::export::Export;
use super::node::Node;
use crate::attributes::Attributes;
use crate::error::{Result, Within};
use crate::record;
use crate::run::{Groups, Run, Walk};
use crate::values::Values;

pub(crate) struct Traces;

impl Export for Traces {
    const SIGNAL: Signal = Signal::Traces;
    const SCOPES: &'static [&'static str] = &[
        "scopeSpans",
        "scope_spans",
        "instrumentationLibrarySpans",
        "instrumentation_library_spans",
    ];
    const ITEMS: &'static [&'static str] = &["spans"];

    #[inline]
    fn item<S: RowSink>(
        run: &mut Run<'_, S>,
        node: Node<'_>,
        groups: Groups<'_>,
        _metric: &mut Bump,
        arena: &mut Bump,
    ) -> Walk<S::Error> {
        run.record(Signal::Traces, groups, arena, |attributes, row| {
            let node = node.with_arena(attributes.values.arena);
            span(node, attributes, row)
        })?;
        arena.reset();
        Ok(())
    }
}

#[inline]
fn span<'r>(node: Node<'r>, attributes: &mut Attributes<'_, 'r>, row: &mut Row<'r>) -> Result<()> {
    let mut fields = record::Span::default();
    let arena = attributes.values.arena;
    let (mut events, mut links) = (BumpVec::new_in(arena), BumpVec::new_in(arena));
    for (name, node) in node.members()? {
        let values = &mut attributes.values;
        match name {
            b"attributes" => {
                record_attributes(node, attributes, row)?;
            }
            b"traceId" | b"trace_id" => {
                fields.trace_id = values.id(node.trace_id().within("traceId")?);
            }
            b"spanId" | b"span_id" => {
                fields.span_id = values.id(node.span_id().within("spanId")?);
            }
            b"parentSpanId" | b"parent_span_id" => {
                fields.parent_span_id = values.id(node.span_id().within("parentSpanId")?);
            }
            b"traceState" | b"trace_state" => {
                fields.trace_state = values.string(node.text().within("traceState")?);
            }
            b"flags" => fields.flags = node.unsigned32().within("flags")?,
            b"name" => fields.name = values.string(node.text().within("name")?),
            b"kind" => fields.kind = node.enumeration(enums::SPAN_KIND).within("kind")?,
            b"startTimeUnixNano" | b"start_time_unix_nano" => {
                fields.start_time_unix_nano = node.unsigned64().within("startTimeUnixNano")?;
            }
            b"endTimeUnixNano" | b"end_time_unix_nano" => {
                fields.end_time_unix_nano = node.unsigned64().within("endTimeUnixNano")?;
            }
            b"droppedAttributesCount" | b"dropped_attributes_count" => {
                fields.dropped_attributes_count =
                    node.unsigned32().within("droppedAttributesCount")?;
            }
            b"events" => push_items(node, values, &mut events, "events", event)?,
            b"droppedEventsCount" | b"dropped_events_count" => {
                fields.dropped_events_count = node.unsigned32().within("droppedEventsCount")?;
            }
            b"links" => push_items(node, values, &mut links, "links", link)?,
            b"droppedLinksCount" | b"dropped_links_count" => {
                fields.dropped_links_count = node.unsigned32().within("droppedLinksCount")?;
            }
            b"status" => status(node, values, &mut fields).within("status")?,
            _ => values.unknown(node.text_from_here()),
        }
    }
    fields.events = events.into_bump_slice();
    fields.links = links.into_bump_slice();
    fields.push(&attributes.values, row);
    Ok(())
}

/// Reads a `Status`, which merges with an earlier one.
fn status<'r>(
    node: Node<'r>,
    values: &mut Values<'r>,
    fields: &mut record::Span<'r>,
) -> Result<()> {
    for (name, node) in node.members()? {
        match name {
            b"message" => fields.status_message = values.string(node.text().within("message")?),
            b"code" => fields.status_code = node.enumeration(enums::STATUS_CODE).within("code")?,
            _ => values.unknown(node.text_from_here()),
        }
    }
    Ok(())
}

fn event<'r>(node: Node<'r>, values: &mut Values<'r>) -> Result<Value<'r>> {
    let mut fields = record::Event::default();
    let mut attributes = BumpVec::new_in(values.arena);
    for (name, node) in node.members()? {
        match name {
            b"timeUnixNano" | b"time_unix_nano" => {
                fields.time_unix_nano = node.unsigned64().within("timeUnixNano")?;
            }
            b"name" => fields.name = values.string(node.text().within("name")?),
            b"attributes" => push_entries(node, values, &mut attributes, 0, "attributes")?,
            b"droppedAttributesCount" | b"dropped_attributes_count" => {
                fields.dropped_attributes_count =
                    node.unsigned32().within("droppedAttributesCount")?;
            }
            _ => values.unknown(node.text_from_here()),
        }
    }
    fields.attributes = attributes.into_bump_slice();
    Ok(fields.into_value(values))
}

fn link<'r>(node: Node<'r>, values: &mut Values<'r>) -> Result<Value<'r>> {
    let mut fields = record::Link::default();
    let mut attributes = BumpVec::new_in(values.arena);
    for (name, node) in node.members()? {
        match name {
            b"traceId" | b"trace_id" => {
                fields.trace_id = values.id(node.trace_id().within("traceId")?);
            }
            b"spanId" | b"span_id" => {
                fields.span_id = values.id(node.span_id().within("spanId")?);
            }
            b"traceState" | b"trace_state" => {
                fields.trace_state = values.string(node.text().within("traceState")?);
            }
            b"attributes" => push_entries(node, values, &mut attributes, 0, "attributes")?,
            b"droppedAttributesCount" | b"dropped_attributes_count" => {
                fields.dropped_attributes_count =
                    node.unsigned32().within("droppedAttributesCount")?;
            }
            b"flags" => fields.flags = node.unsigned32().within("flags")?,
            _ => values.unknown(node.text_from_here()),
        }
    }
    fields.attributes = attributes.into_bump_slice();
    Ok(fields.into_value(values))
}

//! trace.proto: `ExportTraceServiceRequest` and `TracesData`, which are the same on the wire.

use bumpalo::Bump;
use bumpalo::collections::Vec as BumpVec;
use otlake_row::{Row, RowSink, Signal, Value};

use super::common::{push_attribute, push_message};
use super::export::Export;
use super::wire::{Reader, fields};
use crate::attributes::Attributes;
use crate::error::{Result, Within};
use crate::record;
use crate::run::{Groups, Run, Walk};
use crate::values::Values;

pub(crate) struct Traces;

impl Export for Traces {
    const SIGNAL: Signal = Signal::Traces;
    const RESOURCES: &'static str = "resource_spans";
    const SCOPES: &'static str = "scope_spans";
    const ITEMS: &'static str = "spans";

    #[inline]
    fn item<S: RowSink>(
        run: &mut Run<'_, S>,
        bytes: &[u8],
        groups: Groups<'_>,
        _metric: &mut Bump,
        arena: &mut Bump,
    ) -> Walk<S::Error> {
        run.record(Signal::Traces, groups, arena, |attributes, row| {
            span(bytes, attributes, row)
        })?;
        arena.reset();
        Ok(())
    }
}

/// The fields of `Span`.
pub(crate) mod span {
    super::fields! {
        TRACE_ID = delimited(1),
        SPAN_ID = delimited(2),
        TRACE_STATE = delimited(3),
        PARENT_SPAN_ID = delimited(4),
        NAME = delimited(5),
        KIND = varint(6),
        START_TIME_UNIX_NANO = fixed64(7),
        END_TIME_UNIX_NANO = fixed64(8),
        ATTRIBUTES = delimited(9),
        DROPPED_ATTRIBUTES_COUNT = varint(10),
        EVENTS = delimited(11),
        DROPPED_EVENTS_COUNT = varint(12),
        LINKS = delimited(13),
        DROPPED_LINKS_COUNT = varint(14),
        STATUS = delimited(15),
        FLAGS = fixed32(16),
    }
}

#[inline]
fn span<'r>(bytes: &'r [u8], attributes: &mut Attributes<'_, 'r>, row: &mut Row<'r>) -> Result<()> {
    let mut fields = record::Span::default();
    let arena = attributes.values.arena;
    let (mut events, mut links) = (BumpVec::new_in(arena), BumpVec::new_in(arena));
    let mut reader = Reader::new(bytes);
    while !reader.is_empty() {
        let tag = reader.tag()?;
        let values = &mut attributes.values;
        match tag {
            span::ATTRIBUTES => push_attribute(&mut reader, attributes, row)?,
            span::TRACE_ID => {
                fields.trace_id = values.id(reader.delimited().within("trace_id")?);
            }
            span::SPAN_ID => fields.span_id = values.id(reader.delimited().within("span_id")?),
            span::PARENT_SPAN_ID => {
                fields.parent_span_id = values.id(reader.delimited().within("parent_span_id")?);
            }
            span::TRACE_STATE => {
                fields.trace_state = values.string(reader.delimited().within("trace_state")?);
            }
            span::FLAGS => fields.flags = reader.fixed32().within("flags")?,
            span::NAME => fields.name = values.string(reader.delimited().within("name")?),
            span::KIND => fields.kind = reader.varint().within("kind")? as i32,
            span::START_TIME_UNIX_NANO => {
                fields.start_time_unix_nano = reader.fixed64().within("start_time_unix_nano")?;
            }
            span::END_TIME_UNIX_NANO => {
                fields.end_time_unix_nano = reader.fixed64().within("end_time_unix_nano")?;
            }
            span::DROPPED_ATTRIBUTES_COUNT => {
                fields.dropped_attributes_count =
                    reader.varint().within("dropped_attributes_count")? as u32;
            }
            span::EVENTS => {
                push_message(&mut reader, values, &mut events, "events", event)?;
            }
            span::DROPPED_EVENTS_COUNT => {
                fields.dropped_events_count =
                    reader.varint().within("dropped_events_count")? as u32;
            }
            span::LINKS => {
                push_message(&mut reader, values, &mut links, "links", link)?;
            }
            span::DROPPED_LINKS_COUNT => {
                fields.dropped_links_count = reader.varint().within("dropped_links_count")? as u32;
            }
            span::STATUS => reader
                .delimited()
                .and_then(|bytes| status(bytes, values, &mut fields))
                .within("status")?,
            _ => attributes.values.skip(&mut reader, tag, span::KNOWN)?,
        }
    }
    fields.events = events.into_bump_slice();
    fields.links = links.into_bump_slice();
    fields.push(&attributes.values, row);
    Ok(())
}

/// Reads a `Status`, which merges with an earlier one.
fn status<'r>(
    bytes: &'r [u8],
    values: &mut Values<'r>,
    fields: &mut record::Span<'r>,
) -> Result<()> {
    fields! {
        MESSAGE = delimited(2),
        CODE = varint(3),
    }
    let mut reader = Reader::new(bytes);
    while !reader.is_empty() {
        match reader.tag()? {
            MESSAGE => {
                fields.status_message = values.string(reader.delimited().within("message")?);
            }
            CODE => fields.status_code = reader.varint().within("code")? as i32,
            tag => values.skip(&mut reader, tag, KNOWN)?,
        }
    }
    Ok(())
}

fn event<'r>(bytes: &'r [u8], values: &mut Values<'r>) -> Result<Value<'r>> {
    fields! {
        TIME_UNIX_NANO = fixed64(1),
        NAME = delimited(2),
        ATTRIBUTES = delimited(3),
        DROPPED_ATTRIBUTES_COUNT = varint(4),
    }
    let mut fields = record::Event::default();
    let mut attributes = BumpVec::new_in(values.arena);
    let mut reader = Reader::new(bytes);
    while !reader.is_empty() {
        match reader.tag()? {
            TIME_UNIX_NANO => fields.time_unix_nano = reader.fixed64().within("time_unix_nano")?,
            NAME => fields.name = values.string(reader.delimited().within("name")?),
            ATTRIBUTES => {
                values.push_entry(&mut reader, &mut attributes, "attributes")?;
            }
            DROPPED_ATTRIBUTES_COUNT => {
                fields.dropped_attributes_count =
                    reader.varint().within("dropped_attributes_count")? as u32;
            }
            tag => values.skip(&mut reader, tag, KNOWN)?,
        }
    }
    fields.attributes = attributes.into_bump_slice();
    Ok(fields.into_value(values))
}

fn link<'r>(bytes: &'r [u8], values: &mut Values<'r>) -> Result<Value<'r>> {
    fields! {
        TRACE_ID = delimited(1),
        SPAN_ID = delimited(2),
        TRACE_STATE = delimited(3),
        ATTRIBUTES = delimited(4),
        DROPPED_ATTRIBUTES_COUNT = varint(5),
        FLAGS = fixed32(6),
    }
    let mut fields = record::Link::default();
    let mut attributes = BumpVec::new_in(values.arena);
    let mut reader = Reader::new(bytes);
    while !reader.is_empty() {
        match reader.tag()? {
            TRACE_ID => fields.trace_id = values.id(reader.delimited().within("trace_id")?),
            SPAN_ID => fields.span_id = values.id(reader.delimited().within("span_id")?),
            TRACE_STATE => {
                fields.trace_state = values.string(reader.delimited().within("trace_state")?);
            }
            ATTRIBUTES => {
                values.push_entry(&mut reader, &mut attributes, "attributes")?;
            }
            DROPPED_ATTRIBUTES_COUNT => {
                fields.dropped_attributes_count =
                    reader.varint().within("dropped_attributes_count")? as u32;
            }
            FLAGS => fields.flags = reader.fixed32().within("flags")?,
            tag => values.skip(&mut reader, tag, KNOWN)?,
        }
    }
    fields.attributes = attributes.into_bump_slice();
    Ok(fields.into_value(values))
}

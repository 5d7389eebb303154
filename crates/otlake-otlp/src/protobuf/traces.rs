//! trace.proto: `ExportTraceServiceRequest` and `TracesData`, which are the same on the wire.

use bumpalo::Bump;
use bumpalo::collections::Vec as BumpVec;
use otlake_row::{Row, RowSink, Signal, Value};

use super::common::{attribute, push_message};
use super::export::Export;
use super::wire::{Reader, delimited, fixed32, fixed64, varint};
use crate::attributes::Attributes;
use crate::error::{Result, Within};
use crate::record;
use crate::run::{Groups, Run, Walk};
use crate::values::Values;

pub(crate) struct Traces;

impl Export for Traces {
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
            Span::read(bytes, attributes, row)
        })?;
        arena.reset();
        Ok(())
    }
}

struct Span;

impl Span {
    const TRACE_ID: u32 = delimited(1);
    const SPAN_ID: u32 = delimited(2);
    const TRACE_STATE: u32 = delimited(3);
    const PARENT_SPAN_ID: u32 = delimited(4);
    const NAME: u32 = delimited(5);
    const KIND: u32 = varint(6);
    const START_TIME_UNIX_NANO: u32 = fixed64(7);
    const END_TIME_UNIX_NANO: u32 = fixed64(8);
    const ATTRIBUTES: u32 = delimited(9);
    const DROPPED_ATTRIBUTES_COUNT: u32 = varint(10);
    const EVENTS: u32 = delimited(11);
    const DROPPED_EVENTS_COUNT: u32 = varint(12);
    const LINKS: u32 = delimited(13);
    const DROPPED_LINKS_COUNT: u32 = varint(14);
    const STATUS: u32 = delimited(15);
    const FLAGS: u32 = fixed32(16);
    const KNOWN: &[u32] = &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16];

    #[inline]
    fn read<'r>(
        bytes: &'r [u8],
        attributes: &mut Attributes<'_, 'r>,
        row: &mut Row<'r>,
    ) -> Result<()> {
        let mut fields = record::Span::default();
        let arena = attributes.values.arena;
        let (mut events, mut links) = (BumpVec::new_in(arena), BumpVec::new_in(arena));
        let mut reader = Reader::new(bytes);
        while !reader.is_empty() {
            let tag = reader.tag()?;
            let values = &mut attributes.values;
            match tag {
                Self::ATTRIBUTES => {
                    let bytes = reader.delimited().within("attributes")?;
                    if let Some(cell) = attribute(bytes, attributes)? {
                        row.push(cell.key, cell.value);
                    }
                }
                Self::TRACE_ID => {
                    fields.trace_id = values.id(reader.delimited().within("trace_id")?);
                }
                Self::SPAN_ID => {
                    fields.span_id = values.id(reader.delimited().within("span_id")?)
                }
                Self::PARENT_SPAN_ID => {
                    fields.parent_span_id =
                        values.id(reader.delimited().within("parent_span_id")?);
                }
                Self::TRACE_STATE => {
                    fields.trace_state = values.string(reader.delimited().within("trace_state")?);
                }
                Self::FLAGS => fields.flags = reader.fixed32().within("flags")?,
                Self::NAME => fields.name = values.string(reader.delimited().within("name")?),
                Self::KIND => fields.kind = reader.varint().within("kind")? as i32,
                Self::START_TIME_UNIX_NANO => {
                    fields.start_time_unix_nano =
                        reader.fixed64().within("start_time_unix_nano")?;
                }
                Self::END_TIME_UNIX_NANO => {
                    fields.end_time_unix_nano = reader.fixed64().within("end_time_unix_nano")?;
                }
                Self::DROPPED_ATTRIBUTES_COUNT => {
                    fields.dropped_attributes_count =
                        reader.varint().within("dropped_attributes_count")? as u32;
                }
                Self::EVENTS => {
                    push_message(&mut reader, values, &mut events, "events", event)?;
                }
                Self::DROPPED_EVENTS_COUNT => {
                    fields.dropped_events_count =
                        reader.varint().within("dropped_events_count")? as u32;
                }
                Self::LINKS => {
                    push_message(&mut reader, values, &mut links, "links", link)?;
                }
                Self::DROPPED_LINKS_COUNT => {
                    fields.dropped_links_count =
                        reader.varint().within("dropped_links_count")? as u32;
                }
                Self::STATUS => reader
                    .delimited()
                    .and_then(|bytes| status(bytes, values, &mut fields))
                    .within("status")?,
                _ => reader.skip(tag, Self::KNOWN)?,
            }
        }
        fields.events = events.into_bump_slice();
        fields.links = links.into_bump_slice();
        fields.push(&attributes.values, row);
        Ok(())
    }
}

/// A `Status`, on top of what an earlier one said: messages merge.
fn status<'r>(
    bytes: &'r [u8],
    values: &mut Values<'r>,
    fields: &mut record::Span<'r>,
) -> Result<()> {
    const MESSAGE: u32 = delimited(2);
    const CODE: u32 = varint(3);
    let mut reader = Reader::new(bytes);
    while !reader.is_empty() {
        match reader.tag()? {
            MESSAGE => {
                fields.status_message = values.string(reader.delimited().within("message")?);
            }
            CODE => fields.status_code = reader.varint().within("code")? as i32,
            tag => reader.skip(tag, &[2, 3])?,
        }
    }
    Ok(())
}

fn event<'r>(bytes: &'r [u8], values: &mut Values<'r>) -> Result<Value<'r>> {
    const TIME_UNIX_NANO: u32 = fixed64(1);
    const NAME: u32 = delimited(2);
    const ATTRIBUTES: u32 = delimited(3);
    const DROPPED_ATTRIBUTES_COUNT: u32 = varint(4);
    let mut fields = record::Event::default();
    let mut attributes = BumpVec::new_in(values.arena);
    let mut reader = Reader::new(bytes);
    while !reader.is_empty() {
        match reader.tag()? {
            TIME_UNIX_NANO => fields.time_unix_nano = reader.fixed64().within("time_unix_nano")?,
            NAME => fields.name = values.string(reader.delimited().within("name")?),
            ATTRIBUTES => {
                let bytes = reader.delimited().within("attributes")?;
                values.push_entry(&mut attributes, bytes, "attributes")?;
            }
            DROPPED_ATTRIBUTES_COUNT => {
                fields.dropped_attributes_count =
                    reader.varint().within("dropped_attributes_count")? as u32;
            }
            tag => reader.skip(tag, &[1, 2, 3, 4])?,
        }
    }
    fields.attributes = attributes.into_bump_slice();
    Ok(fields.into_value(values))
}

fn link<'r>(bytes: &'r [u8], values: &mut Values<'r>) -> Result<Value<'r>> {
    const TRACE_ID: u32 = delimited(1);
    const SPAN_ID: u32 = delimited(2);
    const TRACE_STATE: u32 = delimited(3);
    const ATTRIBUTES: u32 = delimited(4);
    const DROPPED_ATTRIBUTES_COUNT: u32 = varint(5);
    const FLAGS: u32 = fixed32(6);
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
                let bytes = reader.delimited().within("attributes")?;
                values.push_entry(&mut attributes, bytes, "attributes")?;
            }
            DROPPED_ATTRIBUTES_COUNT => {
                fields.dropped_attributes_count =
                    reader.varint().within("dropped_attributes_count")? as u32;
            }
            FLAGS => fields.flags = reader.fixed32().within("flags")?,
            tag => reader.skip(tag, &[1, 2, 3, 4, 5, 6])?,
        }
    }
    fields.attributes = attributes.into_bump_slice();
    Ok(fields.into_value(values))
}

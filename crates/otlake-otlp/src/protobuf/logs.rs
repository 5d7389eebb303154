//! logs.proto: `ExportLogsServiceRequest` and `LogsData`, which are the same on the wire.

use bumpalo::Bump;
use otlake_row::{Row, RowSink, Signal};

use super::common::attribute;
use super::export::Export;
use super::wire::{Reader, delimited, fixed32, fixed64, varint};
use crate::attributes::Attributes;
use crate::error::{Result, Within};
use crate::record;
use crate::run::{Groups, Run, Walk};

pub(crate) struct Logs;

impl Export for Logs {
    const RESOURCES: &'static str = "resource_logs";
    const SCOPES: &'static str = "scope_logs";
    const ITEMS: &'static str = "log_records";

    #[inline]
    fn item<S: RowSink>(
        run: &mut Run<'_, S>,
        bytes: &[u8],
        groups: Groups<'_>,
        _metric: &mut Bump,
        arena: &mut Bump,
    ) -> Walk<S::Error> {
        run.record(Signal::Logs, groups, arena, |attributes, row| {
            LogRecord::read(bytes, attributes, row)
        })?;
        arena.reset();
        Ok(())
    }
}

struct LogRecord;

impl LogRecord {
    const TIME_UNIX_NANO: u32 = fixed64(1);
    const SEVERITY_NUMBER: u32 = varint(2);
    const SEVERITY_TEXT: u32 = delimited(3);
    const BODY: u32 = delimited(5);
    const ATTRIBUTES: u32 = delimited(6);
    const DROPPED_ATTRIBUTES_COUNT: u32 = varint(7);
    const FLAGS: u32 = fixed32(8);
    const TRACE_ID: u32 = delimited(9);
    const SPAN_ID: u32 = delimited(10);
    const OBSERVED_TIME_UNIX_NANO: u32 = fixed64(11);
    const EVENT_NAME: u32 = delimited(12);
    const KNOWN: &[u32] = &[1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12];

    #[inline]
    fn read<'r>(
        bytes: &'r [u8],
        attributes: &mut Attributes<'_, 'r>,
        row: &mut Row<'r>,
    ) -> Result<()> {
        // Of a field that comes more than once the last counts, so they are pushed at the end.
        let mut fields = record::LogRecord::default();
        let mut reader = Reader::new(bytes);
        while !reader.is_empty() {
            let tag = reader.tag()?;
            match tag {
                Self::ATTRIBUTES => {
                    let bytes = reader.delimited().within("attributes")?;
                    if let Some(cell) = attribute(bytes, attributes)? {
                        row.push(cell.key, cell.value);
                    }
                }
                Self::TIME_UNIX_NANO => {
                    fields.time_unix_nano = reader.fixed64().within("time_unix_nano")?;
                }
                Self::OBSERVED_TIME_UNIX_NANO => {
                    fields.observed_time_unix_nano =
                        reader.fixed64().within("observed_time_unix_nano")?;
                }
                Self::SEVERITY_NUMBER => {
                    fields.severity_number = reader.varint().within("severity_number")? as i32;
                }
                Self::SEVERITY_TEXT => {
                    let text = reader.delimited().within("severity_text")?;
                    fields.severity_text = attributes.values.string(text);
                }
                Self::BODY => {
                    let before = fields.body.unwrap_or_default();
                    let body = reader
                        .delimited()
                        .and_then(|bytes| attributes.values.any_value(bytes, before, 0));
                    fields.body = Some(body.within("body")?);
                }
                Self::DROPPED_ATTRIBUTES_COUNT => {
                    fields.dropped_attributes_count =
                        reader.varint().within("dropped_attributes_count")? as u32;
                }
                Self::FLAGS => fields.flags = reader.fixed32().within("flags")?,
                Self::TRACE_ID => {
                    let id = reader.delimited().within("trace_id")?;
                    fields.trace_id = attributes.values.id(id);
                }
                Self::SPAN_ID => {
                    let id = reader.delimited().within("span_id")?;
                    fields.span_id = attributes.values.id(id);
                }
                Self::EVENT_NAME => {
                    let name = reader.delimited().within("event_name")?;
                    fields.event_name = attributes.values.string(name);
                }
                _ => reader.skip(tag, Self::KNOWN)?,
            }
        }
        fields.push(&attributes.values, row);
        Ok(())
    }
}

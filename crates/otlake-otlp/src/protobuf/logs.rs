//! logs.proto: `ExportLogsServiceRequest` and `LogsData`, which are the same on the wire.

use bumpalo::Bump;
use otlake_row::{Row, RowSink, Signal};

use super::common::push_attribute;
use super::export::Export;
use super::wire::{Reader, fields};
use crate::attributes::Attributes;
use crate::error::{Result, Within};
use crate::record;
use crate::run::{Groups, Run, Walk};

pub(crate) struct Logs;

impl Export for Logs {
    const SIGNAL: Signal = Signal::Logs;
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
            log_record(bytes, attributes, row)
        })?;
        arena.reset();
        Ok(())
    }
}

/// The fields of `LogRecord`.
pub(crate) mod log_record {
    super::fields! {
        TIME_UNIX_NANO = fixed64(1),
        SEVERITY_NUMBER = varint(2),
        SEVERITY_TEXT = delimited(3),
        BODY = delimited(5),
        ATTRIBUTES = delimited(6),
        DROPPED_ATTRIBUTES_COUNT = varint(7),
        FLAGS = fixed32(8),
        TRACE_ID = delimited(9),
        SPAN_ID = delimited(10),
        OBSERVED_TIME_UNIX_NANO = fixed64(11),
        EVENT_NAME = delimited(12),
    }
}

#[inline]
fn log_record<'r>(
    bytes: &'r [u8],
    attributes: &mut Attributes<'_, 'r>,
    row: &mut Row<'r>,
) -> Result<()> {
    // If a field is sent more than once, the last one counts, so the fields are pushed at the end.
    let mut fields = record::LogRecord::default();
    let mut reader = Reader::new(bytes);
    while !reader.is_empty() {
        let tag = reader.tag()?;
        match tag {
            log_record::ATTRIBUTES => push_attribute(&mut reader, attributes, row)?,
            log_record::TIME_UNIX_NANO => {
                fields.time_unix_nano = reader.fixed64().within("time_unix_nano")?;
            }
            log_record::OBSERVED_TIME_UNIX_NANO => {
                fields.observed_time_unix_nano =
                    reader.fixed64().within("observed_time_unix_nano")?;
            }
            log_record::SEVERITY_NUMBER => {
                fields.severity_number = reader.varint().within("severity_number")? as i32;
            }
            log_record::SEVERITY_TEXT => {
                let text = reader.delimited().within("severity_text")?;
                fields.severity_text = attributes.values.string(text);
            }
            log_record::BODY => {
                let before = fields.body.unwrap_or_default();
                let body = reader
                    .delimited()
                    .and_then(|bytes| attributes.values.any_value(bytes, before, 0));
                fields.body = Some(body.within("body")?);
            }
            log_record::DROPPED_ATTRIBUTES_COUNT => {
                fields.dropped_attributes_count =
                    reader.varint().within("dropped_attributes_count")? as u32;
            }
            log_record::FLAGS => fields.flags = reader.fixed32().within("flags")?,
            log_record::TRACE_ID => {
                let id = reader.delimited().within("trace_id")?;
                fields.trace_id = attributes.values.id(id);
            }
            log_record::SPAN_ID => {
                let id = reader.delimited().within("span_id")?;
                fields.span_id = attributes.values.id(id);
            }
            log_record::EVENT_NAME => {
                let name = reader.delimited().within("event_name")?;
                fields.event_name = attributes.values.string(name);
            }
            _ => attributes
                .values
                .skip(&mut reader, tag, log_record::KNOWN)?,
        }
    }
    fields.push(&attributes.values, row);
    Ok(())
}

//! logs.proto: `ExportLogsServiceRequest` and `LogsData`, which have the same members.

use bumpalo::Bump;
use otlake_row::{Row, RowSink, Signal, enums};

use super::common::{any_value, record_attributes};
use super::export::Export;
use super::node::Node;
use crate::attributes::Attributes;
use crate::error::{Result, Within};
use crate::record;
use crate::run::{Groups, Run, Walk};

pub(crate) struct Logs;

impl Export for Logs {
    const SIGNAL: Signal = Signal::Logs;
    const SCOPES: &'static [&'static str] = &[
        "scopeLogs",
        "scope_logs",
        "instrumentationLibraryLogs",
        "instrumentation_library_logs",
    ];
    const ITEMS: &'static [&'static str] = &["logRecords", "log_records", "logs"];

    #[inline]
    fn item<S: RowSink>(
        run: &mut Run<'_, S>,
        node: Node<'_>,
        groups: Groups<'_>,
        _metric: &mut Bump,
        arena: &mut Bump,
    ) -> Walk<S::Error> {
        run.record(Signal::Logs, groups, arena, |attributes, row| {
            let node = node.with_arena(attributes.values.arena);
            log_record(node, attributes, row)
        })?;
        arena.reset();
        Ok(())
    }
}

#[inline]
fn log_record<'r>(
    node: Node<'r>,
    attributes: &mut Attributes<'_, 'r>,
    row: &mut Row<'r>,
) -> Result<()> {
    // If a member is sent more than once, the last one counts, so the fields are pushed at the end.
    let mut fields = record::LogRecord::default();
    for (name, node) in node.members()? {
        let values = &mut attributes.values;
        match name {
            b"attributes" => {
                record_attributes(node, attributes, row)?;
            }
            b"timeUnixNano" | b"time_unix_nano" => {
                fields.time_unix_nano = node.unsigned64().within("timeUnixNano")?;
            }
            b"observedTimeUnixNano" | b"observed_time_unix_nano" => {
                fields.observed_time_unix_nano =
                    node.unsigned64().within("observedTimeUnixNano")?;
            }
            b"severityNumber" | b"severity_number" => {
                fields.severity_number = node
                    .enumeration(enums::SEVERITY_NUMBER)
                    .within("severityNumber")?;
            }
            b"severityText" | b"severity_text" => {
                fields.severity_text = values.string(node.text().within("severityText")?);
            }
            b"body" => {
                let before = fields.body.unwrap_or_default();
                fields.body = Some(any_value(node, values, before, 0).within("body")?);
            }
            b"droppedAttributesCount" | b"dropped_attributes_count" => {
                fields.dropped_attributes_count =
                    node.unsigned32().within("droppedAttributesCount")?;
            }
            b"flags" => fields.flags = node.unsigned32().within("flags")?,
            b"traceId" | b"trace_id" => {
                fields.trace_id = values.id(node.trace_id().within("traceId")?);
            }
            b"spanId" | b"span_id" => {
                fields.span_id = values.id(node.span_id().within("spanId")?);
            }
            b"eventName" | b"event_name" => {
                fields.event_name = values.string(node.text().within("eventName")?);
            }
            _ => values.unknown(node.text_from_here()),
        }
    }
    fields.push(&attributes.values, row);
    Ok(())
}

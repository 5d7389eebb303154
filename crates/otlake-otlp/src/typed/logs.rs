use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use otlake_row::{Row, RowSink, Signal};

use super::common::{self, any_value, push_attributes};
use crate::attributes::Attributes;
use crate::record;
use crate::run::{Arenas, Run, Walk};

super::request! {
    ExportLogsServiceRequest, resource_logs, scope_logs,
    |run, arenas, groups, scope_logs| {
        for log_record in &scope_logs.log_records {
            run.record(Signal::Logs, groups, &arenas.record, |attributes, row| {
                push_log_record(log_record, attributes, row);
                Ok(())
            })?;
            arenas.record.reset();
        }
    }
}

fn push_log_record<'r>(
    typed: &'r LogRecord,
    attributes: &mut Attributes<'_, 'r>,
    row: &mut Row<'r>,
) {
    push_attributes(&typed.attributes, attributes, row);
    let values = &mut attributes.values;
    let fields = record::LogRecord {
        time_unix_nano: typed.time_unix_nano,
        observed_time_unix_nano: typed.observed_time_unix_nano,
        severity_number: typed.severity_number,
        severity_text: values.text(&typed.severity_text),
        body: typed.body.as_ref().map(|body| any_value(body, values, 0)),
        event_name: values.text(&typed.event_name),
        trace_id: values.id(&typed.trace_id),
        span_id: values.id(&typed.span_id),
        flags: typed.flags,
        dropped_attributes_count: typed.dropped_attributes_count,
    };
    fields.push(values, row);
}

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use otlake_row::{Row, RowSink, Signal, Summary};

use super::common::{self, any_value, push_attributes};
use crate::LogsDecoder;
use crate::attributes::Attributes;
use crate::record;

impl LogsDecoder {
    /// Turns a request that was decoded already, by a gRPC server say, into rows.
    ///
    /// # Errors
    ///
    /// The sink's; the rows before are delivered.
    pub fn decode_request<S: RowSink>(
        &mut self,
        request: &ExportLogsServiceRequest,
        sink: &mut S,
    ) -> Result<Summary, S::Error> {
        self.state.decode_messages(sink, |run, arenas| {
            for resource_logs in &request.resource_logs {
                arenas.resource.reset();
                let schema_url = &resource_logs.schema_url;
                let resource = run.resource(&arenas.resource, |attributes, fields| {
                    let resource = resource_logs.resource.as_ref();
                    common::resource(resource, schema_url, attributes, fields)
                })?;
                for scope_logs in &resource_logs.scope_logs {
                    arenas.scope.reset();
                    let schema_url = &scope_logs.schema_url;
                    let groups = run.scope(resource, &arenas.scope, |attributes, fields| {
                        common::scope(scope_logs.scope.as_ref(), schema_url, attributes, fields)
                    })?;
                    for log_record in &scope_logs.log_records {
                        run.record(Signal::Logs, groups, &arenas.record, |attributes, row| {
                            push_log_record(log_record, attributes, row);
                            Ok(())
                        })?;
                        arenas.record.reset();
                    }
                }
            }
            Ok(())
        })
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

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::logs::v1::LogRecord;

use super::CanonicalRow;
use super::value::{any_value, attributes};

/// Converts a request decoded by prost to its rows, without any of otlake's decoding.
pub fn canonical_logs(request: &ExportLogsServiceRequest) -> Vec<CanonicalRow> {
    let mut rows = Vec::new();
    for resource in &request.resource_logs {
        let of_resource =
            CanonicalRow::of_resource(resource.resource.as_ref(), &resource.schema_url);
        for scope in &resource.scope_logs {
            let of_scope = of_resource.with_scope(scope.scope.as_ref(), &scope.schema_url);
            let records = scope.log_records.iter();
            rows.extend(records.map(|record| of_scope.with_log_record(record)));
        }
    }
    rows
}

impl CanonicalRow {
    fn with_log_record(&self, record: &LogRecord) -> CanonicalRow {
        let mut row = self.clone();
        row.attributes = attributes(&record.attributes);
        row.unsigned("time_unix_nano", record.time_unix_nano);
        row.unsigned("observed_time_unix_nano", record.observed_time_unix_nano);
        row.int("severity_number", record.severity_number);
        row.string("severity_text", &record.severity_text);
        if let Some(body) = &record.body {
            row.push("body", any_value(Some(body)));
        }
        row.string("event_name", &record.event_name);
        row.bytes("trace_id", &record.trace_id);
        row.bytes("span_id", &record.span_id);
        row.int("flags", record.flags);
        row.int("dropped_attributes_count", record.dropped_attributes_count);
        row.sorted()
    }
}

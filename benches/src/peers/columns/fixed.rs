use std::sync::Arc;

use arrow_array::ArrayRef;
use arrow_array::builder::{
    Int32Builder, StringBuilder, TimestampNanosecondBuilder, UInt32Builder,
};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};

use super::value::{hex, text};

/// The columns that every log record has, one field each.
#[derive(Debug, Default)]
pub(super) struct Fixed {
    timestamp: TimestampNanosecondBuilder,
    observed_timestamp: TimestampNanosecondBuilder,
    severity_number: Int32Builder,
    severity_text: StringBuilder,
    body: StringBuilder,
    event_name: StringBuilder,
    trace_id: StringBuilder,
    span_id: StringBuilder,
    flags: UInt32Builder,
    dropped_attributes_count: UInt32Builder,
    resource_schema_url: StringBuilder,
    scope_name: StringBuilder,
    scope_version: StringBuilder,
    scope_schema_url: StringBuilder,
}

impl Fixed {
    pub(super) fn append(
        &mut self,
        resource_logs: &ResourceLogs,
        scope_logs: &ScopeLogs,
        record: &LogRecord,
    ) {
        self.timestamp.append_option(time(record.time_unix_nano));
        self.observed_timestamp
            .append_option(time(record.observed_time_unix_nano));
        self.severity_number.append_value(record.severity_number);
        append(&mut self.severity_text, &record.severity_text);
        self.body.append_option(
            record
                .body
                .as_ref()
                .and_then(|body| body.value.as_ref())
                .map(text),
        );
        append(&mut self.event_name, &record.event_name);
        append(&mut self.trace_id, &hex(&record.trace_id));
        append(&mut self.span_id, &hex(&record.span_id));
        self.flags.append_value(record.flags);
        self.dropped_attributes_count
            .append_value(record.dropped_attributes_count);
        append(&mut self.resource_schema_url, &resource_logs.schema_url);
        let scope = scope_logs.scope.as_ref();
        append(&mut self.scope_name, scope.map_or("", |scope| &scope.name));
        append(
            &mut self.scope_version,
            scope.map_or("", |scope| &scope.version),
        );
        append(&mut self.scope_schema_url, &scope_logs.schema_url);
    }

    pub(super) fn finish(&mut self) -> Vec<(String, ArrayRef)> {
        let columns: [(&str, ArrayRef); 14] = [
            (
                "timestamp",
                Arc::new(self.timestamp.finish().with_timezone("UTC")),
            ),
            (
                "observed_timestamp",
                Arc::new(self.observed_timestamp.finish().with_timezone("UTC")),
            ),
            ("severity_number", Arc::new(self.severity_number.finish())),
            ("severity_text", Arc::new(self.severity_text.finish())),
            ("body", Arc::new(self.body.finish())),
            ("event_name", Arc::new(self.event_name.finish())),
            ("trace_id", Arc::new(self.trace_id.finish())),
            ("span_id", Arc::new(self.span_id.finish())),
            ("flags", Arc::new(self.flags.finish())),
            (
                "dropped_attributes_count",
                Arc::new(self.dropped_attributes_count.finish()),
            ),
            (
                "resource_schema_url",
                Arc::new(self.resource_schema_url.finish()),
            ),
            ("scope_name", Arc::new(self.scope_name.finish())),
            ("scope_version", Arc::new(self.scope_version.finish())),
            ("scope_schema_url", Arc::new(self.scope_schema_url.finish())),
        ];
        columns
            .into_iter()
            .map(|(name, array)| (name.to_owned(), array))
            .collect()
    }
}

fn time(nanos: u64) -> Option<i64> {
    i64::try_from(nanos).ok().filter(|nanos| *nanos != 0)
}

/// Appends a string. proto3 cannot tell an empty string from an absent one.
fn append(builder: &mut StringBuilder, text: &str) {
    builder.append_option((!text.is_empty()).then_some(text));
}

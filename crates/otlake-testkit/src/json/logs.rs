use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs, SeverityNumber};

use super::common::{any_value, attributes, resource, scope, span_id, trace_id};
use super::document::Json;

pub(super) fn request(request: &ExportLogsServiceRequest) -> Json {
    Json::message().field(
        "resource_logs",
        Json::array(&request.resource_logs, resource_logs),
    )
}

fn resource_logs(logs: &ResourceLogs) -> Json {
    Json::message()
        .set("resource", logs.resource.as_ref().map(resource))
        .field("scope_logs", Json::array(&logs.scope_logs, scope_logs))
        .field("schema_url", Json::string(&logs.schema_url))
}

fn scope_logs(logs: &ScopeLogs) -> Json {
    Json::message()
        .set("scope", logs.scope.as_ref().map(scope))
        .field("log_records", Json::array(&logs.log_records, log_record))
        .field("schema_url", Json::string(&logs.schema_url))
}

fn log_record(record: &LogRecord) -> Json {
    let observed = Json::integer(record.observed_time_unix_nano);
    let dropped = Json::integer(record.dropped_attributes_count);
    Json::message()
        .field("time_unix_nano", Json::integer(record.time_unix_nano))
        .field("observed_time_unix_nano", observed)
        .field("severity_number", severity_number(record.severity_number))
        .field("severity_text", Json::string(&record.severity_text))
        .set("body", record.body.as_ref().map(any_value))
        .field("attributes", attributes(&record.attributes))
        .field("dropped_attributes_count", dropped)
        .field("flags", Json::integer(record.flags))
        .field("trace_id", trace_id(&record.trace_id))
        .field("span_id", span_id(&record.span_id))
        .field("event_name", Json::string(&record.event_name))
}

fn severity_number(number: i32) -> Json {
    let known = SeverityNumber::try_from(number).ok();
    Json::Enum(number, known.map(|known| known.as_str_name()))
}

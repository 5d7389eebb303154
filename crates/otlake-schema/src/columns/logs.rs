use otlake_row::fields;

use super::Absent::{Null, Zero};
use super::FieldKind::{Hex, Int64, Text, Timestamp, Utf8};
use super::{FieldColumn, FieldKind, column};

const TIMESTAMP: FieldKind = Timestamp {
    or: Some(fields::OBSERVED_TIME_UNIX_NANO),
};

#[rustfmt::skip]
pub(super) const COLUMNS: &[FieldColumn] = &[
    column("timestamp", fields::TIME_UNIX_NANO, TIMESTAMP, Null),
    column("time_unix_nano", fields::TIME_UNIX_NANO, Int64, Zero),
    column("observed_time_unix_nano", fields::OBSERVED_TIME_UNIX_NANO, Int64, Zero),
    column("severity_number", fields::SEVERITY_NUMBER, Int64, Zero),
    column("severity_text", fields::SEVERITY_TEXT, Utf8, Null),
    column("body", fields::BODY, Text, Null),
    column("event_name", fields::EVENT_NAME, Utf8, Null),
    column("trace_id", fields::TRACE_ID, Hex, Null),
    column("span_id", fields::SPAN_ID, Hex, Null),
    column("flags", fields::FLAGS, Int64, Zero),
    column("dropped_attributes_count", fields::DROPPED_ATTRIBUTES_COUNT, Int64, Zero),
    column("fingerprint", fields::FINGERPRINT, Int64, Null),
    column("resource_schema_url", fields::RESOURCE_SCHEMA_URL, Utf8, Null),
    column("scope_name", fields::SCOPE_NAME, Utf8, Null),
    column("scope_version", fields::SCOPE_VERSION, Utf8, Null),
    column("scope_schema_url", fields::SCOPE_SCHEMA_URL, Utf8, Null),
];

use otlake_row::fields;

use super::Absent::{Null, Zero};
use super::FieldKind::{Hex, Int64, Text, Timestamp, Utf8};
use super::{FieldColumn, FieldKind, column};

const TIMESTAMP: FieldKind = Timestamp {
    or: Some(fields::OBSERVED_TIME_UNIX_NANO),
};

#[rustfmt::skip]
pub(super) const COLUMNS: &[FieldColumn] = &[
    column(1, "timestamp", fields::TIME_UNIX_NANO, TIMESTAMP, Null),
    column(2, "time_unix_nano", fields::TIME_UNIX_NANO, Int64, Zero),
    column(3, "observed_time_unix_nano", fields::OBSERVED_TIME_UNIX_NANO, Int64, Zero),
    column(4, "severity_number", fields::SEVERITY_NUMBER, Int64, Zero),
    column(5, "severity_text", fields::SEVERITY_TEXT, Utf8, Null),
    column(6, "body", fields::BODY, Text, Null),
    column(7, "event_name", fields::EVENT_NAME, Utf8, Null),
    column(8, "trace_id", fields::TRACE_ID, Hex, Null),
    column(9, "span_id", fields::SPAN_ID, Hex, Null),
    column(10, "flags", fields::FLAGS, Int64, Zero),
    column(11, "dropped_attributes_count", fields::DROPPED_ATTRIBUTES_COUNT, Int64, Zero),
    column(12, "fingerprint", fields::FINGERPRINT, Int64, Null),
    column(13, "resource_schema_url", fields::RESOURCE_SCHEMA_URL, Utf8, Null),
    column(14, "scope_name", fields::SCOPE_NAME, Utf8, Null),
    column(15, "scope_version", fields::SCOPE_VERSION, Utf8, Null),
    column(16, "scope_schema_url", fields::SCOPE_SCHEMA_URL, Utf8, Null),
];

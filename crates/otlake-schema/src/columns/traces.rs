use otlake_row::{enums, fields};

use super::Absent::{Null, Zero};
use super::FieldKind::{Duration, EnumName, Hex, Int64, List, Map, Struct, Timestamp, Utf8};
use super::{FieldColumn, FieldKind, column, member};

/// `Span.SpanKind`
const SPAN_KINDS: FieldKind = EnumName(enums::SPAN_KIND);

/// `Status.StatusCode`
const STATUS_CODES: FieldKind = EnumName(enums::STATUS_CODE);

/// `Span.Event`
const EVENTS: FieldKind = List(&Struct(&[
    member("time_unix_nano", Int64),
    member("name", Utf8),
    member("attributes", Map),
    member("dropped_attributes_count", Int64),
]));

/// `Span.Link`
const LINKS: FieldKind = List(&Struct(&[
    member("trace_id", Hex),
    member("span_id", Hex),
    member("trace_state", Utf8),
    member("attributes", Map),
    member("dropped_attributes_count", Int64),
    member("flags", Int64),
]));

const DURATION: FieldKind = Duration {
    since: fields::START_TIME_UNIX_NANO,
};

#[rustfmt::skip]
pub(super) const COLUMNS: &[FieldColumn] = &[
    column(1, "timestamp", fields::START_TIME_UNIX_NANO, Timestamp { or: None }, Null),
    column(2, "end_timestamp", fields::END_TIME_UNIX_NANO, Timestamp { or: None }, Null),
    column(3, "start_time_unix_nano", fields::START_TIME_UNIX_NANO, Int64, Zero),
    column(4, "end_time_unix_nano", fields::END_TIME_UNIX_NANO, Int64, Zero),
    column(5, "duration_nano", fields::END_TIME_UNIX_NANO, DURATION, Null),
    column(6, "trace_id", fields::TRACE_ID, Hex, Null),
    column(7, "span_id", fields::SPAN_ID, Hex, Null),
    column(8, "parent_span_id", fields::PARENT_SPAN_ID, Hex, Null),
    column(9, "trace_state", fields::TRACE_STATE, Utf8, Null),
    column(10, "flags", fields::FLAGS, Int64, Zero),
    column(11, "name", fields::NAME, Utf8, Null),
    column(12, "kind", fields::KIND, Int64, Zero),
    column(13, "kind_name", fields::KIND, SPAN_KINDS, Null),
    column(14, "status_code", fields::STATUS_CODE, Int64, Zero),
    column(15, "status_code_name", fields::STATUS_CODE, STATUS_CODES, Null),
    column(16, "status_message", fields::STATUS_MESSAGE, Utf8, Null),
    column(17, "dropped_attributes_count", fields::DROPPED_ATTRIBUTES_COUNT, Int64, Zero),
    column(18, "events", fields::EVENTS, EVENTS, Null),
    column(19, "dropped_events_count", fields::DROPPED_EVENTS_COUNT, Int64, Zero),
    column(20, "links", fields::LINKS, LINKS, Null),
    column(21, "dropped_links_count", fields::DROPPED_LINKS_COUNT, Int64, Zero),
    column(22, "resource_schema_url", fields::RESOURCE_SCHEMA_URL, Utf8, Null),
    column(23, "scope_name", fields::SCOPE_NAME, Utf8, Null),
    column(24, "scope_version", fields::SCOPE_VERSION, Utf8, Null),
    column(25, "scope_schema_url", fields::SCOPE_SCHEMA_URL, Utf8, Null),
];

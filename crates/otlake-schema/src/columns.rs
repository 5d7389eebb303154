use otlake_row::{Key, Signal, fields};

use crate::ColumnType;

/// A column of a field: there in every file of its signal, whether a record has the field or not.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FieldColumn {
    /// The name of the column.
    pub name: &'static str,
    /// The field; for `timestamp` the first of the two it is made of.
    pub key: Key,
    /// How the field's value becomes the column's.
    pub kind: FieldKind,
    /// What a record without the field has.
    pub absent: Absent,
}

/// How a field's value becomes its column's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FieldKind {
    /// Microseconds since the epoch, UTC: the time of the event, or of its observation when that
    /// is 0.
    Timestamp,
    /// An integer as sent.
    Int64,
    /// A string as sent.
    Utf8,
    /// Bytes in lower-case hex.
    Hex,
    /// A string as sent, and of any other value its text.
    Text,
}

impl FieldKind {
    /// The type of the column; a timestamp is counted in an Int64.
    pub fn column_type(self) -> ColumnType {
        match self {
            FieldKind::Timestamp | FieldKind::Int64 => ColumnType::Int64,
            FieldKind::Utf8 | FieldKind::Hex | FieldKind::Text => ColumnType::Utf8,
        }
    }
}

/// What a record has in the column of a field that was not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Absent {
    /// Null.
    Null,
    /// 0, which proto3 does not send: a number of the protocol's own is never null.
    Zero,
}

/// The columns of a signal's fields, in the order in which they stand in a file.
pub fn field_columns(signal: Signal) -> &'static [FieldColumn] {
    match signal {
        Signal::Logs => LOGS,
        // The columns of spans and data points come with their decoders.
        Signal::Traces | Signal::Metrics => &[],
    }
}

const fn column(name: &'static str, key: Key, kind: FieldKind, absent: Absent) -> FieldColumn {
    FieldColumn {
        name,
        key,
        kind,
        absent,
    }
}

const LOGS: &[FieldColumn] = &{
    use Absent::{Null, Zero};
    use FieldKind::{Hex, Int64, Text, Timestamp, Utf8};
    [
        column("timestamp", fields::TIME_UNIX_NANO, Timestamp, Null),
        column("time_unix_nano", fields::TIME_UNIX_NANO, Int64, Zero),
        column(
            "observed_time_unix_nano",
            fields::OBSERVED_TIME_UNIX_NANO,
            Int64,
            Zero,
        ),
        column("severity_number", fields::SEVERITY_NUMBER, Int64, Zero),
        column("severity_text", fields::SEVERITY_TEXT, Utf8, Null),
        column("body", fields::BODY, Text, Null),
        column("event_name", fields::EVENT_NAME, Utf8, Null),
        column("trace_id", fields::TRACE_ID, Hex, Null),
        column("span_id", fields::SPAN_ID, Hex, Null),
        column("flags", fields::FLAGS, Int64, Zero),
        column(
            "dropped_attributes_count",
            fields::DROPPED_ATTRIBUTES_COUNT,
            Int64,
            Zero,
        ),
        column("fingerprint", fields::FINGERPRINT, Int64, Null),
        column(
            "resource_schema_url",
            fields::RESOURCE_SCHEMA_URL,
            Utf8,
            Null,
        ),
        column("scope_name", fields::SCOPE_NAME, Utf8, Null),
        column("scope_version", fields::SCOPE_VERSION, Utf8, Null),
        column("scope_schema_url", fields::SCOPE_SCHEMA_URL, Utf8, Null),
    ]
};

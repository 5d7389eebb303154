//! The fields of OTLP's messages, and the cells that they become. The protobuf, JSON and typed decoders all fill in
//! these structs.

mod group;
mod log_record;
mod metric;
mod span;

use otlake_row::{Key, Row, Value};

use crate::values::Values;

pub(crate) use self::group::{Resource, Scope, entity_ref};
pub(crate) use self::log_record::LogRecord;
pub(crate) use self::metric::{
    Buckets, Exemplar, ExponentialHistogramDataPoint, HistogramDataPoint, Metric, Number,
    NumberDataPoint, SummaryDataPoint, quantile_value,
};
pub(crate) use self::span::{Event, Link, Span};

/// The attributes of a message inside a record, such as an event.
pub(crate) type Entries<'r> = &'r [(&'r str, Value<'r>)];

/// Pushes a field, unless it has the default value, which proto3 does not send.
#[inline]
fn push_sent<'r>(row: &mut Row<'r>, key: Key, value: Value<'r>) {
    if was_sent(&value) {
        row.push(key, value);
    }
}

/// Pushes a time in nanoseconds, unless it is 0, which proto3 does not send.
#[inline]
fn push_time<'r>(row: &mut Row<'r>, key: Key, time: u64, values: &Values<'r>) {
    if time != 0 {
        values.push_unsigned(time, |value| row.push(key, value));
    }
}

#[inline]
fn was_sent(value: &Value<'_>) -> bool {
    !matches!(
        value,
        Value::Int(0) | Value::String("") | Value::Bytes([]) | Value::Array([]) | Value::KvList([])
    )
}

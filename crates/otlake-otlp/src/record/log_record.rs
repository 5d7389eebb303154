use otlake_row::{Row, Value, fields};

use super::{push_sent, push_time};
use crate::values::Values;

/// A `LogRecord` without its attributes.
#[derive(Default)]
pub(crate) struct LogRecord<'r> {
    pub(crate) time_unix_nano: u64,
    pub(crate) observed_time_unix_nano: u64,
    pub(crate) severity_number: i32,
    pub(crate) severity_text: &'r str,
    pub(crate) body: Option<Value<'r>>,
    pub(crate) event_name: &'r str,
    pub(crate) trace_id: &'r [u8],
    pub(crate) span_id: &'r [u8],
    pub(crate) flags: u32,
    pub(crate) dropped_attributes_count: u32,
}

impl<'r> LogRecord<'r> {
    #[inline]
    pub(crate) fn push(self, values: &Values<'r>, row: &mut Row<'r>) {
        for (key, time) in [
            (fields::TIME_UNIX_NANO, self.time_unix_nano),
            (
                fields::OBSERVED_TIME_UNIX_NANO,
                self.observed_time_unix_nano,
            ),
        ] {
            push_time(row, key, time, values);
        }
        let severity_number = Value::Int(self.severity_number.into());
        push_sent(row, fields::SEVERITY_NUMBER, severity_number);
        let severity_text = Value::String(self.severity_text);
        push_sent(row, fields::SEVERITY_TEXT, severity_text);
        if let Some(body) = self.body {
            row.push(fields::BODY, body);
        }
        push_sent(row, fields::EVENT_NAME, Value::String(self.event_name));
        push_sent(row, fields::TRACE_ID, Value::Bytes(self.trace_id));
        push_sent(row, fields::SPAN_ID, Value::Bytes(self.span_id));
        push_sent(row, fields::FLAGS, Value::Int(self.flags.into()));
        let dropped = Value::Int(self.dropped_attributes_count.into());
        push_sent(row, fields::DROPPED_ATTRIBUTES_COUNT, dropped);
    }
}

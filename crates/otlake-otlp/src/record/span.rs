use otlake_row::{Row, Value, fields};

use super::{Entries, push_sent, push_time};
use crate::values::Values;

/// A `Span` without its attributes, field by field, which is why there are more than a dozen.
#[derive(Default)]
pub(crate) struct Span<'r> {
    pub(crate) trace_id: &'r [u8],
    pub(crate) span_id: &'r [u8],
    pub(crate) trace_state: &'r str,
    pub(crate) parent_span_id: &'r [u8],
    pub(crate) flags: u32,
    pub(crate) name: &'r str,
    pub(crate) kind: i32,
    pub(crate) start_time_unix_nano: u64,
    pub(crate) end_time_unix_nano: u64,
    pub(crate) dropped_attributes_count: u32,
    /// Values made by [`Event::into_value`].
    pub(crate) events: &'r [Value<'r>],
    pub(crate) dropped_events_count: u32,
    /// Values made by [`Link::into_value`].
    pub(crate) links: &'r [Value<'r>],
    pub(crate) dropped_links_count: u32,
    pub(crate) status_code: i32,
    pub(crate) status_message: &'r str,
}

impl<'r> Span<'r> {
    #[inline]
    pub(crate) fn push(self, values: &Values<'r>, row: &mut Row<'r>) {
        let count = |count: u32| Value::Int(count.into());
        push_sent(row, fields::TRACE_ID, Value::Bytes(self.trace_id));
        push_sent(row, fields::SPAN_ID, Value::Bytes(self.span_id));
        push_sent(row, fields::TRACE_STATE, Value::String(self.trace_state));
        let parent = Value::Bytes(self.parent_span_id);
        push_sent(row, fields::PARENT_SPAN_ID, parent);
        push_sent(row, fields::FLAGS, count(self.flags));
        push_sent(row, fields::NAME, Value::String(self.name));
        push_sent(row, fields::KIND, Value::Int(self.kind.into()));
        let (start, end) = (self.start_time_unix_nano, self.end_time_unix_nano);
        push_time(row, fields::START_TIME_UNIX_NANO, start, values);
        push_time(row, fields::END_TIME_UNIX_NANO, end, values);
        let dropped = count(self.dropped_attributes_count);
        push_sent(row, fields::DROPPED_ATTRIBUTES_COUNT, dropped);
        push_sent(row, fields::EVENTS, Value::Array(self.events));
        let dropped = count(self.dropped_events_count);
        push_sent(row, fields::DROPPED_EVENTS_COUNT, dropped);
        push_sent(row, fields::LINKS, Value::Array(self.links));
        let dropped = count(self.dropped_links_count);
        push_sent(row, fields::DROPPED_LINKS_COUNT, dropped);
        push_sent(
            row,
            fields::STATUS_CODE,
            Value::Int(self.status_code.into()),
        );
        let message = Value::String(self.status_message);
        push_sent(row, fields::STATUS_MESSAGE, message);
    }
}

/// A `Span.Event`.
#[derive(Default)]
pub(crate) struct Event<'r> {
    pub(crate) time_unix_nano: u64,
    pub(crate) name: &'r str,
    pub(crate) attributes: Entries<'r>,
    pub(crate) dropped_attributes_count: u32,
}

impl<'r> Event<'r> {
    pub(crate) fn into_value(self, values: &Values<'r>) -> Value<'r> {
        Value::KvList(values.arena.alloc_slice_copy(&[
            ("time_unix_nano", values.unsigned(self.time_unix_nano)),
            ("name", Value::String(self.name)),
            ("attributes", Value::KvList(self.attributes)),
            (
                "dropped_attributes_count",
                Value::Int(self.dropped_attributes_count.into()),
            ),
        ]))
    }
}

/// A `Span.Link`.
#[derive(Default)]
pub(crate) struct Link<'r> {
    pub(crate) trace_id: &'r [u8],
    pub(crate) span_id: &'r [u8],
    pub(crate) trace_state: &'r str,
    pub(crate) attributes: Entries<'r>,
    pub(crate) dropped_attributes_count: u32,
    pub(crate) flags: u32,
}

impl<'r> Link<'r> {
    pub(crate) fn into_value(self, values: &Values<'r>) -> Value<'r> {
        Value::KvList(values.arena.alloc_slice_copy(&[
            ("trace_id", Value::Bytes(self.trace_id)),
            ("span_id", Value::Bytes(self.span_id)),
            ("trace_state", Value::String(self.trace_state)),
            ("attributes", Value::KvList(self.attributes)),
            (
                "dropped_attributes_count",
                Value::Int(self.dropped_attributes_count.into()),
            ),
            ("flags", Value::Int(self.flags.into())),
        ]))
    }
}

//! logs.proto: `ExportLogsServiceRequest` and `LogsData`, which are the same on the wire.

use std::fmt;

use otlake_row::{
    Bytes, DecodeFailure, Decoder, Key, Keys, Row, RowSink, Signal, Summary, Value, fields,
};

use super::common::Attributes;
use super::export::{Record, State};
use super::wire::{Reader, delimited, fixed32, fixed64, varint};
use crate::error::{DecodeError, Result, Within};
use crate::limits::{Exceeded, Limits};

/// Decodes `ExportLogsServiceRequest` and `LogsData` payloads to a row per log record.
///
/// Made once and used for many payloads: it keeps the interned names and its scratch.
pub struct LogsDecoder {
    pub(crate) state: State,
}

impl LogsDecoder {
    /// A decoder with the default [`Limits`].
    pub fn new() -> LogsDecoder {
        LogsDecoder::with_limits(Limits::default(), Keys::new())
    }

    /// A decoder with limits, and an interner with limits of its own.
    pub fn with_limits(limits: Limits, keys: Keys) -> LogsDecoder {
        LogsDecoder {
            state: State::new(limits, keys),
        }
    }

    /// The interner, for the names of the keys of rows that were kept.
    pub fn keys(&self) -> &Keys {
        &self.state.keys
    }
}

impl Default for LogsDecoder {
    fn default() -> Self {
        LogsDecoder::new()
    }
}

impl fmt::Debug for LogsDecoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogsDecoder")
            .field("limits", &self.state.limits)
            .field("keys", &self.state.keys)
            .finish_non_exhaustive()
    }
}

impl Decoder for LogsDecoder {
    type Error = DecodeError;

    fn decode<S: RowSink>(
        &mut self,
        payload: &Bytes,
        sink: &mut S,
    ) -> std::result::Result<Summary, DecodeFailure<DecodeError, S::Error>> {
        self.state.decode::<LogRecord, S>(payload, sink)
    }
}

struct LogRecord;

impl LogRecord {
    const TIME_UNIX_NANO: u32 = fixed64(1);
    const SEVERITY_NUMBER: u32 = varint(2);
    const SEVERITY_TEXT: u32 = delimited(3);
    const BODY: u32 = delimited(5);
    const ATTRIBUTES: u32 = delimited(6);
    const DROPPED_ATTRIBUTES_COUNT: u32 = varint(7);
    const FLAGS: u32 = fixed32(8);
    const TRACE_ID: u32 = delimited(9);
    const SPAN_ID: u32 = delimited(10);
    const OBSERVED_TIME_UNIX_NANO: u32 = fixed64(11);
    const EVENT_NAME: u32 = delimited(12);
    const KNOWN: &[u32] = &[1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12];
}

impl Record for LogRecord {
    const SIGNAL: Signal = Signal::Logs;
    const RESOURCES: &'static str = "resource_logs";
    const SCOPES: &'static str = "scope_logs";
    const RECORDS: &'static str = "log_records";

    #[inline]
    fn read<'r>(
        bytes: &'r [u8],
        mut attributes: Attributes<'_, 'r>,
        row: &mut Row<'r>,
    ) -> Result<Option<Exceeded>> {
        // Of a field that comes more than once the last counts, so they are pushed at the end.
        let (mut time, mut observed_time) = (0, 0);
        let (mut severity_number, mut flags, mut dropped_attributes_count) = (0i32, 0u32, 0u32);
        let (mut severity_text, mut event_name) = ("", "");
        let (mut trace_id, mut span_id): (&[u8], &[u8]) = (&[], &[]);
        let mut body = None;
        let mut reader = Reader::new(bytes);
        while !reader.is_empty() {
            let tag = reader.tag()?;
            match tag {
                Self::ATTRIBUTES => {
                    let attribute = reader.delimited().within("attributes")?;
                    if let Some(cell) = attributes.read(attribute)? {
                        row.push(cell.key, cell.value);
                    }
                }
                Self::TIME_UNIX_NANO => time = reader.fixed64().within("time_unix_nano")?,
                Self::OBSERVED_TIME_UNIX_NANO => {
                    observed_time = reader.fixed64().within("observed_time_unix_nano")?;
                }
                Self::SEVERITY_NUMBER => {
                    severity_number = reader.varint().within("severity_number")? as i32;
                }
                Self::SEVERITY_TEXT => severity_text = reader.string().within("severity_text")?,
                Self::BODY => {
                    let any_value = reader.delimited();
                    let before = body.unwrap_or_default();
                    body = Some(
                        any_value
                            .and_then(|b| attributes.values.any_value(b, before, 0))
                            .within("body")?,
                    );
                }
                Self::DROPPED_ATTRIBUTES_COUNT => {
                    dropped_attributes_count =
                        reader.varint().within("dropped_attributes_count")? as u32;
                }
                Self::FLAGS => flags = reader.fixed32().within("flags")?,
                Self::TRACE_ID => trace_id = reader.delimited().within("trace_id")?,
                Self::SPAN_ID => span_id = reader.delimited().within("span_id")?,
                Self::EVENT_NAME => event_name = reader.string().within("event_name")?,
                _ => reader.skip(tag, Self::KNOWN)?,
            }
        }
        for (key, time) in [
            (fields::TIME_UNIX_NANO, time),
            (fields::OBSERVED_TIME_UNIX_NANO, observed_time),
        ] {
            if time != 0 {
                row.push(key, attributes.values.unsigned(time));
            }
        }
        push_sent(
            row,
            fields::SEVERITY_NUMBER,
            Value::Int(severity_number.into()),
        );
        push_sent(row, fields::SEVERITY_TEXT, Value::String(severity_text));
        if let Some(body) = body {
            row.push(fields::BODY, body);
        }
        push_sent(row, fields::EVENT_NAME, Value::String(event_name));
        push_sent(row, fields::TRACE_ID, Value::Bytes(trace_id));
        push_sent(row, fields::SPAN_ID, Value::Bytes(span_id));
        push_sent(row, fields::FLAGS, Value::Int(flags.into()));
        let dropped = Value::Int(dropped_attributes_count.into());
        push_sent(row, fields::DROPPED_ATTRIBUTES_COUNT, dropped);
        let (excess, exceeded) = attributes.finish();
        if let Some(excess) = excess {
            row.push(excess.key, excess.value);
        }
        Ok(exceeded)
    }
}

/// Pushes a field unless it has the value that proto3 does not send.
#[inline]
pub(crate) fn push_sent<'r>(row: &mut Row<'r>, key: Key, value: Value<'r>) {
    if !matches!(value, Value::Int(0) | Value::String("") | Value::Bytes([])) {
        row.push(key, value);
    }
}

use otlake_row::Signal;

use super::SignalError;
use crate::protobuf::wire::{Reader, delimited, fixed64, varint};
use crate::protobuf::{log_record, metric_fields, span};

/// The number of records that are examined. One is usually enough, and all would amount to a second decoding.
const RECORDS: usize = 64;

/// The control character with which colours begin in the output of a terminal.
const ESCAPE: u8 = 0x1b;

/// Returns the signal of a protobuf request, as far as its structure shows it.
///
/// Nothing in a request names its signal. Requests of all signals have the same structure around their records,
/// and only the records differ. This function examines the fields of the first records (numbers, wire types and
/// some lengths), and returns a signal if they fit no other one. It assumes that a span has a trace id of 16 bytes
/// and a metric a name. That distinguishes what SDKs send, but it is not a proof: a payload that is not OTLP may
/// look like a request, and records with few fields may be mistaken.
///
/// Names and texts must be text: UTF-8, or bytes without control characters, because senders truncate strings in the
/// middle of a character and pass on other encodings. White space and the escape character of colours are allowed.
///
/// Profiles are recognised by the dictionary next to their resources.
///
/// Returns `None` if no record has a field, or if the records fit several signals or none. Records before a fault,
/// or before the end of a payload that is cut off, count. Prefer endpoints and file names, which are certain.
///
/// ```
/// use otlake_otlp::{SignalError, signal_of_protobuf};
/// use otlake_row::Signal;
///
/// // ExportLogsServiceRequest { resource_logs { scope_logs { log_records { body: "hi" } } } }
/// let request = b"\x0a\x0a\x12\x08\x12\x06\x2a\x04\x0a\x02hi";
/// assert_eq!(signal_of_protobuf(request)?, Some(Signal::Logs));
///
/// // A record without fields fits every signal.
/// assert_eq!(signal_of_protobuf(b"\x0a\x04\x12\x02\x12\x00")?, None);
/// # Ok::<(), SignalError>(())
/// ```
///
/// # Errors
///
/// Returns an error if the request has a dictionary of profiles, or if the payload is the message of one resource
/// without a request around it.
pub fn signal_of_protobuf(payload: &[u8]) -> Result<Option<Signal>, SignalError> {
    if has_dictionary(payload) {
        return Err(SignalError::Profiles);
    }
    if let Some(signal) = signal_of_records(payload) {
        return Ok(Some(signal));
    }
    // Without the request, the scopes are one level higher.
    match signal_of(&mut |each| scopes(payload, each)) {
        Some(signal) => Err(SignalError::BareResource { signal }),
        None => Ok(None),
    }
}

/// Returns whether this is a request of profiles. Requests of other signals have no second field so far. A later
/// version may have one, so its content is examined.
fn has_dictionary(payload: &[u8]) -> bool {
    in_field(payload, 2, &mut |content| Some(!is_dictionary(content))) == Some(false)
}

fn signal_of_records(payload: &[u8]) -> Option<Signal> {
    signal_of(&mut |each| in_field(payload, 1, &mut |resource| scopes(resource, each)))
}

/// Calls `each` on the records of a resource.
fn scopes(resource: &[u8], each: &mut dyn FnMut(&[u8]) -> Option<bool>) -> Option<bool> {
    in_field(resource, 2, &mut |scope| in_field(scope, 2, each))
}

/// A walk over records, which calls what it is given on each of them.
type Walk<'w> = dyn FnMut(&mut dyn FnMut(&[u8]) -> Option<bool>) -> Option<bool> + 'w;

/// Returns the one signal that the records of a walk fit.
fn signal_of(walk: &mut Walk<'_>) -> Option<Signal> {
    let mut seen = Seen {
        fits: Signal::ALL.map(Some),
        records: 0,
    };
    // The records before a fault are good evidence, and the decoder reports the fault.
    walk(&mut |record| seen.record(record));
    let mut fits = seen.fits.into_iter().flatten();
    match (fits.next(), fits.next()) {
        (Some(signal), None) => Some(signal),
        _ => None,
    }
}

/// Calls `each` on the messages in a field, until it returns `Some(false)`. Returns `None` if the message is
/// malformed.
fn in_field(
    message: &[u8],
    number: u32,
    each: &mut dyn FnMut(&[u8]) -> Option<bool>,
) -> Option<bool> {
    let mut reader = Reader::new(message);
    while !reader.is_empty() {
        let tag = reader.tag().ok()?;
        if tag == delimited(number) {
            let Ok(content) = reader.delimited() else {
                // The message is cut off, but its beginning may show the signal.
                each(reader.rest())?;
                return None;
            };
            if !each(content)? {
                return Some(false);
            }
        } else {
            reader.skip(tag, &[number]).ok()?;
        }
    }
    Some(true)
}

struct Seen {
    /// The signals that all records fit.
    fits: [Option<Signal>; 3],
    records: usize,
}

impl Seen {
    /// Returns whether to go on with another record, or `None` if this one is malformed.
    fn record(&mut self, record: &[u8]) -> Option<bool> {
        if record.is_empty() {
            return Some(true);
        }
        let (fields, whole) = Fields::of(record);
        if !whole && (!fields.any || self.records > 0) {
            return None;
        }
        // A record that fits no signal has a bad value, which should not hide what the others show.
        if Signal::ALL.iter().any(|signal| fields.fit(*signal)) {
            for fit in &mut self.fits {
                *fit = fit.filter(|signal| fields.fit(*signal));
            }
        }
        self.records += 1;
        Some(self.records < RECORDS)
    }
}

/// The evidence in the fields of a record.
#[derive(Default)]
struct Fields {
    not_log: bool,
    not_span: bool,
    not_metric: bool,
    trace_id: bool,
    name: bool,
    any: bool,
}

impl Fields {
    /// Returns the evidence, and whether the record is complete.
    fn of(record: &[u8]) -> (Fields, bool) {
        let mut fields = Fields::default();
        let mut reader = Reader::new(record);
        while !reader.is_empty() {
            let Ok(tag) = reader.tag() else {
                return (fields, false);
            };
            let content = if tag & 7 == delimited(0) {
                reader.delimited().map(Some)
            } else {
                reader.skip(tag, &[]).map(|()| None)
            };
            match content {
                Ok(content) => fields.see(tag, content),
                Err(_) => return (fields, false),
            }
        }
        (fields, true)
    }

    /// Adds the evidence of a field. `content` is the content of a field with a length.
    fn see(&mut self, tag: u32, content: Option<&[u8]>) {
        let log = log_record::KNOWN.contains(&tag);
        let span = span::KNOWN.contains(&tag);
        let metric = metric_fields::KNOWN.contains(&tag);
        // Unknown fields with high numbers may belong to a later version of any message.
        let known = log || span || metric || tag >> 3 <= 12;
        let content = content.unwrap_or_default();
        let (number, length) = (tag >> 3, content.len());
        self.any |= known;
        // The trace_id and span_id of a log record, and a body that is a string.
        self.not_log |= known && !log
            || tag == delimited(9) && !matches!(length, 0 | 16)
            || tag == delimited(10) && !matches!(length, 0 | 8)
            || tag == delimited(5) && !is_any_value(content);
        // The trace_id, span_id and parent_span_id of a span, and its texts.
        self.not_span |= known && !span
            || tag == delimited(1) && length != 16
            || matches!(number, 2 | 4) && !matches!(length, 0 | 8)
            || matches!(number, 3 | 5) && !is_text(content);
        self.not_metric |= known && !metric || number <= 3 && !is_text(content);
        self.trace_id |= tag == delimited(1) && length == 16;
        self.name |= tag == delimited(1) && length > 0;
    }

    fn fit(&self, signal: Signal) -> bool {
        match signal {
            Signal::Logs => self.any && !self.not_log,
            Signal::Traces => self.trace_id && !self.not_span,
            Signal::Metrics => self.name && !self.not_metric,
        }
    }
}

/// Returns whether `content` is text in any encoding. In messages, some tags and lengths are control characters.
fn is_text(content: &[u8]) -> bool {
    let in_text =
        |&byte: &u8| !byte.is_ascii_control() || matches!(byte, b'\t' | b'\n' | b'\r' | ESCAPE);
    simdutf8::basic::from_utf8(content).is_ok() || content.iter().all(in_text)
}

/// Returns whether `content` may be a `ProfilesDictionary`. It has seven tables, of which the one of strings is
/// never empty. A message of scopes has no field beyond the third.
fn is_dictionary(content: &[u8]) -> bool {
    let mut reader = Reader::new(content);
    let mut beyond_scopes = false;
    while !reader.is_empty() {
        let Ok(tag) = reader.tag() else { return false };
        let is_table = matches!(tag >> 3, 1..=7) && tag == delimited(tag >> 3);
        if !is_table || reader.delimited().is_err() {
            return false;
        }
        beyond_scopes |= tag >> 3 > 3;
    }
    beyond_scopes
}

/// Returns whether `content` may be an `AnyValue`, which has one field with a number from 1 to 8.
fn is_any_value(content: &[u8]) -> bool {
    let mut reader = Reader::new(content);
    let mut value = || {
        let tag = reader.tag().ok()?;
        let fits = match tag >> 3 {
            1 => return Some(tag == delimited(1) && is_text(reader.delimited().ok()?)),
            5..=7 => tag == delimited(tag >> 3),
            2 | 3 | 8 => tag == varint(tag >> 3),
            4 => tag == fixed64(4),
            _ => false,
        };
        reader.skip(tag, &[]).ok()?;
        Some(fits)
    };
    content.is_empty() || value() == Some(true) && reader.is_empty()
}

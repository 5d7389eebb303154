use std::fmt;

/// The outcome for the records of a payload, as OTLP's partial success reports it.
///
/// ```
/// use otlake_otlp::{RejectionReason, Summary};
///
/// // Two payloads of a file, the second of which exceeded the input budget.
/// let mut first = Summary::default();
/// first.accepted = 100;
/// let mut second = Summary::default();
/// second.accepted = 50;
/// second.reject_last(20, 1 << 20);
///
/// first.merge(second);
/// assert_eq!((first.accepted, first.rejected), (130, 20));
/// let rejection = first.first_rejection.ok_or("some were rejected")?;
/// assert!(matches!(rejection.reason(), RejectionReason::Budget { limit: 1_048_576 }));
/// # Ok::<(), &str>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Summary {
    /// The number of records pushed into the sink.
    pub accepted: u64,
    /// The number of records left out, each for a [`RejectionReason`]. Of a malformed scope or resource, only the records before the
    /// fault can be counted (of metrics, the metrics), and it counts as one at least.
    pub rejected: u64,
    /// The first rejected record, and the reason.
    pub first_rejection: Option<Rejection>,
    /// The number of strings that were not valid UTF-8 and in which U+FFFD replaces the invalid parts.
    pub replaced_strings: u64,
    /// The number of JSON members or protobuf fields that were skipped because their message in OTLP does not
    /// have them.
    ///
    /// A sender with a newer version of the protocol may send such fields. A sender with a much older
    /// version, or with other spellings, sends its data in them.
    pub unknown_fields: u64,
    /// The path of the first unknown field, such as `resourceLogs[0].ScopeLogs`. In protobuf, the path within a record,
    /// a scope or a resource consists of field numbers.
    pub first_unknown_field: Option<String>,
}

impl Summary {
    /// Counts the last `records` accepted records as rejected instead, because what they cause exceeds the
    /// `limit` of the [budget](RejectionReason::Budget) of the payload.
    pub fn reject_last(&mut self, records: u64, limit: u64) {
        let records = records.min(self.accepted);
        if records == 0 {
            return;
        }
        let number = self.accepted + self.rejected - records + 1;
        self.accepted -= records;
        self.rejected += records;
        self.first_rejection
            .get_or_insert_with(|| Rejection::new(number, RejectionReason::Budget { limit }, None));
    }

    /// Adds the counts of a later payload. The first rejection and the first unknown field stay the first.
    pub fn merge(&mut self, later: Summary) {
        self.accepted += later.accepted;
        self.rejected += later.rejected;
        self.replaced_strings += later.replaced_strings;
        self.first_rejection = self.first_rejection.take().or(later.first_rejection);
        self.unknown_fields += later.unknown_fields;
        let first = self.first_unknown_field.take();
        self.first_unknown_field = first.or(later.first_unknown_field);
    }
}

/// A record that was left out of the rows, and the reason.
///
/// ```
/// use otlake_otlp::{Format, Limits, OtlpDecoder, Rejection, RejectionReason};
/// use otlake_row::{Bytes, OwnedRow, Signal};
///
/// // { log_records { severity_number: 9  attributes { key: "ab"  value { int_value: 1 } } } }
/// let payload = Bytes::from_static(
///     b"\x0a\x10\x12\x0e\x12\x0c\x10\x09\x32\x08\x0a\x02ab\x12\x02\x18\x01",
/// );
/// let mut decoder = OtlpDecoder::builder().limits(Limits::default().with_attributes(0)).build();
/// let mut rows: Vec<OwnedRow> = Vec::new();
/// let summary = decoder.decode(Signal::Logs, Format::Protobuf, &payload, &mut rows)?;
///
/// let rejection: Rejection = summary.first_rejection.ok_or("one was rejected")?;
/// assert_eq!(rejection.record(), 1);
/// assert!(matches!(rejection.reason(), RejectionReason::Attributes { limit: 0, .. }));
/// assert_eq!((rejection.path(), rejection.offset()), ("", None), "a limit has no position");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection(Box<Rejected>);

/// The content of a [`Rejection`], boxed because the summary is part of every result.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Rejected {
    record: u64,
    reason: RejectionReason,
    value: Option<RejectedValue>,
}

/// The position of the value that is the reason for a rejection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RejectedValue {
    pub(crate) offset: usize,
    pub(crate) path: String,
}

impl Rejection {
    pub(crate) fn new(
        record: u64,
        reason: RejectionReason,
        value: Option<RejectedValue>,
    ) -> Rejection {
        Rejection(Box::new(Rejected {
            record,
            reason,
            value,
        }))
    }

    /// Returns the number of the record in its payload, from 1.
    pub fn record(&self) -> u64 {
        self.0.record
    }

    /// Returns why it was rejected.
    pub fn reason(&self) -> &RejectionReason {
        &self.0.reason
    }

    /// Returns the path of the value that is the reason, such as
    /// `resourceSpans[0].scopeSpans[0].spans[1].traceId`. In protobuf, the path within the record consists of field
    /// numbers. It is empty if the record exceeds a limit.
    pub fn path(&self) -> &str {
        let value = self.0.value.as_ref();
        value.map_or("", |value| &value.path)
    }

    /// Returns the offset of that value in the payload, in bytes, or `None` if the record exceeds a limit.
    pub fn offset(&self) -> Option<usize> {
        self.0.value.as_ref().map(|value| value.offset)
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Rejected {
            record,
            reason,
            value,
        } = &*self.0;
        write!(f, "record {record} of the payload: ")?;
        match value {
            Some(RejectedValue { offset, path }) => {
                write!(f, "{path}: {reason}, at byte {offset}")
            }
            None => reason.fmt(f),
        }
    }
}

/// The reason why a record is rejected while the rest of its payload is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RejectionReason {
    /// Arrays and maps are nested deeper than
    /// [`Limits::nesting_depth`](crate::Limits::with_nesting_depth).
    #[error("values are nested deeper than the limit of {limit}")]
    NestingDepth {
        /// The limit.
        limit: usize,
    },
    /// There are more attributes than [`Limits::attributes`](crate::Limits::with_attributes).
    #[error("there are more attributes than the limit of {limit}")]
    Attributes {
        /// The limit.
        limit: usize,
    },
    /// There are more values in arrays and maps than
    /// [`Limits::nested_values`](crate::Limits::with_nested_values).
    #[error("there are more nested values than the limit of {limit}")]
    NestedValues {
        /// The limit.
        limit: usize,
    },
    /// An attribute's name is longer than [`Limits::name_bytes`](crate::Limits::with_name_bytes).
    #[error("the name of an attribute is longer than the limit of {limit} bytes")]
    NameBytes {
        /// The limit.
        limit: usize,
    },
    /// A string or bytes are longer than [`Limits::value_bytes`](crate::Limits::with_value_bytes).
    #[error("a value is longer than the limit of {limit} bytes")]
    ValueBytes {
        /// The limit.
        limit: usize,
    },
    /// The payload has more records than [`Limits::records`](crate::Limits::with_records).
    #[error(
        "there are more records in the payload than the limit of {limit}: send smaller batches"
    )]
    Records {
        /// The limit.
        limit: usize,
    },
    /// The data points of the payload repeat more of their metrics than
    /// [`Limits::repetition`](crate::Limits::with_repetition) allows.
    #[error(
        "the points of the payload repeat more than {limit} bytes of their metrics: shorten \
         descriptions and metadata, or send fewer points of a metric at once"
    )]
    Repetition {
        /// The bytes that may be repeated.
        limit: usize,
    },
    /// The records of the payload cause more files, row groups and repeated resources than the budget of
    /// a payload allows. A decoder never rejects for this reason; what writes the rows does.
    #[error(
        "the payload causes more than {limit} bytes of files, row groups and repeated resources: use fewer \
         partitions, or shorter attributes of resources"
    )]
    Budget {
        /// The bytes that may be caused.
        limit: u64,
    },
    /// A string is not UTF-8, and [`InvalidUtf8::Reject`](crate::InvalidUtf8::Reject) is set.
    #[error("a string is not valid UTF-8")]
    InvalidUtf8,
    /// A JSON value is of another type than its field.
    #[error("expected {expected}, found {found}")]
    JsonType {
        /// The type of the field.
        expected: &'static str,
        /// The type that was sent.
        found: &'static str,
    },
    /// A JSON number or string is not a value of its field.
    #[error("the value is not {expected}")]
    JsonValue {
        /// The values that the field can have.
        expected: &'static str,
    },
    /// The record, or a message that contains it (of its metric, scope or resource), is malformed protobuf. Records outside
    /// that message are not affected, because the messages around it are intact.
    #[error("the message is malformed: {what}")]
    Malformed {
        /// A description of the fault.
        what: &'static str,
    },
    /// A protobuf field has a wire type that is not its own.
    #[error("field {field} has the wrong wire type, {wire_type}")]
    WireType {
        /// The field number.
        field: u32,
        /// The wire type that was sent.
        wire_type: u32,
    },
}

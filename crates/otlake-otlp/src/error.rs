use std::{error, fmt};

use otlake_row::Signal;

use crate::{Format, RejectionReason, Summary, foreign};

/// The error of [`OtlpDecoder::decode`](crate::OtlpDecoder::decode): a payload was not decoded to its end.
///
/// In both cases the rows before the failure were delivered, and the [`Summary`] counts them. The enum is exhaustive on
/// purpose: nothing else is involved in decoding.
///
/// ```
/// use otlake_otlp::{DecodeError, Format, OtlpDecoder};
/// use otlake_row::{Bytes, Row, Signal, sink_fn};
///
/// // ExportLogsServiceRequest { resource_logs { scope_logs { log_records { body: "hi" } } } }
/// let payload = Bytes::from_static(b"\x0a\x0a\x12\x08\x12\x06\x2a\x04\x0a\x02hi");
/// let mut full = sink_fn(|_: &mut Row<'_>| Err("the disk is full"));
/// let error = OtlpDecoder::new().decode(Signal::Logs, Format::Protobuf, &payload, &mut full);
/// let Err(error) = error else { panic!("the sink fails") };
/// assert_eq!(error.summary().accepted, 0);
/// assert!(matches!(error, DecodeError::Sink { error: "the disk is full", .. }));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DecodeError<E> {
    /// The payload is invalid.
    Payload {
        /// The fault.
        error: InvalidPayload,
        /// The outcome for the records before the fault.
        summary: Summary,
    },
    /// The sink failed.
    Sink {
        /// The sink's error.
        error: E,
        /// The outcome for the records before that one.
        summary: Summary,
    },
}

impl<E> DecodeError<E> {
    /// Returns the outcome for the records before the failure.
    pub fn summary(&self) -> &Summary {
        match self {
            DecodeError::Payload { summary, .. } | DecodeError::Sink { summary, .. } => summary,
        }
    }
}

impl<E: fmt::Display> fmt::Display for DecodeError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DecodeError::Payload { error, summary } => write!(
                f,
                "{error} ({} records before it were delivered)",
                summary.accepted
            ),
            DecodeError::Sink { error, .. } => error.fmt(f),
        }
    }
}

impl<E: error::Error + 'static> error::Error for DecodeError<E> {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        // Either inner error is shown as if it were this one.
        match self {
            DecodeError::Payload { error, .. } => error.source(),
            DecodeError::Sink { error, .. } => error.source(),
        }
    }
}

/// The fault because of which a payload cannot be decoded, and its position.
///
/// ```
/// use otlake_otlp::{DecodeError, Format, InvalidPayloadKind, OtlpDecoder};
/// use otlake_row::{Bytes, OwnedRow, Signal};
///
/// let cut_off = Bytes::from_static(b"\x0a\x0a\x12\x08\x12\x06\x2a\x04\x0a");
/// let mut rows: Vec<OwnedRow> = Vec::new();
/// let error = OtlpDecoder::new().decode(Signal::Logs, Format::Protobuf, &cut_off, &mut rows);
/// let Err(DecodeError::Payload { error, .. }) = error else { panic!("it is cut off") };
/// assert_eq!((error.path(), error.offset()), ("resource_logs[0]", 2));
/// let truncated = InvalidPayloadKind::Truncated { length: 10, remaining: 7 };
/// assert_eq!(error.kind(), &truncated);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidPayload(Box<Invalid>);

/// The content of an [`InvalidPayload`], boxed so that results stay small.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Invalid {
    kind: InvalidPayloadKind,
    offset: usize,
    path: String,
}

impl InvalidPayload {
    /// Returns the kind of the fault.
    pub fn kind(&self) -> &InvalidPayloadKind {
        &self.0.kind
    }

    /// Returns the offset of the fault in the payload, in bytes.
    pub fn offset(&self) -> usize {
        self.0.offset
    }

    /// Returns the path of the field that has the fault, such as
    /// `resource_logs[0].scope_logs[2].log_records[17].body`. It is empty for the payload itself.
    pub fn path(&self) -> &str {
        &self.0.path
    }
}

impl fmt::Display for InvalidPayload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Invalid { kind, offset, path } = &*self.0;
        if !path.is_empty() {
            write!(f, "{path}: ")?;
        }
        write!(f, "{kind}, at byte {offset}")
    }
}

impl error::Error for InvalidPayload {}

/// The kinds of faults in payloads.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidPayloadKind {
    /// The payload is larger than [`Limits::payload_bytes`](crate::Limits::with_payload_bytes).
    #[error("the payload is {bytes} bytes long, over the limit of {limit}: send smaller batches")]
    PayloadTooLarge {
        /// The size of the payload.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// A field states a length beyond the end of the message around it.
    #[error(
        "{length} bytes are expected, but {remaining} remain: the payload is cut off or damaged"
    )]
    Truncated {
        /// The length that the field has or states.
        length: u64,
        /// The bytes left.
        remaining: usize,
    },
    /// A variable-length integer has more than 64 bits or no end.
    #[error("a number has more than 64 bits: the payload is damaged, or is not OTLP")]
    InvalidVarint,
    /// A field number is 0, or over 2^29 - 1.
    #[error("the tag {tag} has no valid field number: the payload is damaged, or is not OTLP")]
    InvalidFieldNumber {
        /// The tag as read.
        tag: u64,
    },
    /// A field has a wire type that is not its own.
    #[error(
        "field {field} has the wrong wire type, {wire_type}: the payload is not OTLP of this signal"
    )]
    WireType {
        /// The field number.
        field: u32,
        /// The wire type as read.
        wire_type: u32,
    },
    /// A wire type is one that protobuf does not define.
    #[error(
        "field {field} has wire type {wire_type}, which protobuf does not define: the payload is damaged, \
         or is not OTLP"
    )]
    InvalidWireType {
        /// The field number.
        field: u32,
        /// The wire type as read.
        wire_type: u32,
    },
    /// A group ends without its start, or within another group.
    #[error("the group {field} ends without a start: the payload is damaged, or is not OTLP")]
    UnexpectedEndGroup {
        /// The field number of the group.
        field: u32,
    },
    /// Unknown groups are nested deeper than any sender has reason to.
    #[error("unknown groups are nested deeper than the limit of {limit}: the payload is not OTLP")]
    GroupsTooDeep {
        /// The limit.
        limit: usize,
    },
    /// The payload is not JSON.
    #[error("this is not JSON: expected {expected}")]
    JsonSyntax {
        /// The token that JSON's grammar allows at this position.
        expected: &'static str,
    },
    /// A JSON value is of another type than its field.
    #[error("expected {expected}, found {found}")]
    JsonType {
        /// The type of the field.
        expected: &'static str,
        /// The type that was sent.
        found: &'static str,
    },
    /// A number or a string is not a value of its field.
    #[error("the value is not {expected}")]
    JsonValue {
        /// The values that the field can have.
        expected: &'static str,
    },
    /// The payload is a JSON object without a member of a request.
    #[error("this is not an OTLP request: {}{}", members_are(members), looks_like(*found))]
    NotARequest {
        /// The names of its members, at most eight.
        members: Vec<String>,
        /// A description of what it seems to be, and what to do.
        found: Option<&'static str>,
    },
    /// The payload is something else, such as compressed data.
    #[error("this is {found}")]
    Foreign {
        /// A description of what it is, and what to do.
        found: &'static str,
    },
    /// The payload is JSON, and the feature that decodes it is off.
    #[error("the payload is JSON: build with the feature `{feature}`")]
    FeatureOff {
        /// The feature.
        feature: &'static str,
    },
    /// The payload is of another signal than the caller stated.
    #[error("this is a payload of {}: decode it as such", signal.name())]
    OtherSignal {
        /// The signal of the payload.
        signal: Signal,
    },
    /// The payload is of profiles, which are not supported.
    #[error("this is a payload of profiles, which are not supported")]
    Profiles,
}

impl InvalidPayloadKind {
    /// Returns whether the bytes violate their format.
    fn is_malformed(&self) -> bool {
        use InvalidPayloadKind::*;
        match self {
            Truncated { .. } | InvalidVarint | InvalidFieldNumber { .. } | WireType { .. } => true,
            InvalidWireType { .. } | UnexpectedEndGroup { .. } | GroupsTooDeep { .. } => true,
            JsonSyntax { .. } => true,
            PayloadTooLarge { .. } | JsonType { .. } | JsonValue { .. } => false,
            NotARequest { .. } | Foreign { .. } | FeatureOff { .. } => false,
            OtherSignal { .. } | Profiles => false,
        }
    }
}

fn members_are(members: &[String]) -> String {
    let names: Vec<_> = members.iter().map(|name| format!("{name:?}")).collect();
    match &names[..] {
        [only] => format!("its only member is {only}"),
        _ => format!("its members are {}", names.join(", ")),
    }
}

fn looks_like(found: Option<&'static str>) -> String {
    found.map_or_else(String::new, |found| format!("; it looks like {found}"))
}

/// A fault while it is returned to the caller. It is boxed so that the results of the hot path stay small.
///
/// It has the [`Position`] in memory instead of the offset, because the readers of nested messages know only their
/// own slices. [`Fault::into_error`] turns the address into an offset.
#[derive(Debug)]
pub(crate) struct Fault {
    kind: InvalidPayloadKind,
    position: Position,
    /// The path, from the innermost field outwards.
    path: Vec<(&'static str, Option<usize>)>,
}

/// The position of a fault in memory.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Position {
    pub(crate) address: usize,
    /// The bytes from there to the end of the message that has the fault. A fault right after a message and one at the
    /// end of that message have the same address.
    pub(crate) remaining: usize,
}

pub(crate) type Result<T> = std::result::Result<T, Box<Fault>>;

impl Fault {
    #[cold]
    pub(crate) fn new(kind: InvalidPayloadKind, at: &[u8]) -> Box<Fault> {
        Box::new(Fault {
            kind,
            position: Position {
                address: at.as_ptr().addr(),
                remaining: at.len(),
            },
            path: Vec::new(),
        })
    }

    /// Adds a field, or an item of a repeated field, to the path.
    #[cold]
    pub(crate) fn inside(
        mut self: Box<Self>,
        field: &'static str,
        item: Option<usize>,
    ) -> Box<Self> {
        self.path.push((field, item));
        self
    }

    /// Returns the reason to reject a record, if the fault concerns one value and leaves no doubt where the
    /// other values begin.
    pub(crate) fn rejection(&self) -> Option<RejectionReason> {
        match self.kind {
            InvalidPayloadKind::JsonType { expected, found } => {
                Some(RejectionReason::JsonType { expected, found })
            }
            InvalidPayloadKind::JsonValue { expected } => {
                Some(RejectionReason::JsonValue { expected })
            }
            InvalidPayloadKind::WireType { field, wire_type } => {
                Some(RejectionReason::WireType { field, wire_type })
            }
            _ => None,
        }
    }

    /// Returns the reason to reject a record or a group, if the fault is within its message and leaves no doubt
    /// where the message ends.
    pub(crate) fn rejection_of_message(&self) -> Option<RejectionReason> {
        use InvalidPayloadKind::*;
        let what = match self.kind {
            Truncated { .. } => "a length is beyond its end",
            InvalidVarint => "a number has more than 64 bits",
            InvalidFieldNumber { .. } => "a field number is invalid",
            InvalidWireType { .. } => "a wire type is invalid",
            UnexpectedEndGroup { .. } => "a group ends without a start",
            GroupsTooDeep { .. } => "unknown groups are nested too deeply",
            _ => return self.rejection(),
        };
        Some(RejectionReason::Malformed { what })
    }

    pub(crate) fn position(&self) -> Position {
        self.position
    }

    pub(crate) fn into_error(mut self, payload: &[u8], format: Format) -> InvalidPayload {
        if self.kind.is_malformed()
            && let Some(found) = foreign::describe(payload, Some(format))
        {
            self.kind = InvalidPayloadKind::Foreign { found };
            self.path.clear();
            self.position.address = payload.as_ptr().addr();
        }
        let mut path = String::new();
        for (name, index) in self.path.iter().rev() {
            if !path.is_empty() {
                path.push('.');
            }
            path.push_str(name);
            if let Some(index) = index {
                path.push_str(&format!("[{index}]"));
            }
        }
        let offset = self
            .position
            .address
            .saturating_sub(payload.as_ptr().addr());
        InvalidPayload(Box::new(Invalid {
            kind: self.kind,
            offset,
            path,
        }))
    }
}

/// Adds fields to the path of a fault in a result.
pub(crate) trait Within {
    fn within(self, field: &'static str) -> Self;
    fn within_item(self, field: &'static str, index: usize) -> Self;
}

impl<T> Within for Result<T> {
    #[inline]
    fn within(self, field: &'static str) -> Self {
        self.map_err(|fault| fault.inside(field, None))
    }

    #[inline]
    fn within_item(self, field: &'static str, index: usize) -> Self {
        self.map_err(|fault| fault.inside(field, Some(index)))
    }
}

use std::fmt;

use otlake_row::Signal;

/// Why a payload cannot be decoded, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecodeError {
    kind: DecodeErrorKind,
    offset: usize,
    path: String,
}

impl DecodeError {
    /// What is wrong.
    pub fn kind(&self) -> &DecodeErrorKind {
        &self.kind
    }

    /// The byte of the payload at which it is wrong, from 0.
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// The field in which it is wrong, such as `resource_logs[0].scope_logs[2].log_records[17].body`;
    /// empty for the payload itself.
    pub fn path(&self) -> &str {
        &self.path
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        write!(f, "{}, at byte {}", self.kind, self.offset)
    }
}

impl std::error::Error for DecodeError {}

/// What can be wrong with a payload.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeErrorKind {
    /// The payload is larger than [`Limits::payload_bytes`](crate::Limits::payload_bytes).
    #[error(
        "the payload is {bytes} bytes long, over the limit of {limit}: send smaller batches, or raise the limit"
    )]
    PayloadTooLarge {
        /// Its size.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// A field says that it is longer than what is left of the message around it.
    #[error("the field is {length} bytes long, but {remaining} remain")]
    Truncated {
        /// The length that the field has or says it has.
        length: u64,
        /// The bytes left.
        remaining: usize,
    },
    /// A variable-length integer has more than 64 bits or no end.
    #[error("the varint does not end within 64 bits")]
    InvalidVarint,
    /// A field number of 0, or one over 2^29 - 1.
    #[error("the tag {tag} has no valid field number")]
    InvalidFieldNumber {
        /// The tag as read.
        tag: u64,
    },
    /// A wire type that protobuf does not define, or one that this field does not have.
    #[error(
        "field {field} does not have wire type {wire_type}: is this the right kind of payload?"
    )]
    InvalidWireType {
        /// The field number.
        field: u32,
        /// The wire type as read.
        wire_type: u32,
    },
    /// The end of a group without its start, or within another group.
    #[error("the group {field} ends where it has not begun")]
    UnexpectedEndGroup {
        /// The field number of the group.
        field: u32,
    },
    /// Unknown groups inside one another, deeper than any sender has reason to.
    #[error("groups are nested deeper than {limit}")]
    GroupsTooDeep {
        /// The limit.
        limit: usize,
    },
    /// The payload is not JSON.
    #[error("this is not JSON: expected {expected}")]
    JsonSyntax {
        /// What should stand there.
        expected: &'static str,
    },
    /// A value of JSON of another type than its field has.
    #[error("expected {expected}, found {found}")]
    JsonType {
        /// What the field has.
        expected: &'static str,
        /// What was sent.
        found: &'static str,
    },
    /// A number or a string that does not stand for a value of its field.
    #[error("the value is not {expected}")]
    JsonValue {
        /// What it should stand for.
        expected: &'static str,
    },
    /// The payload is of a signal that another decoder reads.
    #[error("this is a payload of {}: {} reads it", signal.name(), decoder_of(*signal))]
    OtherSignal {
        /// Its signal.
        signal: Signal,
    },
    /// The payload is of profiles, which no decoder reads.
    #[error("this is a payload of profiles, which no decoder reads")]
    Profiles,
}

fn decoder_of(signal: Signal) -> &'static str {
    match signal {
        Signal::Logs => "LogsDecoder",
        Signal::Traces => "TracesDecoder",
        Signal::Metrics => "MetricsDecoder",
    }
}

/// A fault on its way up: boxed, so that the results of the hot path stay small.
///
/// It knows the address of the byte, not the offset, because the readers on the way know only
/// their own slices; the top of the decoder makes an offset of it.
#[derive(Debug)]
pub(crate) struct Fault {
    kind: DecodeErrorKind,
    address: usize,
    /// From the innermost field outwards.
    path: Vec<(&'static str, Option<usize>)>,
}

pub(crate) type Result<T> = std::result::Result<T, Box<Fault>>;

impl Fault {
    #[cold]
    pub(crate) fn new(kind: DecodeErrorKind, at: &[u8]) -> Box<Fault> {
        Box::new(Fault {
            kind,
            address: at.as_ptr().addr(),
            path: Vec::new(),
        })
    }

    /// Says in which field, or which item of a repeated field, the fault lies.
    #[cold]
    pub(crate) fn inside(
        mut self: Box<Self>,
        field: &'static str,
        item: Option<usize>,
    ) -> Box<Self> {
        self.path.push((field, item));
        self
    }

    pub(crate) fn into_error(self, payload: &[u8]) -> DecodeError {
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
        let offset = self.address.saturating_sub(payload.as_ptr().addr());
        DecodeError {
            kind: self.kind,
            offset,
            path,
        }
    }
}

/// Says in which field a fault lies.
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

use std::fmt;

/// The outcome for the records of a payload, as OTLP's partial success reports it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Summary {
    /// The number of records pushed into the sink.
    pub accepted: u64,
    /// The number of records left out, each for a [`RejectionReason`].
    pub rejected: u64,
    /// The first rejected record, and the reason.
    pub first_rejection: Option<Rejection>,
    /// The number of strings that were not valid UTF-8 and in which U+FFFD replaces the invalid parts.
    pub replaced_strings: u64,
}

impl Summary {
    /// Adds the figures of a later payload.
    pub fn merge(&mut self, later: Summary) {
        self.accepted += later.accepted;
        self.rejected += later.rejected;
        self.replaced_strings += later.replaced_strings;
        self.first_rejection = self.first_rejection.take().or(later.first_rejection);
    }
}

/// A record that was left out of the rows, and the reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    record: u64,
    reason: RejectionReason,
}

impl Rejection {
    pub(crate) fn new(record: u64, reason: RejectionReason) -> Rejection {
        Rejection { record, reason }
    }

    /// Returns the number of the record in its payload, from 1.
    pub fn record(&self) -> u64 {
        self.record
    }

    /// Returns why it was rejected.
    pub fn reason(&self) -> &RejectionReason {
        &self.reason
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "record {} of the payload: {}", self.record, self.reason)
    }
}

/// Why a record is rejected while the rest of its payload is kept.
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
    /// A string is not UTF-8, and [`InvalidUtf8::Reject`](crate::InvalidUtf8::Reject) is set.
    #[error("a string is not valid UTF-8")]
    InvalidUtf8,
}

use std::{error, fmt};

use crate::{Bytes, RowSink};

/// Turns payloads into rows.
///
/// # What a sink has seen when decoding fails
///
/// A decoder pushes rows while it reads. When it comes upon malformed bytes, the rows before the
/// fault have been delivered, all of them and whole, and [`DecodeFailure::before`] says how many.
/// No row after the fault is delivered.
pub trait Decoder {
    /// What is wrong with a payload.
    type Error;

    /// Decodes one whole payload and pushes its rows into `sink`. Does not call
    /// [`RowSink::finish`]: more payloads may follow.
    ///
    /// # Errors
    ///
    /// The payload's fault or the sink's error, with what became of the records before it.
    fn decode<S: RowSink>(
        &mut self,
        payload: &Bytes,
        sink: &mut S,
    ) -> Result<Summary, DecodeFailure<Self::Error, S::Error>>;
}

/// What became of the records of a payload, as OTLP's partial success wants to know it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Records pushed into the sink.
    pub accepted: u64,
    /// Records left out because they went over a limit.
    pub rejected: u64,
    /// Why the first of the rejected records was.
    pub first_rejection: Option<String>,
    /// Strings that were not valid UTF-8, in which what was invalid was replaced by U+FFFD.
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

/// Why a payload was not decoded to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DecodeFailure<P, S> {
    /// The payload is at fault.
    Payload {
        /// What is wrong with it.
        error: P,
        /// What became of the records before the fault.
        before: Summary,
    },
    /// The sink refused a row.
    Sink {
        /// The sink's error.
        error: S,
        /// What became of the records before that one.
        before: Summary,
    },
}

impl<P, S> DecodeFailure<P, S> {
    /// What became of the records before the failure.
    pub fn before(&self) -> &Summary {
        match self {
            DecodeFailure::Payload { before, .. } | DecodeFailure::Sink { before, .. } => before,
        }
    }
}

impl<P: fmt::Display, S: fmt::Display> fmt::Display for DecodeFailure<P, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DecodeFailure::Payload { error, before } => {
                write!(
                    f,
                    "{error} ({} records before it were taken)",
                    before.accepted
                )
            }
            DecodeFailure::Sink { error, .. } => error.fmt(f),
        }
    }
}

impl<P, S> error::Error for DecodeFailure<P, S>
where
    P: error::Error + 'static,
    S: error::Error + 'static,
{
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            DecodeFailure::Payload { error, .. } => error.source(),
            DecodeFailure::Sink { error, .. } => error.source(),
        }
    }
}

//! The responses of OTLP, written without message types.

mod json;
mod protobuf;
#[cfg(test)]
mod tests;

use std::time::Duration;

use otlake_row::Signal;

use crate::{Format, Summary};

impl Summary {
    /// Returns the response to a request whose records have this outcome: an `ExportLogsServiceResponse`, or
    /// that of another signal. Its `partial_success` is set if records were rejected, or, with a warning, if
    /// strings were replaced.
    ///
    /// ```
    /// use otlake_otlp::{Format, Summary};
    /// use otlake_row::Signal;
    ///
    /// let summary = Summary::default();
    /// assert_eq!(summary.response(Signal::Logs, Format::Json), b"{}");
    /// ```
    pub fn response(&self, signal: Signal, format: Format) -> Vec<u8> {
        let warning = error_message(self, records_of(signal));
        match format {
            Format::Protobuf => protobuf::response(self.rejected, warning.as_deref()),
            Format::Json => json::response(signal, self.rejected, warning.as_deref()),
        }
    }
}

/// Returns what a signal's partial success calls its records.
pub(crate) fn records_of(signal: Signal) -> &'static str {
    match signal {
        Signal::Logs => "log records",
        Signal::Traces => "spans",
        Signal::Metrics => "data points",
    }
}

/// Returns the message of a partial success, or `None` if there is nothing to report.
pub(crate) fn error_message(summary: &Summary, records: &str) -> Option<String> {
    let mut sentences = Vec::new();
    if summary.rejected > 0 {
        let (rejected, all) = (summary.rejected, summary.accepted + summary.rejected);
        let mut sentence = format!("{rejected} of {all} {records} were rejected");
        if let Some(first) = &summary.first_rejection {
            sentence.push_str(&format!(", the first because: {first}"));
        }
        sentences.push(sentence);
    }
    if summary.replaced_strings > 0 {
        let strings = summary.replaced_strings;
        sentences.push(format!(
            "{strings} strings were not valid UTF-8, and U+FFFD replaced the invalid parts"
        ));
    }
    (!sentences.is_empty()).then(|| sentences.join("; "))
}

/// A `google.rpc.Status`: the body of a response that reports a failure, and the details of a failed gRPC
/// call.
///
/// ```
/// use otlake_otlp::{Format, RpcCode, RpcStatus};
///
/// let status = RpcStatus::new(RpcCode::InvalidArgument, "the payload is malformed");
/// assert_eq!(
///     status.encode(Format::Json),
///     br#"{"code":3,"message":"the payload is malformed"}"#,
/// );
/// ```
///
/// A receiver that is full, and one that has found a fault:
///
/// ```
/// use std::time::Duration;
///
/// use otlake_otlp::{Format, RpcCode, RpcStatus};
///
/// let full = RpcStatus::new(RpcCode::ResourceExhausted, "the queue is full")
///     .with_retry_delay(Duration::from_secs(5));
/// assert_eq!((full.code().number(), full.message()), (8, "the queue is full"));
/// let body = String::from_utf8(full.encode(Format::Json))?;
/// assert!(body.contains("google.rpc.RetryInfo"));
///
/// let fault = RpcStatus::new(RpcCode::InvalidArgument, "the payload is malformed")
///     .with_violation("resource_logs[0]", "the payload is cut off");
/// assert!(fault.encode(Format::Protobuf).len() > fault.message().len());
/// # Ok::<(), std::string::FromUtf8Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RpcStatus {
    code: RpcCode,
    message: String,
    details: Vec<Detail>,
}

/// A message of `google/rpc/error_details.proto`.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Detail {
    /// A `RetryInfo` with its `retry_delay`.
    RetryInfo(Duration),
    /// A `BadRequest` with one `FieldViolation`.
    BadRequest { field: String, description: String },
}

impl Detail {
    /// Returns the type URL of the message.
    fn type_url(&self) -> &'static str {
        match self {
            Detail::RetryInfo(_) => "type.googleapis.com/google.rpc.RetryInfo",
            Detail::BadRequest { .. } => "type.googleapis.com/google.rpc.BadRequest",
        }
    }
}

impl RpcStatus {
    /// Returns the status with a code and a message for developers.
    pub fn new(code: RpcCode, message: impl Into<String>) -> RpcStatus {
        RpcStatus {
            code,
            message: message.into(),
            details: Vec::new(),
        }
    }

    /// Adds a `RetryInfo`: the sender should wait this long before it sends the request again.
    #[must_use]
    pub fn with_retry_delay(mut self, delay: Duration) -> RpcStatus {
        self.details.push(Detail::RetryInfo(delay));
        self
    }

    /// Adds a `BadRequest`: the path of a field, and what is wrong with it.
    #[must_use]
    pub fn with_violation(
        mut self,
        field: impl Into<String>,
        description: impl Into<String>,
    ) -> RpcStatus {
        self.details.push(Detail::BadRequest {
            field: field.into(),
            description: description.into(),
        });
        self
    }

    /// Returns the code.
    pub fn code(&self) -> RpcCode {
        self.code
    }

    /// Returns the message.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Returns the message in a format.
    pub fn encode(&self, format: Format) -> Vec<u8> {
        match format {
            Format::Protobuf => protobuf::status(self),
            Format::Json => json::status(self),
        }
    }
}

/// A code of gRPC (`google.rpc.Code`), of those that a receiver of OTLP answers with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RpcCode {
    /// The request was carried out.
    Ok = 0,
    /// The request can't be carried out, whenever it is sent.
    InvalidArgument = 3,
    /// The request took too long. The sender may send it again.
    DeadlineExceeded = 4,
    /// The request is too large.
    ResourceExhausted = 8,
    /// The receiver doesn't have the method, or doesn't know the encoding.
    Unimplemented = 12,
    /// The request violates the protocol below OTLP.
    Internal = 13,
    /// The receiver can't carry out the request now. The sender may send it again.
    Unavailable = 14,
    /// The sender has not shown who it is.
    Unauthenticated = 16,
}

impl RpcCode {
    /// Returns the number of the code.
    pub fn number(self) -> u8 {
        self as u8
    }
}

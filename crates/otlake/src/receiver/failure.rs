use std::error::Error;
use std::iter;
use std::sync::Arc;
use std::time::Duration;

use ::http::header::{ACCEPT_ENCODING, ALLOW, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use ::http::{HeaderValue, Response, StatusCode};
use otlake_otlp::{Format, InflateError, InvalidPayload, InvalidPayloadKind, RpcCode, RpcStatus};
use otlake_row::Bytes;

use super::http_export::media_type;
use crate::{IngestError, ServiceError, TryIngestError};

/// The reason why a request was not answered with success.
///
/// ```
/// use std::time::Duration;
///
/// use otlake::otlp::{Format, RpcCode};
/// use otlake::{Failure, FailureKind, HttpExport};
///
/// let (parts, ()) = http::Request::get("/v1/logs").body(())?.into_parts();
/// let failure: Failure = HttpExport::of(&parts).err().ok_or("only POST is allowed")?;
/// assert_eq!(failure.kind(), FailureKind::Method);
/// assert!(!failure.message().is_empty());
/// let response = failure.http_response(Format::Json, Duration::from_secs(1));
/// assert_eq!(response.status(), 405);
///
/// // A sender repeats a request only if its failure is retryable.
/// assert!(!failure.kind().is_retryable());
/// assert!(FailureKind::QueueFull.is_retryable());
/// assert_eq!(FailureKind::QueueFull.http_status(), 429);
/// assert_eq!(FailureKind::QueueFull.rpc_code(), RpcCode::Unavailable);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    kind: FailureKind,
    message: Arc<str>,
    /// The path of the malformed field, and a description of the fault.
    violation: Option<Arc<(String, String)>>,
    /// The cause. It is meant for the operator of the service and is not sent to the sender.
    #[source]
    cause: Option<Cause>,
}

/// A cause that several requests may share.
#[derive(Clone, Debug, thiserror::Error)]
#[error(transparent)]
struct Cause(Arc<dyn Error + Send + Sync>);

/// The kind of a failure, which determines the response that OTLP's specification demands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FailureKind {
    /// The path is none of OTLP's.
    UnknownPath,
    /// The method is not POST.
    Method,
    /// The `Content-Type` is none of OTLP/HTTP's.
    MediaType,
    /// The compression is unknown, or its feature is off.
    Encoding,
    /// The request has no valid token.
    Unauthenticated,
    /// The body or the inflated payload exceeds a limit.
    TooLarge,
    /// The payload is damaged or malformed.
    Malformed,
    /// The body was cut off, or is not framed as its protocol demands.
    BrokenBody,
    /// The body did not arrive in time.
    SlowBody,
    /// The queue of the service is full.
    QueueFull,
    /// The records could not be made durable, or the service is shut down.
    Unavailable,
}

impl FailureKind {
    /// Every kind.
    pub const ALL: [FailureKind; 11] = [
        FailureKind::UnknownPath,
        FailureKind::Method,
        FailureKind::MediaType,
        FailureKind::Encoding,
        FailureKind::Unauthenticated,
        FailureKind::TooLarge,
        FailureKind::Malformed,
        FailureKind::BrokenBody,
        FailureKind::SlowBody,
        FailureKind::QueueFull,
        FailureKind::Unavailable,
    ];

    /// Returns the status of OTLP/HTTP and the code of OTLP/gRPC.
    fn answer(self) -> (StatusCode, RpcCode) {
        match self {
            FailureKind::UnknownPath => (StatusCode::NOT_FOUND, RpcCode::Unimplemented),
            FailureKind::Method => (StatusCode::METHOD_NOT_ALLOWED, RpcCode::Unimplemented),
            FailureKind::MediaType => (StatusCode::UNSUPPORTED_MEDIA_TYPE, RpcCode::Unimplemented),
            FailureKind::Encoding => (StatusCode::UNSUPPORTED_MEDIA_TYPE, RpcCode::Unimplemented),
            FailureKind::Unauthenticated => (StatusCode::UNAUTHORIZED, RpcCode::Unauthenticated),
            FailureKind::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, RpcCode::ResourceExhausted),
            FailureKind::Malformed => (StatusCode::BAD_REQUEST, RpcCode::InvalidArgument),
            FailureKind::BrokenBody => (StatusCode::BAD_REQUEST, RpcCode::Internal),
            FailureKind::SlowBody => (StatusCode::REQUEST_TIMEOUT, RpcCode::DeadlineExceeded),
            FailureKind::QueueFull => (StatusCode::TOO_MANY_REQUESTS, RpcCode::Unavailable),
            FailureKind::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, RpcCode::Unavailable),
        }
    }

    /// Returns the status of the OTLP/HTTP response.
    pub fn http_status(self) -> StatusCode {
        self.answer().0
    }

    /// Returns the code of the OTLP/gRPC response.
    pub fn rpc_code(self) -> RpcCode {
        self.answer().1
    }

    /// Returns whether the same request may succeed later. If so, the response asks the sender to retry.
    pub fn is_retryable(self) -> bool {
        matches!(self, FailureKind::QueueFull | FailureKind::Unavailable)
    }
}

/// The longest text that a response contains, because gRPC sends it in a header.
const LONGEST_TEXT: usize = 1024;

impl Failure {
    pub(super) fn new(kind: FailureKind, message: impl Into<String>) -> Failure {
        Failure {
            kind,
            message: shortened(message.into()).into(),
            violation: None,
            cause: None,
        }
    }

    pub(super) fn encoding() -> Failure {
        Failure::new(
            FailureKind::Encoding,
            format!("the compression is none of {}", encodings()),
        )
    }

    pub(super) fn too_large(limit: usize) -> Failure {
        Failure::new(
            FailureKind::TooLarge,
            format!("the body is more than the limit of {limit} bytes: send smaller batches"),
        )
    }

    pub(super) fn broken_body(error: impl Into<Box<dyn Error + Send + Sync>>) -> Failure {
        Failure {
            cause: Some(Cause(error.into().into())),
            ..Failure::new(FailureKind::BrokenBody, "the body can't be read to its end")
        }
    }

    fn unavailable(error: impl Error + Send + Sync + 'static) -> Failure {
        Failure {
            cause: Some(Cause(Arc::new(error))),
            ..Failure::new(
                FailureKind::Unavailable,
                "the records can't be stored now: send the request again later",
            )
        }
    }

    fn malformed(error: &IngestError) -> Failure {
        let mut kind = FailureKind::Malformed;
        let mut violation = None;
        match error {
            IngestError::Inflate { source, .. } => {
                if is_too_large(source) {
                    kind = FailureKind::TooLarge;
                }
            }
            IngestError::Payload { source, .. } => {
                if let InvalidPayloadKind::PayloadTooLarge { .. } = source.kind() {
                    kind = FailureKind::TooLarge;
                } else {
                    violation = Some(Arc::new(self::violation(source)));
                }
            }
            IngestError::Write { .. } => {}
        }
        Failure {
            violation,
            ..Failure::new(kind, with_sources(error))
        }
    }

    /// Returns the kind.
    pub fn kind(&self) -> FailureKind {
        self.kind
    }

    /// Returns the message for the sender.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Returns the status as a message. If the failure [is retryable](FailureKind::is_retryable), the message has
    /// the delay `retry_after`.
    pub fn status(&self, retry_after: Duration) -> RpcStatus {
        let mut status = RpcStatus::new(self.kind.rpc_code(), &*self.message);
        if self.kind.is_retryable() {
            status = status.with_retry_delay(retry_after);
        }
        if let Some(violation) = &self.violation {
            let (field, description) = &**violation;
            status = status.with_violation(field, description);
        }
        status
    }

    /// Returns the response of OTLP/HTTP, in the format of the request. If the failure
    /// [is retryable](FailureKind::is_retryable), its `Retry-After` is `retry_after`, rounded up to seconds.
    pub fn http_response(&self, format: Format, retry_after: Duration) -> Response<Bytes> {
        let body = self.status(retry_after).encode(format);
        let mut response = Response::new(Bytes::from(body));
        *response.status_mut() = self.kind.http_status();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, media_type(format));
        match self.kind {
            FailureKind::Method => {
                headers.insert(ALLOW, HeaderValue::from_static("POST"));
            }
            FailureKind::Encoding => {
                headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(encodings()));
            }
            FailureKind::Unauthenticated => {
                headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            kind if kind.is_retryable() => {
                let seconds = retry_after.as_millis().div_ceil(1000).max(1);
                let seconds = u64::try_from(seconds).unwrap_or(u64::MAX);
                headers.insert(RETRY_AFTER, seconds.into());
            }
            _ => {}
        }
        response
    }
}

impl From<ServiceError> for Failure {
    fn from(error: ServiceError) -> Failure {
        match error {
            ServiceError::Payload(error) => Failure::malformed(&error),
            error => Failure::unavailable(error),
        }
    }
}

impl From<TryIngestError> for Failure {
    fn from(error: TryIngestError) -> Failure {
        match error {
            TryIngestError::Full => Failure::new(FailureKind::QueueFull, error.to_string()),
            TryIngestError::Closed | TryIngestError::NoWorker => Failure::unavailable(error),
        }
    }
}

/// Returns the encodings that are compiled in.
pub(super) fn encodings() -> &'static str {
    match (cfg!(feature = "gzip"), cfg!(feature = "zstd")) {
        (true, true) => "gzip, zstd, identity",
        (true, false) => "gzip, identity",
        (false, true) => "zstd, identity",
        (false, false) => "identity",
    }
}

fn is_too_large(error: &InflateError) -> bool {
    matches!(
        error,
        InflateError::TooLarge { .. } | InflateError::RatioTooHigh { .. }
    )
}

fn violation(error: &InvalidPayload) -> (String, String) {
    let description = format!("{}, at byte {}", error.kind(), error.offset());
    (shortened(error.path().to_owned()), shortened(description))
}

/// Returns the messages of an error and its sources.
fn with_sources(error: &(dyn Error + 'static)) -> String {
    let errors = iter::successors(Some(error), |error| (*error).source());
    let messages: Vec<_> = errors.map(ToString::to_string).collect();
    messages.join(": ")
}

fn shortened(mut text: String) -> String {
    if text.len() > LONGEST_TEXT {
        let end = (0..=LONGEST_TEXT)
            .rev()
            .find(|end| text.is_char_boundary(*end));
        text.truncate(end.unwrap_or(0));
        text.push('…');
    }
    text
}

use ::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use ::http::request::Parts;
use ::http::{HeaderValue, Method, Response};
use otlake_otlp::{ContentEncoding, Format, Summary};
use otlake_row::{Bytes, Signal};

use super::{Failure, FailureKind};

/// The signal, format and encoding that the head of an OTLP/HTTP request states.
///
/// A [`Receiver`](crate::Receiver) does all of this itself. Use this type to handle requests without one:
///
/// ```
/// # #[cfg(feature = "http")] {
/// use otlake::otlp::{Format, Summary};
/// use otlake::row::Signal;
/// use otlake::HttpExport;
///
/// let request = http::Request::post("/v1/traces")
///     .header("content-type", "application/x-protobuf")
///     .body(())?;
/// let (parts, ()) = request.into_parts();
/// let export = HttpExport::of(&parts).expect("it is valid");
/// assert_eq!((export.signal(), export.format()), (Signal::Traces, Format::Protobuf));
/// assert_eq!(export.response(&Summary::default()).status(), 200);
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HttpExport {
    signal: Signal,
    format: Format,
    encoding: ContentEncoding,
}

impl HttpExport {
    /// Reads method, path, `Content-Type` and `Content-Encoding`.
    ///
    /// # Errors
    ///
    /// Returns the failure to respond with if OTLP/HTTP does not allow one of them, or if it is not supported.
    pub fn of(parts: &Parts) -> Result<HttpExport, Failure> {
        let signal = match parts.uri.path() {
            "/v1/logs" => Signal::Logs,
            "/v1/traces" => Signal::Traces,
            "/v1/metrics" => Signal::Metrics,
            _ => {
                return Err(Failure::new(
                    FailureKind::UnknownPath,
                    "the path is none of /v1/logs, /v1/traces and /v1/metrics",
                ));
            }
        };
        if parts.method != Method::POST {
            return Err(Failure::new(
                FailureKind::Method,
                "the method of an export is POST",
            ));
        }
        let format = content_type(parts).ok_or_else(|| {
            Failure::new(
                FailureKind::MediaType,
                "the Content-Type is neither application/x-protobuf nor application/json",
            )
        })?;
        let mut encodings = parts.headers.get_all(CONTENT_ENCODING).iter();
        let encoding = match (encodings.next(), encodings.next()) {
            (None, _) => Some(ContentEncoding::Identity),
            (Some(only), None) => only.to_str().ok().and_then(ContentEncoding::from_header),
            (Some(_), Some(_)) => None,
        };
        let encoding = encoding.ok_or_else(Failure::encoding)?;
        Ok(HttpExport {
            signal,
            format,
            encoding,
        })
    }

    /// Returns the signal of the path.
    pub fn signal(&self) -> Signal {
        self.signal
    }

    /// Returns the format of the payload, and of the response.
    pub fn format(&self) -> Format {
        self.format
    }

    /// Returns the compression of the body.
    ///
    /// ```
    /// # #[cfg(feature = "gzip")] {
    /// use otlake::HttpExport;
    /// use otlake::otlp::ContentEncoding;
    ///
    /// let request = http::Request::post("/v1/logs")
    ///     .header("content-type", "application/json")
    ///     .header("content-encoding", "gzip")
    ///     .body(())?;
    /// let export = HttpExport::of(&request.into_parts().0).expect("it is valid");
    /// assert_eq!(export.encoding(), ContentEncoding::Gzip);
    /// # }
    /// # Ok::<(), http::Error>(())
    /// ```
    pub fn encoding(&self) -> ContentEncoding {
        self.encoding
    }

    /// Returns the response to a request whose records have this outcome: a full or a partial success.
    pub fn response(&self, summary: &Summary) -> Response<Bytes> {
        let body = summary.response(self.signal, self.format);
        let mut response = Response::new(Bytes::from(body));
        let content_type = media_type(self.format);
        response.headers_mut().insert(CONTENT_TYPE, content_type);
        response
    }
}

/// Returns the format for reporting a failure: that of the request, or protobuf if it is unknown.
pub(super) fn response_format(parts: &Parts) -> Format {
    content_type(parts).unwrap_or(Format::Protobuf)
}

pub(super) fn media_type(format: Format) -> HeaderValue {
    HeaderValue::from_static(match format {
        Format::Json => "application/json",
        _ => "application/x-protobuf",
    })
}

/// Returns the `Content-Type` without its parameters, or an empty string if there is none.
pub(super) fn essence(parts: &Parts) -> &str {
    let value = parts.headers.get(CONTENT_TYPE);
    let value = value.and_then(|value| value.to_str().ok());
    let value = value.unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim()
}

/// Returns the format that the `Content-Type` states.
fn content_type(parts: &Parts) -> Option<Format> {
    Format::from_content_type(essence(parts))
}

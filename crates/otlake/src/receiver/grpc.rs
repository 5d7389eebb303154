use std::convert::Infallible;
use std::error::Error;
use std::pin::Pin;
use std::task::{Context, Poll};

use ::http::header::CONTENT_TYPE;
use ::http::request::Parts;
use ::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use bytes::{BufMut, Bytes, BytesMut};
use http_body::Body;
use otlake_otlp::{ContentEncoding, Format, RpcCode, Summary};
use otlake_row::Signal;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use super::failure::encodings;
use super::http_export::essence;
use super::{Failure, FailureKind, Outcome, Protocol, Receiver, ReceiverBody};
use crate::EncodedPayload;

const GRPC: HeaderValue = HeaderValue::from_static("application/grpc");
const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
const GRPC_MESSAGE: HeaderName = HeaderName::from_static("grpc-message");
const GRPC_STATUS_DETAILS: HeaderName = HeaderName::from_static("grpc-status-details-bin");
const GRPC_ENCODING: HeaderName = HeaderName::from_static("grpc-encoding");
const GRPC_ACCEPT_ENCODING: HeaderName = HeaderName::from_static("grpc-accept-encoding");

/// The number of bytes before a message: a flag that says whether it is compressed, and its length.
const PREFIX: usize = 5;

/// The characters that are percent-encoded in `grpc-message`, in addition to those beyond ASCII.
const ENCODED: &AsciiSet = &CONTROLS.add(b'%');

/// The signal and encoding that the head of a call states.
struct Call {
    signal: Signal,
    encoding: ContentEncoding,
}

/// Returns whether a request is a gRPC call with messages in protobuf.
pub(super) fn is_grpc(parts: &Parts) -> bool {
    let essence = essence(parts);
    let is = |name: &str| essence.eq_ignore_ascii_case(name);
    is("application/grpc") || is("application/grpc+proto")
}

impl Call {
    fn of(parts: &Parts) -> Result<Call, Failure> {
        let signal = match parts.uri.path() {
            "/opentelemetry.proto.collector.logs.v1.LogsService/Export" => Signal::Logs,
            "/opentelemetry.proto.collector.trace.v1.TraceService/Export" => Signal::Traces,
            "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export" => Signal::Metrics,
            _ => {
                return Err(Failure::new(
                    FailureKind::UnknownPath,
                    "the method is none of LogsService/Export, TraceService/Export and \
                     MetricsService/Export of opentelemetry.proto.collector",
                ));
            }
        };
        if parts.method != Method::POST {
            return Err(Failure::new(
                FailureKind::Method,
                "the method of a gRPC call is POST",
            ));
        }
        let encoding = match parts.headers.get(GRPC_ENCODING) {
            None => Some(ContentEncoding::Identity),
            Some(name) => name.to_str().ok().and_then(ContentEncoding::from_header),
        };
        let encoding = encoding.ok_or_else(Failure::encoding)?;
        Ok(Call { signal, encoding })
    }

    /// Returns the message of a body, which must have exactly one.
    fn message(&self, body: &Bytes) -> Result<EncodedPayload, Failure> {
        let broken = |message: &str| Failure::new(FailureKind::BrokenBody, message);
        let Some(&[compressed, length @ ..]) = body.first_chunk::<PREFIX>() else {
            return Err(broken("the call has no complete message"));
        };
        let message = body.slice(PREFIX..);
        let length = u32::from_be_bytes(length) as usize;
        if message.len() < length {
            return Err(broken("the message is cut off"));
        }
        if message.len() > length {
            return Err(broken("the call has more than one message"));
        }
        let encoding = match (compressed, self.encoding) {
            (0, _) => ContentEncoding::Identity,
            (1, ContentEncoding::Identity) => {
                return Err(broken(
                    "the message is compressed, but grpc-encoding does not say how",
                ));
            }
            (1, encoding) => encoding,
            _ => return Err(broken("the prefix of the message is invalid")),
        };
        Ok(EncodedPayload::new(message, encoding))
    }
}

impl Receiver {
    pub(super) async fn respond_grpc<B>(&self, parts: &Parts, body: B) -> Response<ReceiverBody>
    where
        B: Body,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        let call = match self.authorize(parts) {
            Ok(()) => Call::of(parts),
            Err(failure) => Err(failure),
        };
        let signal = call.as_ref().ok().map(|call| call.signal);
        let result = match (self.read(parts, body, &call, PREFIX).await, &call) {
            (Ok((body, reservation)), Ok(call)) => match call.message(&body) {
                Ok(payload) => {
                    let format = Format::Protobuf;
                    self.ingest(reservation, call.signal, format, payload).await
                }
                Err(failure) => Err(failure),
            },
            (Err(failure), _) => Err(failure),
            (Ok(_), Err(failure)) => Err(failure.clone()),
        };
        let mut response = match (signal, &result) {
            (Some(signal), Ok(summary)) => success(signal, summary),
            (_, Err(failure)) => self.grpc_failure(failure),
            // A call without a signal has failed.
            (None, Ok(_)) => Response::default(),
        };
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, GRPC);
        headers.insert(GRPC_ACCEPT_ENCODING, HeaderValue::from_static(encodings()));
        response.extensions_mut().insert(Outcome {
            protocol: Protocol::Grpc,
            signal,
            result,
        });
        response
    }

    /// Returns a response without a body, with the status in its headers.
    fn grpc_failure(&self, failure: &Failure) -> Response<ReceiverBody> {
        let mut response = Response::new(ReceiverBody::default());
        let headers = response.headers_mut();
        let status = failure.status(self.options.retry_after);
        headers.insert(GRPC_STATUS, u16::from(status.code().number()).into());
        let message = utf8_percent_encode(status.message(), ENCODED).to_string();
        let details = STANDARD_NO_PAD.encode(status.encode(Format::Protobuf));
        for (name, value) in [(GRPC_MESSAGE, message), (GRPC_STATUS_DETAILS, details)] {
            // Both are printable ASCII, so this does not fail.
            if let Ok(value) = HeaderValue::try_from(value) {
                headers.insert(name, value);
            }
        }
        response
    }
}

fn success(signal: Signal, summary: &Summary) -> Response<ReceiverBody> {
    let message = summary.response(signal, Format::Protobuf);
    let mut data = BytesMut::with_capacity(PREFIX + message.len());
    data.put_u8(0);
    // The message of a partial success is short.
    data.put_u32(u32::try_from(message.len()).unwrap_or(0));
    data.put_slice(&message);
    let mut trailers = HeaderMap::new();
    trailers.insert(GRPC_STATUS, u16::from(RpcCode::Ok.number()).into());
    Response::new(ReceiverBody::with_trailers(data.freeze(), trailers))
}

impl<B> tower_service::Service<Request<B>> for Receiver
where
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    type Response = Response<ReceiverBody>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let receiver = self.clone();
        Box::pin(async move { Ok(receiver.respond(request).await) })
    }
}

mod body;
mod builder;
mod failure;
#[cfg(feature = "grpc")]
mod grpc;
mod http_export;
mod upload;

use std::error::Error;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::time::Instant;

use ::http::header::{AUTHORIZATION, EXPECT};
use ::http::request::Parts;
use ::http::{Request, Response, StatusCode};
use bytes::{Buf, Bytes};
use http_body::Body;
use otlake_otlp::{Format, Summary};
use otlake_row::Signal;
use tokio::time::timeout;

pub use self::body::ReceiverBody;
use self::builder::Options;
pub use self::builder::{Acknowledge, ReceiverBuilder};
pub use self::failure::{Failure, FailureKind};
pub use self::http_export::HttpExport;
use self::upload::Upload;
use crate::{EncodedPayload, Reservation, ServiceHandle};

/// A receiver of OTLP requests. It reads a body within limits, passes it to a [`Service`](crate::Service), and, when
/// the records are durable, responds as [OTLP's specification](https://opentelemetry.io/docs/specs/otlp/) demands.
///
/// It works in any server that uses the request and response types of the `http` crate. With the feature `grpc`, it answers
/// OTLP/gRPC as well, on the same port or on another one, and is a `tower_service::Service`. Payloads of both go to the
/// decoder as bytes; no message types are built.
///
/// ```
/// # #[cfg(feature = "http")] {
/// use std::sync::Arc;
/// use std::time::Duration;
///
/// use http_body_util::{BodyExt, Full};
/// use otlake::dataset::Dataset;
/// use otlake::row::Bytes;
/// use otlake::storage::InMemoryStorage;
/// use otlake::{Outcome, Pipeline, Receiver, Service};
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
/// let dataset = Dataset::builder().open(Arc::new(InMemoryStorage::new()))?;
/// let service = Service::builder()
///     .group_time(Duration::from_millis(20))
///     .start(move |_worker| Pipeline::on(&dataset).build())?;
/// let receiver = Receiver::builder().body_bytes(4 << 20).build(service.handle());
///
/// // Your server calls this for each request.
/// let request = http::Request::post("/v1/logs")
///     .header("content-type", "application/json")
///     .body(Full::<Bytes>::from(r#"{"resourceLogs": [{"scopeLogs": [{"logRecords": [{}]}]}]}"#))?;
/// let response = receiver.respond(request).await;
///
/// let outcome = response.extensions().get::<Outcome>().expect("every response has one");
/// assert_eq!((outcome.protocol.name(), outcome.http_status()), ("http", response.status()));
/// assert!(outcome.result.as_ref().is_ok_and(|summary| summary.accepted == 1));
///
/// assert_eq!(response.status(), 200);
/// assert_eq!(response.into_body().collect().await?.to_bytes(), "{}");
/// service.shutdown().await;
/// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// A response has an [`Outcome`] in its extensions, for logs and metrics of the server;
/// `MetricsObserver::observe_request` counts it.
#[derive(Clone, Debug)]
pub struct Receiver {
    service: ServiceHandle,
    options: Options,
}

/// The outcome of a request, in the extensions of its response.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Outcome {
    /// The protocol of the request.
    pub protocol: Protocol,
    /// The signal, or `None` if the path is unknown.
    pub signal: Option<Signal>,
    /// The counts of accepted and rejected records, or the failure of the request. With
    /// [`Acknowledge::Queued`] the counts are not known yet, and all of them are 0.
    pub result: Result<Summary, Failure>,
}

impl Outcome {
    /// Returns the status of the OTLP/HTTP response, or the one that an OTLP/gRPC request would have got over HTTP.
    pub fn http_status(&self) -> StatusCode {
        match &self.result {
            Ok(_) => StatusCode::OK,
            Err(failure) => failure.kind().http_status(),
        }
    }
}

/// A protocol that transports OTLP.
///
/// ```
/// use otlake::Protocol;
///
/// assert_eq!([Protocol::Http, Protocol::Grpc].map(Protocol::name), ["http", "grpc"]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Protocol {
    /// OTLP/HTTP.
    Http,
    /// OTLP/gRPC.
    Grpc,
}

impl Protocol {
    /// Returns the name in lower case, `http` or `grpc`, as in the attribute `transport` of the Collector's metrics.
    pub fn name(self) -> &'static str {
        match self {
            Protocol::Http => "http",
            Protocol::Grpc => "grpc",
        }
    }
}

impl Receiver {
    /// Returns a builder with the defaults.
    pub fn builder() -> ReceiverBuilder {
        ReceiverBuilder::new()
    }

    /// Returns the service that stores the records.
    pub fn service(&self) -> &ServiceHandle {
        &self.service
    }

    /// Responds to a request. Errors are reported in the response.
    ///
    /// Once the body has been received, its records are stored even if the future is dropped.
    pub async fn respond<B>(&self, request: Request<B>) -> Response<ReceiverBody>
    where
        B: Body,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        let (parts, body) = request.into_parts();
        #[cfg(feature = "grpc")]
        if grpc::is_grpc(&parts) {
            return self.respond_grpc(&parts, body).await;
        }
        self.respond_http(&parts, body).await
    }

    async fn respond_http<B>(&self, parts: &Parts, body: B) -> Response<ReceiverBody>
    where
        B: Body,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        let export = match self.authorize(parts) {
            Ok(()) => HttpExport::of(parts),
            Err(failure) => Err(failure),
        };
        let result = match (self.read(parts, body, &export, 0).await, &export) {
            (Ok((body, reservation)), Ok(export)) => {
                let payload = EncodedPayload::new(body, export.encoding());
                let (signal, format) = (export.signal(), export.format());
                self.ingest(reservation, signal, format, payload).await
            }
            (Err(failure), _) => Err(failure),
            (Ok(_), Err(failure)) => Err(failure.clone()),
        };
        let signal = export.as_ref().ok().map(HttpExport::signal);
        let response = match (&export, &result) {
            (Ok(export), Ok(summary)) => export.response(summary),
            (Err(failure), _) | (_, Err(failure)) => failure.http_response(
                http_export::response_format(parts),
                self.options.retry_after,
            ),
        };
        let mut response = response.map(ReceiverBody::from);
        response.extensions_mut().insert(Outcome {
            protocol: Protocol::Http,
            signal,
            result,
        });
        response
    }

    /// Checks the token of a request.
    fn authorize(&self, parts: &Parts) -> Result<(), Failure> {
        let Some(token) = &self.options.bearer_token else {
            return Ok(());
        };
        let header = parts.headers.get(AUTHORIZATION);
        let sent = header.and_then(|value| value.to_str().ok()?.split_once(' '));
        match sent {
            Some((scheme, sent))
                if scheme.eq_ignore_ascii_case("bearer")
                    && is_equal(sent.trim().as_bytes(), token.as_bytes()) =>
            {
                Ok(())
            }
            _ => Err(Failure::new(
                FailureKind::Unauthenticated,
                "the request has no valid bearer token in its Authorization header",
            )),
        }
    }

    /// Reads a body of at most [`ReceiverBuilder::body_bytes`] and a `prefix`, if the request was acceptable so far.
    async fn read<B, T>(
        &self,
        parts: &Parts,
        body: B,
        request: &Result<T, Failure>,
        prefix: usize,
    ) -> Result<(Bytes, Reservation), Failure>
    where
        B: Body,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        let mut body = pin!(body);
        let started = Instant::now();
        let body_time = self.options.body_time;
        let limit = self.options.body_bytes.saturating_add(prefix);
        let received = match request {
            Err(failure) => Err(failure.clone()),
            Ok(_) if body.size_hint().lower() > limit as u64 => {
                Err(Failure::too_large(self.options.body_bytes))
            }
            Ok(_) => {
                let stated = body.size_hint().exact();
                let upload = Upload::new(&self.service, self.options.body_bytes, prefix, stated);
                let receive = timeout(body_time, receive(body.as_mut(), upload));
                receive.await.unwrap_or_else(|_| {
                    Err(Failure::new(
                        FailureKind::SlowBody,
                        "the body has not arrived in time",
                    ))
                })
            }
        };
        // A server closes the connection or resets the stream if a body was not read, and the sender may then miss
        // the response. So an ordinary body is read to its end and dropped. If that takes too long, the response is
        // still the one to the failure.
        if received.is_err() && !parts.headers.contains_key(EXPECT) {
            let left = body_time.saturating_sub(started.elapsed());
            let _ = timeout(left, drain(body.as_mut(), limit.saturating_mul(2))).await;
        }
        received.map(Upload::finish)
    }

    async fn ingest(
        &self,
        reservation: Reservation,
        signal: Signal,
        format: Format,
        payload: EncodedPayload,
    ) -> Result<Summary, Failure> {
        let response = reservation.ingest(signal, format, payload)?;
        match self.options.acknowledge {
            Acknowledge::Durable => Ok(response.await?),
            Acknowledge::Queued => Ok(Summary::default()),
        }
    }
}

/// Reads a body to its end.
async fn receive<B>(mut body: Pin<&mut B>, mut upload: Upload) -> Result<Upload, Failure>
where
    B: Body,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    while let Some(frame) = poll_fn(|context| body.as_mut().poll_frame(context)).await {
        // Other frames are trailers, which have no meaning in OTLP.
        if let Ok(data) = frame.map_err(Failure::broken_body)?.into_data() {
            upload.push(data)?;
        }
    }
    Ok(upload)
}

/// Reads the rest of a body, of `limit` bytes at most, and drops it.
async fn drain<B: Body>(mut body: Pin<&mut B>, mut limit: usize) {
    while let Some(Ok(frame)) = poll_fn(|context| body.as_mut().poll_frame(context)).await {
        let bytes = frame.data_ref().map_or(0, Buf::remaining);
        match limit.checked_sub(bytes) {
            Some(rest) => limit = rest,
            None => return,
        }
    }
}

/// Compares two texts in a time that depends on their lengths alone.
fn is_equal(left: &[u8], right: &[u8]) -> bool {
    let pairs = left.iter().zip(right);
    left.len() == right.len() && pairs.fold(0, |all, (left, right)| all | (left ^ right)) == 0
}

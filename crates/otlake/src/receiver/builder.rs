use std::sync::Arc;
use std::time::Duration;

use super::Receiver;
use crate::ServiceHandle;

/// A builder for a [`Receiver`].
///
/// ```
/// use std::sync::Arc;
/// use std::time::Duration;
///
/// use otlake::dataset::Dataset;
/// use otlake::storage::InMemoryStorage;
/// use otlake::{Acknowledge, Pipeline, Receiver, ReceiverBody, ReceiverBuilder, Service};
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
/// let dataset = Dataset::builder().open(Arc::new(InMemoryStorage::new()))?;
/// let service = Service::builder().start(move |_worker| Pipeline::on(&dataset).build())?;
/// let builder: ReceiverBuilder = Receiver::builder()
///     .acknowledge(Acknowledge::Queued)
///     .body_time(Duration::from_secs(10))
///     .retry_after(Duration::from_secs(5))
///     .bearer_token("a secret");
/// let receiver = builder.build(service.handle());
///
/// let request = http::Request::post("/v1/logs").body(ReceiverBody::from(""))?;
/// let response: http::Response<ReceiverBody> = receiver.respond(request).await;
/// assert_eq!(response.status(), 401, "the token is missing");
/// service.shutdown().await;
/// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct ReceiverBuilder {
    options: Options,
}

#[derive(Clone, Debug)]
pub(super) struct Options {
    pub(super) acknowledge: Acknowledge,
    pub(super) body_bytes: usize,
    pub(super) body_time: Duration,
    pub(super) retry_after: Duration,
    pub(super) bearer_token: Option<Arc<str>>,
}

/// The point in time at which a request is answered with success.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Acknowledge {
    /// The request's records are durable.
    #[default]
    Durable,
    /// The request is in the queue. It is not decoded yet, so a malformed payload is answered with success, too.
    /// Queued requests are lost if the process dies.
    Queued,
}

impl ReceiverBuilder {
    pub(super) fn new() -> ReceiverBuilder {
        ReceiverBuilder {
            options: Options {
                acknowledge: Acknowledge::Durable,
                body_bytes: 20 << 20,
                body_time: Duration::from_secs(30),
                retry_after: Duration::from_secs(1),
                bearer_token: None,
            },
        }
    }

    /// Sets when a request is answered with success. Default: when its records are durable.
    pub fn acknowledge(mut self, acknowledge: Acknowledge) -> ReceiverBuilder {
        self.options.acknowledge = acknowledge;
        self
    }

    /// Limits the bytes of a body as it was sent. Default: 20 MiB, as the specification recommends. The size of an
    /// inflated body is one of the [`Limits`](otlake_otlp::Limits) of the pipeline.
    pub fn body_bytes(mut self, bytes: usize) -> ReceiverBuilder {
        self.options.body_bytes = bytes;
        self
    }

    /// Limits the time in which a body has to arrive. Default: 30 s.
    pub fn body_time(mut self, time: Duration) -> ReceiverBuilder {
        self.options.body_time = time;
        self
    }

    /// Sets how long senders are asked to wait when the queue is full or the storage fails. Default: 1 s. HTTP
    /// rounds it up to seconds.
    pub fn retry_after(mut self, time: Duration) -> ReceiverBuilder {
        self.options.retry_after = time;
        self
    }

    /// Requires this token in each request, as `Authorization: Bearer TOKEN`. Default: no token is required.
    pub fn bearer_token(mut self, token: impl Into<Arc<str>>) -> ReceiverBuilder {
        self.options.bearer_token = Some(token.into());
        self
    }

    /// Builds a receiver that passes requests to a service.
    #[must_use]
    pub fn build(self, service: ServiceHandle) -> Receiver {
        Receiver {
            service,
            options: self.options,
        }
    }
}

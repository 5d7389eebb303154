use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use ::http::HeaderMap;
use http_body::{Body, Frame, SizeHint};
use otlake_row::Bytes;

/// The body of a response of a [`Receiver`](crate::Receiver): complete in memory, and with trailers for gRPC.
#[derive(Clone, Debug, Default)]
pub struct ReceiverBody {
    data: Option<Bytes>,
    trailers: Option<HeaderMap>,
}

#[cfg(feature = "grpc")]
impl ReceiverBody {
    /// Returns a body with trailers.
    pub(super) fn with_trailers(data: Bytes, trailers: HeaderMap) -> ReceiverBody {
        ReceiverBody {
            data: Some(data),
            trailers: Some(trailers),
        }
    }
}

/// Returns a body without trailers, for responses of the server's own.
impl<T: Into<Bytes>> From<T> for ReceiverBody {
    fn from(data: T) -> ReceiverBody {
        ReceiverBody {
            data: Some(data.into()).filter(|data| !data.is_empty()),
            trailers: None,
        }
    }
}

impl Body for ReceiverBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let data = self.data.take().map(Frame::data);
        let frame = data.or_else(|| self.trailers.take().map(Frame::trailers));
        Poll::Ready(frame.map(Ok))
    }

    fn is_end_stream(&self) -> bool {
        self.data.is_none() && self.trailers.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.data.as_ref().map_or(0, |data| data.len() as u64))
    }
}

use std::sync::Arc;

use otlake_otlp::Format;
use otlake_row::Signal;
use tokio::sync::{OwnedSemaphorePermit, TryAcquireError};

use super::{Response, Shared, TryIngestError};
use crate::EncodedPayload;

/// A share of the queue of a [`Service`](crate::Service), for a payload that is still being received. It grows
/// with the bytes that have arrived, so a sender that only states a length takes no share.
///
/// The share is given back when the reservation is dropped, or when the response of its payload has resolved.
///
/// ```
/// use std::sync::Arc;
///
/// use otlake::dataset::Dataset;
/// use otlake::otlp::Format;
/// use otlake::row::Signal;
/// use otlake::storage::InMemoryStorage;
/// use otlake::{Pipeline, Reservation, Response, Service};
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
/// let dataset = Dataset::builder().open(Arc::new(InMemoryStorage::new()))?;
/// let service = Service::builder().start(move |_worker| Pipeline::on(&dataset).build())?;
/// let handle = service.handle();
///
/// // A body that arrives in pieces has room in the queue before it is complete.
/// let mut reservation: Reservation = handle.reserve();
/// let mut body = Vec::new();
/// for piece in [&b"\x0a\x0a\x12\x08\x12"[..], &b"\x06\x2a\x04\x0a\x02hi"[..]] {
///     body.extend_from_slice(piece);
///     reservation.grow_to(body.len())?; // or: respond that the queue is full
/// }
/// assert!(handle.queued_bytes() > 0);
/// let response: Response = reservation.ingest(Signal::Logs, Format::Protobuf, body)?;
/// assert_eq!(response.await?.accepted, 1);
/// service.shutdown().await;
/// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Reservation {
    shared: Arc<Shared>,
    room: Option<OwnedSemaphorePermit>,
}

impl Reservation {
    pub(super) fn new(shared: Arc<Shared>) -> Reservation {
        Reservation { shared, room: None }
    }

    /// Grows the share to this many bytes. A smaller number changes nothing.
    ///
    /// # Errors
    ///
    /// Returns an error when the queue is full, or when the service is shut down.
    pub fn grow_to(&mut self, bytes: usize) -> Result<(), TryIngestError> {
        let held = self.room.as_ref().map_or(0, |room| room.num_permits());
        let units = self.shared.units(bytes);
        let missing = units.saturating_sub(u32::try_from(held).unwrap_or(u32::MAX));
        if missing == 0 {
            return Ok(());
        }
        let room = Arc::clone(&self.shared.room).try_acquire_many_owned(missing);
        let room = room.map_err(|error| match error {
            TryAcquireError::NoPermits => TryIngestError::Full,
            TryAcquireError::Closed => TryIngestError::Closed,
        })?;
        match &mut self.room {
            Some(held) => held.merge(room),
            none => *none = Some(room),
        }
        Ok(())
    }

    /// Accepts the payload, like [`ServiceHandle::try_ingest`](crate::ServiceHandle::try_ingest).
    ///
    /// # Errors
    ///
    /// Returns an error when the payload is larger than the reservation and the queue is full, when the
    /// service is shut down, and when no worker is left.
    pub fn ingest(
        mut self,
        signal: Signal,
        format: Format,
        payload: impl Into<EncodedPayload>,
    ) -> Result<Response, TryIngestError> {
        let payload = payload.into();
        self.grow_to(payload.bytes().len())?;
        Ok(self.shared.send(signal, format, payload, self.room)?)
    }
}

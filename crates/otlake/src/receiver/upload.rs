use bytes::{Buf, Bytes};

use super::Failure;
use crate::{Reservation, ServiceHandle};

/// A body that is being received. The bytes that have arrived are counted in the service's queue, so the size of the
/// queue bounds the memory of all bodies to about twice that size.
pub(super) struct Upload {
    reservation: Reservation,
    /// The maximum size of the payload.
    limit: usize,
    /// The number of bytes before the payload.
    prefix: usize,
    /// The length that the sender states. At most twice the number of received bytes is allocated.
    stated: usize,
    received: Received,
}

enum Received {
    /// Nothing, or one piece, which is not copied.
    One(Bytes),
    /// Several pieces. They are copied, because a small piece can keep a large buffer of the server alive.
    Several(Vec<u8>),
}

impl Upload {
    pub(super) fn new(
        service: &ServiceHandle,
        limit: usize,
        prefix: usize,
        stated: Option<u64>,
    ) -> Upload {
        let longest = limit.saturating_add(prefix);
        let stated = stated.map_or(longest, |bytes| usize::try_from(bytes).unwrap_or(longest));
        Upload {
            reservation: service.reserve(),
            limit,
            prefix,
            stated: stated.min(longest),
            received: Received::One(Bytes::new()),
        }
    }

    fn len(&self) -> usize {
        match &self.received {
            Received::One(bytes) => bytes.len(),
            Received::Several(bytes) => bytes.len(),
        }
    }

    /// Appends a piece.
    pub(super) fn push(&mut self, mut data: impl Buf) -> Result<(), Failure> {
        let len = self.len().saturating_add(data.remaining());
        if len > self.limit.saturating_add(self.prefix) {
            return Err(Failure::too_large(self.limit));
        }
        self.reservation.grow_to(len)?;
        let capacity = len.saturating_mul(2).min(self.stated).max(len);
        match &mut self.received {
            Received::One(bytes) if bytes.is_empty() => {
                *bytes = data.copy_to_bytes(data.remaining());
            }
            Received::One(bytes) => {
                let mut several = Vec::with_capacity(capacity);
                several.extend_from_slice(bytes);
                append(&mut several, data);
                self.received = Received::Several(several);
            }
            Received::Several(several) => {
                if several.capacity() < len {
                    several.reserve_exact(capacity - several.len());
                }
                append(several, data);
            }
        }
        Ok(())
    }

    /// Returns the body and its share of the queue.
    pub(super) fn finish(self) -> (Bytes, Reservation) {
        let body = match self.received {
            Received::One(bytes) => bytes,
            Received::Several(bytes) => bytes.into(),
        };
        (body, self.reservation)
    }
}

fn append(bytes: &mut Vec<u8>, mut data: impl Buf) {
    while data.has_remaining() {
        let chunk = data.chunk();
        bytes.extend_from_slice(chunk);
        let read = chunk.len();
        data.advance(read);
    }
}

use std::sync::Arc;

use datafusion::error::Result;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryPool, MemoryReservation};

/// The memory that reading a file takes from the pool of the session.
///
/// The size of a payload or a record batch is only known once it was read or built, so a scan may exceed the pool by one
/// of each before it fails.
#[derive(Debug)]
pub(crate) struct ScanMemory {
    payload: MemoryReservation,
    batches: MemoryReservation,
}

impl ScanMemory {
    /// Registers a consumer with the pool. Its name shows up in the pool's error messages.
    pub(crate) fn new(pool: &Arc<dyn MemoryPool>, consumer: impl Into<String>) -> ScanMemory {
        let payload = MemoryConsumer::new(consumer).register(pool);
        let batches = payload.new_empty();
        ScanMemory { payload, batches }
    }

    /// Takes the memory of a payload of `bytes` bytes, in place of that of the previous one.
    pub(crate) fn hold_payload(&self, bytes: usize) -> Result<()> {
        // The buffer has grown by doubling.
        self.payload.try_resize(2 * bytes)
    }

    /// Takes the memory of record batches, in place of that of the previous ones. It does not shrink: what a decoder has
    /// allocated for a large record batch is kept for the next one.
    pub(crate) fn hold_batches(&self, bytes: usize) -> Result<()> {
        let missing = bytes.saturating_sub(self.batches.size());
        self.batches.try_grow(missing)
    }
}

//! What a payload has cost.

use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use otlake::PipelineBuilder;
use otlake::otlp::Summary;
use otlake::row::Bytes;
use otlake::storage::{
    Document, Documents, InMemoryStorage, PutIf, PutOutcome, Storage, StorageError, StorageFile,
    StoredFile,
};
use otlake_testkit::measure;

use super::payloads::Payload;

/// Documents in memory, and files of which only the bytes are counted.
#[derive(Clone, Debug, Default)]
pub(crate) struct CountingStorage {
    documents: InMemoryStorage,
    bytes: Arc<AtomicU64>,
}

impl Storage for CountingStorage {
    fn create(&self, _name: &str) -> Result<Box<dyn StorageFile>, StorageError> {
        Ok(Box::new(CountedFile(Arc::clone(&self.bytes))))
    }
}

impl Documents for CountingStorage {
    fn get(&self, name: &str) -> Result<Option<Document>, StorageError> {
        self.documents.get(name)
    }

    fn put(&self, name: &str, bytes: Bytes, condition: PutIf) -> Result<PutOutcome, StorageError> {
        self.documents.put(name, bytes, condition)
    }

    fn list(&self, prefix: &str) -> Result<Vec<StoredFile>, StorageError> {
        self.documents.list(prefix)
    }

    fn delete(&self, name: &str) -> Result<(), StorageError> {
        self.documents.delete(name)
    }
}

struct CountedFile(Arc<AtomicU64>);

impl Write for CountedFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.fetch_add(bytes.len() as u64, Relaxed);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl StorageFile for CountedFile {
    fn commit(self: Box<Self>) -> Result<(), StorageError> {
        Ok(())
    }
}

/// What a payload has cost, from its ingest to the end of a flush.
#[derive(Debug)]
pub(crate) struct Cost {
    pub(crate) records: Summary,
    payload: u64,
    /// The bytes of files and documents.
    pub(crate) written: u64,
    /// The bytes of documents.
    pub(crate) documents: u64,
    pub(crate) files: u64,
    row_groups: u64,
    peak: u64,
    allocations: u64,
}

/// The most that a payload may cost.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// The bytes of files and documents, times the bytes of the payload.
    pub(crate) ratio: u64,
    pub(crate) files: u64,
    pub(crate) row_groups: u64,
    /// The bytes in memory at once, in MiB, without the payload.
    pub(crate) peak: u64,
    pub(crate) allocations: u64,
}

impl Cost {
    /// Asserts that the cost is within its bounds, and prints it for the table in docs/inputs.md.
    #[allow(clippy::print_stdout, reason = "the figures of a table")]
    pub(crate) fn assert_within(&self, what: &str, bounds: Bounds) {
        let Self {
            records,
            payload,
            written,
            documents,
            files,
            row_groups,
            peak,
            allocations,
        } = self;
        println!(
            "{what}: {payload} bytes, {} accepted, {} rejected: {written} bytes written (x {:.1}), \
             {documents} of documents, {files} files, {row_groups} row groups, {} MiB, {allocations} \
             allocations",
            records.accepted,
            records.rejected,
            *written as f64 / *payload as f64,
            peak >> 20,
        );
        let Bounds { ratio, .. } = bounds;
        assert!(*written <= ratio * payload, "{what}: {self:?}, {bounds:?}");
        assert!(*files <= bounds.files, "{what}: {self:?}, {bounds:?}");
        assert!(
            *row_groups <= bounds.row_groups,
            "{what}: {self:?}, {bounds:?}"
        );
        assert!(*peak <= bounds.peak << 20, "{what}: {self:?}, {bounds:?}");
        assert!(
            *allocations <= bounds.allocations,
            "{what}: {self:?}, {bounds:?}"
        );
    }
}

/// Holds back the other tests, whose allocations would be counted too.
pub(crate) fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Returns what a payload costs in a new dataset.
pub(crate) fn cost(builder: PipelineBuilder, payload: &Payload) -> Cost {
    let storage = CountingStorage::default();
    cost_in(&storage, builder, payload)
}

/// Returns what a payload costs in a dataset.
pub(crate) fn cost_in(
    storage: &CountingStorage,
    builder: PipelineBuilder,
    payload: &Payload,
) -> Cost {
    let (before, documents_before) = (storage.bytes.load(Relaxed), documents(storage));
    let ((stats, records), allocations) = measure(|| {
        let builder = builder.file_summaries(0).fingerprint();
        let mut pipeline = builder.build(storage.clone()).unwrap();
        let bytes = payload.bytes.clone();
        let records = pipeline.ingest(payload.signal, payload.format, bytes);
        pipeline.flush().unwrap();
        (pipeline.writer().stats(), records.unwrap())
    });
    let documents = documents(storage) - documents_before;
    Cost {
        records,
        payload: payload.bytes.len() as u64,
        written: storage.bytes.load(Relaxed) - before + documents,
        documents,
        files: stats.iter().map(|table| table.files).sum(),
        row_groups: stats.iter().map(|table| table.row_groups).sum(),
        peak: allocations.peak,
        allocations: allocations.count,
    }
}

fn documents(storage: &CountingStorage) -> u64 {
    let documents = storage.documents.files();
    documents.values().map(|bytes| bytes.len() as u64).sum()
}

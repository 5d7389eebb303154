//! A storage that fails now and then: `Pipeline::batch` repeats the batch, and its records are in the files once.
//! Also a `Documents` of your own, which wraps another one, and a `RetryObserver`.
//!
//! ```text
//! cargo run -p otlake-examples --example retry
//! ```

use std::error::Error as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use otlake::dataset::BatchId;
use otlake::row::Bytes;
use otlake::storage::{
    Document, Documents, InMemoryStorage, PutIf, PutOutcome, RetryEvent, RetryObserver, Storage,
    StorageError, StorageFile, StoredFile,
};
use otlake::{Pipeline, Retry};

/// Fails the first two files and the first manifest.
#[derive(Debug, Default)]
struct Unreliable {
    storage: InMemoryStorage,
    files: AtomicU32,
    manifests: AtomicU32,
}

impl Storage for Unreliable {
    fn create(&self, name: &str) -> Result<Box<dyn StorageFile>, StorageError> {
        if self.files.fetch_add(1, Ordering::Relaxed) < 2 {
            return Err(StorageError::new("create", name, "the network is down"));
        }
        self.storage.create(name)
    }
}

impl Documents for Unreliable {
    fn get(&self, name: &str) -> Result<Option<Document>, StorageError> {
        self.storage.get(name)
    }

    fn put(&self, name: &str, bytes: Bytes, condition: PutIf) -> Result<PutOutcome, StorageError> {
        let manifest = name.contains("/manifests/");
        if manifest && self.manifests.fetch_add(1, Ordering::Relaxed) < 1 {
            return Err(StorageError::new("write", name, "the network is down"));
        }
        self.storage.put(name, bytes, condition)
    }

    fn delete(&self, name: &str) -> Result<(), StorageError> {
        self.storage.delete(name)
    }

    fn list(&self, prefix: &str) -> Result<Vec<StoredFile>, StorageError> {
        self.storage.list(prefix)
    }
}

/// Prints when the write of a schema or a manifest is repeated at once. Failed batches are in the outcome instead.
#[derive(Debug)]
struct Print;

impl RetryObserver for Print {
    fn retry(&self, event: &RetryEvent<'_>) {
        println!("{} is written again in {:?}", event.name, event.pause);
    }
}

fn main() -> anyhow::Result<()> {
    let storage = Arc::new(Unreliable::default());
    let pauses = Retry::default().with_pauses(Duration::from_millis(1), Duration::from_millis(10));
    let mut pipeline = Pipeline::builder()
        .retry(pauses.with_attempts(10))
        .retry_observer(Arc::new(Print))
        .build(storage.clone())?;

    let payload = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/logs/checkout-python-001.binpb");
    let payload = std::fs::read(payload)?;
    let batch = BatchId::new("checkout-0", 1)?;
    let outcome = pipeline.batch(&batch, |batch| batch.ingest_logs(payload))?;
    for failure in &outcome.failures {
        let cause = failure.source().map(ToString::to_string);
        println!("attempt failed: {failure}: {}", cause.unwrap_or_default());
    }
    let files = storage.list("logs/")?.len();
    println!("{} records in {files} file", outcome.records.accepted);
    assert_eq!((outcome.failures.len(), files), (3, 1));
    Ok(())
}

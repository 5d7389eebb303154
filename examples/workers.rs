//! Several workers write one dataset: each takes payloads from a queue and delivers them as batches. They share the
//! memory limit and agree on the columns. In async code, use a `Service`, which does this for you.
//!
//! ```text
//! cargo run -p otlake-examples --example workers -- FILE…
//! ```

mod recorded;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use anyhow::anyhow;
use otlake::dataset::{BatchId, Dataset};
use otlake::otlp::ContentEncoding;
use otlake::storage::InMemoryStorage;
use otlake::{BatchError, EncodedPayload, Pipeline};

const WORKERS: usize = 4;

/// Delivers the files that no other worker has taken, and returns how many records they had.
fn work(
    worker: usize,
    dataset: &Dataset,
    paths: &[PathBuf],
    next: &AtomicUsize,
) -> Result<u64, BatchError> {
    let mut pipeline = Pipeline::on(dataset).fingerprint().build();
    let mut records = 0;
    while let Some(path) = paths.get(next.fetch_add(1, Ordering::Relaxed)) {
        let extension = path.extension().unwrap_or_default().to_string_lossy();
        let encoding = ContentEncoding::from_extension(&extension);
        let bytes = std::fs::read(path).map_err(BatchError::other)?;
        // The same file always gets the same identity, so it is in the dataset once, however often this runs. Each file is a
        // source of its own, because the batches of one source have to be finished in order. Its name is enough here: all files
        // are in one directory. Two files must never share a source and a number, or the second one would be skipped.
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let batch = BatchId::new(name.into_owned(), 0).map_err(BatchError::other)?;
        let payload = EncodedPayload::new(bytes, encoding);
        let outcome = pipeline.batch(&batch, |batch| batch.ingest_logs(payload))?;
        records += outcome.records.accepted;
    }
    println!("worker {worker}: {records} records");
    Ok(records)
}

fn main() -> anyhow::Result<()> {
    let dataset = Dataset::builder()
        .memory_limit(256 << 20)
        .open(Arc::new(InMemoryStorage::new()))?;
    let (paths, next) = (recorded::paths(&["logs"])?, AtomicUsize::new(0));
    let records: u64 = thread::scope(|scope| {
        let work = |worker| work(worker, &dataset, &paths, &next);
        let start = |worker| scope.spawn(move || work(worker));
        let workers: Vec<_> = (0..WORKERS).map(start).collect();
        let joined = workers.into_iter().map(|worker| worker.join());
        let results = joined.map(|joined| Ok(joined.map_err(|_| anyhow!("a worker panicked"))??));
        results.sum::<anyhow::Result<u64>>()
    })?;

    let files = dataset.report().into_iter().flat_map(|table| table.files);
    let written: u64 = files.map(|file| file.rows).sum();
    println!("{records} records in {} batches", paths.len());
    assert_eq!(written, records);
    Ok(())
}

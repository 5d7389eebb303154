//! Several workers on one dataset.

use std::num::NonZero;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use otlake::dataset::Dataset;
use otlake::parquet::WriterOptions;
use otlake::{FingerprintStage, Pipeline};

use crate::case::{Case, Error, Kind, Outcome};
use crate::counted_storage::CountedStorage;
use crate::workload::Workload;

/// Returns the cases `workers_1` and `workers_2`, and one with as many workers as there are cores. All of them write
/// the payloads to one dataset, with fingerprints and ZSTD(1), to as many files as a single worker.
pub(crate) fn workers(workload: &Workload) -> Result<Vec<Case<'_>>, Error> {
    let mut cases = vec![
        case("workers_1", workload, 1)?,
        case("workers_2", workload, 2)?,
    ];
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    if cores > 2 {
        cases.push(case("workers_cores", workload, cores)?);
    }
    Ok(cases)
}

fn case<'a>(name: &'static str, workload: &'a Workload, workers: usize) -> Result<Case<'a>, Error> {
    let storage = CountedStorage::default();
    let options = WriterOptions::new().with_compression("zstd:1".parse()?);
    let dataset = Dataset::builder()
        .writer_options(options)
        .open_files(Arc::new(storage.clone()))?;
    let pipeline = || Pipeline::on(&dataset).fingerprint().build();
    let mut pipelines: Vec<_> = (0..workers).map(|_| pipeline()).collect();
    Ok(Case::new(name, Kind::Stage, move || {
        let next = AtomicUsize::new(0);
        let records = thread::scope(|scope| {
            let threads: Vec<_> = pipelines
                .iter_mut()
                .map(|pipeline| scope.spawn(|| ingest(pipeline, workload, &next)))
                .collect();
            let mut records = 0;
            for thread in threads {
                records += thread.join().map_err(|_| "a worker panicked")??;
            }
            Ok::<_, Error>(records)
        })?;
        dataset.flush()?;
        Ok(Outcome::file(records, storage.take_bytes()))
    }))
}

/// Ingests payloads until none is left, and returns the number of their records.
fn ingest(
    pipeline: &mut Pipeline<(FingerprintStage,)>,
    workload: &Workload,
    next: &AtomicUsize,
) -> Result<usize, Error> {
    let mut records = 0;
    while let Some(payload) = workload
        .payloads()
        .get(next.fetch_add(1, Ordering::Relaxed))
    {
        let summary = pipeline.ingest(workload.signal(), workload.format(), payload.clone())?;
        records += usize::try_from(summary.accepted)?;
    }
    pipeline.write_row_groups()?;
    Ok(records)
}

//! Whatever storage call fails: everything acknowledged exists exactly once, and a retry duplicates
//! nothing.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;
use std::thread;

use object_store::memory::InMemory;
use otlake::dataset;
use otlake::otlp::Format;
use otlake::row::Signal;
use otlake::{BatchError, FinishBatchError, Pipeline};
use otlake_dataset::{BatchId, BatchStart};
use otlake_storage::{Documents, InMemoryStorage, ObjectStorage};
use otlake_storage_tests::{
    FaultyStorage, Numbered, Random, StorageFault, StoreFault, Watched, assert_manifests,
    assert_published, assert_there_once, identity, read_all, records_of_batch, small_files,
    try_batch,
};
use serde_json::json;

const BATCHES: u64 = 2;

/// Leaves the files of a process that died before it finished its first batch. They are split
/// differently from those of the next attempt.
fn leave_behind<S>(storage: &S)
where
    S: Documents + Clone + 'static,
{
    let mut pipeline = small_files(5).build(storage.clone()).unwrap();
    let start = pipeline.begin_batch(&identity(0)).unwrap();
    assert_eq!(start, BatchStart::Begun);
    let records = records_of_batch(0);
    let (logs, spans) = (Numbered::logs(&records), Numbered::spans(&records));
    pipeline.ingest(Signal::Logs, Format::Json, logs).unwrap();
    pipeline
        .ingest(Signal::Traces, Format::Json, spans)
        .unwrap();
    pipeline.flush().unwrap();
}

/// Writes batches until each is acknowledged. Every other time it uses a new pipeline, like a
/// restarted service, and other file sizes. Returns the number of failures, of opening the dataset too.
fn deliver<S>(storage: &S, rows_per_file: u64) -> usize
where
    S: Documents + Clone + 'static,
{
    let mut failures = 0;
    let open = |failures: &mut usize| loop {
        let rows_per_file = rows_per_file + *failures as u64;
        match small_files(rows_per_file).build(storage.clone()) {
            Ok(pipeline) => return pipeline,
            Err(_) => *failures += 1,
        }
        assert!(*failures < 1_000, "the dataset can't be opened");
    };
    let mut pipeline = open(&mut failures);
    for batch in 0..BATCHES {
        while try_batch(&mut pipeline, batch).is_err() {
            failures += 1;
            assert!(failures < 1_000, "batch {batch} never gets through");
            if failures % 2 == 0 {
                pipeline = open(&mut failures);
            }
        }
    }
    failures
}

fn check(storage: Arc<dyn Documents>, case: &str) {
    let files = read_all(&storage);
    assert_there_once(&files, 0..BATCHES, case);
    assert_manifests(&storage, &files, 0..BATCHES, case);
    assert_published(storage, &files);
}

/// Tests every call with `OTLAKE_ROUNDS=1`, otherwise every fifth, with different ones for each
/// fault. Once with files that fill up and are written during the batch, and once with all files
/// written at its end.
#[test]
fn every_call_fails_once() {
    let stride = if Random::rounds(0) > 0 { 1 } else { 5 };
    for rows_per_file in [6, 1_000] {
        for (number, fault) in StorageFault::ERRORS.into_iter().enumerate() {
            let mut calls = (number % stride..).step_by(stride);
            while fails_once(rows_per_file, fault, calls.next().unwrap()) {}
        }
    }
}

/// Returns whether the call was made.
fn fails_once(rows_per_file: u64, fault: StorageFault, fail_at: usize) -> bool {
    let storage = InMemoryStorage::new();
    leave_behind(&storage);
    let faulty = FaultyStorage::new(storage.clone(), fail_at, fault);
    let failures = deliver(&faulty, rows_per_file);
    let case = format!("{fault:?} at call {fail_at}, {rows_per_file} rows per file");
    check(Arc::new(storage), &case);
    if faulty.failed() == 0 {
        assert_eq!(failures, 0, "{case}");
        return false;
    }
    // A short write is continued by the next one, and doubt about a schema is resolved by reading
    // it.
    let may_pass = fault != StorageFault::Error;
    assert!(
        failures == 1 || may_pass && failures == 0,
        "{case}: {failures}"
    );
    true
}

#[test]
fn calls_fail_all_the_time() {
    for round in 0..Random::rounds(20) {
        let storage = InMemoryStorage::new();
        leave_behind(&storage);
        let random = Random::from_env(&format!("retries {round}"));
        let faulty = FaultyStorage::often(storage.clone(), 60 + 20 * (round as usize % 10), random);
        deliver(&faulty, [6, 1_000][round as usize % 2]);
        check(Arc::new(storage), &format!("round {round}"));
    }
}

/// Several workers write batches of their own to one dataset, and any call may fail.
#[test]
fn calls_fail_all_the_time_while_several_writers_share_a_dataset() {
    const BATCHES: u64 = 8;
    for (round, writers) in (0..Random::rounds(6)).zip([1, 2, 8].into_iter().cycle()) {
        let case = format!("round {round}, {writers} writers");
        let storage = InMemoryStorage::new();
        leave_behind(&storage);
        let random = Random::from_env(&format!("writers {round}"));
        let faulty = FaultyStorage::often(storage.clone(), 60 + 20 * (round as usize % 10), random);
        let opened = (0..100).find_map(|_| small_files(6).build(faulty.clone()).ok());
        let dataset = opened.unwrap().writer().dataset().clone();
        thread::scope(|scope| {
            for writer in 0..writers {
                let (dataset, case) = (&dataset, &case);
                scope.spawn(move || {
                    let mut pipeline = Pipeline::on(dataset).build();
                    for batch in (writer..BATCHES).step_by(writers as usize) {
                        let mut attempts = 0;
                        while try_batch(&mut pipeline, batch).is_err() {
                            attempts += 1;
                            assert!(attempts < 1_000, "{case}: batch {batch} never gets through");
                        }
                    }
                });
            }
        });
        let files = read_all(&storage);
        assert_there_once(&files, 0..BATCHES, &case);
        assert_manifests(&storage, &files, 0..BATCHES, &case);
        assert_published(Arc::new(storage), &files);
    }
}

/// Files of several parts, and documents, in an object store.
#[test]
fn every_request_fails_once() {
    const PART: usize = 5 << 20;
    let mut random = Random::from_env("requests");
    // More than a part of incompressible text.
    let text: String = (0..PART + PART / 10)
        .map(|_| char::from(b' ' + 1 + random.below(94) as u8))
        .collect();
    let large = |number| Numbered::new(number).with("text", json!({"stringValue": text.as_str()}));
    let payloads = [
        Numbered::logs(&[large(0), Numbered::new(1), Numbered::new(2)]),
        Numbered::logs(&[Numbered::new(3), Numbered::new(4)]),
    ];
    let try_once = |pipeline: &mut Pipeline, batch: usize| {
        let id = BatchId::new("large", batch as u64).unwrap();
        let _ = pipeline.begin_batch(&id).map_err(BatchError::Begin)?;
        pipeline.ingest(Signal::Logs, Format::Json, payloads[batch].clone())?;
        pipeline.finish_batch().map_err(BatchError::Finish)
    };
    let faults = [
        StoreFault::Rejected,
        StoreFault::AnswerLost,
        StoreFault::TimedOut,
    ];
    for fault in faults {
        for fail_at in 0.. {
            let store = Arc::new(InMemory::new());
            let watched = Watched::failing(store.clone(), fail_at, fault);
            let storage = ObjectStorage::new(Arc::new(watched.clone()), "lake").unwrap();
            let builder = || small_files(2).compression(otlake::parquet::Compression::None);
            let storage = storage.with_part_bytes(PART);
            let mut failures = 0;
            let open = |failures: &mut usize| loop {
                match builder().build(storage.clone()) {
                    Ok(pipeline) => return pipeline,
                    Err(_) => *failures += 1,
                }
                assert!(*failures <= 1, "the dataset can't be opened");
            };
            let mut pipeline = open(&mut failures);
            for batch in 0..payloads.len() {
                while try_once(&mut pipeline, batch).is_err() {
                    failures += 1;
                    pipeline = open(&mut failures);
                }
            }
            drop((pipeline, storage));
            let request = watched.failed();
            let case = format!("{fault:?} at request {fail_at}, {request:?}");
            assert!(failures <= 1, "{case}");
            // Nobody knows the id of an upload if the response to its creation is lost.
            if (fault, request) != (StoreFault::AnswerLost, Some("put_multipart")) {
                assert_eq!(watched.open_uploads(), 0, "{case}");
            }
            let direct = ObjectStorage::new(store, "lake").unwrap();
            let files = read_all(&direct);
            let rows = files.values().flat_map(|file| &file.rows);
            let mut numbers: Vec<u64> = rows.map(|row| row.number).collect();
            numbers.sort_unstable();
            assert_eq!(numbers, [0, 1, 2, 3, 4], "{case}");
            if request.is_none() {
                break;
            }
        }
    }
}

/// A caller that ignores an error must not be told that all is well.
#[test]
fn a_batch_that_has_lost_records_is_not_finished() {
    for fail_at in 0.. {
        let storage = InMemoryStorage::new();
        let faulty = FaultyStorage::new(storage.clone(), fail_at, StorageFault::Error);
        let Ok(mut pipeline) = small_files(4).build(faulty.clone()) else {
            // The dataset could not be opened, so no record was accepted.
            continue;
        };
        let records = records_of_batch(0);
        if pipeline.begin_batch(&identity(0)).is_err() {
            assert!(pipeline.finish_batch().is_err(), "no batch is open");
            continue;
        }
        let mut failed = false;
        for record in &records {
            let record = std::slice::from_ref(record);
            let logs = pipeline.ingest(Signal::Logs, Format::Json, Numbered::logs(record));
            let spans = pipeline.ingest(Signal::Traces, Format::Json, Numbered::spans(record));
            failed |= logs.is_err() || spans.is_err();
        }
        failed |= pipeline.flush().is_err();
        let finished = pipeline.finish_batch();
        if failed {
            let error = finished.unwrap_err();
            assert!(
                matches!(
                    error,
                    FinishBatchError::Files(dataset::FinishBatchError::Incomplete)
                ),
                "{error}"
            );
        } else if finished.is_ok() {
            assert_there_once(&read_all(&storage), 0..1, &format!("call {fail_at}"));
        }
        let again = pipeline.finish_batch().unwrap_err();
        assert!(
            matches!(
                again,
                FinishBatchError::Files(dataset::FinishBatchError::NoBatch)
            ),
            "{again}"
        );
        if faulty.failed() == 0 {
            break;
        }
    }
}

//! `Pipeline::batch` against a storage whose calls fail: everything acknowledged is visible exactly once.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use otlake::dataset::{BatchId, BatchStart};
use otlake::otlp::Format;
use otlake::row::{OwnedRow, Row, RowSink, Signal, Stage, Value, fields};
use otlake::storage::{InMemoryStorage, Storage, StorageError, StorageFile};
use otlake::{BatchError, BeginBatchError, IngestError, Pipeline, PipelineBuilder, Retry};
use otlake_testkit::{Shape, logs_payload};

/// A storage that can't create files for the first calls.
#[derive(Clone)]
struct Failing {
    storage: InMemoryStorage,
    failures: Arc<AtomicUsize>,
}

impl Failing {
    fn first(failures: usize) -> Failing {
        Failing {
            storage: InMemoryStorage::new(),
            failures: Arc::new(AtomicUsize::new(failures)),
        }
    }

    fn rows(&self) -> u64 {
        let files = self.storage.files().into_values();
        let rows = files.map(|file| {
            let reader = parquet::file::reader::SerializedFileReader::new(file).unwrap();
            let metadata = parquet::file::reader::FileReader::metadata(&reader);
            metadata.file_metadata().num_rows() as u64
        });
        rows.sum()
    }
}

impl fmt::Debug for Failing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Failing")
    }
}

impl Storage for Failing {
    fn create(&self, name: &str) -> Result<Box<dyn StorageFile>, StorageError> {
        let left = self.failures.load(Ordering::Relaxed);
        if left > 0 {
            self.failures.store(left - 1, Ordering::Relaxed);
            return Err(StorageError::new("create", name, "out of order"));
        }
        self.storage.create(name)
    }
}

fn builder() -> PipelineBuilder {
    let waits = Duration::from_millis(1);
    Pipeline::builder()
        .row_group_rows(30)
        .rows_per_file(60)
        .retry(Retry::default().with_attempts(4).with_pauses(waits, waits))
}

fn payload(seed: u64) -> Vec<u8> {
    logs_payload(&Shape {
        records: 50,
        ..Shape::ten_thousand().with_seed(seed)
    })
}

fn id() -> BatchId {
    BatchId::new("numbers", 1).unwrap()
}

#[test]
fn a_batch_is_repeated_with_the_payloads_so_far() {
    for failures in 0..4 {
        let storage = Failing::first(failures);
        let mut pipeline = builder().build_files(storage.clone()).unwrap();
        let mut filled = 0;
        let outcome = pipeline
            .batch(&id(), |batch| {
                filled += 1;
                for seed in 0..3 {
                    assert_eq!(batch.ingest_logs(payload(seed))?.accepted, 50);
                }
                Ok("done")
            })
            .unwrap();
        assert_eq!((filled, outcome.value), (1, "done"));
        assert_eq!(outcome.failures.len(), failures);
        assert_eq!(outcome.records.accepted, 150);
        assert_eq!(storage.rows(), 150, "after {failures} failures");
        assert_eq!(
            pipeline.report().records.accepted,
            150,
            "each is counted once"
        );
    }
}

/// A batch whose acknowledgement was lost is delivered again: nothing is decoded or written, and the caller is told.
#[test]
fn a_batch_that_is_finished_already_is_only_acknowledged() {
    let storage = InMemoryStorage::new();
    let mut pipeline = builder().build(storage.clone()).unwrap();
    for expected in [BatchStart::Begun, BatchStart::AlreadyFinished] {
        let before = storage.files();
        let outcome = pipeline.batch(&id(), |batch| batch.ingest_logs(payload(0)));
        let outcome = outcome.unwrap();
        assert_eq!(outcome.start, expected);
        let is_new = expected == BatchStart::Begun;
        assert_eq!(outcome.records.accepted, if is_new { 50 } else { 0 });
        assert_eq!(storage.files() != before, is_new);
        assert_eq!(pipeline.report().records.accepted, 50);
    }
    // The next batch is not affected.
    let next = BatchId::new("numbers", 2).unwrap();
    let outcome = pipeline.batch(&next, |batch| batch.ingest_logs(payload(1)));
    assert_eq!(outcome.unwrap().start, BatchStart::Begun);
    assert_eq!(pipeline.report().records.accepted, 100);
}

#[test]
fn when_no_attempts_are_left_the_pipeline_goes_on_without_the_batch() {
    let storage = Failing::first(4);
    let mut pipeline = builder().build_files(storage.clone()).unwrap();
    let error = pipeline
        .batch(&id(), |batch| batch.ingest_logs(payload(0)))
        .unwrap_err();
    assert!(
        matches!(error, BatchError::Ingest(IngestError::Write { .. })),
        "{error:?}"
    );
    assert_eq!(storage.rows(), 0);
    pipeline.ingest_logs(payload(1)).unwrap();
    pipeline.flush().unwrap();
    assert_eq!(storage.rows(), 50, "records of no batch");
}

#[test]
fn a_malformed_payload_is_not_retried_and_its_batch_can_go_on() {
    let storage = Failing::first(0);
    let mut pipeline = builder().build_files(storage.clone()).unwrap();
    let outcome = pipeline
        .batch(&id(), |batch| {
            let malformed = batch.ingest_logs(b"\x0a\xff").unwrap_err();
            assert!(matches!(malformed, BatchError::Ingest(error) if error.is_payload()));
            batch.ingest(Signal::Logs, Format::Protobuf, payload(0))
        })
        .unwrap();
    assert_eq!((outcome.failures.len(), outcome.value.accepted), (0, 50));
    assert_eq!(storage.rows(), 50);
}

#[test]
fn a_batch_is_abandoned_with_the_error_of_the_function_that_fills_it() {
    let storage = Failing::first(0);
    let mut pipeline = builder().build_files(storage.clone()).unwrap();
    let error = pipeline
        .batch(&id(), |batch| {
            batch.ingest_logs(payload(0))?;
            Err::<(), _>(BatchError::other("the queue is gone"))
        })
        .unwrap_err();
    assert_eq!(error.to_string(), "the queue is gone");
    pipeline.ingest_logs(payload(1)).unwrap();
    pipeline.flush().unwrap();
    assert_eq!(storage.rows(), 50);
}

/// Holds all rows back until it is flushed.
#[derive(Default)]
struct HoldBack(Vec<OwnedRow>);

impl Stage for HoldBack {
    fn row<S: RowSink>(&mut self, row: &mut Row<'_>, _: &mut S) -> Result<(), S::Error> {
        self.0.push(row.to_owned());
        Ok(())
    }

    fn flush<S: RowSink>(&mut self, next: &mut S) -> Result<(), S::Error> {
        for _ in self.0.drain(..) {
            let group = otlake::row::Group::new(&[]);
            let mut row = Row::new(Signal::Logs, group, group);
            row.push(fields::BODY, Value::String("held back"));
            next.row(&mut row)?;
        }
        Ok(())
    }

    fn discard(&mut self) {
        self.0.clear();
    }
}

#[test]
fn no_batch_is_open_if_rows_from_before_it_can_not_be_written() {
    let storage = Failing::first(1);
    let builder = Pipeline::builder().row_group_rows(1).rows_per_file(1);
    let builder = builder.stage(HoldBack::default());
    let mut pipeline = builder.build_files(storage.clone()).unwrap();
    pipeline.ingest_logs(payload(0)).unwrap();
    let begun = pipeline.begin_batch(&id());
    assert!(
        matches!(begun, Err(BeginBatchError::HeldBack(_))),
        "{begun:?}"
    );
    let finished = pipeline.finish_batch();
    let no_batch = otlake::dataset::FinishBatchError::NoBatch;
    assert_eq!(finished.unwrap_err().to_string(), no_batch.to_string());
}

#[test]
fn rows_that_a_stage_holds_back_belong_to_their_batch() {
    for failures in 0..4 {
        let storage = Failing::first(failures);
        let builder = builder().stage(HoldBack::default());
        let mut pipeline = builder.build_files(storage.clone()).unwrap();
        let outcome = pipeline.batch(&id(), |batch| batch.ingest_logs(payload(0)));
        assert_eq!(outcome.unwrap().failures.len(), failures);
        assert_eq!(storage.rows(), 50, "after {failures} failures");
    }
    let storage = Failing::first(0);
    let builder = builder().stage(HoldBack::default());
    let mut pipeline = builder.build_files(storage.clone()).unwrap();
    pipeline.ingest_logs(payload(0)).unwrap();
    pipeline.finish().unwrap();
    assert_eq!(storage.rows(), 50);
}

//! `Service`: a request is answered when its records are durable, and nothing is lost at the end, nor by panics.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::error::Error;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::Duration;

use otlake::dataset::{BatchId, Commit, CommitOutcome, Dataset, Manifest};
use otlake::otlp::Format;
use otlake::row::{Row, RowSink, Signal, Stage, Value, fields};
use otlake::storage::InMemoryStorage;
use otlake::{
    Activity, EncodedPayload, Observer, Operation, Pipeline, Retry, Service, ServiceBuilder,
    ServiceError, ServiceHandle, TryIngestError,
};
use otlake_testkit::{Shape, logs_payload};

fn payload(seed: u64) -> Vec<u8> {
    logs_payload(&Shape {
        records: 10,
        ..Shape::ten_thousand().with_seed(seed)
    })
}

fn dataset() -> (InMemoryStorage, Dataset) {
    let storage = InMemoryStorage::new();
    let dataset = Dataset::builder().open(Arc::new(storage.clone())).unwrap();
    (storage, dataset)
}

fn data_files(storage: &InMemoryStorage) -> Vec<u64> {
    let files = storage.files().into_iter();
    let data = files.filter(|(name, _)| name.ends_with(".parquet"));
    data.map(|(_, file)| {
        let reader = parquet::file::reader::SerializedFileReader::new(file).unwrap();
        let metadata = parquet::file::reader::FileReader::metadata(&reader);
        metadata.file_metadata().num_rows() as u64
    })
    .collect()
}

fn start(builder: ServiceBuilder, dataset: &Dataset) -> Service {
    let dataset = dataset.clone();
    builder
        .start(move |_| Pipeline::on(&dataset).build())
        .unwrap()
}

#[tokio::test]
async fn requests_of_one_group_are_answered_together_when_they_are_durable() {
    let (storage, dataset) = dataset();
    let builder = Service::builder().workers(1);
    let service = start(builder.group_time(Duration::from_secs(2)), &dataset);
    let handle = service.handle();
    let payloads: Vec<_> = (0..8).map(payload).collect();
    let requests: Vec<_> = payloads
        .into_iter()
        .map(|payload| handle.try_ingest(Signal::Logs, Format::Protobuf, payload))
        .collect();
    assert!(data_files(&storage).is_empty(), "none is durable at once");
    for response in requests {
        assert_eq!(response.unwrap().await.unwrap().accepted, 10);
        assert_eq!(data_files(&storage), [80], "one file for all");
    }
    service.shutdown().await;
}

#[tokio::test]
async fn a_group_without_a_time_is_delivered_when_it_has_the_bytes() {
    let (_, dataset) = dataset();
    let builder = Service::builder().workers(1).group_bytes(1);
    let service = start(builder.group_time(Duration::MAX), &dataset);
    let handle = service.handle();
    let request = handle.ingest(Signal::Logs, Format::Protobuf, payload(0));
    assert_eq!(request.await.unwrap().accepted, 10);
    service.shutdown().await;
}

#[tokio::test]
async fn a_full_queue_rejects_a_request_or_makes_it_wait() {
    let (storage, dataset) = dataset();
    let builder = Service::builder().workers(1).queue_bytes(10 << 10);
    let service = start(builder.group_time(Duration::from_millis(300)), &dataset);
    let handle = service.handle();
    let send = |seed| handle.try_ingest(Signal::Logs, Format::Protobuf, payload(seed));
    let mut accepted = vec![send(0).unwrap()];
    let rejected = loop {
        match send(1) {
            Ok(response) => accepted.push(response),
            Err(error) => break error,
        }
    };
    assert_eq!(rejected, TryIngestError::Full);
    let waited = handle.ingest(Signal::Logs, Format::Protobuf, payload(2));
    waited.await.unwrap();
    let rows: u64 = data_files(&storage).iter().sum();
    assert_eq!(rows, 10 * (accepted.len() as u64 + 1));
    service.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shutdown_loses_nothing_that_was_accepted() {
    let (storage, dataset) = dataset();
    let builder = Service::builder().workers(2).queue_bytes(64 << 10);
    let service = start(builder.group_time(Duration::from_millis(20)), &dataset);
    let senders: Vec<_> = (0..8)
        .map(|seed| {
            let handle = service.handle();
            tokio::spawn(async move {
                let mut durable = 0;
                loop {
                    let sent = handle.ingest(Signal::Logs, Format::Protobuf, payload(seed));
                    match sent.await {
                        Ok(summary) => durable += summary.accepted,
                        Err(ServiceError::Closed) => return durable,
                        Err(error) => panic!("{error}"),
                    }
                }
            })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(100)).await;
    let pipelines = service.shutdown().await;
    assert_eq!(pipelines.len(), 2);
    let mut durable = 0;
    for sender in senders {
        durable += sender.await.unwrap();
    }
    assert!(durable > 0);
    assert_eq!(data_files(&storage).iter().sum::<u64>(), durable);
}

#[tokio::test]
async fn only_the_sender_of_a_malformed_payload_gets_an_error() {
    let (storage, dataset) = dataset();
    let builder = Service::builder().workers(1);
    let service = start(builder.group_time(Duration::from_millis(50)), &dataset);
    let handle = service.handle();
    let good = handle.try_ingest(Signal::Logs, Format::Protobuf, payload(0));
    let bad = handle.try_ingest(Signal::Logs, Format::Protobuf, b"\x0a\xff");
    assert!(matches!(
        bad.unwrap().await,
        Err(ServiceError::Payload(error)) if error.is_payload()
    ));
    good.unwrap().await.unwrap();
    assert_eq!(data_files(&storage), [10]);
    service.shutdown().await;
    let closed = handle.ingest(Signal::Logs, Format::Protobuf, payload(0));
    assert!(matches!(closed.await, Err(ServiceError::Closed)));
}

/// A request with one record, at which [`Fragile`] panics.
const POISON: &[u8] = b"\x0a\x0e\x12\x0c\x12\x0a\x2a\x08\x0a\x06poison";

/// Panics at a row with the body `poison`, and in a flush for as many times as the counter says.
#[derive(Default)]
struct Fragile {
    flushes: Arc<AtomicU32>,
}

impl Stage for Fragile {
    fn row<S: RowSink>(&mut self, row: &mut Row<'_>, next: &mut S) -> Result<(), S::Error> {
        assert_ne!(row.get(fields::BODY), Some(&Value::String("poison")));
        next.row(row)
    }

    fn flush<S: RowSink>(&mut self, _: &mut S) -> Result<(), S::Error> {
        let left = self
            .flushes
            .fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1));
        left.map_or(Ok(()), |left| panic!("flush {left}"))
    }
}

fn quick(panics: u32) -> ServiceBuilder {
    let pause = Duration::from_millis(1);
    Service::builder()
        .workers(1)
        .group_time(Duration::from_millis(5))
        .restart(
            Retry::default()
                .with_attempts(panics)
                .with_pauses(pause, pause),
        )
}

async fn send(
    handle: &ServiceHandle,
    payload: impl Into<EncodedPayload>,
) -> Result<u64, ServiceError> {
    let sent = handle.ingest(Signal::Logs, Format::Protobuf, payload);
    Ok(sent.await?.accepted)
}

fn panic_of(result: Result<u64, ServiceError>) -> String {
    match result {
        Err(ServiceError::Panicked(panic)) => panic.message().to_owned(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_panic_fails_its_group_and_the_worker_goes_on() {
    let (storage, dataset) = dataset();
    let service = quick(2)
        .group_time(Duration::from_millis(200))
        .start(move |_| Pipeline::on(&dataset).stage(Fragile::default()).build())
        .unwrap();
    let handle = service.handle();
    for panics in 1..4 {
        let (good, bad) = tokio::join!(send(&handle, payload(0)), send(&handle, POISON));
        assert!(panic_of(good).contains("poison"));
        assert!(panic_of(bad).contains("poison"));
        assert_eq!(
            send(&handle, payload(1)).await.unwrap(),
            10,
            "this ends a row of panics"
        );
        assert_eq!((handle.panics(), handle.workers()), (panics, 1));
    }
    assert_eq!(service.shutdown().await.len(), 1);
    assert_eq!((handle.workers(), handle.queued_bytes()), (0, 0));
    assert_eq!(
        data_files(&storage),
        [10; 3],
        "nothing of the failed groups"
    );
}

#[tokio::test]
async fn a_panic_in_a_flush_fails_its_group() {
    let (storage, dataset) = dataset();
    let flushes = Arc::new(AtomicU32::new(0));
    let fragile = Arc::clone(&flushes);
    let service = quick(2)
        .start(move |_| {
            let flushes = Arc::clone(&fragile);
            Pipeline::on(&dataset).stage(Fragile { flushes }).build()
        })
        .unwrap();
    let handle = service.handle();
    assert_eq!(send(&handle, payload(0)).await.unwrap(), 10);
    flushes.store(1, Relaxed);
    assert_eq!(panic_of(send(&handle, payload(1)).await), "flush 1");
    assert_eq!(send(&handle, payload(2)).await.unwrap(), 10);
    service.shutdown().await;
    assert_eq!(data_files(&storage), [10, 10]);
}

/// Keeps the identities of batches, and panics in every second call, after it has kept one.
#[derive(Debug, Default)]
struct FragileCommit(Mutex<Vec<BatchId>>);

impl Commit for FragileCommit {
    fn commit(
        &self,
        _: &str,
        manifest: &Manifest,
    ) -> Result<CommitOutcome, Box<dyn Error + Send + Sync>> {
        let mut batches = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        batches.extend(manifest.batch().cloned());
        assert!(batches.len() % 2 == 1, "after a commit");
        Ok(CommitOutcome::Committed)
    }
}

#[tokio::test]
async fn the_number_of_a_batch_whose_outcome_is_unknown_is_not_used_again() {
    let commit = Arc::new(FragileCommit::default());
    let storage = Arc::new(InMemoryStorage::new());
    let dataset = Dataset::builder()
        .commit(commit.clone())
        .open(storage)
        .unwrap();
    let service = quick(2)
        .start(move |_| Pipeline::on(&dataset).build())
        .unwrap();
    let handle = service.handle();
    for seed in 0..3 {
        assert_eq!(send(&handle, payload(seed)).await.unwrap(), 10);
        assert_eq!(
            panic_of(send(&handle, payload(seed)).await),
            "after a commit"
        );
    }
    service.shutdown().await;
    let batches = commit.0.lock().unwrap_or_else(PoisonError::into_inner);
    let numbers: Vec<_> = batches.iter().map(BatchId::sequence).collect();
    assert_eq!(numbers, [0, 1, 2, 3, 4, 5]);
}

#[tokio::test]
async fn the_observer_is_told_about_a_panic() {
    struct Errors(mpsc::Sender<(Operation, String)>);

    impl Observer for Errors {
        fn observe(&mut self, activity: &Activity<'_>) {
            if let Some(error) = activity.error {
                let _ = self.0.send((activity.operation, error.to_string()));
            }
        }
    }

    let (_, dataset) = dataset();
    let (errors, observed) = mpsc::channel();
    let mut builds = 0;
    let service = quick(3)
        .start(move |_| {
            builds += 1;
            assert!(builds != 2, "build {builds}");
            let flushes = Arc::new(AtomicU32::new(1));
            let pipeline = Pipeline::on(&dataset).observer(Errors(errors.clone()));
            pipeline.stage(Fragile { flushes }).build()
        })
        .unwrap();
    let handle = service.handle();
    assert_eq!(panic_of(send(&handle, payload(0)).await), "flush 1");
    assert_eq!(panic_of(send(&handle, payload(0)).await), "flush 1");
    assert!(service.shutdown().await.is_empty());
    let told = ["flush 1", "build 2", "flush 1"];
    let told = told.map(|message| (Operation::Restart, format!("panicked: {message}")));
    assert_eq!(observed.iter().collect::<Vec<_>>(), told);
}

#[tokio::test]
async fn a_pipeline_whose_building_panics_is_built_again() {
    let (storage, dataset) = dataset();
    let mut builds = 0;
    let service = quick(4)
        .start(move |_| {
            builds += 1;
            assert!(!(2..4).contains(&builds), "build {builds}");
            Pipeline::on(&dataset).stage(Fragile::default()).build()
        })
        .unwrap();
    let handle = service.handle();
    panic_of(send(&handle, POISON).await);
    assert_eq!(send(&handle, payload(0)).await.unwrap(), 10);
    assert_eq!(handle.panics(), 3);
    service.shutdown().await;
    assert_eq!(data_files(&storage), [10]);
}

#[tokio::test]
async fn a_worker_that_panics_again_and_again_gives_up() {
    let (_, dataset) = dataset();
    let service = quick(3)
        .start(move |_| Pipeline::on(&dataset).stage(Fragile::default()).build())
        .unwrap();
    let handle = service.handle();
    for _ in 0..3 {
        panic_of(send(&handle, POISON).await);
    }
    // The worker may be about to give up, and answers what has reached it.
    while handle.workers() > 0 {
        tokio::task::yield_now().await;
    }
    assert!(matches!(
        send(&handle, payload(0)).await,
        Err(ServiceError::NoWorker)
    ));
    let sent = handle.try_ingest(Signal::Logs, Format::Protobuf, payload(0));
    assert_eq!(sent.unwrap_err(), TryIngestError::NoWorker);
    assert_eq!((handle.panics(), handle.queued_bytes()), (3, 0));
    assert!(service.shutdown().await.is_empty());
}

#[tokio::test]
async fn when_a_worker_gives_up_the_others_take_its_requests() {
    let (storage, dataset) = dataset();
    let service = quick(1)
        .workers(2)
        .start(move |worker| {
            let flushes = Arc::new(AtomicU32::new(if worker == 0 { u32::MAX } else { 0 }));
            Pipeline::on(&dataset).stage(Fragile { flushes }).build()
        })
        .unwrap();
    let handle = service.handle();
    // With nothing waiting, the first worker is chosen.
    panic_of(send(&handle, payload(0)).await);
    while handle.workers() > 1 {
        tokio::task::yield_now().await;
    }
    for seed in 1..20 {
        assert_eq!(send(&handle, payload(seed)).await.unwrap(), 10);
    }
    assert_eq!(service.shutdown().await.len(), 1);
    assert_eq!(data_files(&storage).iter().sum::<u64>(), 190);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shutdown_after_panics_loses_nothing_that_was_acknowledged() {
    let (storage, dataset) = dataset();
    let service = quick(100)
        .workers(2)
        .start(move |_| Pipeline::on(&dataset).stage(Fragile::default()).build())
        .unwrap();
    let senders: Vec<_> = (0..8)
        .map(|seed| {
            let handle = service.handle();
            tokio::spawn(async move {
                let mut durable = 0;
                for number in 0.. {
                    let is_poison = seed == 0 && number % 8 == 7;
                    let payload = if is_poison {
                        POISON.to_vec()
                    } else {
                        payload(seed)
                    };
                    match send(&handle, payload).await {
                        Ok(accepted) => durable += accepted,
                        Err(ServiceError::Panicked(_)) => {}
                        Err(ServiceError::Closed) => break,
                        Err(error) => panic!("{error}"),
                    }
                }
                durable
            })
        })
        .collect();
    let handle = service.handle();
    while handle.panics() < 3 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert_eq!(service.shutdown().await.len(), 2);
    let mut durable = 0;
    for sender in senders {
        durable += sender.await.unwrap();
    }
    assert!(durable > 0);
    assert_eq!(data_files(&storage).iter().sum::<u64>(), durable);
}

//! `Service`: a request is answered when its records are durable, and nothing is lost at the end.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::time::Duration;

use otlake::dataset::Dataset;
use otlake::otlp::Format;
use otlake::row::{Row, RowSink, Signal, Stage};
use otlake::storage::InMemoryStorage;
use otlake::{Pipeline, Service, ServiceBuilder, ServiceError, TryIngestError};
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
    builder.start(|_| Pipeline::on(dataset).build()).unwrap()
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

/// Panics at a row if it is `true`.
struct Panics(bool);

impl Stage for Panics {
    fn row<S: RowSink>(&mut self, row: &mut Row<'_>, next: &mut S) -> Result<(), S::Error> {
        assert!(!self.0, "a stage of one's own");
        next.row(row)
    }
}

#[tokio::test]
async fn a_stage_that_panics_is_an_error_for_its_senders() {
    let (_, dataset) = dataset();
    let builder = Service::builder().workers(1);
    let service = builder
        .start(|_| Pipeline::on(&dataset).stage(Panics(true)).build())
        .unwrap();
    let handle = service.handle();
    let sent = handle.ingest(Signal::Logs, Format::Protobuf, payload(0));
    assert!(matches!(sent.await, Err(ServiceError::Panicked)));
    // The worker may not have ended yet.
    let sent = handle.ingest(Signal::Logs, Format::Protobuf, payload(1));
    let error = sent.await.unwrap_err();
    assert!(matches!(
        error,
        ServiceError::Panicked | ServiceError::Closed
    ));
    assert!(service.shutdown().await.is_empty());
}

#[tokio::test]
async fn when_a_worker_panics_the_others_take_its_requests() {
    let (storage, dataset) = dataset();
    let builder = Service::builder().workers(2);
    let service = builder
        .group_time(Duration::from_millis(5))
        .start(|worker| {
            let stage = Panics(worker == 0);
            Pipeline::on(&dataset).stage(stage).build()
        })
        .unwrap();
    let handle = service.handle();
    // With nothing waiting, the first worker is chosen.
    let sent = handle.ingest(Signal::Logs, Format::Protobuf, payload(0));
    assert!(matches!(sent.await, Err(ServiceError::Panicked)));
    // It may not have ended yet.
    let mut sent = Err(ServiceError::Panicked);
    while matches!(sent, Err(ServiceError::Panicked)) {
        let sending = handle.ingest(Signal::Logs, Format::Protobuf, payload(1));
        sent = sending.await;
    }
    assert_eq!(sent.unwrap().accepted, 10);
    for seed in 2..20 {
        let sent = handle.ingest(Signal::Logs, Format::Protobuf, payload(seed));
        assert_eq!(sent.await.unwrap().accepted, 10);
    }
    assert_eq!(service.shutdown().await.len(), 1);
    assert_eq!(data_files(&storage).iter().sum::<u64>(), 190);
}

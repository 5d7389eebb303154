//! A pipeline behind a channel: records become visible when they reach their age.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::time::{Duration, Instant};

use bytes::Bytes;
use otlake::otlp::Format;
use otlake::otlp::Summary;
use otlake::row::Signal;
use otlake::{IngestError, Pipeline};
use otlake_storage::{Documents, InMemoryStorage};
use otlake_storage_tests::Numbered;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::oneshot;
use tokio::time::MissedTickBehavior;

enum Work {
    Payload(Signal, Bytes, oneshot::Sender<Result<Summary, IngestError>>),
    Tick,
}

#[tokio::test]
async fn a_pipeline_behind_a_channel() {
    let storage = InMemoryStorage::new();
    let mut pipeline = Pipeline::builder()
        .max_age(Duration::from_millis(20))
        .build(storage.clone())
        .unwrap();
    let (work, mut todo) = tokio::sync::mpsc::channel(64);
    let writer = tokio::task::spawn_blocking(move || {
        while let Some(next) = todo.blocking_recv() {
            match next {
                Work::Payload(signal, payload, reply) => {
                    let _ = reply.send(pipeline.ingest(signal, Format::Json, payload));
                }
                Work::Tick => pipeline.tick(Instant::now()).unwrap(),
            }
        }
        pipeline.finish()
    });
    let mut often = tokio::time::interval(Duration::from_millis(5));
    often.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let ticks = work.clone();
    let ticking = tokio::spawn(async move {
        loop {
            often.tick().await;
            if let Err(TrySendError::Closed(_)) = ticks.try_send(Work::Tick) {
                break;
            }
        }
    });

    let (reply, taken) = oneshot::channel();
    let payload = Numbered::logs(&[Numbered::new(1)]);
    let payload = Work::Payload(Signal::Logs, payload, reply);
    work.send(payload)
        .await
        .unwrap_or_else(|_| panic!("the writer is gone"));
    assert_eq!(taken.await.unwrap().unwrap().accepted, 1);
    while storage.list("logs/").unwrap().is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }

    ticking.abort();
    drop(work);
    let report = writer.await.unwrap().unwrap();
    assert_eq!(report.files().count(), 1, "nothing came after the tick");
}

//! What observers are told, by the pipeline and in the words of the crates that they are adapters to.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::{Arc, Mutex};

use otlake::otlp::Format;
use otlake::row::{Group, Row, RowSink, Signal};
use otlake::storage::InMemoryStorage;
use otlake::{Activity, Filter, Observer, Operation, Pipeline, PipelineBuilder};
use otlake_testkit::{Shape, logs_payload};

fn payload() -> Vec<u8> {
    logs_payload(&Shape {
        records: 50,
        ..Shape::ten_thousand()
    })
}

/// Takes two payloads, of which one is malformed, and flushes.
fn run(builder: PipelineBuilder) {
    let mut pipeline = builder
        .row_group_rows(30)
        .build_files(InMemoryStorage::new())
        .unwrap();
    pipeline.ingest_logs(payload()).unwrap();
    pipeline
        .ingest(Signal::Logs, Format::Protobuf, &b"\x0a\xff"[..])
        .unwrap_err();
    pipeline.finish().unwrap();
}

#[derive(Clone, Debug, PartialEq)]
struct Seen {
    operation: Operation,
    error: bool,
    accepted: u64,
    rows: u64,
    files: u64,
    dropped: u64,
    memory: bool,
}

/// A payload of 20 logs that is cut off in those behind.
fn cut_off() -> Vec<u8> {
    let payload = logs_payload(&Shape {
        records: 20,
        ..Shape::ten_thousand()
    });
    [&payload, &payload[..payload.len() - 10]].concat()
}

#[derive(Clone, Default)]
struct Notes(Arc<Mutex<Vec<Seen>>>);

impl Observer for Notes {
    fn observe(&mut self, activity: &Activity<'_>) {
        self.0.lock().unwrap().push(Seen {
            operation: activity.operation,
            error: activity.error.is_some(),
            accepted: activity.records.accepted,
            rows: activity.tables.iter().map(|table| table.rows).sum(),
            files: activity.tables.iter().map(|table| table.files).sum(),
            dropped: activity.dropped,
            memory: activity.memory_estimate > 0,
        });
    }
}

#[test]
fn an_observer_is_told_what_each_call_has_done() {
    let notes = Notes::default();
    run(Pipeline::builder().observer(notes.clone()));
    let seen = |operation, error, accepted, rows, files| Seen {
        operation,
        error,
        accepted,
        rows,
        files,
        dropped: 0,
        memory: true,
    };
    let ingest = Operation::Ingest(Signal::Logs);
    assert_eq!(
        *notes.0.lock().unwrap(),
        [
            seen(ingest, false, 50, 30, 0),
            seen(ingest, true, 0, 0, 0),
            seen(Operation::Flush, false, 0, 20, 1),
        ]
    );
}

#[test]
fn an_observer_is_told_what_a_failed_call_accepted_and_what_stages_dropped() {
    let notes = Notes::default();
    let mut pipeline = Pipeline::builder()
        .observer(notes.clone())
        .stage(Filter::drop(|_: &Row<'_>| true))
        .build_files(InMemoryStorage::new())
        .unwrap();
    let error = pipeline.ingest_logs(cut_off()).unwrap_err();
    let accepted = error.records().accepted;
    assert!((20..40).contains(&accepted), "{accepted}");
    let seen = notes.0.lock().unwrap()[0].clone();
    assert_eq!((seen.accepted, seen.dropped), (accepted, accepted));
    assert!(seen.error);
    let report = pipeline.finish().unwrap();
    assert_eq!(
        (report.records.accepted, report.dropped),
        (accepted, accepted)
    );
}

#[test]
fn an_observer_is_told_about_rows_that_come_from_no_payload() {
    let notes = Notes::default();
    let builder = Pipeline::builder().observer(notes.clone());
    let mut pipeline = builder.build_files(InMemoryStorage::new()).unwrap();
    let pushed = pipeline.ingest_rows(Signal::Traces, |sink| {
        for _ in 0..2 {
            let mut row = Row::new(Signal::Traces, Group::new(&[]), Group::new(&[]));
            sink.row(&mut row).map_err(std::io::Error::other)?;
        }
        Err::<(), _>(std::io::Error::other("the source is gone"))
    });
    assert_eq!(pushed.unwrap_err().to_string(), "the source is gone");
    let seen = notes.0.lock().unwrap()[0].clone();
    assert_eq!(seen.operation, Operation::Ingest(Signal::Traces));
    assert_eq!((seen.accepted, seen.error), (2, true));
    assert_eq!(pipeline.finish().unwrap().records.accepted, 2);
}

/// A document is written by another writer first, and then the response to a write is lost.
#[cfg(any(feature = "metrics", feature = "tracing"))]
fn retry(observer: impl otlake::storage::RetryObserver + 'static) {
    use otlake::storage::{Retries, RetryPolicy, StorageError, StorageErrorKind};

    let retries = Retries::new("_otlake/logs.schema.json", RetryPolicy::default());
    let mut retries = retries.with_observer(Some(Arc::new(observer)));
    retries.pause_after_conflict().unwrap();
    let lost = std::io::Error::other("the connection was reset");
    let lost = StorageError::new("put", "_otlake/logs.schema.json", lost);
    let lost = lost.with_kind(StorageErrorKind::InDoubt);
    retries.pause_in_doubt(lost).unwrap();
}

/// Returns the counters that `work` leaves in a recorder: their names with the values of their labels.
#[cfg(feature = "metrics")]
fn counters(work: impl FnOnce()) -> Vec<(String, u64)> {
    use metrics_util::MetricKind;
    use metrics_util::debugging::{DebugValue, DebuggingRecorder};

    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    metrics::with_local_recorder(&recorder, work);
    let metrics = snapshotter.snapshot().into_vec().into_iter();
    let counters = metrics.filter(|(key, ..)| key.kind() == MetricKind::Counter);
    let counters = counters.map(|(key, _, _, value)| {
        let labels: Vec<_> = key.key().labels().map(|label| label.value()).collect();
        let DebugValue::Counter(count) = value else {
            panic!("a counter counts")
        };
        (format!("{} {}", key.key().name(), labels.join(" ")), count)
    });
    counters.collect()
}

#[cfg(feature = "metrics")]
#[test]
fn the_metrics_adapter_counts_retries_by_reason() {
    let mut counters = counters(|| {
        retry(otlake::MetricsObserver::new().with_label("worker", "w3"));
    });
    counters.retain(|(_, count)| *count > 0);
    counters.sort();
    assert_eq!(
        counters,
        [
            ("otlake_storage_retries_total w3 conflict".to_owned(), 1),
            ("otlake_storage_retries_total w3 in_doubt".to_owned(), 1),
        ]
    );
}

#[cfg(feature = "metrics")]
#[test]
fn the_metrics_adapter_counts() {
    let counters = counters(|| {
        let observer = otlake::MetricsObserver::new().with_label("worker", "w3");
        run(Pipeline::builder().observer(observer));
    });
    for (name, count) in [
        ("otlake_payloads_total w3 logs ingested", 1),
        ("otlake_payloads_total w3 logs failed", 1),
        ("otlake_records_total w3 logs accepted", 50),
        ("otlake_errors_total w3 ingest", 1),
        ("otlake_rows_written_total w3 logs", 50),
        ("otlake_row_groups_total w3 logs", 2),
        ("otlake_files_total w3 logs", 1),
    ] {
        let found = counters.iter().find(|(found, _)| found == name);
        assert_eq!(
            found.map(|(_, count)| *count),
            Some(count),
            "{name} in {counters:?}"
        );
    }
}

/// Returns the lines that `work` leaves in a log.
#[cfg(feature = "tracing")]
fn log(work: impl FnOnce()) -> String {
    use std::io;

    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Log {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::DEBUG)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    tracing::subscriber::with_default(subscriber, work);
    String::from_utf8(log.0.lock().unwrap().clone()).unwrap()
}

#[cfg(feature = "tracing")]
#[test]
fn the_tracing_adapter_warns_of_retries() {
    let log = log(|| {
        let span = tracing::info_span!("pipeline", worker = 3);
        retry(otlake::TracingObserver::in_span(span));
    });
    let lines: Vec<&str> = log.lines().collect();
    assert_eq!(lines.len(), 2, "{log}");
    for (line, failed) in lines.iter().zip(1..) {
        assert!(
            line.contains("WARN pipeline{worker=3}: otlake: retries a write"),
            "{log}"
        );
        assert!(
            line.contains("document=\"_otlake/logs.schema.json\""),
            "{log}"
        );
        assert!(
            line.contains(&format!("failed={failed} pause_ms=")),
            "{log}"
        );
    }
    assert!(!lines[0].contains("error"), "a conflict is no error: {log}");
    assert!(lines[1].contains("the connection was reset"), "{log}");
}

#[cfg(feature = "tracing")]
#[test]
fn the_tracing_adapter_makes_events() {
    let log = log(|| {
        let span = tracing::info_span!("pipeline", worker = 3);
        run(Pipeline::builder().observer(otlake::TracingObserver::in_span(span)));
    });
    let lines: Vec<&str> = log.lines().collect();
    let warned = lines
        .iter()
        .filter(|line| line.contains("WARN pipeline{worker=3}: otlake: failed"));
    assert_eq!(warned.count(), 1, "{log}");
    assert!(
        log.contains("error.sources=[resource_logs[0]: 2 bytes are expected, but 1 remain"),
        "the error says what is wrong: {log}"
    );
    let written = lines
        .iter()
        .filter(|line| line.contains("written operation=\"ingest\" table=\"logs\" rows=30"));
    assert_eq!(written.count(), 1, "{log}");
}

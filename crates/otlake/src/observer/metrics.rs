#[cfg(feature = "http")]
use std::time::Duration;

use metrics::{
    Label, SharedString, Unit, counter, describe_counter, describe_gauge, describe_histogram,
    gauge, histogram,
};

#[cfg(feature = "http")]
use otlake_row::Signal;
use otlake_storage::{RetryEvent, RetryObserver, RetryReason};

use super::{Activity, Observer, Operation, TableActivity, overflow_reasons};
#[cfg(feature = "http")]
use crate::Outcome;

/// An observer that counts every activity in the recorder of the `metrics` crate.
///
/// | name | kind | labels |
/// |---|---|---|
/// | `otlake_payloads_total` | counter | `signal`, `outcome`: `ingested` or `failed` |
/// | `otlake_payload_bytes_total` | counter | `signal` |
/// | `otlake_records_total` | counter | `signal`, `outcome`: `accepted` or `rejected` |
/// | `otlake_dropped_records_total` | counter | `operation` |
/// | `otlake_replaced_strings_total` | counter | `signal` |
/// | `otlake_errors_total` | counter | `operation` |
/// | `otlake_operation_duration_seconds` | histogram | `operation` |
/// | `otlake_rows_written_total`, `otlake_row_groups_total`, `otlake_files_total`, `otlake_file_bytes_total` | counter | `table` |
/// | `otlake_encoding_duration_seconds`, `otlake_storing_duration_seconds` | histogram | `table` |
/// | `otlake_overflow_values_total` | counter | `table`, `reason` |
/// | `otlake_storage_retries_total` (as [`RetryObserver`]) | counter | `reason`: `conflict` or `in_doubt` |
/// | `otlake_open_partitions`, `otlake_memory_bytes` | gauge | |
/// | `otlake_requests_total` (`observe_request`) | counter | `protocol`: `http` or `grpc`, `signal`, `status` of HTTP |
/// | `otlake_request_duration_seconds` (`observe_request`) | histogram | `protocol`, `signal`, `status` |
///
/// Every metric also has the labels of the observer. Pipelines that run side by side need different ones, or
/// they overwrite each other's gauges:
///
/// ```
/// # #[cfg(feature = "pipeline")] {
/// use otlake::{MetricsObserver, Pipeline, storage::InMemoryStorage};
///
/// let observer = MetricsObserver::new().with_label("worker", "3");
/// let pipeline = Pipeline::builder().observer(observer).build(InMemoryStorage::new())?;
/// # drop(pipeline);
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct MetricsObserver {
    labels: Vec<Label>,
}

impl MetricsObserver {
    /// Returns an observer without labels. The call describes the metrics to the installed recorder.
    pub fn new() -> MetricsObserver {
        describe();
        MetricsObserver { labels: Vec::new() }
    }

    /// Adds a label to all metrics.
    #[must_use]
    pub fn with_label(
        mut self,
        name: impl Into<SharedString>,
        value: impl Into<SharedString>,
    ) -> MetricsObserver {
        self.labels.push(Label::new(name, value));
        self
    }

    /// Counts a request of a [`Receiver`](crate::Receiver), which took `elapsed` until its response. A request to an
    /// unknown path has the signal `unknown`.
    ///
    /// ```
    /// use std::time::Instant;
    /// use otlake::{MetricsObserver, Outcome, Receiver, ReceiverBody};
    /// use otlake::row::Bytes;
    ///
    /// async fn respond(
    ///     receiver: &Receiver,
    ///     observer: &MetricsObserver,
    ///     request: http::Request<http_body_util::Full<Bytes>>,
    /// ) -> http::Response<ReceiverBody> {
    ///     let started = Instant::now();
    ///     let response = receiver.respond(request).await;
    ///     if let Some(outcome) = response.extensions().get::<Outcome>() {
    ///         observer.observe_request(outcome, started.elapsed());
    ///     }
    ///     response
    /// }
    /// ```
    #[cfg(feature = "http")]
    pub fn observe_request(&self, outcome: &Outcome, elapsed: Duration) {
        let mut labels = self.labels([
            ("protocol", outcome.protocol.name()),
            ("signal", outcome.signal.map_or("unknown", Signal::name)),
        ]);
        let status = outcome.http_status().as_str().to_owned();
        labels.push(Label::new("status", status));
        counter!("otlake_requests_total", labels.clone()).increment(1);
        histogram!("otlake_request_duration_seconds", labels).record(elapsed);
    }

    fn labels<const N: usize>(&self, own: [(&'static str, &'static str); N]) -> Vec<Label> {
        let own = own.map(|(name, value)| Label::from_static_parts(name, value));
        self.labels.iter().cloned().chain(own).collect()
    }

    fn observe_table(&self, written: &TableActivity) {
        let table = written.table.name();
        let labels = || self.labels([("table", table)]);
        if written.row_groups > 0 {
            counter!("otlake_rows_written_total", labels()).increment(written.rows);
            counter!("otlake_row_groups_total", labels()).increment(written.row_groups);
            histogram!("otlake_encoding_duration_seconds", labels()).record(written.encoding);
        }
        if written.files > 0 {
            counter!("otlake_files_total", labels()).increment(written.files);
            counter!("otlake_file_bytes_total", labels()).increment(written.bytes);
            histogram!("otlake_storing_duration_seconds", labels()).record(written.storing);
        }
        for (reason, values) in overflow_reasons(&written.overflow) {
            if values > 0 {
                let labels = self.labels([("table", table), ("reason", reason)]);
                counter!("otlake_overflow_values_total", labels).increment(values);
            }
        }
    }
}

impl Default for MetricsObserver {
    fn default() -> MetricsObserver {
        MetricsObserver::new()
    }
}

/// Counts every retry in `otlake_storage_retries_total`.
impl RetryObserver for MetricsObserver {
    fn retry(&self, retry: &RetryEvent<'_>) {
        let reason = match retry.reason {
            RetryReason::Conflict => "conflict",
            _ => "in_doubt",
        };
        counter!(
            "otlake_storage_retries_total",
            self.labels([("reason", reason)])
        )
        .increment(1);
    }
}

impl Observer for MetricsObserver {
    fn observe(&mut self, activity: &Activity<'_>) {
        let operation = || self.labels([("operation", activity.operation.name())]);
        histogram!("otlake_operation_duration_seconds", operation()).record(activity.elapsed);
        if activity.error.is_some() {
            counter!("otlake_errors_total", operation()).increment(1);
        }
        if activity.dropped > 0 {
            counter!("otlake_dropped_records_total", operation()).increment(activity.dropped);
        }
        if let Operation::Ingest(signal) = activity.operation {
            let signal = ("signal", signal.name());
            let outcome = match activity.error {
                Some(_) => ("outcome", "failed"),
                None => ("outcome", "ingested"),
            };
            let records = &activity.records;
            counter!("otlake_payloads_total", self.labels([signal, outcome])).increment(1);
            counter!("otlake_payload_bytes_total", self.labels([signal]))
                .increment(activity.payload_bytes as u64);
            counter!("otlake_replaced_strings_total", self.labels([signal]))
                .increment(records.replaced_strings);
            for (outcome, count) in [
                ("accepted", records.accepted),
                ("rejected", records.rejected),
            ] {
                let labels = self.labels([signal, ("outcome", outcome)]);
                counter!("otlake_records_total", labels).increment(count);
            }
        }
        for written in &activity.tables {
            self.observe_table(written);
        }
        gauge!("otlake_open_partitions", self.labels([])).set(activity.open_partitions as f64);
        gauge!("otlake_memory_bytes", self.labels([])).set(activity.memory_estimate as f64);
    }
}

fn describe() {
    for (name, unit, description) in [
        (
            "otlake_payloads_total",
            Unit::Count,
            "Payloads ingested or failed",
        ),
        (
            "otlake_payload_bytes_total",
            Unit::Bytes,
            "Bytes of payloads as they were sent",
        ),
        (
            "otlake_records_total",
            Unit::Count,
            "Records accepted or rejected",
        ),
        (
            "otlake_dropped_records_total",
            Unit::Count,
            "Accepted records that stages dropped",
        ),
        (
            "otlake_replaced_strings_total",
            Unit::Count,
            "Strings that were not UTF-8",
        ),
        (
            "otlake_storage_retries_total",
            Unit::Count,
            "Retries of conditional writes",
        ),
        ("otlake_errors_total", Unit::Count, "Operations that failed"),
        (
            "otlake_rows_written_total",
            Unit::Count,
            "Rows in written row groups",
        ),
        ("otlake_row_groups_total", Unit::Count, "Row groups written"),
        ("otlake_files_total", Unit::Count, "Files closed"),
        (
            "otlake_file_bytes_total",
            Unit::Bytes,
            "Bytes of closed files",
        ),
        (
            "otlake_overflow_values_total",
            Unit::Count,
            "Values in the overflow column",
        ),
        #[cfg(feature = "http")]
        ("otlake_requests_total", Unit::Count, "Requests answered"),
    ] {
        describe_counter!(name, unit, description);
    }
    for (name, description) in [
        ("otlake_operation_duration_seconds", "Time of an operation"),
        (
            "otlake_encoding_duration_seconds",
            "Time spent encoding row groups",
        ),
        (
            "otlake_storing_duration_seconds",
            "Time spent closing files",
        ),
        #[cfg(feature = "http")]
        (
            "otlake_request_duration_seconds",
            "Time from a request to its response",
        ),
    ] {
        describe_histogram!(name, Unit::Seconds, description);
    }
    describe_gauge!(
        "otlake_open_partitions",
        Unit::Count,
        "Partitions that are open"
    );
    describe_gauge!(
        "otlake_memory_bytes",
        Unit::Bytes,
        "Rows and open files in memory"
    );
}

use metrics::{
    Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram,
};

use super::{Activity, Observer, Operation, overflow_reasons};

/// Counts every activity in the recorder of the `metrics` crate.
///
/// | name | kind | labels |
/// |---|---|---|
/// | `otlake_payloads_total` | counter | `signal`, `outcome`: `taken` or `failed` |
/// | `otlake_payload_bytes_total` | counter | `signal` |
/// | `otlake_records_total` | counter | `signal`, `outcome`: `accepted` or `rejected` |
/// | `otlake_replaced_strings_total` | counter | `signal` |
/// | `otlake_errors_total` | counter | `operation` |
/// | `otlake_operation_duration_seconds` | histogram | `operation` |
/// | `otlake_rows_written_total`, `otlake_row_groups_total`, `otlake_files_total`, `otlake_file_bytes_total` | counter | `table` |
/// | `otlake_encoding_duration_seconds`, `otlake_storing_duration_seconds` | histogram | `table` |
/// | `otlake_overflow_values_total` | counter | `table`, `reason` |
/// | `otlake_open_partitions`, `otlake_memory_bytes` | gauge | |
///
/// ```
/// # #[cfg(feature = "pipeline")] {
/// use otlake::{MetricsObserver, Pipeline, parquet::InMemoryStorage};
///
/// let observer = MetricsObserver::new();
/// let pipeline = Pipeline::builder().observer(observer).build(InMemoryStorage::new())?;
/// # drop(pipeline);
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct MetricsObserver {
    _described: (),
}

impl MetricsObserver {
    /// An observer for the recorder that is installed, which is told what the metrics are.
    pub fn new() -> MetricsObserver {
        describe_counter!(
            "otlake_payloads_total",
            Unit::Count,
            "Payloads taken or failed"
        );
        describe_counter!(
            "otlake_payload_bytes_total",
            Unit::Bytes,
            "Bytes of payloads, inflated"
        );
        describe_counter!(
            "otlake_records_total",
            Unit::Count,
            "Records accepted or rejected"
        );
        describe_counter!(
            "otlake_replaced_strings_total",
            Unit::Count,
            "Strings that were not UTF-8"
        );
        describe_counter!("otlake_errors_total", Unit::Count, "Operations that failed");
        describe_histogram!(
            "otlake_operation_duration_seconds",
            Unit::Seconds,
            "Of an operation"
        );
        describe_counter!(
            "otlake_rows_written_total",
            Unit::Count,
            "Rows in written row groups"
        );
        describe_counter!("otlake_row_groups_total", Unit::Count, "Row groups written");
        describe_counter!("otlake_files_total", Unit::Count, "Files closed");
        describe_counter!(
            "otlake_file_bytes_total",
            Unit::Bytes,
            "Bytes of closed files"
        );
        describe_histogram!(
            "otlake_encoding_duration_seconds",
            Unit::Seconds,
            "Of row groups"
        );
        describe_histogram!(
            "otlake_storing_duration_seconds",
            Unit::Seconds,
            "Of closing files"
        );
        describe_counter!(
            "otlake_overflow_values_total",
            Unit::Count,
            "Values in the overflow column"
        );
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
        MetricsObserver { _described: () }
    }
}

impl Default for MetricsObserver {
    fn default() -> Self {
        MetricsObserver::new()
    }
}

impl Observer for MetricsObserver {
    fn observe(&mut self, activity: &Activity<'_>) {
        let operation = activity.operation.name();
        histogram!("otlake_operation_duration_seconds", "operation" => operation)
            .record(activity.elapsed);
        if activity.error.is_some() {
            counter!("otlake_errors_total", "operation" => operation).increment(1);
        }
        if let Operation::Ingest(signal) = activity.operation {
            let signal = signal.name();
            let outcome = if activity.error.is_some() {
                "failed"
            } else {
                "taken"
            };
            counter!("otlake_payloads_total", "signal" => signal, "outcome" => outcome)
                .increment(1);
            counter!("otlake_payload_bytes_total", "signal" => signal)
                .increment(activity.payload_bytes as u64);
            let records = &activity.records;
            for (outcome, count) in [
                ("accepted", records.accepted),
                ("rejected", records.rejected),
            ] {
                counter!("otlake_records_total", "signal" => signal, "outcome" => outcome)
                    .increment(count);
            }
            counter!("otlake_replaced_strings_total", "signal" => signal)
                .increment(records.replaced_strings);
        }
        for written in &activity.tables {
            let table = written.table.name();
            if written.row_groups > 0 {
                counter!("otlake_rows_written_total", "table" => table).increment(written.rows);
                counter!("otlake_row_groups_total", "table" => table).increment(written.row_groups);
                histogram!("otlake_encoding_duration_seconds", "table" => table)
                    .record(written.encoding);
            }
            if written.files > 0 {
                counter!("otlake_files_total", "table" => table).increment(written.files);
                counter!("otlake_file_bytes_total", "table" => table).increment(written.bytes);
                histogram!("otlake_storing_duration_seconds", "table" => table)
                    .record(written.storing);
            }
            for (reason, values) in overflow_reasons(&written.overflow) {
                if values > 0 {
                    counter!("otlake_overflow_values_total", "table" => table, "reason" => reason)
                        .increment(values);
                }
            }
        }
        gauge!("otlake_open_partitions").set(activity.open_partitions as f64);
        gauge!("otlake_memory_bytes").set(activity.memory_estimate as f64);
    }
}

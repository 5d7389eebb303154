use otlake_storage::{RetryEvent, RetryObserver, RetryReason};
use tracing::{Span, debug, warn};

use super::{Activity, Observer, Operation, overflow_reasons};

/// An observer that records every activity as an event of the `tracing` crate, with the target `otlake`: at
/// the level DEBUG, and also at WARN if it failed or rejected records.
///
/// The events can be in a span of your own, whose fields distinguish pipelines:
///
/// ```
/// # #[cfg(feature = "pipeline")] {
/// use otlake::{Pipeline, TracingObserver, storage::InMemoryStorage};
///
/// let observer = TracingObserver::in_span(tracing::info_span!("pipeline", worker = 3));
/// let pipeline = Pipeline::builder().observer(observer).build(InMemoryStorage::new())?;
/// # drop(pipeline);
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct TracingObserver {
    span: Span,
}

impl TracingObserver {
    /// Returns an observer whose events are in the span that is current when they are recorded.
    pub fn new() -> TracingObserver {
        TracingObserver::in_span(Span::none())
    }

    /// Returns an observer whose events are in this span.
    pub fn in_span(span: Span) -> TracingObserver {
        TracingObserver { span }
    }
}

impl Default for TracingObserver {
    fn default() -> TracingObserver {
        TracingObserver::new()
    }
}

/// Makes an event at the level WARN of every retry.
impl RetryObserver for TracingObserver {
    fn retry(&self, retry: &RetryEvent<'_>) {
        let _entered = self.span.enter();
        let pause_ms = retry.pause.as_millis() as u64;
        let reason = match retry.reason {
            RetryReason::InDoubt(error) => Some(error as &dyn std::error::Error),
            _ => None,
        };
        let (document, failed) = (retry.name, retry.failed);
        warn!(target: "otlake", document, failed, pause_ms, error = reason, "retries a write");
    }
}

impl Observer for TracingObserver {
    fn observe(&mut self, activity: &Activity<'_>) {
        let _entered = self.span.enter();
        let operation = activity.operation.name();
        let signal = match activity.operation {
            Operation::Ingest(signal) => Some(signal.name()),
            _ => None,
        };
        let elapsed_us = activity.elapsed.as_micros() as u64;
        let records = &activity.records;
        if let Some(error) = activity.error {
            let accepted = records.accepted;
            warn!(target: "otlake", operation, signal, elapsed_us, accepted, error, "failed");
        } else if records.rejected > 0 {
            let reason = records.first_rejection.as_ref().map(ToString::to_string);
            let (accepted, rejected) = (records.accepted, records.rejected);
            warn!(target: "otlake", operation, signal, accepted, rejected, reason, "rejected records");
        }
        debug!(
            target: "otlake",
            operation,
            signal,
            elapsed_us,
            payload_bytes = activity.payload_bytes,
            accepted = records.accepted,
            rejected = records.rejected,
            dropped = activity.dropped,
            replaced_strings = records.replaced_strings,
            open_partitions = activity.open_partitions,
            memory_estimate = activity.memory_estimate,
            "done",
        );
        for table in activity
            .tables
            .iter()
            .filter(|table| table.row_groups + table.files > 0)
        {
            let overflow = overflow_reasons(&table.overflow).map(|(_, values)| values);
            debug!(
                target: "otlake",
                operation,
                table = table.table.name(),
                rows = table.rows,
                row_groups = table.row_groups,
                files = table.files,
                bytes = table.bytes,
                encoding_us = table.encoding.as_micros() as u64,
                storing_us = table.storing.as_micros() as u64,
                overflow = overflow.iter().sum::<u64>(),
                "written",
            );
        }
    }
}

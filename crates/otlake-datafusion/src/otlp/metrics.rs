use datafusion::physical_plan::metrics::{Count, ExecutionPlanMetricsSet, MetricBuilder, Time};

/// The counters of a scan, which `EXPLAIN ANALYZE` shows.
#[derive(Clone, Debug)]
pub(crate) struct ScanMetrics {
    /// Payloads that were decoded.
    pub(crate) payloads: Count,
    /// Payloads of other signals than that of the table, which were not decoded.
    pub(crate) payloads_of_other_signals: Count,
    /// Files with at least one fault.
    pub(crate) damaged_files: Count,
    /// Payloads that were not decoded to the end.
    pub(crate) faults: Count,
    /// Records that exceed an input limit.
    pub(crate) rejected_records: Count,
    /// Strings that were not UTF-8 and were repaired.
    pub(crate) replaced_strings: Count,
    /// Time in the decoder and in the builders of columns, including inflating, and waiting for the file.
    pub(crate) decoding: Time,
}

impl ScanMetrics {
    pub(crate) fn new(metrics: &ExecutionPlanMetricsSet, partition: usize) -> ScanMetrics {
        let counter = |name: &'static str| MetricBuilder::new(metrics).counter(name, partition);
        ScanMetrics {
            payloads: counter("payloads"),
            payloads_of_other_signals: counter("payloads_of_other_signals"),
            damaged_files: counter("damaged_files"),
            faults: counter("faults"),
            rejected_records: counter("rejected_records"),
            replaced_strings: counter("replaced_strings"),
            decoding: MetricBuilder::new(metrics).subset_time("time_decoding", partition),
        }
    }
}

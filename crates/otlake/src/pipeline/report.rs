use otlake_dataset::TableReport;
use otlake_fingerprint::PatternSet;
use otlake_otlp::Summary;
use otlake_parquet::FileSummary;
use otlake_schema::OverflowCounts;

use crate::PatternsTable;

/// The work that a [`Pipeline`](crate::Pipeline) has done.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Report {
    /// The records that were accepted and rejected, of all signals.
    pub records: Summary,
    /// The accepted records that stages have dropped.
    pub dropped: u64,
    /// The tables that have rows, with the files closed since the last report.
    pub tables: Vec<TableReport>,
    /// The patterns of bodies, busiest first, if a [`FingerprintStage`](crate::FingerprintStage) learns
    /// them.
    pub patterns: Option<PatternSet>,
    /// The fingerprints of these patterns, as a table to be written next to the data.
    pub patterns_table: Option<PatternsTable>,
}

impl Report {
    /// Returns the files of all tables that were closed since the last report.
    pub fn files(&self) -> impl Iterator<Item = &FileSummary> {
        self.tables.iter().flat_map(|table| &table.files)
    }

    /// Returns the number of values that overflowed in all tables.
    pub fn overflow(&self) -> OverflowCounts {
        let mut overflow = OverflowCounts::default();
        for table in &self.tables {
            overflow.merge(&table.overflow);
        }
        overflow
    }
}

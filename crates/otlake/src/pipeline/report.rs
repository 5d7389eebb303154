use otlake_dataset::TableReport;
use otlake_fingerprint::PatternSet;
use otlake_otlp::Summary;
use otlake_parquet::FileSummary;
use otlake_schema::OverflowCounts;

use crate::PatternsTable;

/// The work that a [`Pipeline`](crate::Pipeline) has done.
///
/// ```
/// use otlake::{FingerprintStage, Pipeline, Report, storage::InMemoryStorage};
/// use otlake::fingerprint::PatternOptions;
///
/// let stage = FingerprintStage::new().with_patterns(PatternOptions::default());
/// let mut pipeline = Pipeline::builder().stage(stage).build(InMemoryStorage::new())?;
/// pipeline.ingest_logs(b"\x0a\x14\x12\x12\x12\x10\x2a\x0e\x0a\x0cdisk is full")?;
///
/// let report: Report = pipeline.finish()?;
/// assert_eq!((report.records.accepted, report.dropped), (1, 0));
/// assert_eq!(report.files().map(|file| file.rows).sum::<u64>(), 1);
/// assert_eq!(report.overflow().total(), 0);
/// let patterns = report.patterns.ok_or("the stage learns them")?;
/// assert_eq!(patterns[0].template, "disk is full");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
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

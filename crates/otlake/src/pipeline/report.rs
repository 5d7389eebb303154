use otlake_fingerprint::PatternSet;
use otlake_otlp::Summary;
use otlake_parquet::FileSummary;
use otlake_schema::OverflowCounts;

use crate::{PatternsTable, TableReport};

/// What a pipeline has done.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Report {
    /// Records taken and rejected, of all signals.
    pub records: Summary,
    /// The tables that have rows, with their files.
    pub tables: Vec<TableReport>,
    /// The patterns of the bodies, busiest first; there when
    /// [`patterns`](crate::PipelineBuilder::patterns) or [`template`](crate::PipelineBuilder::template)
    /// asked for them.
    pub patterns: Option<PatternSet>,
    /// The same by fingerprint, as the table that belongs beside the data.
    pub patterns_table: Option<PatternsTable>,
}

impl Report {
    /// The files of all tables written since the last report; see [`TableReport::files`].
    pub fn files(&self) -> impl Iterator<Item = &FileSummary> {
        self.tables.iter().flat_map(|table| &table.files)
    }

    /// What overflowed in all tables.
    pub fn overflow(&self) -> OverflowCounts {
        let mut overflow = OverflowCounts::default();
        for table in &self.tables {
            overflow.merge(&table.overflow);
        }
        overflow
    }
}

use otlake_dataset::{Dataset, DatasetBuilder, Partitioning};
use otlake_parquet::{Compression, SortingColumn, WriterOptions};

use crate::otlp::options::OtlpOptions;

/// Options for a [`Backfill`](crate::Backfill). The options of the dataset should be those of its other writers.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct BackfillOptions {
    pub(crate) input: OtlpOptions,
    pub(crate) partitioning: Option<Partitioning>,
    pub(crate) sort_by: Vec<String>,
    pub(crate) compression: Compression,
    pub(crate) memory_limit: usize,
}

impl Default for BackfillOptions {
    fn default() -> BackfillOptions {
        BackfillOptions {
            input: OtlpOptions::new(),
            partitioning: None,
            sort_by: Vec::new(),
            compression: Compression::ZSTD,
            memory_limit: 256 << 20,
        }
    }
}

impl BackfillOptions {
    /// Returns a builder of the dataset.
    pub(crate) fn dataset(&self) -> DatasetBuilder {
        let ascending = |name: &String| SortingColumn {
            name: name.clone(),
            descending: false,
            nulls_first: false,
        };
        let builder = Dataset::builder()
            .writer_options(WriterOptions::new().with_compression(self.compression))
            .sorted_rows(self.sort_by.iter().map(ascending).collect())
            .memory_limit(self.memory_limit);
        match &self.partitioning {
            Some(partitioning) => builder.partitioning(partitioning.clone()),
            None => builder,
        }
    }
}

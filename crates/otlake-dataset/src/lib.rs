//! Many files as one table: partitions, batches, manifests, a published schema and a memory budget.

mod budget;
mod catalog;
mod commit;
mod dataset;
mod error;
mod errors;
mod files;
mod gather;
mod memory_budget;
mod report;
mod retry;
mod route;
mod stats;
mod table_writer;
mod writer;

pub use crate::catalog::published_schema::{PublishError, PublishedSchema};
pub use crate::commit::Commit;
pub use crate::commit::manifest::{Manifest, ManifestColumn, ManifestError, ManifestFile};
pub use crate::commit::manifest_commit::ManifestCommit;
pub use crate::dataset::builder::{DatasetBuilder, MetricTables};
pub use crate::dataset::{Dataset, TableReport};
pub use crate::error::RollingError;
pub use crate::errors::{
    CommitError, FinishBatchError, FlushError, LossCause, LostRows, OpenError, RowError,
    TableSinkError,
};
pub use crate::files::file_names::{BatchId, BatchIdError, FileNames};
pub use crate::files::rolling::RollingWriter;
pub use crate::gather::row_buffer::{RowBuffer, RowInterner};
pub use crate::report::TableStats;
pub use crate::route::partition::Partitioning;
pub use crate::route::partitioner::Partitioner;
pub use crate::route::template::{ParsePartitioningError, PartitioningErrorKind};
pub use crate::stats::SinkStats;
pub use crate::table_writer::{ParquetSink, SinkError};
pub use crate::writer::DatasetWriter;
pub use crate::writer::table_sink::TableSink;

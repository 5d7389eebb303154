//! Many files as one table: partitions, batches, manifests, a published schema and a memory budget.

mod budget;
mod catalog;
mod commit;
mod error;
mod files;
mod gather;
mod route;
mod stats;
mod table_writer;

pub use crate::catalog::published_schema::{PublishError, PublishedSchema};
pub use crate::commit::manifest::{Manifest, ManifestColumn, ManifestError, ManifestFile};
pub use crate::error::RollingError;
pub use crate::files::file_names::{BatchId, BatchIdError, FileNames};
pub use crate::files::rolling::RollingWriter;
pub use crate::gather::row_buffer::{RowBuffer, RowInterner};
pub use crate::route::partition::Partitioning;
pub use crate::route::partitioner::Partitioner;
pub use crate::route::template::{ParsePartitioningError, PartitioningErrorKind};
pub use crate::stats::SinkStats;
pub use crate::table_writer::{ParquetSink, SinkError};

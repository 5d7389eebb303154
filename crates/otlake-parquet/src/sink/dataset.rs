//! The types that partitions share, within the sink and beyond.

use otlake_schema::{DatasetSchema, Schema};

use super::{ParquetSink, SinkError};
use crate::published::{PublishError, PublishedSchema};
use crate::storage::Storage;

/// Whose types the partitions share.
#[derive(Debug)]
pub(super) enum Dataset {
    /// That of this sink alone.
    Own(Box<DatasetSchema>),
    /// One that is published beside the data.
    Published(Box<PublishedSchema>),
}

impl Dataset {
    pub(super) fn schema(&self) -> &DatasetSchema {
        match self {
            Dataset::Own(schema) => schema,
            Dataset::Published(published) => published.schema(),
        }
    }

    pub(super) fn publish(&mut self, found: &Schema) -> Result<(), PublishError> {
        match self {
            Dataset::Own(schema) => {
                schema.extend(found);
                Ok(())
            }
            Dataset::Published(published) => published.publish(found),
        }
    }
}

impl<S: Storage> ParquetSink<S> {
    /// Publishes what a partition has found, and gives its columns the types that are published.
    pub(super) fn conform(&mut self, index: usize) -> Result<(), SinkError> {
        let Some(dataset) = &mut self.dataset else {
            return Ok(());
        };
        if self.partitions[index]
            .row_groups
            .has_news_for(dataset.schema())
        {
            // All of them, so that a type is found from what all partitions have seen.
            let found = self
                .partitions
                .iter()
                .map(|partition| partition.row_groups.schema());
            let mut joined = self.schema.clone();
            joined.join(found);
            dataset.publish(&joined)?;
            self.schema.adopt(dataset.schema());
        }
        self.partitions[index].row_groups.conform(dataset.schema());
        Ok(())
    }
}

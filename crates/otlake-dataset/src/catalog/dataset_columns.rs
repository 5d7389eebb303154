//! The types that the files of a dataset share.

use crate::table_writer::{ParquetSink, SinkError};

impl ParquetSink {
    /// Publishes what was found in the rows, and gives the columns the types that are published.
    pub(crate) fn coerce(&mut self) -> Result<(), SinkError> {
        let Some(dataset) = &mut self.dataset else {
            return Ok(());
        };
        if self.row_groups.has_unpublished_changes(dataset.schema()) {
            dataset.publish(self.row_groups.schema())?;
        }
        self.row_groups.coerce(dataset.schema());
        Ok(())
    }
}

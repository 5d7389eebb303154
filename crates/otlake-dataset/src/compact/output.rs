//! Writes a merged file.

use arrow_array::RecordBatch;
use arrow_schema::Schema as ArrowSchema;
use otlake_parquet::{Encoder, FileSummary, FileWriter, SortingColumn};
use otlake_schema::Table;
use otlake_storage::{StorageFile, random_digits};

use super::Compactor;
use super::columns::Columns;
use super::error::CompactionError;
use super::leftovers::PREFIX;
use super::rows::RowGroup;

/// A merged file that is being written.
pub(crate) struct Output {
    name: String,
    encoder: Encoder,
    file: FileWriter<Box<dyn StorageFile>>,
}

impl Output {
    /// Creates the file. The encoder of an earlier file is used again if it has the same order.
    pub(crate) fn create(
        compactor: &Compactor,
        table: Table,
        directory: &str,
        order: &[SortingColumn],
        encoder: Option<Encoder>,
    ) -> Result<Self, CompactionError> {
        let slash = if directory.is_empty() { "" } else { "/" };
        let (table, random) = (table.name(), random_digits());
        let name = format!("{directory}{slash}{PREFIX}{table}-{random}.parquet");
        let options = compactor.options.writer.clone();
        let buffer = (compactor.options.memory_limit / 64).min(options.buffer_bytes());
        let encoder = match encoder {
            Some(encoder) if encoder.options().sorting_columns() == order => encoder,
            _ => Encoder::new(
                options
                    .with_sorting_columns(order.to_vec())
                    .with_buffer_bytes(buffer),
            )?,
        };
        Ok(Self {
            encoder,
            file: FileWriter::new(compactor.storage.create(&name)?),
            name,
        })
    }

    /// Adds all columns to the schema of the file, including those without values.
    pub(crate) fn declare(&mut self, columns: &Columns) -> Result<(), CompactionError> {
        let schema = ArrowSchema::new(columns.fields().to_vec());
        let batch = RecordBatch::new_empty(schema.into());
        Ok(self.file.write_row_group(&mut self.encoder, &batch)?)
    }

    pub(crate) fn write(&mut self, group: &RowGroup<'_>) -> Result<(), CompactionError> {
        group.write(&mut self.file, &mut self.encoder)
    }

    /// Makes the file visible.
    pub(crate) fn commit(
        mut self,
        key_values: &[(String, String)],
    ) -> Result<(FileSummary, Encoder), CompactionError> {
        let (file, mut summary) = self.file.finish(&mut self.encoder, key_values)?;
        file.commit()?;
        summary.name = self.name;
        Ok((summary, self.encoder))
    }
}

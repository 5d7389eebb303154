//! What outlives a file: options, compression context, buffers, the types of columns seen.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::{Array, ArrayRef};
use arrow_schema::Field;

use crate::chunk::{Draft, seal};
use crate::column::Column;
use crate::compressor::Compressor;
use crate::error::{EncoderError, FileError};
use crate::footer::{ChunkMetadata, Footer};
use crate::nulls;
use crate::options::WriterOptions;
use crate::splice::Spliced;

/// More columns than any sane stream has; a stream of ever new names must not grow the cache for ever.
const CACHED_COLUMNS: usize = 10_000;

/// Encodes and compresses columns. Make one per writing thread and keep it: its compression context
/// and buffers are reused by every file written with it.
#[derive(Debug)]
pub struct Encoder {
    options: WriterOptions,
    compressor: Compressor,
    draft: Draft,
    columns: HashMap<String, Arc<Column>>,
    /// The bytes of the row group or footer that is being written.
    pub(crate) out: Vec<u8>,
}

impl Encoder {
    /// An encoder for `options`.
    ///
    /// # Errors
    ///
    /// When the feature of the codec is off, or its context can't be made.
    pub fn new(options: WriterOptions) -> Result<Self, EncoderError> {
        let compressor = Compressor::new(options.compression())?;
        Ok(Self {
            options,
            compressor,
            draft: Draft::default(),
            columns: HashMap::new(),
            out: Vec::new(),
        })
    }

    /// The options it was made with.
    pub fn options(&self) -> &WriterOptions {
        &self.options
    }

    /// The column that `field` is.
    pub(crate) fn column(&mut self, field: &Field) -> Result<Arc<Column>, FileError> {
        if let Some(column) = self.columns.get(field.name())
            && column.field.data_type() == field.data_type()
            && column.field.metadata() == field.metadata()
        {
            return Ok(Arc::clone(column));
        }
        let column = Column::new(field).map_err(|source| FileError::NoParquetType {
            column: field.name().clone(),
            data_type: Box::new(field.data_type().clone()),
            source,
        })?;
        let column = Arc::new(column);
        if self.columns.len() >= CACHED_COLUMNS {
            self.columns.clear();
        }
        self.columns
            .insert(field.name().clone(), Arc::clone(&column));
        Ok(column)
    }

    /// Appends the chunks of `column` to [`Self::out`], whose first byte is at `base` of the file.
    pub(crate) fn put_column(
        &mut self,
        column: &Column,
        array: &ArrayRef,
        base: u64,
        footer: &mut Footer,
        chunks: &mut Vec<ChunkMetadata>,
    ) -> Result<(), FileError> {
        if array.logical_null_count() == array.len() {
            return self.put_nulls(column, array.len(), base, footer, chunks);
        }
        let failed = |source| FileError::Encode {
            column: column.name().to_owned(),
            source,
        };
        let spliced = Spliced::new(column, array, &self.options).map_err(failed)?;
        for leaf in 0..column.leaves.len() {
            spliced.draft(&mut self.draft, leaf).map_err(failed)?;
            chunks.push(self.seal(column, leaf, base, footer)?);
        }
        Ok(())
    }

    /// Appends the chunks of `column` for `rows` rows in which it is null.
    pub(crate) fn put_nulls(
        &mut self,
        column: &Column,
        rows: usize,
        base: u64,
        footer: &mut Footer,
        chunks: &mut Vec<ChunkMetadata>,
    ) -> Result<(), FileError> {
        for (number, leaf) in column.leaves.iter().enumerate() {
            nulls::draft(&mut self.draft, leaf, rows, 0);
            chunks.push(self.seal(column, number, base, footer)?);
        }
        Ok(())
    }

    fn seal(
        &mut self,
        column: &Column,
        leaf: usize,
        base: u64,
        footer: &mut Footer,
    ) -> Result<ChunkMetadata, FileError> {
        let leaf = &column.leaves[leaf];
        let Self {
            draft,
            compressor,
            out,
            ..
        } = self;
        seal(draft, column.name(), leaf, compressor, out, base, footer)
    }
}

//! What outlives a file: options, compression context, buffers, the types of columns seen.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;

use arrow_array::{Array, ArrayRef};
use arrow_schema::Field;

use parquet::bloom_filter::Sbbf;

use crate::bloom::Bloom;
use crate::chunk::{Chunk, Draft};
use crate::column::{Column, Leaf};
use crate::compressor::Compressor;
use crate::error::{EncoderError, FileError};
use crate::flat;
use crate::footer::{ChunkMetadata, Footer};
use crate::nulls::{self, Valueless};
#[cfg(feature = "rows")]
use crate::options::SortingColumn;
use crate::options::WriterOptions;
use crate::splice::Spliced;
use crate::target::{Pages, Scratch, Target};

/// More columns than any sane stream has; a stream of ever new names must not grow the cache for ever.
const CACHED_COLUMNS: usize = 10_000;

/// Encodes and compresses columns. Make one per writing thread and keep it: its compression context
/// and buffers are reused by every file written with it.
#[derive(Debug)]
pub struct Encoder {
    options: WriterOptions,
    compressor: Compressor,
    draft: Draft,
    scratch: Scratch,
    pages: Pages,
    /// The bloom filters of the row group so far, and the numbers of their chunks in it.
    blooms: Vec<(usize, Sbbf)>,
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
            scratch: Scratch::default(),
            pages: Pages::default(),
            blooms: Vec::new(),
            columns: HashMap::new(),
            out: Vec::new(),
        })
    }

    /// The options it was made with.
    pub fn options(&self) -> &WriterOptions {
        &self.options
    }

    /// Records another order of rows from here on; see [`WriterOptions::with_sorting_columns`].
    #[cfg(feature = "rows")]
    pub(crate) fn set_sorting_columns(&mut self, order: Vec<SortingColumn>) {
        self.options = self.options.clone().with_sorting_columns(order);
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

    /// Empties what an earlier file, or its failure, left.
    pub(crate) fn begin(&mut self) {
        self.out.clear();
        self.blooms.clear();
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
        if let Some(valueless) = Valueless::of(array) {
            return self.put_valueless(column, array.len(), valueless, base, footer, chunks);
        }
        if let [leaf] = &column.leaves[..]
            && column.root.is_primitive()
        {
            self.clear();
            let wanted = self
                .options
                .bloom_filter_columns()
                .iter()
                .any(|c| c == column.name());
            let mut bloom = Bloom::new(wanted.then_some(self.options.bloom_filter_fpp()));
            let nulls = array.logical_nulls().filter(|nulls| nulls.null_count() > 0);
            let mut target = Target {
                options: &self.options,
                draft: &mut self.draft,
                bloom: &mut bloom,
                pages: &mut self.pages,
                rows: array.len(),
                nulls: nulls.as_ref(),
            };
            if flat::draft(&mut target, &mut self.scratch, array) {
                if let Some(filter) = bloom.finish() {
                    self.blooms.push((chunks.len(), filter));
                }
                chunks.push(self.seal(column, leaf, base, footer)?);
                return Ok(());
            }
        }
        let failed = |source| FileError::Encode {
            column: column.name().to_owned(),
            source,
        };
        let spliced = Spliced::new(column, array, &self.options).map_err(failed)?;
        for (number, leaf) in column.leaves.iter().enumerate() {
            self.clear();
            spliced.draft(&mut self.draft, number).map_err(failed)?;
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
        self.put_valueless(column, rows, Valueless::Null, base, footer, chunks)
    }

    /// Appends the bloom filters of the row group that has `chunks`.
    pub(crate) fn put_bloom_filters(
        &mut self,
        base: u64,
        chunks: &mut [ChunkMetadata],
    ) -> Result<(), FileError> {
        for (chunk, filter) in self.blooms.drain(..) {
            let start = self.out.len();
            // Into memory, where no write fails.
            filter.write(&mut self.out).map_err(io::Error::other)?;
            chunks[chunk].bloom_filter = Some((base + start as u64, self.out.len() - start));
        }
        Ok(())
    }

    fn put_valueless(
        &mut self,
        column: &Column,
        rows: usize,
        valueless: Valueless<'_>,
        base: u64,
        footer: &mut Footer,
        chunks: &mut Vec<ChunkMetadata>,
    ) -> Result<(), FileError> {
        for leaf in &column.leaves {
            self.clear();
            nulls::draft(
                &mut self.draft,
                leaf,
                rows,
                valueless,
                &mut self.scratch.indices,
            );
            chunks.push(self.seal(column, leaf, base, footer)?);
        }
        Ok(())
    }

    fn clear(&mut self) {
        self.draft.clear(self.options.statistics_truncate_length());
    }

    fn seal(
        &mut self,
        column: &Column,
        leaf: &Leaf,
        base: u64,
        footer: &mut Footer,
    ) -> Result<ChunkMetadata, FileError> {
        let Self {
            draft,
            compressor,
            out,
            ..
        } = self;
        Chunk {
            draft,
            column: column.name(),
            leaf,
        }
        .seal(compressor, out, base, footer)
    }
}

//! What outlives a file: options, compression context, buffers, the types of columns seen.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;

use arrow_array::{Array, ArrayRef};
use arrow_buffer::NullBuffer;
use arrow_schema::Field;

use parquet::bloom_filter::Sbbf;

use crate::compress::compressor::Compressor;
use crate::encode::flat::{self, Family};
use crate::encode::nested::Leaves;
use crate::encode::nulls;
use crate::encode::splice::Spliced;
use crate::error::{EncoderError, FileError};
use crate::file::column::{Column, Leaf};
use crate::file::footer::{ChunkMetadata, Footer};
use crate::options::SortingColumn;
use crate::options::WriterOptions;
use crate::page::bloom::Bloom;
use crate::page::chunk::{Chunk, Draft};
use crate::page::levels::Levels;
use crate::page::page_writer::{Pages, Scratch, Target};

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

/// The chunks of a row group, as they are written.
pub(crate) struct Chunks<'a> {
    /// The byte of the file at which [`Encoder::out`] begins.
    pub(crate) base: u64,
    pub(crate) footer: &'a mut Footer,
    /// Those that are complete.
    pub(crate) list: &'a mut Vec<ChunkMetadata>,
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
    pub fn set_sorting_columns(&mut self, order: Vec<SortingColumn>) {
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

    /// Appends the chunks of `column` to [`Self::out`].
    pub(crate) fn put_column(
        &mut self,
        column: &Column,
        array: &ArrayRef,
        chunks: Chunks<'_>,
    ) -> Result<(), FileError> {
        if array.logical_null_count() == array.len() {
            self.put_nulls(column, array.len(), chunks)
        } else if let ([leaf], Some(family)) = (&column.leaves[..], Family::of(array.data_type())) {
            self.put_flat(column, leaf, array, family, chunks)
        } else if let Some(leaves) = Leaves::of(array) {
            self.put_nested(column, leaves, chunks)
        } else {
            self.put_spliced(column, array, chunks)
        }
    }

    /// Appends the chunks of `column` for `rows` rows in which it is null.
    pub(crate) fn put_nulls(
        &mut self,
        column: &Column,
        rows: usize,
        mut chunks: Chunks<'_>,
    ) -> Result<(), FileError> {
        for leaf in &column.leaves {
            self.clear();
            nulls::draft(&mut self.draft, leaf, rows);
            self.seal(column, leaf, &mut chunks)?;
        }
        Ok(())
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

    fn put_flat(
        &mut self,
        column: &Column,
        leaf: &Leaf,
        array: &ArrayRef,
        family: Family,
        mut chunks: Chunks<'_>,
    ) -> Result<(), FileError> {
        let wanted = self.options.bloom_filter_columns();
        let wanted = wanted.iter().any(|name| name == column.name());
        let mut bloom = Bloom::new(wanted.then_some(self.options.bloom_filter_fpp()));
        let nulls = array.logical_nulls().filter(|nulls| nulls.null_count() > 0);
        let levels = Levels::Flat {
            rows: array.len(),
            nulls: nulls.as_ref(),
        };
        self.draft(array, family, levels, &mut bloom);
        if let Some(filter) = bloom.finish() {
            self.blooms.push((chunks.list.len(), filter));
        }
        self.seal(column, leaf, &mut chunks)
    }

    fn put_nested(
        &mut self,
        column: &Column,
        leaves: Leaves,
        mut chunks: Chunks<'_>,
    ) -> Result<(), FileError> {
        for (leaf, found) in std::iter::zip(&column.leaves, leaves) {
            let levels = &found.levels;
            debug_assert_eq!(u64::from(levels.max_definition), leaf.max_definition_level);
            debug_assert_eq!(u64::from(levels.max_repetition), leaf.max_repetition_level);
            let levels = Levels::Nested(levels);
            self.draft(&found.array, found.family, levels, &mut Bloom::new(None));
            self.seal(column, leaf, &mut chunks)?;
        }
        Ok(())
    }

    fn put_spliced(
        &mut self,
        column: &Column,
        array: &ArrayRef,
        mut chunks: Chunks<'_>,
    ) -> Result<(), FileError> {
        let failed = |source| FileError::Encode {
            column: column.name().to_owned(),
            source,
        };
        let spliced = Spliced::new(column, array, &self.options).map_err(failed)?;
        for (number, leaf) in column.leaves.iter().enumerate() {
            self.clear();
            spliced.draft(&mut self.draft, number).map_err(failed)?;
            self.seal(column, leaf, &mut chunks)?;
        }
        Ok(())
    }

    /// Drafts the chunk of an array whose type is of the family.
    fn draft(&mut self, array: &ArrayRef, family: Family, levels: Levels<'_>, bloom: &mut Bloom) {
        self.clear();
        let mut target = Target {
            options: &self.options,
            draft: &mut self.draft,
            bloom,
            pages: &mut self.pages,
            levels,
        };
        let nulls = levels.nulls().map_or(0, NullBuffer::null_count);
        if nulls < array.len() {
            flat::draft(&mut target, &mut self.scratch, array, family);
        } else {
            target.draft_levels();
        }
    }

    fn clear(&mut self) {
        self.draft.clear(self.options.statistics_truncate_length());
    }

    /// Makes the draft a chunk of the file.
    fn seal(
        &mut self,
        column: &Column,
        leaf: &Leaf,
        chunks: &mut Chunks<'_>,
    ) -> Result<(), FileError> {
        let Self {
            draft,
            compressor,
            out,
            ..
        } = self;
        let chunk = Chunk {
            draft,
            column: column.name(),
            leaf,
        };
        let metadata = chunk.seal(compressor, out, chunks.base, chunks.footer)?;
        chunks.list.push(metadata);
        Ok(())
    }
}

//! Encodes and compresses the columns of record batches.

use std::io;
use std::sync::Arc;

use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::Field;
use foldhash::{HashMap, HashSet, HashSetExt};

use parquet::bloom_filter::Sbbf;

use crate::compress::compressor::Compressor;
use crate::encode::array_encoder::{ArrayEncoder, EncoderKind};
use crate::encode::decoded_array;
use crate::encode::encoding_memory::EncodingMemory;
use crate::encode::nested_leaves::NestedLeaves;
use crate::encode::null_chunk;
use crate::encode::spliced_column::SplicedColumn;
use crate::error::{EncoderError, FileError};
use crate::file::chunk_list::ChunkList;
use crate::file::column::{Column, Leaf, value_type};
use crate::file::row_group::{EncodedColumn, EncodedRowGroup};
use crate::options::WriterOptions;
use crate::page::bloom_filter::BloomFilter;
use crate::page::chunk_draft::ChunkDraft;
use crate::page::chunk_writer::ChunkWriter;
use crate::page::levels::Levels;
use crate::page::page_writer::{PageBuffers, PageWriter};
use crate::room::rounded;

/// The number of columns whose Parquet types are cached: more than any reasonable stream has. The limit keeps a
/// stream with ever new names from growing the cache without end.
const CACHED_COLUMNS: usize = 10_000;

/// Encodes and compresses the columns of record batches.
///
/// Create one per writing thread and keep it: its compression context and its buffers are reused for every
/// file.
///
/// ```
/// use std::sync::Arc;
///
/// use otlake_parquet::arrow_array::{ArrayRef, Int64Array, RecordBatch};
/// use otlake_parquet::{Encoder, FileWriter, WriterOptions};
///
/// let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(0..1_000));
/// let batch = RecordBatch::try_from_iter([("n", numbers)])?;
///
/// let mut encoder = Encoder::new(WriterOptions::new())?;
/// assert_eq!(encoder.options().data_page_rows(), 20_000);
/// // Check the memory before encoding if there is a limit.
/// let needed = encoder.memory_size() + encoder.memory_to_encode(&batch);
/// let group = encoder.encode_row_group(&batch)?;
/// assert!(group.memory_size() + encoder.memory_size() <= needed);
///
/// // The row group goes to a file later. A batch can also be written to the file at once.
/// let mut file = FileWriter::new(Vec::new());
/// file.append(&group)?;
/// assert!(encoder.memory_to_write(&batch) <= encoder.memory_to_encode(&batch));
/// file.write_row_group(&mut encoder, &batch)?;
/// encoder.release_memory();
/// assert_eq!(file.rows_written(), 2_000);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Encoder {
    pub(crate) options: WriterOptions,
    compressor: Compressor,
    draft: ChunkDraft,
    arrays: ArrayEncoder,
    pages: PageBuffers,
    /// The bloom filters of the row group so far, and the numbers of their chunks.
    bloom_filters: Vec<(usize, Sbbf)>,
    columns: HashMap<String, Arc<Column>>,
    /// The bytes of the row group or footer that is being encoded.
    pub(crate) out: Vec<u8>,
}

/// The place to which the chunks of a row group are written.
pub(crate) struct Destination<'a> {
    /// The offset of the first byte of [`Encoder::out`] in the file or row group.
    pub(crate) base: u64,
    pub(crate) chunks: &'a mut ChunkList,
}

impl Encoder {
    /// Creates an encoder for `options`.
    ///
    /// # Errors
    ///
    /// Returns an error when the feature of the codec is off, or the codec's context can't be made.
    pub fn new(options: WriterOptions) -> Result<Self, EncoderError> {
        let compressor = Compressor::new(options.compression())?;
        Ok(Self {
            options,
            compressor,
            draft: ChunkDraft::default(),
            arrays: ArrayEncoder::default(),
            pages: PageBuffers::default(),
            bloom_filters: Vec::new(),
            columns: HashMap::default(),
            out: Vec::new(),
        })
    }

    /// Returns the options that the encoder was made with.
    pub fn options(&self) -> &WriterOptions {
        &self.options
    }

    /// Returns the bytes of memory that the encoder keeps between row groups, most of them in buffers that
    /// have grown to the size of the largest column so far. The contexts of codecs are not included.
    pub fn memory_size(&self) -> usize {
        self.out.capacity()
            + self.compressor.memory_size()
            + self.draft.memory_size()
            + self.arrays.memory_size()
            + self.pages.memory_size()
    }

    /// Returns the bytes of memory that [`encode_row_group`](Self::encode_row_group) takes for `batch` at most, in
    /// addition to [`memory_size`](Self::memory_size). The row group is included. Looks at every string.
    pub fn memory_to_encode(&self, batch: &RecordBatch) -> usize {
        let memory = EncodingMemory::of(batch, &self.options);
        self.growth(&memory) + self.growth_of_out(&memory) + memory.all
    }

    /// Returns the bytes of memory that [`FileWriter::write_row_group`](crate::FileWriter::write_row_group) takes for
    /// `batch` at most, in addition to [`memory_size`](Self::memory_size) and to what the file takes already. Looks at
    /// every string.
    pub fn memory_to_write(&self, batch: &RecordBatch) -> usize {
        let memory = EncodingMemory::of(batch, &self.options);
        self.growth(&memory) + self.growth_of_out(&memory)
    }

    fn growth_of_out(&self, memory: &EncodingMemory) -> usize {
        let out = memory.all.min(self.options.buffer_bytes() + memory.body);
        rounded(out + out / 4).saturating_sub(self.out.capacity())
    }

    fn growth(&self, memory: &EncodingMemory) -> usize {
        let of = |needed: usize, size: usize| needed.saturating_sub(size);
        of(memory.body, self.draft.memory_size())
            + of(memory.page, self.compressor.memory_size())
            + of(memory.pages, self.pages.memory_size())
            + self.arrays.growth(memory)
            + memory.other
    }

    /// Frees the buffers that are kept between row groups; see [`memory_size`](Self::memory_size).
    pub fn release_memory(&mut self) {
        self.out = Vec::new();
        self.compressor.release_memory();
        self.draft = ChunkDraft::default();
        self.arrays = ArrayEncoder::default();
        self.pages = PageBuffers::default();
    }

    /// Encodes `batch` as a row group that can be [appended](crate::FileWriter::append) to a file later,
    /// on any thread. A batch without rows gives a row group that adds its columns to the file's schema.
    ///
    /// # Errors
    ///
    /// Returns an error when two columns have the same name, or a column has no Parquet type or can't be
    /// encoded. The encoder can be used on.
    pub fn encode_row_group(&mut self, batch: &RecordBatch) -> Result<EncodedRowGroup, FileError> {
        let mut names = HashSet::with_capacity(batch.num_columns());
        let mut columns = Vec::with_capacity(batch.num_columns());
        let mut first_chunk = 0;
        for (field, array) in std::iter::zip(batch.schema_ref().fields(), batch.columns()) {
            if !names.insert(field.name()) {
                return Err(FileError::DuplicateColumn {
                    column: field.name().clone(),
                });
            }
            let column = self.column(field)?;
            let leaves = column.leaves.len();
            columns.push(EncodedColumn {
                column,
                first_chunk,
                nulls: array.logical_null_count() as u64,
            });
            first_chunk += leaves;
        }

        self.begin();
        let mut chunks = ChunkList::default();
        let (mut pieces, mut base) = (Vec::new(), 0);
        if batch.num_rows() > 0 {
            chunks.chunks.reserve_exact(first_chunk);
            for (EncodedColumn { column, .. }, array) in std::iter::zip(&columns, batch.columns()) {
                let to = Destination {
                    base,
                    chunks: &mut chunks,
                };
                self.put_column(column, array, to)?;
                if self.out.len() >= self.options.buffer_bytes() {
                    base += self.out.len() as u64;
                    pieces.push(self.take_out());
                }
            }
            self.put_bloom_filters(base, &mut chunks)?;
            pieces.push(self.take_out());
        }
        Ok(EncodedRowGroup {
            rows: batch.num_rows(),
            pieces,
            chunks,
            columns,
            sorting: self.options.shared_sorting_columns(),
        })
    }

    /// Copies the encoded bytes and keeps their buffer. If the buffer were handed over, the next one would have to grow
    /// from nothing, which copies the bytes several times over.
    fn take_out(&mut self) -> Vec<u8> {
        let bytes = self.out.clone();
        self.out.clear();
        bytes
    }

    /// Returns the column for `field`.
    pub(crate) fn column(&mut self, field: &Field) -> Result<Arc<Column>, FileError> {
        if let Some(column) = self.columns.get(field.name())
            && column.value_type() == value_type(field.data_type())
            && column.field.metadata() == field.metadata()
        {
            return Ok(Arc::clone(column));
        }
        let column = Column::new(field).map_err(|source| FileError::NoParquetType {
            column: field.name().clone(),
            data_type: Box::new(field.data_type().clone()),
            source: source.into(),
        })?;
        let column = Arc::new(column);
        if self.columns.len() >= CACHED_COLUMNS {
            self.columns.clear();
        }
        self.columns
            .insert(field.name().clone(), Arc::clone(&column));
        Ok(column)
    }

    /// Removes the remains of an earlier row group, which may have failed.
    pub(crate) fn begin(&mut self) {
        self.out.clear();
        self.bloom_filters.clear();
    }

    /// Appends the chunks of `column` to [`Self::out`].
    pub(crate) fn put_column(
        &mut self,
        column: &Column,
        array: &ArrayRef,
        mut to: Destination<'_>,
    ) -> Result<(), FileError> {
        if array.logical_null_count() == array.len() {
            return self.put_nulls(column, array.len(), to);
        }
        let failed = |source| FileError::encode(column.name(), source);
        let array = &decoded_array::decode(array).map_err(failed)?;
        if let ([leaf], Some(kind)) = (&column.leaves[..], EncoderKind::of(array.data_type())) {
            let wanted = self.options.bloom_filter_columns();
            let wanted = wanted.iter().any(|name| name == column.name());
            let filter = BloomFilter::new(wanted.then_some(self.options.bloom_filter_fpp()));
            let nulls = array.logical_nulls().filter(|nulls| nulls.null_count() > 0);
            let levels = Levels::Flat {
                rows: array.len(),
                nulls: nulls.as_ref(),
            };
            if let Some(filter) = self.draft(array, kind, levels, filter) {
                self.bloom_filters.push((to.chunks.chunks.len(), filter));
            }
            self.put_chunk(column, leaf, &mut to)
        } else if let Some(leaves) = NestedLeaves::of(array) {
            self.put_nested(column, leaves, to)
        } else {
            self.put_spliced(column, array, to)
        }
    }

    /// Appends the chunks of `column` for `rows` rows in which it is null.
    pub(crate) fn put_nulls(
        &mut self,
        column: &Column,
        rows: usize,
        mut to: Destination<'_>,
    ) -> Result<(), FileError> {
        for leaf in &column.leaves {
            self.clear_draft();
            null_chunk::draft(&mut self.draft, leaf, rows);
            self.put_chunk(column, leaf, &mut to)?;
        }
        Ok(())
    }

    /// Appends the bloom filters of the last row group, whose chunks are in `list`.
    pub(crate) fn put_bloom_filters(
        &mut self,
        base: u64,
        list: &mut ChunkList,
    ) -> Result<(), FileError> {
        for (chunk, filter) in self.bloom_filters.drain(..) {
            let start = self.out.len();
            // A write to memory does not fail.
            filter.write(&mut self.out).map_err(io::Error::other)?;
            let len = self.out.len() - start;
            list.chunks[chunk].bloom_filter = Some((base + start as u64, len));
        }
        Ok(())
    }

    fn put_nested(
        &mut self,
        column: &Column,
        leaves: NestedLeaves,
        mut to: Destination<'_>,
    ) -> Result<(), FileError> {
        for (leaf, found) in std::iter::zip(&column.leaves, leaves) {
            let levels = &found.levels;
            debug_assert_eq!(u64::from(levels.max_definition), leaf.max_definition_level);
            debug_assert_eq!(u64::from(levels.max_repetition), leaf.max_repetition_level);
            let no_filter = BloomFilter::new(None);
            self.draft(&found.array, found.kind, Levels::Nested(levels), no_filter);
            self.put_chunk(column, leaf, &mut to)?;
        }
        Ok(())
    }

    fn put_spliced(
        &mut self,
        column: &Column,
        array: &ArrayRef,
        mut to: Destination<'_>,
    ) -> Result<(), FileError> {
        let failed = |source| FileError::encode(column.name(), source);
        let spliced = SplicedColumn::new(column, array, &self.options).map_err(failed)?;
        for (number, leaf) in column.leaves.iter().enumerate() {
            self.clear_draft();
            spliced.draft(&mut self.draft, number).map_err(failed)?;
            self.put_chunk(column, leaf, &mut to)?;
        }
        Ok(())
    }

    /// Drafts the chunk of an array and returns its bloom filter, if it has one.
    fn draft(
        &mut self,
        array: &ArrayRef,
        kind: EncoderKind,
        levels: Levels<'_>,
        mut bloom_filter: BloomFilter,
    ) -> Option<Sbbf> {
        self.clear_draft();
        let mut writer = PageWriter {
            options: &self.options,
            draft: &mut self.draft,
            bloom_filter: &mut bloom_filter,
            buffers: &mut self.pages,
            levels,
        };
        self.arrays.encode(array, kind, &mut writer);
        bloom_filter.finish()
    }

    fn clear_draft(&mut self) {
        self.draft.clear(self.options.statistics_truncate_length());
    }

    /// Appends the drafted chunk to [`Self::out`].
    fn put_chunk(
        &mut self,
        column: &Column,
        leaf: &Leaf,
        to: &mut Destination<'_>,
    ) -> Result<(), FileError> {
        let chunk = ChunkWriter {
            draft: &self.draft,
            column: column.name(),
            leaf,
        };
        chunk.write(&mut self.compressor, &mut self.out, to.base, to.chunks)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::StringArray;

    /// Row groups of several pieces are encoded one after the other. The buffer does not grow again for the second.
    #[test]
    fn the_buffer_of_an_encoded_row_group_is_kept() {
        let texts = || StringArray::from_iter_values((0..1_000).map(|row| format!("text {row}")));
        let columns = ["a", "b", "c"].map(|name| (name, Arc::new(texts()) as ArrayRef));
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        let options = WriterOptions::new().with_compression(crate::Compression::None);
        let mut encoder = Encoder::new(options.with_buffer_bytes(1_000)).unwrap();
        let group = encoder.encode_row_group(&batch).unwrap();
        assert_eq!(group.pieces.len(), 4);
        assert!(
            group
                .pieces
                .iter()
                .all(|piece| piece.capacity() == piece.len())
        );
        let buffer = (encoder.out.as_ptr(), encoder.out.capacity());
        assert!(encoder.out.is_empty() && buffer.1 > 1_000);
        encoder.encode_row_group(&batch).unwrap();
        assert_eq!((encoder.out.as_ptr(), encoder.out.capacity()), buffer);
    }
}

//! The pages of a chunk, as an encoder writes them.

use arrow_buffer::NullBuffer;
use parquet::bloom_filter::Sbbf;

use crate::options::WriterOptions;
use crate::page::bloom_filter::BloomFilter;
use crate::page::bound_store::Bounds;
use crate::page::chunk_draft::{ChunkDraft, DataPage};
use crate::page::encoding::Encoding;
use crate::page::layout::{self, PageLimits, Slice};
use crate::page::levels::{LevelBuffers, Levels};

/// The chunk that is being encoded. An encoder [cuts](Self::cut) it into pages; for each of them it
/// [begins the page](Self::begin_page), which writes the levels, appends the values to
/// [`ChunkDraft::body`] and [ends the page](Self::end_page).
pub(crate) struct PageWriter<'a> {
    pub(crate) options: &'a WriterOptions,
    pub(crate) draft: &'a mut ChunkDraft,
    pub(crate) bloom_filter: &'a mut BloomFilter,
    pub(crate) buffers: &'a mut PageBuffers,
    pub(crate) levels: Levels<'a>,
}

/// Buffers for cutting a chunk into pages and for making levels. Reused for every chunk.
#[derive(Debug, Default)]
pub(crate) struct PageBuffers {
    pub(crate) slices: Vec<Slice>,
    levels: LevelBuffers,
    /// Flags for the entries of a dictionary that occur in a page.
    pub(crate) occurring: Vec<u8>,
}

impl PageBuffers {
    pub(crate) fn memory_size(&self) -> usize {
        self.slices.capacity() * size_of::<Slice>()
            + self.levels.memory_size()
            + self.occurring.capacity()
    }
}

impl<'a> PageWriter<'a> {
    /// Returns the nulls among the slots of the array; `None` if every slot has a value.
    pub(crate) fn nulls(&self) -> Option<&'a NullBuffer> {
        self.levels.nulls()
    }

    /// Cuts the chunk into pages, for values of `width` bytes each.
    pub(crate) fn cut(&mut self, width: usize) {
        let limits = PageLimits {
            rows: self.options.data_page_rows(),
            bytes: self.options.data_page_bytes(),
        };
        layout::cut(&mut self.buffers.slices, self.levels, limits, width);
    }

    /// Cuts pages further whose values have too many bytes. `bytes` returns the size of a value by its
    /// number.
    pub(crate) fn cut_by_bytes(&mut self, bytes: impl Fn(usize) -> usize) {
        let limit = self.options.data_page_bytes();
        layout::cut_by_bytes(&mut self.buffers.slices, self.levels, limit, bytes);
    }

    /// Returns the number of pages that the chunk was cut into.
    pub(crate) fn pages(&self) -> usize {
        self.buffers.slices.len()
    }

    /// Makes room for pages whose values take at most `values` bytes. The chunk is cut into pages already.
    pub(crate) fn make_room(&mut self, values: usize) {
        let last = self.buffers.slices.last();
        // Levels of a flat column take a bit each.
        let levels = match self.levels {
            Levels::Flat { rows, .. } => rows / 8,
            Levels::Nested(_) => last.map_or(0, |last| last.levels.end),
        };
        self.draft
            .make_room(values, levels, self.buffers.slices.len());
    }

    /// Starts the bloom filter for at most `distinct` distinct values, if the column is to have one.
    pub(crate) fn bloom_filter(&mut self, distinct: usize) -> Option<&mut Sbbf> {
        self.bloom_filter.start(distinct)
    }

    /// Writes a chunk of nulls and empty lists, which has levels but no values.
    pub(crate) fn write_levels(&mut self) {
        self.cut(0);
        for page in 0..self.pages() {
            let slice = self.begin_page(page);
            self.end_page(&slice, Encoding::PLAIN, None);
        }
    }

    /// Begins the page with the given number by writing its levels.
    pub(crate) fn begin_page(&mut self, page: usize) -> Slice {
        let slice = self.buffers.slices[page].clone();
        let body = &mut self.draft.body;
        let buffers = &mut self.buffers.levels;
        self.levels.put(body, slice.levels.clone(), buffers);
        slice
    }

    /// Ends the page of `slice`, whose values are in the body.
    pub(crate) fn end_page(&mut self, slice: &Slice, encoding: Encoding, bounds: Option<Bounds>) {
        self.draft.pages.push(DataPage {
            end: self.draft.body.len(),
            values: slice.levels.len(),
            first_row: slice.row,
            nulls: slice.nulls(),
            encoding,
            bounds,
        });
    }
}

//! What an encoder of a column type writes to, and the buffers it may use.

use arrow_buffer::NullBuffer;

use crate::bloom::Bloom;
use crate::chunk::{Bounds, Draft, Encoding, Page};
use crate::distinct::Distinct;
use crate::layout::{self, Slice};
use crate::levels::put_levels;
use crate::options::WriterOptions;

/// The chunk that is being encoded.
pub(crate) struct Target<'a> {
    pub(crate) options: &'a WriterOptions,
    pub(crate) draft: &'a mut Draft,
    pub(crate) bloom: &'a mut Bloom,
    pub(crate) pages: &'a mut Pages,
    pub(crate) rows: usize,
    /// None if no row is null.
    pub(crate) nulls: Option<&'a NullBuffer>,
}

/// Buffers of which each has one meaning, so that an encoder can hold several. Reused.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    /// A column's integers, without the nulls.
    pub(crate) integers: Vec<i64>,
    /// The same before they were widened.
    pub(crate) narrow: Vec<i32>,
    pub(crate) floats: Vec<f64>,
    /// Where a column's byte strings are, without the nulls.
    pub(crate) spans: Vec<(u32, u32)>,
    /// Their lengths.
    pub(crate) lengths: Vec<i64>,
    /// Dictionary keys, without the nulls.
    pub(crate) keys: Vec<u32>,
    /// Indices into the dictionary page.
    pub(crate) indices: Vec<u32>,
    /// New number of an old one.
    pub(crate) numbers: Vec<u32>,
    /// Which numbers occur.
    pub(crate) used: Vec<u8>,
    /// Entries of the dictionary page, as integers.
    pub(crate) entries: Vec<i64>,
    /// Entries of the dictionary page, as numbers of values.
    pub(crate) order: Vec<u32>,
    pub(crate) distinct: Distinct,
}

/// What the pages of a chunk are cut from, and their levels made with.
#[derive(Debug, Default)]
pub(crate) struct Pages {
    pub(crate) slices: Vec<Slice>,
    words: Vec<u64>,
    pub(crate) used: Vec<u8>,
}

impl Target<'_> {
    /// Cuts the chunk into pages by rows, of values of `width` bytes each.
    pub(crate) fn cut(&mut self, width: usize) {
        let by_bytes = self.options.data_page_bytes() / width.max(1);
        let rows = self.options.data_page_rows().min(by_bytes.max(1));
        layout::cut(&mut self.pages.slices, self.rows, self.nulls, rows);
    }

    /// Begins the page of the slice number `page` with its levels.
    pub(crate) fn begin_page(&mut self, page: usize) -> Slice {
        let slice = self.pages.slices[page].clone();
        let words = &mut self.pages.words;
        put_levels(
            &mut self.draft.body,
            self.nulls,
            slice.row,
            slice.rows,
            words,
        );
        slice
    }

    /// Ends the page of `slice`, of whose values the body is complete.
    pub(crate) fn end_page(&mut self, slice: &Slice, encoding: Encoding, bounds: Option<Bounds>) {
        self.draft.pages.push(Page {
            end: self.draft.body.len(),
            values: slice.rows,
            first_row: slice.row,
            nulls: slice.nulls(),
            encoding,
            bounds,
        });
    }
}

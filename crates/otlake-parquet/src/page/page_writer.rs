//! What an encoder of a column type writes to, and the buffers it may use.

use crate::encode::distinct::Distinct;
use crate::options::WriterOptions;
use crate::page::bloom::Bloom;
use crate::page::chunk::{Bounds, Draft, Encoding, Page};
use crate::page::layout::{self, PageLimits, Slice};
use crate::page::levels::{self, Levels};

/// The chunk that is being encoded.
pub(crate) struct Target<'a> {
    pub(crate) options: &'a WriterOptions,
    pub(crate) draft: &'a mut Draft,
    pub(crate) bloom: &'a mut Bloom,
    pub(crate) pages: &'a mut Pages,
    pub(crate) levels: Levels<'a>,
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
    levels: levels::Buffers,
    pub(crate) used: Vec<u8>,
}

impl Target<'_> {
    /// Cuts the chunk into pages, of values of `width` bytes each.
    pub(crate) fn cut(&mut self, width: usize) {
        let limits = PageLimits {
            rows: self.options.data_page_rows(),
            bytes: self.options.data_page_bytes(),
        };
        layout::cut(&mut self.pages.slices, self.levels, limits, width);
    }

    /// Drafts a chunk of nulls and empty lists, which has levels but no value.
    pub(crate) fn draft_levels(&mut self) {
        self.cut(0);
        for page in 0..self.pages.slices.len() {
            let slice = self.begin_page(page);
            self.end_page(&slice, Encoding::PLAIN, None);
        }
    }

    /// Begins the page of the slice number `page` with its levels.
    pub(crate) fn begin_page(&mut self, page: usize) -> Slice {
        let slice = self.pages.slices[page].clone();
        let body = &mut self.draft.body;
        let buffers = &mut self.pages.levels;
        self.levels.put(body, slice.levels.clone(), buffers);
        slice
    }

    /// Ends the page of `slice`, of whose values the body is complete.
    pub(crate) fn end_page(&mut self, slice: &Slice, encoding: Encoding, bounds: Option<Bounds>) {
        self.draft.pages.push(Page {
            end: self.draft.body.len(),
            values: slice.levels.len(),
            first_row: slice.row,
            nulls: slice.nulls(),
            encoding,
            bounds,
        });
    }
}

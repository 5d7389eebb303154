//! A column chunk before compression.

use std::cmp::Ordering;

use crate::file::column::Order;
use crate::page::bound_store::{Bound, BoundStore, Bounds};
use crate::page::encoding::Encoding;
use crate::room::make_room_for;

/// The bodies of a chunk's pages, one after another, and what is known about them. Reused for every
/// chunk.
#[derive(Debug, Default)]
pub(crate) struct ChunkDraft {
    /// The body of the dictionary page, if there is one, then those of the data pages, levels included.
    pub(crate) body: Vec<u8>,
    pub(crate) dictionary: Option<DictionaryPage>,
    pub(crate) pages: Vec<DataPage>,
    pub(crate) bounds: BoundStore,
    pub(crate) distinct: Option<u64>,
    /// The bounds of the chunk, if they are not to be merged from those of the pages.
    pub(crate) chunk_bounds: Option<Option<Bounds>>,
    /// The format's `BoundaryOrder`, if it is not to be found by comparing pages.
    pub(crate) boundary_order: Option<i32>,
}

/// The dictionary page, which comes first.
#[derive(Debug)]
pub(crate) struct DictionaryPage {
    /// The end of its body in [`ChunkDraft::body`].
    pub(crate) end: usize,
    pub(crate) values: usize,
}

/// A data page.
#[derive(Debug)]
pub(crate) struct DataPage {
    /// The end of its body in [`ChunkDraft::body`].
    pub(crate) end: usize,
    /// The number of values including nulls, which is the number of levels.
    pub(crate) values: usize,
    pub(crate) first_row: usize,
    pub(crate) nulls: usize,
    pub(crate) encoding: Encoding,
    /// `None` if the page has only nulls, or values that don't compare, or a NaN.
    pub(crate) bounds: Option<Bounds>,
}

/// The largest block of packed numbers, which is written in full however few there are, and the heads of page, levels
/// and values.
const PAGE: usize = 512;

/// Returns the maximum number of bytes of the bodies of all pages.
pub(crate) fn body_bytes(values: usize, levels: usize, pages: usize) -> usize {
    values + 2 * levels + PAGE * pages
}

impl DataPage {
    /// Returns whether the page has no value other than nulls.
    pub(crate) fn is_null(&self) -> bool {
        self.nulls == self.values
    }
}

impl ChunkDraft {
    /// Removes the last chunk. The bounds of the next one have at most `bound_limit` bytes.
    pub(crate) fn clear(&mut self, bound_limit: usize) {
        self.body.clear();
        self.dictionary = None;
        self.pages.clear();
        self.bounds.clear(bound_limit);
        self.distinct = None;
        self.chunk_bounds = None;
        self.boundary_order = None;
    }

    /// Makes room for the bodies of all pages, whose values take at most `values` bytes, and which have so many
    /// `levels` of each kind.
    pub(crate) fn make_room(&mut self, values: usize, levels: usize, pages: usize) {
        make_room_for(&mut self.body, body_bytes(values, levels, pages));
    }

    /// Returns the bodies of all pages. The dictionary page is first and has no [`DataPage`].
    pub(crate) fn bodies(&self) -> impl Iterator<Item = (&[u8], Option<&DataPage>)> {
        let dictionary = self.dictionary.iter().map(|page| (page.end, None));
        let pages = self.pages.iter().map(|page| (page.end, Some(page)));
        let mut begin = 0;
        dictionary.chain(pages).map(move |(end, page)| {
            let body = &self.body[begin..end];
            begin = end;
            (body, page)
        })
    }

    /// Returns the encodings of the data pages, as a set of bits.
    pub(crate) fn encodings(&self) -> u32 {
        let pages = self.pages.iter();
        pages.fold(0, |mask, page| mask | 1 << page.encoding.0)
    }

    /// Returns the bounds of the chunk.
    pub(crate) fn chunk_bounds(&self, order: Order) -> Option<Bounds> {
        match &self.chunk_bounds {
            Some(known) => known.clone(),
            None => self.merged_bounds(order),
        }
    }

    fn merged_bounds(&self, order: Order) -> Option<Bounds> {
        let mut pages = self.pages.iter().filter(|page| !page.is_null());
        let mut merged = pages.next()?.bounds.clone()?;
        for page in pages {
            let bounds = page.bounds.as_ref()?;
            merged.min = self.closer(order, &merged.min, &bounds.min, Ordering::Less)?;
            merged.max = self.closer(order, &merged.max, &bounds.max, Ordering::Greater)?;
        }
        Some(merged)
    }

    fn closer(&self, order: Order, a: &Bound, b: &Bound, wanted: Ordering) -> Option<Bound> {
        let ordering = order.compare(self.bounds.get(b), self.bounds.get(a))?;
        // If two bounds are equal, the exact one is kept, because it says more: the value occurs.
        let better = ordering == wanted || (ordering.is_eq() && b.exact);
        Some(if better { b.clone() } else { a.clone() })
    }

    /// Returns the format's `BoundaryOrder` of the pages: 0 unordered, 1 ascending, 2 descending. Pages of
    /// nulls don't count.
    pub(crate) fn boundary_order(&self, order: Order) -> i32 {
        if let Some(known) = self.boundary_order {
            return known;
        }
        let (mut ascending, mut descending) = (true, true);
        let mut bounds = self.pages.iter().filter_map(|page| page.bounds.as_ref());
        let Some(mut last) = bounds.next() else {
            return 0;
        };
        let compare = |a, b| order.compare(self.bounds.get(a), self.bounds.get(b));
        for next in bounds {
            let min = compare(&last.min, &next.min);
            let max = compare(&last.max, &next.max);
            let (Some(min), Some(max)) = (min, max) else {
                return 0;
            };
            ascending &= min.is_le() && max.is_le();
            descending &= min.is_ge() && max.is_ge();
            last = next;
        }
        match (ascending, descending) {
            (true, _) => 1,
            (false, true) => 2,
            (false, false) => 0,
        }
    }

    pub(crate) fn memory_size(&self) -> usize {
        self.body.capacity()
            + self.pages.capacity() * size_of::<DataPage>()
            + self.bounds.memory_size()
    }
}

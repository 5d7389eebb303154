//! Thrift's `ColumnMetaData`, except for offsets, and `ColumnIndex`.

use std::ops::Range;

use crate::file::chunk_list::{ChunkRange, TAIL_START};
use crate::file::column::{Leaf, Order};
use crate::file::thrift::{Element, Fields};
use crate::page::bound_store::Bounds;
use crate::page::chunk_draft::ChunkDraft;
use crate::page::encoding::Encoding;
use crate::page::page_header::{DATA_PAGE, DICTIONARY_PAGE};

/// The codec and the sizes of a chunk.
pub(crate) struct Sums {
    pub(crate) codec: i32,
    /// The size of the pages before compression, headers included.
    pub(crate) uncompressed: u64,
    /// The size of the pages as written, headers included.
    pub(crate) compressed: u64,
}

/// Appends the fields of `ColumnMetaData` before the offsets.
pub(crate) fn put_head(out: &mut Vec<u8>, draft: &ChunkDraft, leaf: &Leaf, sums: &Sums) {
    let mut fields = Fields::new(out);
    fields.i32(1, leaf.physical as i32);
    // RLE is the encoding of levels, which every column has.
    let mut mask = draft.encodings() | 1 << Encoding::RLE.0;
    if draft.dictionary.is_some() {
        mask |= 1 << Encoding::PLAIN.0;
    }
    fields.list(2, Element::I32, mask.count_ones() as usize);
    for encoding in (0..32).filter(|bit| mask >> bit & 1 == 1) {
        fields.i32_element(encoding);
    }
    fields.list(3, Element::Binary, leaf.path_len);
    fields.raw_elements(&leaf.path);
    fields.i32(4, sums.codec);
    fields.i64(5, draft.pages.iter().map(|page| page.values as i64).sum());
    fields.i64(6, sums.uncompressed as i64);
    fields.i64(7, sums.compressed as i64);
}

/// Appends the fields of `ColumnMetaData` after the offsets, without the header of the first one.
/// Returns the range of the chunk's values.
pub(crate) fn put_tail(
    out: &mut Vec<u8>,
    draft: &ChunkDraft,
    bounds: Option<&Bounds>,
) -> ChunkRange {
    let mut range = if draft.pages.iter().all(|page| page.is_null()) {
        ChunkRange::Empty
    } else {
        ChunkRange::Unknown
    };
    let mut fields = Fields::resume(out, TAIL_START);
    fields.struct_element(|statistics| {
        statistics.i64(3, draft.pages.iter().map(|page| page.nulls as i64).sum());
        if let Some(distinct) = draft.distinct {
            statistics.i64(4, distinct as i64);
        }
        if let Some(bounds) = bounds {
            let mut put = |id, bound| {
                let bytes = draft.bounds.get(bound);
                statistics.binary(id, bytes);
                let end = statistics.position();
                end - bytes.len()..end
            };
            let max = put(5, &bounds.max);
            let min = put(6, &bounds.min);
            range = ChunkRange::Known { min, max };
            statistics.bool(7, bounds.max.exact);
            statistics.bool(8, bounds.min.exact);
        }
    });
    // Readers that filter by dictionary look here to see whether all data pages use it.
    let dictionaries = usize::from(draft.dictionary.is_some());
    let encodings = draft.encodings();
    let count = dictionaries + encodings.count_ones() as usize;
    fields.list(13, Element::Struct, count);
    if draft.dictionary.is_some() {
        put_encoding_stats(&mut fields, DICTIONARY_PAGE, Encoding::PLAIN.0, 1);
    }
    for encoding in (0..32).filter(|bit| encodings >> bit & 1 == 1) {
        let pages = draft.pages.iter();
        let count = pages.filter(|page| page.encoding.0 == encoding).count();
        put_encoding_stats(&mut fields, DATA_PAGE, encoding, count);
    }
    range
}

fn put_encoding_stats(fields: &mut Fields<'_>, page_type: i32, encoding: i32, count: usize) {
    fields.struct_element(|stats| {
        stats.i32(1, page_type);
        stats.i32(2, encoding);
        stats.i32(3, count as i32);
    });
}

/// Appends the `ColumnIndex` of a chunk. There is none if a page has values but no bounds, which the
/// format can't express.
pub(crate) fn put_column_index(
    out: &mut Vec<u8>,
    draft: &ChunkDraft,
    order: Order,
) -> Option<Range<usize>> {
    let pages = &draft.pages;
    if pages
        .iter()
        .any(|page| page.bounds.is_none() && !page.is_null())
    {
        return None;
    }
    let start = out.len();
    let mut index = Fields::new(out);
    index.list(1, Element::Bool, pages.len());
    for page in pages {
        index.bool_element(page.bounds.is_none());
    }
    let min = |bounds: &Bounds| draft.bounds.get(&bounds.min);
    index.list(2, Element::Binary, pages.len());
    for page in pages {
        index.binary_element(page.bounds.as_ref().map_or(&[], min));
    }
    let max = |bounds: &Bounds| draft.bounds.get(&bounds.max);
    index.list(3, Element::Binary, pages.len());
    for page in pages {
        index.binary_element(page.bounds.as_ref().map_or(&[], max));
    }
    index.i32(4, draft.boundary_order(order));
    index.list(5, Element::I64, pages.len());
    for page in pages {
        index.i64_element(page.nulls as i64);
    }
    index.stop();
    Some(start..out.len())
}

//! A column chunk, from its pages' bodies to its bytes and metadata in the file.

use std::ops::Range;

use crate::compress::compressor::{Compressor, UNCOMPRESSED};
use crate::error::FileError;
use crate::file::chunk_list::{ChunkList, ChunkMetadata, ChunkRange, PageLocation, TAIL_START};
use crate::file::column::{Leaf, Order};
use crate::file::thrift::{Element, Fields};

/// Parquet's numbers of the encodings that are written here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Encoding(pub(crate) i32);

impl Encoding {
    /// Whether its values are bit-packed numbers and no more.
    fn is_packed(self) -> bool {
        matches!(self, Self::RLE_DICTIONARY | Self::DELTA_BINARY_PACKED)
    }

    pub(crate) const PLAIN: Self = Self(0);
    pub(crate) const RLE: Self = Self(3);
    pub(crate) const DELTA_BINARY_PACKED: Self = Self(5);
    pub(crate) const DELTA_LENGTH_BYTE_ARRAY: Self = Self(6);
    pub(crate) const RLE_DICTIONARY: Self = Self(8);
}

const DATA_PAGE: i32 = 0;
const DICTIONARY_PAGE: i32 = 2;

/// A page with fewer bytes than this is not compressed: the call takes microseconds whatever the page,
/// and the page's header and metadata are larger than what it could save.
const SMALL: usize = 128;

/// The same of a page of bit-packed numbers, which rarely get 10 % smaller.
const SMALL_PACKED: usize = 2048;

/// The same of bit-packed numbers after the levels of a column with nulls, which may be regular.
const SMALL_SPARSE: usize = 512;

/// Of larger packed pages, these many bytes from the middle are compressed to see whether it is worth
/// it: timestamps and ids as packed deltas are not.
const PROBE: usize = 1024;

/// A chunk before compression: the bodies of its pages, one after the other. Reused for every chunk.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    /// The dictionary page's body, if there is one, and those of the data pages, levels included.
    pub(crate) body: Vec<u8>,
    pub(crate) dictionary: Option<Dictionary>,
    pub(crate) pages: Vec<Page>,
    /// The bytes of minima and maxima, plain-encoded and truncated already.
    pub(crate) bounds: Vec<u8>,
    /// Most bytes of a minimum or maximum.
    pub(crate) truncate: usize,
    pub(crate) distinct: Option<u64>,
    /// Set when the encoder knows better than the pages say.
    pub(crate) chunk_bounds: Option<Option<Bounds>>,
    pub(crate) boundary_order: Option<i32>,
}

/// The dictionary page, which is the first.
#[derive(Debug)]
pub(crate) struct Dictionary {
    /// Where its body ends.
    pub(crate) end: usize,
    pub(crate) values: usize,
}

/// A data page.
#[derive(Debug)]
pub(crate) struct Page {
    /// Where its body ends.
    pub(crate) end: usize,
    /// Values with the nulls, which is levels.
    pub(crate) values: usize,
    pub(crate) first_row: usize,
    pub(crate) nulls: usize,
    pub(crate) encoding: Encoding,
    /// Of its values that compare; none in a page of nulls.
    pub(crate) bounds: Option<Bounds>,
}

/// A minimum and a maximum, as ranges of [`Draft::bounds`].
#[derive(Clone, Debug)]
pub(crate) struct Bounds {
    pub(crate) min: Bound,
    pub(crate) max: Bound,
}

/// A bound and whether it is a value that occurs, or a truncated one.
#[derive(Clone, Debug)]
pub(crate) struct Bound {
    pub(crate) bytes: Range<usize>,
    pub(crate) exact: bool,
}

impl Draft {
    /// Empties it, for bounds of at most `truncate` bytes.
    pub(crate) fn clear(&mut self, truncate: usize) {
        self.truncate = truncate;
        self.body.clear();
        self.dictionary = None;
        self.pages.clear();
        self.bounds.clear();
        self.distinct = None;
        self.chunk_bounds = None;
        self.boundary_order = None;
    }

    /// Appends an exact bound.
    pub(crate) fn exact_bound(&mut self, value: &[u8]) -> Bound {
        let start = self.bounds.len();
        self.bounds.extend_from_slice(value);
        Bound {
            bytes: start..self.bounds.len(),
            exact: true,
        }
    }

    /// The bodies of all pages, the dictionary page first and without a page.
    fn bodies(&self) -> impl Iterator<Item = (&[u8], Option<&Page>)> {
        let dictionary = self
            .dictionary
            .as_ref()
            .map(|dictionary| (dictionary.end, None));
        let pages = self.pages.iter().map(|page| (page.end, Some(page)));
        let mut begin = 0;
        dictionary.into_iter().chain(pages).map(move |(end, page)| {
            let body = &self.body[begin..end];
            begin = end;
            (body, page)
        })
    }

    /// The bounds of the chunk from those of its pages.
    fn merged_bounds(&self, order: Order) -> Option<Bounds> {
        let mut pages = self.pages.iter().filter_map(|page| page.bounds.as_ref());
        let mut merged = pages.next()?.clone();
        for bounds in pages {
            merged.min = self.closer(order, &merged.min, &bounds.min, std::cmp::Ordering::Less)?;
            merged.max =
                self.closer(order, &merged.max, &bounds.max, std::cmp::Ordering::Greater)?;
        }
        Some(merged)
    }

    fn closer(
        &self,
        order: Order,
        a: &Bound,
        b: &Bound,
        wanted: std::cmp::Ordering,
    ) -> Option<Bound> {
        let ordering = order.compare(self.bytes(b), self.bytes(a))?;
        // Of equal ones the exact one says more: it occurs.
        let better = ordering == wanted || (ordering.is_eq() && b.exact);
        Some(if better { b.clone() } else { a.clone() })
    }

    /// The encodings of the data pages, a bit each.
    fn encodings(&self) -> u32 {
        let pages = self.pages.iter();
        pages.fold(0, |mask, page| mask | 1 << page.encoding.0)
    }

    fn bytes(&self, bound: &Bound) -> &[u8] {
        &self.bounds[bound.bytes.clone()]
    }

    /// 0 unordered, 1 ascending, 2 descending; pages of nulls don't count.
    fn boundary_order(&self, order: Order) -> i32 {
        if let Some(known) = self.boundary_order {
            return known;
        }
        let (mut ascending, mut descending) = (true, true);
        let mut bounds = self.pages.iter().filter_map(|page| page.bounds.as_ref());
        let Some(mut last) = bounds.next() else {
            return 0;
        };
        for next in bounds {
            let min = order.compare(self.bytes(&last.min), self.bytes(&next.min));
            let max = order.compare(self.bytes(&last.max), self.bytes(&next.max));
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
}

/// A draft and whose it is.
#[derive(Clone, Copy)]
pub(crate) struct Chunk<'a> {
    pub(crate) draft: &'a Draft,
    pub(crate) column: &'a str,
    pub(crate) leaf: &'a Leaf,
}

impl Chunk<'_> {
    /// Compresses the pages, appends them with their headers to `out`, whose first byte is at `base`
    /// of the file or row group, and appends their metadata to `list`.
    pub(crate) fn seal(
        self,
        compressor: &mut Compressor,
        out: &mut Vec<u8>,
        base: u64,
        list: &mut ChunkList,
    ) -> Result<(), FileError> {
        let Self { draft, leaf, .. } = self;
        let start = out.len();
        let offset = base + start as u64;
        let mut codec = compressor.codec();
        if draft
            .bodies()
            .all(|(body, page)| body.len() < self.smallest(page))
        {
            codec = UNCOMPRESSED;
        }
        let pages = list.pages.len();
        let mut sizes = self.put_pages(codec, compressor, out, &mut list.pages)?;
        let written = out.len() - start;
        if codec != UNCOMPRESSED && written as u64 >= sizes.uncompressed - (sizes.uncompressed >> 5)
        {
            // Less than 3 % saved: not worth the reader's time. Random ids end here.
            out.truncate(start);
            list.pages.truncate(pages);
            codec = UNCOMPRESSED;
            sizes = self.put_pages(codec, compressor, out, &mut list.pages)?;
        }
        let compressed = (out.len() - start) as u64;

        let bounds = match &draft.chunk_bounds {
            Some(known) => known.clone(),
            None => draft.merged_bounds(leaf.order),
        };
        let column_index = put_column_index(&mut list.column_indexes, draft, leaf.order);
        let head = list.metadata.len();
        put_metadata_head(
            &mut list.metadata,
            draft,
            leaf,
            codec,
            sizes.uncompressed,
            compressed,
        );
        let tail = list.metadata.len();
        let range = put_metadata_tail(&mut list.metadata, draft, bounds.as_ref());
        list.chunks.push(ChunkMetadata {
            offset,
            dictionary_bytes: sizes.dictionary,
            head: head..tail,
            tail: tail..list.metadata.len(),
            range,
            column_index,
            pages: pages..list.pages.len(),
            bloom_filter: None,
            compressed,
            uncompressed: sizes.uncompressed,
        });
        Ok(())
    }

    fn put_pages(
        self,
        codec: i32,
        compressor: &mut Compressor,
        out: &mut Vec<u8>,
        locations: &mut Vec<PageLocation>,
    ) -> Result<PageSizes, FileError> {
        let mut sizes = PageSizes {
            uncompressed: 0,
            dictionary: 0,
        };
        for (body, page) in self.draft.bodies() {
            // Page sizes are i32 in the format; compression may add a little.
            if body.len() > (i32::MAX as usize) - (16 << 20) {
                let column = self.column.to_owned();
                return Err(FileError::PageTooLarge {
                    column,
                    bytes: body.len(),
                });
            }
            let stored = if codec == UNCOMPRESSED {
                body
            } else {
                let compression = compressor.compression();
                self.compress(body, page, compressor)
                    .map_err(|source| FileError::Compress {
                        column: self.column.to_owned(),
                        compression,
                        source,
                    })?
            };
            let before = out.len();
            put_header(out, self.draft, body.len(), stored.len(), page);
            sizes.uncompressed += (out.len() - before + body.len()) as u64;
            out.extend_from_slice(stored);
            let bytes = out.len() - before;
            match page {
                Some(page) => locations.push(PageLocation {
                    bytes: bytes as u32,
                    first_row: page.first_row as u64,
                }),
                None => sizes.dictionary = bytes as u64,
            }
        }
        Ok(sizes)
    }

    /// The body as a page of a compressed chunk, which it need not be.
    fn compress<'c>(
        self,
        body: &[u8],
        page: Option<&Page>,
        compressor: &'c mut Compressor,
    ) -> std::io::Result<&'c [u8]> {
        let packed = page.is_some_and(|page| page.encoding.is_packed());
        if compressor.can_store()
            && (body.len() < self.smallest(page) || (packed && !shrinks(body, compressor)?))
        {
            return Ok(compressor.store(body));
        }
        compressor.compress(body)
    }

    /// The size from which on it is worth compressing a page; the dictionary page is none.
    fn smallest(self, page: Option<&Page>) -> usize {
        match page {
            // The levels of lists and maps are regular, and most of the page where they are short.
            Some(page) if page.encoding.is_packed() && self.leaf.max_repetition_level == 0 => {
                if page.nulls == 0 {
                    SMALL_PACKED
                } else {
                    SMALL_SPARSE
                }
            }
            _ => SMALL,
        }
    }
}

/// Sizes of a chunk's pages, headers included.
struct PageSizes {
    /// All pages before compression.
    uncompressed: u64,
    /// The dictionary page as written; 0 if there is none.
    dictionary: u64,
}

/// Whether a part of a large page gets smaller; small ones are compressed as fast as probed.
fn shrinks(body: &[u8], compressor: &mut Compressor) -> std::io::Result<bool> {
    if body.len() < 4 * PROBE {
        return Ok(true);
    }
    let middle = (body.len() - PROBE) / 2;
    let stored = compressor.compress(&body[middle..middle + PROBE])?.len();
    Ok(stored < PROBE - PROBE / 32)
}

/// A `PageHeader`: of the data page `page`, or of the dictionary page.
fn put_header(out: &mut Vec<u8>, draft: &Draft, raw: usize, stored: usize, page: Option<&Page>) {
    let mut header = Fields::new(out);
    header.i32(
        1,
        if page.is_some() {
            DATA_PAGE
        } else {
            DICTIONARY_PAGE
        },
    );
    header.i32(2, raw as i32);
    header.i32(3, stored as i32);
    match page {
        Some(page) => header.structure(5, |fields| {
            fields.i32(1, page.values as i32);
            fields.i32(2, page.encoding.0);
            fields.i32(3, Encoding::RLE.0);
            fields.i32(4, Encoding::RLE.0);
        }),
        None => header.structure(7, |fields| {
            let values = draft
                .dictionary
                .as_ref()
                .map_or(0, |dictionary| dictionary.values);
            fields.i32(1, values as i32);
            fields.i32(2, Encoding::PLAIN.0);
        }),
    }
    header.stop();
}

/// None when a page has values but none that compare: the format has no way to say that.
fn put_column_index(out: &mut Vec<u8>, draft: &Draft, order: Order) -> Option<Range<usize>> {
    let is_null = |page: &Page| page.nulls == page.values;
    if draft
        .pages
        .iter()
        .any(|page| page.bounds.is_none() && !is_null(page))
    {
        return None;
    }
    let start = out.len();
    let pages = &draft.pages;
    let mut index = Fields::new(out);
    index.list(1, Element::Bool, pages.len());
    for page in pages {
        index.bool_element(page.bounds.is_none());
    }
    index.list(2, Element::Binary, pages.len());
    for page in pages {
        index.binary_element(
            page.bounds
                .as_ref()
                .map_or(&[], |bounds| draft.bytes(&bounds.min)),
        );
    }
    index.list(3, Element::Binary, pages.len());
    for page in pages {
        index.binary_element(
            page.bounds
                .as_ref()
                .map_or(&[], |bounds| draft.bytes(&bounds.max)),
        );
    }
    index.i32(4, draft.boundary_order(order));
    index.list(5, Element::I64, pages.len());
    for page in pages {
        index.i64_element(page.nulls as i64);
    }
    index.stop();
    Some(start..out.len())
}

/// Writes the fields of `ColumnMetaData` before the offsets.
fn put_metadata_head(
    out: &mut Vec<u8>,
    draft: &Draft,
    leaf: &Leaf,
    codec: i32,
    uncompressed: u64,
    compressed: u64,
) {
    let mut fields = Fields::new(out);
    fields.i32(1, leaf.physical as i32);
    // RLE is that of the levels, and every column has some.
    let mut mask = 1u32 << Encoding::RLE.0;
    if draft.dictionary.is_some() {
        mask |= 1 << Encoding::PLAIN.0;
    }
    mask |= draft.encodings();
    fields.list(2, Element::I32, mask.count_ones() as usize);
    for encoding in (0..32).filter(|bit| mask >> bit & 1 == 1) {
        fields.i32_element(encoding);
    }
    fields.list(3, Element::Binary, leaf.path_len);
    fields.raw_elements(&leaf.path);
    fields.i32(4, codec);
    fields.i64(5, draft.pages.iter().map(|page| page.values as i64).sum());
    fields.i64(6, uncompressed as i64);
    fields.i64(7, compressed as i64);
}

/// Writes the fields of `ColumnMetaData` after the offsets, without the header of the first. Returns where
/// minimum and maximum are in it.
fn put_metadata_tail(out: &mut Vec<u8>, draft: &Draft, bounds: Option<&Bounds>) -> ChunkRange {
    let mut range = if draft.pages.iter().all(|page| page.nulls == page.values) {
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
                let bytes = draft.bytes(bound);
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
    // Readers that filter by dictionary look here whether all data pages use it.
    let dictionaries = usize::from(draft.dictionary.is_some());
    let encodings = draft.encodings();
    fields.list(
        13,
        Element::Struct,
        dictionaries + encodings.count_ones() as usize,
    );
    if draft.dictionary.is_some() {
        put_encoding_stats(&mut fields, DICTIONARY_PAGE, Encoding::PLAIN.0, 1);
    }
    for encoding in (0..32).filter(|bit| encodings >> bit & 1 == 1) {
        let count = draft
            .pages
            .iter()
            .filter(|page| page.encoding.0 == encoding)
            .count();
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

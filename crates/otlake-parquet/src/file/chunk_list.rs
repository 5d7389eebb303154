//! The metadata of column chunks, from the moment a chunk is encoded until the footer is written.
//!
//! A chunk's `ColumnMetaData` and `ColumnIndex` are serialised when the chunk is encoded, except for
//! the offsets: those depend on where the chunk ends up in its file, which is not known yet when a row
//! group is encoded on its own. No tree of metadata objects is built, so a small file stays cheap.

use std::cmp::Ordering;
use std::ops::Range;

use crate::file::column::Order;

/// The chunks of a row group or of a file, in the order in which they were encoded.
#[derive(Clone, Debug, Default)]
pub(crate) struct ChunkList {
    pub(crate) chunks: Vec<ChunkMetadata>,
    /// Serialised parts of `ColumnMetaData`; see [`ChunkMetadata::head`] and [`ChunkMetadata::tail`].
    pub(crate) metadata: Vec<u8>,
    /// Serialised `ColumnIndex` structs.
    pub(crate) column_indexes: Vec<u8>,
    /// The data pages of all chunks.
    pub(crate) pages: Vec<PageLocation>,
}

/// A data page. The pages of a chunk follow each other without a gap, so their offsets need not be kept.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PageLocation {
    /// The size of the page in the file, header included; the format has 32 bits for it.
    pub(crate) bytes: u32,
    pub(crate) first_row: u64,
}

/// The last field in [`ChunkMetadata::head`]: `total_compressed_size`.
pub(crate) const HEAD_END: i16 = 7;

/// The first field in [`ChunkMetadata::tail`], without its field header: `statistics`.
pub(crate) const TAIL_START: i16 = 12;

/// The last field in [`ChunkMetadata::tail`]: `encoding_stats`.
pub(crate) const TAIL_END: i16 = 13;

/// A column chunk. Its ranges are those of the [`ChunkList`] that it is in.
#[derive(Clone, Debug)]
pub(crate) struct ChunkMetadata {
    /// The first byte of the chunk: in the file, or in the bytes of a row group that has no file yet.
    pub(crate) offset: u64,
    /// The size of the dictionary page, header included; 0 if there is none.
    pub(crate) dictionary_bytes: u64,
    /// The fields of `ColumnMetaData` before the offsets.
    pub(crate) head: Range<usize>,
    /// The fields of `ColumnMetaData` after the offsets.
    pub(crate) tail: Range<usize>,
    pub(crate) range: ChunkRange,
    pub(crate) column_index: Option<Range<usize>>,
    pub(crate) pages: Range<usize>,
    /// The offset and size of the bloom filter.
    pub(crate) bloom_filter: Option<(u64, usize)>,
    pub(crate) compressed: u64,
    pub(crate) uncompressed: u64,
    /// The number of values, nulls included: the rows, unless the chunk is in a list or a map.
    pub(crate) values: u64,
    pub(crate) nulls: u64,
}

/// The range of the values of a chunk.
#[derive(Clone, Debug)]
pub(crate) enum ChunkRange {
    /// The chunk has nothing but nulls.
    Empty,
    /// The minimum and the maximum, in [`ChunkList::metadata`].
    Known {
        min: Range<usize>,
        max: Range<usize>,
    },
    /// The statistics don't say: the values are not compared, or one of them is NaN.
    Unknown,
}

impl ChunkList {
    /// Appends the chunks of a row group whose first byte is at `base` of the file.
    pub(crate) fn append(&mut self, group: &ChunkList, base: u64) {
        let metadata = self.metadata.len();
        let column_indexes = self.column_indexes.len();
        let pages = self.pages.len();
        let shift = |range: &Range<usize>, by| range.start + by..range.end + by;
        self.chunks.extend(group.chunks.iter().map(|chunk| {
            ChunkMetadata {
                offset: base + chunk.offset,
                dictionary_bytes: chunk.dictionary_bytes,
                head: shift(&chunk.head, metadata),
                tail: shift(&chunk.tail, metadata),
                range: match &chunk.range {
                    ChunkRange::Empty => ChunkRange::Empty,
                    ChunkRange::Known { min, max } => ChunkRange::Known {
                        min: shift(min, metadata),
                        max: shift(max, metadata),
                    },
                    ChunkRange::Unknown => ChunkRange::Unknown,
                },
                column_index: chunk
                    .column_index
                    .as_ref()
                    .map(|range| shift(range, column_indexes)),
                pages: shift(&chunk.pages, pages),
                bloom_filter: chunk.bloom_filter.map(|(offset, len)| (base + offset, len)),
                compressed: chunk.compressed,
                uncompressed: chunk.uncompressed,
                values: chunk.values,
                nulls: chunk.nulls,
            }
        }));
        self.metadata.extend_from_slice(&group.metadata);
        self.column_indexes.extend_from_slice(&group.column_indexes);
        self.pages.extend_from_slice(&group.pages);
    }

    /// Returns the minimum and the maximum of the chunks with the given numbers, which are of one leaf.
    pub(crate) fn range(
        &self,
        order: Order,
        chunks: impl Iterator<Item = usize>,
    ) -> Option<(&[u8], &[u8])> {
        let mut merged: Option<(&[u8], &[u8])> = None;
        for chunk in chunks {
            let (min, max) = match &self.chunks[chunk].range {
                ChunkRange::Known { min, max } => {
                    (&self.metadata[min.clone()], &self.metadata[max.clone()])
                }
                ChunkRange::Empty => continue,
                ChunkRange::Unknown => return None,
            };
            let (least, greatest) = merged.get_or_insert((min, max));
            if order.compare(min, least)? == Ordering::Less {
                *least = min;
            }
            if order.compare(max, greatest)? == Ordering::Greater {
                *greatest = max;
            }
        }
        merged
    }

    /// Returns the bytes of memory that the list takes.
    pub(crate) fn memory_size(&self) -> usize {
        self.chunks.capacity() * size_of::<ChunkMetadata>()
            + self.metadata.capacity()
            + self.column_indexes.capacity()
            + self.pages.capacity() * size_of::<PageLocation>()
    }
}

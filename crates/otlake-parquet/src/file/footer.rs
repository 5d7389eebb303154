//! The end of a file: page index and `FileMetaData`.
//!
//! Columns are matched to row groups only here, which is why a file can gain columns until it ends.

use std::ops::Range;

use crate::file::chunk_list::{
    ChunkList, ChunkMetadata, HEAD_END, PageLocation, TAIL_END, TAIL_START,
};
use crate::file::column::Column;
use crate::file::schema;
use crate::file::thrift::{Element, Fields};
use crate::options::SortingColumn;
use crate::room::make_room;

/// Bytes of a chunk in the footer, and of a page in the page index, beyond what is serialised before; of a page of
/// nulls.
const CHUNK: usize = 96;
const LOCATION: usize = 24;
const NULL_PAGE: usize = 64;

/// The chunks and row groups of a file so far.
#[derive(Debug, Default)]
pub(crate) struct Footer {
    pub(crate) chunks: ChunkList,
    pub(crate) row_groups: Vec<RowGroup>,
}

#[derive(Debug)]
pub(crate) struct RowGroup {
    pub(crate) rows: usize,
    pub(crate) offset: u64,
    /// The number of a chunk in [`Footer::chunks`] for each leaf of the file's schema, in its order. A row
    /// group may have no chunk for some leaves until the file is finished; leaves that were added after it
    /// are not in the list at all until then.
    pub(crate) chunks: Vec<Option<usize>>,
    pub(crate) sorting: Vec<(i32, bool, bool)>,
}

impl RowGroup {
    /// Returns the requested sorting as numbers of leaves, up to the first column that the file lacks or that is
    /// nested.
    pub(crate) fn sorting(wanted: &[SortingColumn], columns: &[&Column]) -> Vec<(i32, bool, bool)> {
        let leaf_of = |name: &str| {
            let mut leaf = 0;
            for column in columns {
                if column.name() == name {
                    return column.root.is_primitive().then_some(leaf);
                }
                leaf += column.leaves.len() as i32;
            }
            None
        };
        wanted
            .iter()
            .map_while(|column| {
                Some((
                    leaf_of(&column.name)?,
                    column.descending,
                    column.nulls_first,
                ))
            })
            .collect()
    }
}

impl Footer {
    /// Returns the bytes of memory that the footer takes.
    pub(crate) fn memory_size(&self) -> usize {
        let groups = self.row_groups.iter().map(|group| {
            group.chunks.capacity() * size_of::<Option<usize>>()
                + group.sorting.capacity() * size_of::<(i32, bool, bool)>()
        });
        self.chunks.memory_size()
            + self.row_groups.capacity() * size_of::<RowGroup>()
            + groups.sum::<usize>()
    }

    /// Returns the number of chunks that row groups lack in a file of so many leaves.
    pub(crate) fn missing(&self, leaves: usize) -> usize {
        // Each chunk is in one row group.
        leaves * self.row_groups.len() - self.chunks.chunks.len()
    }

    /// Returns the bytes that the chunks which row groups lack take in memory, and their pages in the file.
    pub(crate) fn missing_size(&self, leaves: usize) -> usize {
        let missing = self.missing(leaves);
        let each = size_of::<ChunkMetadata>()
            + size_of::<PageLocation>()
            + 2 * size_of::<Option<usize>>()
            + NULL_PAGE
            + self.metadata_of_nulls();
        // Serialised metadata doubles its buffers.
        match missing {
            0 => 0,
            _ => missing * each + self.chunks.metadata.len() + self.chunks.column_indexes.len(),
        }
    }

    /// Returns the bytes of page index and footer of a file of so many leaves, without its schema.
    pub(crate) fn size(&self, leaves: usize) -> usize {
        let chunks = leaves * self.row_groups.len();
        self.chunks.metadata.len()
            + self.chunks.column_indexes.len()
            + self.chunks.pages.len() * LOCATION
            + chunks * CHUNK
            + self.missing(leaves) * self.metadata_of_nulls()
    }

    /// Returns the bytes of the metadata of a chunk of nulls: no more than of other chunks.
    fn metadata_of_nulls(&self) -> usize {
        let chunks = self.chunks.chunks.len().max(1);
        (self.chunks.metadata.len() + self.chunks.column_indexes.len()) / chunks + 128
    }

    /// Appends everything that comes after the last page and bloom filter of a file that has `position` bytes
    /// so far.
    pub(crate) fn put(
        &self,
        out: &mut Vec<u8>,
        position: u64,
        columns: &[&Column],
        key_values: [&[(String, String)]; 2],
        created_by: &str,
    ) {
        let leaves = columns.iter().map(|column| column.leaves.len()).sum();
        make_room(out, self.size(leaves));
        let indexes = self.put_page_index(out, position);

        let start = out.len();
        let mut file = Fields::new(out);
        // Version 1, because nothing here needs a reader of version 2.
        file.i32(1, 1);
        let elements = columns
            .iter()
            .map(|column| column.element_count)
            .sum::<usize>();
        schema::put_list(&mut file, 2, elements + 1);
        schema::put_root(&mut file, columns.len());
        for column in columns {
            file.raw_elements(&column.elements);
        }
        file.i64(
            3,
            self.row_groups.iter().map(|group| group.rows as i64).sum(),
        );
        file.list(4, Element::Struct, self.row_groups.len());
        for (ordinal, group) in self.row_groups.iter().enumerate() {
            file.struct_element(|fields| {
                self.put_row_group(fields, ordinal, group, indexes.as_ref());
            });
        }
        let pairs = key_values.iter().map(|pairs| pairs.len()).sum();
        if pairs > 0 {
            file.list(5, Element::Struct, pairs);
            for (key, value) in key_values.into_iter().flatten() {
                file.struct_element(|fields| {
                    fields.binary(1, key.as_bytes());
                    fields.binary(2, value.as_bytes());
                });
            }
        }
        file.binary(6, created_by.as_bytes());
        // Without a column order, readers must not use min_value and max_value.
        file.list(7, Element::Struct, leaves);
        for _ in 0..leaves {
            file.struct_element(|order| order.structure(1, |_| {}));
        }
        file.stop();

        let len = (out.len() - start) as u32;
        out.extend_from_slice(&len.to_le_bytes());
        out.extend_from_slice(crate::file::file_writer::MAGIC);
    }

    /// Appends the page index, unless every chunk has one page: then it would repeat statistics and offsets of the
    /// chunks, in about a third of the metadata of a small file. Readers that need an index need it for all
    /// chunks, so it is written for all or for none.
    fn put_page_index(&self, out: &mut Vec<u8>, position: u64) -> Option<PageIndex> {
        let chunks = &self.chunks.chunks;
        if chunks.iter().all(|chunk| chunk.pages.len() <= 1) {
            return None;
        }
        let begin = out.len();
        let at = |out: &Vec<u8>| position + (out.len() - begin) as u64;
        out.extend_from_slice(&self.chunks.column_indexes);
        let mut offset_indexes = Vec::with_capacity(chunks.len());
        for chunk in chunks {
            let start = at(out);
            self.put_offset_index(out, chunk);
            offset_indexes.push(start..at(out));
        }
        Some(PageIndex {
            column_indexes: position,
            offset_indexes,
        })
    }

    fn put_offset_index(&self, out: &mut Vec<u8>, chunk: &ChunkMetadata) {
        let mut offset = chunk.offset + chunk.dictionary_bytes;
        let mut index = Fields::new(out);
        index.list(1, Element::Struct, chunk.pages.len());
        for page in &self.chunks.pages[chunk.pages.clone()] {
            index.struct_element(|fields| {
                fields.i64(1, offset as i64);
                fields.i32(2, page.bytes as i32);
                fields.i64(3, page.first_row as i64);
            });
            offset += u64::from(page.bytes);
        }
        index.stop();
    }

    fn put_row_group(
        &self,
        fields: &mut Fields<'_>,
        ordinal: usize,
        group: &RowGroup,
        indexes: Option<&PageIndex>,
    ) {
        let chunks = || group.chunks.iter().flatten().copied();
        let metadata = || chunks().map(|number| &self.chunks.chunks[number]);
        fields.list(1, Element::Struct, chunks().count());
        for number in chunks() {
            fields.struct_element(|fields| self.put_chunk(fields, number, indexes));
        }
        fields.i64(2, metadata().map(|chunk| chunk.uncompressed as i64).sum());
        fields.i64(3, group.rows as i64);
        if !group.sorting.is_empty() {
            fields.list(4, Element::Struct, group.sorting.len());
            for &(leaf, descending, nulls_first) in &group.sorting {
                fields.struct_element(|fields| {
                    fields.i32(1, leaf);
                    fields.bool(2, descending);
                    fields.bool(3, nulls_first);
                });
            }
        }
        fields.i64(5, group.offset as i64);
        fields.i64(6, metadata().map(|chunk| chunk.compressed as i64).sum());
        fields.i16(7, ordinal as i16);
    }

    /// Writes the `ColumnChunk` of the chunk with the given number.
    fn put_chunk(&self, fields: &mut Fields<'_>, number: usize, indexes: Option<&PageIndex>) {
        let chunk = &self.chunks.chunks[number];
        let serialised = |range: &Range<usize>| &self.chunks.metadata[range.clone()];
        // Deprecated but required; the format says to write 0.
        fields.i64(2, 0);
        fields.structure(3, |metadata| {
            metadata.serialised(serialised(&chunk.head), HEAD_END);
            metadata.i64(9, (chunk.offset + chunk.dictionary_bytes) as i64);
            if chunk.dictionary_bytes > 0 {
                metadata.i64(11, chunk.offset as i64);
            }
            metadata.serialised_structure(TAIL_START, serialised(&chunk.tail), TAIL_END);
            if let Some((offset, len)) = chunk.bloom_filter {
                metadata.i64(14, offset as i64);
                metadata.i32(15, len as i32);
            }
        });
        if let Some(indexes) = indexes {
            let range = &indexes.offset_indexes[number];
            fields.i64(4, range.start as i64);
            fields.i32(5, (range.end - range.start) as i32);
            if let Some(range) = &chunk.column_index {
                let start = indexes.column_indexes + range.start as u64;
                fields.i64(6, start as i64);
                fields.i32(7, range.len() as i32);
            }
        }
    }
}

/// The place of the page index in the file.
struct PageIndex {
    /// The first byte of the column indexes.
    column_indexes: u64,
    /// The offset index of each chunk.
    offset_indexes: Vec<Range<u64>>,
}

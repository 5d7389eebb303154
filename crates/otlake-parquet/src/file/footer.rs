//! The end of a file: page index and `FileMetaData`.
//!
//! A chunk's `ColumnMetaData`, `ColumnIndex` and `OffsetIndex` are serialised when the chunk is done,
//! into buffers of the file; what is left for the end is to put them in order. That is why a file can
//! gain columns until it ends, and why a small file costs no tree of metadata objects.

use std::cmp::Ordering;
use std::ops::Range;

use parquet::file::metadata::KeyValue;

use crate::file::column::{Column, Order};
use crate::file::schema;
use crate::file::thrift::{Element, Fields};
use crate::options::SortingColumn;

/// The serialised metadata of a file's chunks so far.
#[derive(Debug, Default)]
pub(crate) struct Footer {
    /// `ColumnMetaData` up to [`LAST_FIELD`], without the stop byte.
    pub(crate) chunks: Vec<u8>,
    pub(crate) column_indexes: Vec<u8>,
    pub(crate) offset_indexes: Vec<u8>,
    pub(crate) row_groups: Vec<RowGroup>,
}

/// The last field of the serialised part of a `ColumnMetaData`: `encoding_stats`.
pub(crate) const LAST_FIELD: i16 = 13;

#[derive(Debug)]
pub(crate) struct RowGroup {
    pub(crate) rows: usize,
    pub(crate) offset: u64,
    /// One for each leaf of the file's schema so far, in its order.
    pub(crate) chunks: Vec<ChunkMetadata>,
    pub(crate) sorting: Vec<(i32, bool, bool)>,
}

/// Where the serialised metadata of a chunk is, and what row group and summary add up.
#[derive(Debug)]
pub(crate) struct ChunkMetadata {
    pub(crate) metadata: Range<usize>,
    pub(crate) range: ChunkRange,
    pub(crate) column_index: Option<Range<usize>>,
    pub(crate) offset_index: Range<usize>,
    pub(crate) bloom_filter: Option<(u64, usize)>,
    pub(crate) compressed: u64,
    pub(crate) uncompressed: u64,
}

/// Between which values those of a chunk are.
#[derive(Debug)]
pub(crate) enum ChunkRange {
    /// There are none but nulls.
    Empty,
    /// The minimum and the maximum, in [`Footer::chunks`].
    Known {
        min: Range<usize>,
        max: Range<usize>,
    },
    /// The statistics don't say: the values are not compared, or all of them are NaN.
    Unknown,
}

impl RowGroup {
    /// The wanted sorting as leaf numbers, up to the first column that is not there or no leaf.
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
    /// The minimum and the maximum in all `chunks`, which are of one leaf.
    pub(crate) fn range<'a>(
        &self,
        order: Order,
        chunks: impl Iterator<Item = &'a ChunkMetadata>,
    ) -> Option<(&[u8], &[u8])> {
        let mut merged: Option<(&[u8], &[u8])> = None;
        for chunk in chunks {
            let (min, max) = match &chunk.range {
                ChunkRange::Known { min, max } => {
                    (&self.chunks[min.clone()], &self.chunks[max.clone()])
                }
                ChunkRange::Empty => continue,
                // NaN is in no range.
                ChunkRange::Unknown if matches!(order, Order::Float | Order::Double) => continue,
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

    /// Bytes that it takes in memory.
    pub(crate) fn memory_size(&self) -> usize {
        let groups = self.row_groups.iter().map(|group| {
            group.chunks.capacity() * size_of::<ChunkMetadata>()
                + size_of_val(group.sorting.as_slice())
        });
        self.chunks.capacity()
            + self.column_indexes.capacity()
            + self.offset_indexes.capacity()
            + self.row_groups.capacity() * size_of::<RowGroup>()
            + groups.sum::<usize>()
    }

    /// Serialises everything that comes after the last page and bloom filter, for a file that has
    /// `position` bytes so far.
    pub(crate) fn put(
        &self,
        out: &mut Vec<u8>,
        position: u64,
        columns: &[&Column],
        key_values: &[KeyValue],
        created_by: &str,
    ) {
        let column_indexes_at = position;
        out.extend_from_slice(&self.column_indexes);
        let offset_indexes_at = column_indexes_at + self.column_indexes.len() as u64;
        out.extend_from_slice(&self.offset_indexes);

        let start = out.len();
        let mut file = Fields::new(out);
        // Version 1: nothing here needs a reader of version 2.
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
                self.put_row_group(fields, ordinal, group, column_indexes_at, offset_indexes_at);
            });
        }
        if !key_values.is_empty() {
            file.list(5, Element::Struct, key_values.len());
            for pair in key_values {
                file.struct_element(|fields| {
                    fields.binary(1, pair.key.as_bytes());
                    if let Some(value) = &pair.value {
                        fields.binary(2, value.as_bytes());
                    }
                });
            }
        }
        file.binary(6, created_by.as_bytes());
        // Without a column order, readers must not use min_value and max_value.
        let leaves = columns.iter().map(|column| column.leaves.len()).sum();
        file.list(7, Element::Struct, leaves);
        for _ in 0..leaves {
            file.struct_element(|order| order.structure(1, |_| {}));
        }
        file.stop();

        let len = (out.len() - start) as u32;
        out.extend_from_slice(&len.to_le_bytes());
        out.extend_from_slice(crate::file::writer::MAGIC);
    }

    fn put_row_group(
        &self,
        fields: &mut Fields<'_>,
        ordinal: usize,
        group: &RowGroup,
        column_indexes_at: u64,
        offset_indexes_at: u64,
    ) {
        fields.list(1, Element::Struct, group.chunks.len());
        for chunk in &group.chunks {
            fields.struct_element(|fields| {
                // Deprecated and required; 0 since the format says so.
                fields.i64(2, 0);
                let head = &self.chunks[chunk.metadata.clone()];
                fields.resumed_structure(3, head, LAST_FIELD, |metadata| {
                    if let Some((offset, len)) = chunk.bloom_filter {
                        metadata.i64(14, offset as i64);
                        metadata.i32(15, len as i32);
                    }
                });
                let range = &chunk.offset_index;
                fields.i64(4, (offset_indexes_at + range.start as u64) as i64);
                fields.i32(5, range.len() as i32);
                if let Some(range) = &chunk.column_index {
                    fields.i64(6, (column_indexes_at + range.start as u64) as i64);
                    fields.i32(7, range.len() as i32);
                }
            });
        }
        fields.i64(
            2,
            group
                .chunks
                .iter()
                .map(|chunk| chunk.uncompressed as i64)
                .sum(),
        );
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
        fields.i64(
            6,
            group
                .chunks
                .iter()
                .map(|chunk| chunk.compressed as i64)
                .sum(),
        );
        fields.i16(7, ordinal as i16);
    }
}

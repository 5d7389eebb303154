//! Computes how much memory encoding a record batch takes, before it is encoded.
//!
//! Every number is an upper bound: it assumes that an encoder chooses the encoding that takes the most memory.

use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use arrow_array::{Array, ArrayRef, OffsetSizeTrait, RecordBatch};
use arrow_schema::DataType;

use crate::encode::array_encoder::EncoderKind;
use crate::encode::byte_array_encoder::{ByteArrays, LENGTH};
use crate::encode::decoded_array::needs_decoding;
use crate::encode::dictionary_array_encoder::WORTH;
use crate::options::WriterOptions;
use crate::page::chunk_draft::body_bytes;
use crate::room::rounded;

/// Bytes of the metadata of a chunk with one page, both before and after the chunk is appended to a file.
const CHUNK: usize = 1_024;
/// Bytes of the metadata of each further page, without its bounds.
const PAGE: usize = 256;

/// The memory of a column that the `parquet` crate encodes, as a multiple of its size: decoded, in that crate's buffers,
/// as a file in memory, and as a chunk of ours. Measured with lists of floats.
const SPLICED: usize = 8;

/// The minimum size of the lookup tables for numbers in bytes.
const NUMBERS: usize = 24 << 10;
/// The minimum size of all other lookup tables in bytes.
const TABLES: usize = 4 << 10;

/// The sizes of the buffers of an encoder.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct EncodingMemory {
    /// The largest body of a chunk.
    pub(crate) body: usize,
    /// The largest page, compressed.
    pub(crate) page: usize,
    /// The bodies of all chunks.
    pub(crate) all: usize,
    pub(crate) doubles: usize,
    pub(crate) integers: usize,
    pub(crate) byte_arrays: usize,
    pub(crate) dictionary_arrays: usize,
    /// The buffers for levels and for cutting pages.
    pub(crate) pages: usize,
    /// Memory that exists only during the call: levels, columns that the `parquet` crate encodes, bloom filters, metadata.
    pub(crate) other: usize,
}

/// The nesting of a leaf of a column, and the options for encoding it.
#[derive(Clone, Copy)]
struct Leaf<'a> {
    options: &'a WriterOptions,
    /// The levels of the leaf, if it is inside a list, map or struct; else the number of rows.
    levels: usize,
    is_nested: bool,
    has_bloom_filter: bool,
}

impl EncodingMemory {
    /// Returns the memory for encoding the columns of `batch`.
    pub(crate) fn of(batch: &RecordBatch, options: &WriterOptions) -> Self {
        let mut memory = Self::default();
        for (field, column) in std::iter::zip(batch.schema_ref().fields(), batch.columns()) {
            let wanted = options.bloom_filter_columns();
            memory.add(
                column,
                Leaf {
                    options,
                    levels: column.len(),
                    is_nested: false,
                    has_bloom_filter: wanted.iter().any(|name| name == field.name()),
                },
            );
        }
        memory
    }

    fn add(&mut self, array: &ArrayRef, leaf: Leaf<'_>) {
        let nested = |levels| Leaf {
            levels,
            is_nested: true,
            ..leaf
        };
        match array.data_type() {
            data_type if needs_decoding(data_type) => self.add_spliced(array, leaf),
            DataType::List(_) => {
                let list = array.as_list::<i32>();
                let items = items(list.offsets(), list.values());
                self.add(&items, nested(leaf.levels + items.len()));
            }
            DataType::LargeList(_) => {
                let list = array.as_list::<i64>();
                let items = items(list.offsets(), list.values());
                self.add(&items, nested(leaf.levels + items.len()));
            }
            DataType::Map(..) => {
                let map = array.as_map();
                for column in map.entries().columns() {
                    let items = items(map.offsets(), column);
                    self.add(&items, nested(leaf.levels + items.len()));
                }
            }
            DataType::Struct(_) => {
                for column in array.as_struct().columns() {
                    self.add(column, nested(leaf.levels));
                }
            }
            data_type => match EncoderKind::of(data_type) {
                Some(kind) => self.add_leaf(array, kind, leaf),
                None => self.add_spliced(array, leaf),
            },
        }
    }

    fn add_leaf(&mut self, array: &ArrayRef, kind: EncoderKind, leaf: Leaf<'_>) {
        let values = array.len() - array.null_count();
        let at_once = values.min(leaf.options.data_page_rows());
        let (bytes, largest) = match kind {
            EncoderKind::Boolean => (values / 8, 1),
            EncoderKind::Double => {
                self.doubles = self.doubles.max(NUMBERS + 28 * values);
                (8 * values, 8)
            }
            EncoderKind::NarrowInteger | EncoderKind::WideInteger => {
                self.integers = self.integers.max(NUMBERS + 32 * values);
                (9 * values, 8)
            }
            EncoderKind::ByteArray => {
                let strings = ByteArrays::of(array);
                let bytes = byte_arrays(values, at_once);
                self.byte_arrays = self.byte_arrays.max(bytes);
                let span =
                    |slot: usize| (strings.offsets[slot + 1] - strings.offsets[slot]) as usize;
                let largest = (0..array.len()).map(span).max().unwrap_or(0);
                let all = strings.offsets[array.len()] - strings.offsets[0];
                (all as usize + LENGTH * values, largest)
            }
            EncoderKind::DictionaryArray => self.add_dictionary(array, values, at_once),
        };
        let pages = bytes / leaf.options.data_page_bytes().max(1)
            + leaf.levels / leaf.options.data_page_rows()
            + 1;
        // A value larger than a page has a page of its own, and the small values before it have another.
        let pages = (2 * pages).min(leaf.levels + 1);
        let levels = match leaf.is_nested {
            true => leaf.levels,
            false => leaf.levels / 8,
        };
        self.add_chunk(
            body_bytes(bytes, levels, pages),
            largest + 2 * levels,
            pages,
            leaf,
        );
        self.pages = self.pages.max(match leaf.is_nested {
            true => 16 * leaf.levels.min(at_once + leaf.levels) + 64 * pages,
            false => leaf.levels / 4 + 64 * pages,
        });
        if leaf.is_nested {
            // The levels of the leaf and of its parents, and the next levels while they are computed.
            self.other = self.other.max(16 * leaf.levels);
        }
        if leaf.has_bloom_filter {
            self.other += 6 * values + 64;
        }
    }

    /// Returns the bytes of the encoded values, and of the largest one.
    fn add_dictionary(
        &mut self,
        array: &ArrayRef,
        values: usize,
        at_once: usize,
    ) -> (usize, usize) {
        let dictionary = array.as_dictionary::<Int32Type>();
        let strings = ByteArrays::of(dictionary.values());
        let entries = dictionary.values().len();
        let span = |slot: usize| (strings.offsets[slot + 1] - strings.offsets[slot]) as usize;
        let largest = (0..entries).map(span).max().unwrap_or(0);
        let bytes = 28 * entries + 52 * values + byte_arrays(values, at_once);
        self.dictionary_arrays = self.dictionary_arrays.max(TABLES + bytes);
        self.byte_arrays = self.byte_arrays.max(byte_arrays(values, at_once));
        let written: usize = match array.null_count() {
            0 => dictionary
                .keys()
                .values()
                .iter()
                .map(|key| span(*key as usize))
                .sum(),
            _ => dictionary
                .keys()
                .iter()
                .flatten()
                .map(|key| span(key as usize))
                .sum(),
        };
        let all = (strings.offsets[entries] - strings.offsets[0]) as usize + 4 * entries;
        // Only entries that occur are in the page.
        let page = all.min(written + 4 * values);
        let with_dictionary = page + 4 * values;
        let is_expanded = written <= all * WORTH || dictionary.values().null_count() > 0;
        let bytes = match is_expanded {
            true => with_dictionary.max(written + LENGTH * values),
            false => with_dictionary,
        };
        (bytes, largest.max(page))
    }

    fn add_spliced(&mut self, array: &ArrayRef, leaf: Leaf<'_>) {
        let data = array.to_data();
        let bytes = data
            .get_slice_memory_size()
            .unwrap_or(data.get_array_memory_size());
        self.other = self.other.max(bytes * SPLICED + TABLES);
        let pages = bytes / leaf.options.data_page_bytes().max(1) + 1;
        self.add_chunk(bytes * 2, bytes, pages, leaf);
    }

    fn add_chunk(&mut self, body: usize, largest: usize, pages: usize, leaf: Leaf<'_>) {
        let page = (leaf.options.data_page_bytes() + largest).min(body);
        self.body = self.body.max(rounded(body));
        // Codecs need at most a sixth more than the page.
        self.page = self.page.max(rounded(page + page / 6 + 1_024));
        self.all += body + 64 * pages;
        // A minimum and a maximum, in the statistics and in the page index.
        let bounds = 4 * leaf.options.statistics_truncate_length().min(largest);
        self.other += CHUNK + bounds + (PAGE + bounds) * pages;
    }
}

/// Returns the bytes of the buffers for `values` byte arrays, of which a page has `at_once`.
fn byte_arrays(values: usize, at_once: usize) -> usize {
    TABLES + 64 * values + 16 * at_once
}

/// Returns the items of the lists in a slice.
fn items<O: OffsetSizeTrait>(offsets: &[O], values: &ArrayRef) -> ArrayRef {
    let (first, last) = (offsets[0].as_usize(), offsets[offsets.len() - 1].as_usize());
    values.slice(first, last - first)
}

//! Arrow dictionaries: their keys become indices and their values the dictionary page, without hashing
//! every row.

use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use arrow_array::{Array, ArrayRef};
use arrow_buffer::{Buffer, ScalarBuffer};

use crate::encode::byte_array_encoder::{
    ByteArrayEncoder, ByteArrayEntries, ByteArrays, ByteStrings, Span,
};
use crate::encode::dictionary_chunk::{DictionaryEntries, mark_occurring};
use crate::encode::distinct_table::{DistinctTable, hash_bytes};
use crate::page::layout::dense;
use crate::page::page_writer::PageWriter;

/// The number of entries up to which a dictionary is always searched for duplicates; a larger one is
/// searched if it is small compared with the rows. A duplicate is no error in Parquet, but the distinct
/// count must not lie.
const SEARCHED: usize = 64;

/// A dictionary larger than its page may be is written nevertheless when the values of all rows would take
/// more than this many times its bytes: a few very long values in many rows. Not measured.
pub(crate) const WORTH: usize = 4;

/// Encodes dictionaries of text and bytes.
#[derive(Debug, Default)]
pub(crate) struct DictionaryArrayEncoder {
    /// Keys without nulls, for dictionaries that have null values.
    signed_keys: Vec<i32>,
    /// Keys without nulls.
    keys: Vec<u32>,
    spans: Vec<Span>,
    /// Flags of the values that a key refers to.
    occurring: Vec<u8>,
    distinct: DistinctTable,
    /// The index of each value in the dictionary page.
    index_of: Vec<u32>,
    /// The number of the value for each entry of the dictionary page.
    order: Vec<u32>,
    indices: Vec<u32>,
    /// The encoder for values that are better written without a dictionary.
    byte_arrays: ByteArrayEncoder,
}

impl DictionaryArrayEncoder {
    /// Encodes an array of type `Dictionary(Int32, Utf8)` or `Dictionary(Int32, Binary)` that is not
    /// null throughout.
    pub(crate) fn encode(&mut self, array: &ArrayRef, writer: &mut PageWriter<'_>) {
        let dictionary = array.as_dictionary::<Int32Type>();
        let values = ByteArrays::of(dictionary.values());
        let keys = dictionary.keys().values();
        if dictionary.values().null_count() > 0 {
            // A key of a null value is a null row, which the writer's nulls count already. Rare enough to
            // look at every string.
            let keys = dense(keys, writer.nulls(), &mut self.signed_keys);
            let slots = keys.iter().map(|key| *key as usize);
            self.byte_arrays.encode_slots(values, slots, writer);
            return;
        }
        values.put_spans(&mut self.spans, None);
        // Keys of rows that are not null are not negative, so their bits are those of unsigned ones.
        let unsigned: ScalarBuffer<u32> = Buffer::clone(keys.inner()).into();
        let mut buffer = std::mem::take(&mut self.keys);
        let keys = dense(&unsigned, writer.nulls(), &mut buffer);
        self.encode_keys(keys, values, writer);
        self.keys = buffer;
    }

    /// Encodes at least one key of a dictionary whose spans have been collected.
    fn encode_keys(&mut self, keys: &[u32], values: ByteArrays<'_>, writer: &mut PageWriter<'_>) {
        let Self {
            spans,
            occurring: flags,
            distinct,
            index_of,
            order,
            indices: indices_buffer,
            byte_arrays,
            ..
        } = self;
        let values = ByteStrings {
            bytes: values.bytes,
            spans,
            utf8: values.utf8,
        };
        let count = values.len();
        let occurring = mark_occurring(flags, count, keys);

        // Nearly as many entries as rows, or too many bytes of them: a dictionary would only add to the size.
        let entries = ByteArrayEntries {
            values,
            order: None,
        };
        let unique = occurring > 64
            && occurring * 4 > keys.len() * 3
            && entries.value_bytes(keys) <= entries.page_bytes() * WORTH;
        if unique || (occurring == count && is_too_large(writer, &entries, keys)) {
            let numbers = keys.iter().map(|key| *key as usize);
            byte_arrays.encode_plain(values, numbers, writer);
            return;
        }

        let search = occurring <= SEARCHED.max(keys.len() / 16);
        if search {
            distinct.reset(occurring);
        }
        index_of.clear();
        order.clear();
        let mut known = search;
        let mut renumbered = occurring != count;
        for (number, occurs) in flags.iter().enumerate() {
            if *occurs == 0 {
                index_of.push(u32::MAX);
                continue;
            }
            let value = values.get(number);
            let next = order.len() as u32;
            let mut index = next;
            if known {
                let equal = |entry: u32| values.get(order[entry as usize] as usize) == value;
                match distinct.number(hash_bytes(value), equal) {
                    Some(found) => index = found,
                    // The hashes of the values collide on purpose: give up the search.
                    None => known = false,
                }
            }
            if index == next {
                order.push(number as u32);
            } else {
                renumbered = true;
            }
            index_of.push(index);
        }

        let mut indices = keys;
        if renumbered {
            indices_buffer.clear();
            let numbers = keys.iter().map(|key| index_of[*key as usize]);
            indices_buffer.extend(numbers);
            indices = indices_buffer;
        }
        let entries = ByteArrayEntries {
            values,
            order: renumbered.then_some(&**order),
        };
        if renumbered && is_too_large(writer, &entries, indices) {
            let numbers = indices
                .iter()
                .map(|index| entries.number_of(*index as usize));
            byte_arrays.encode_plain(values, numbers, writer);
            return;
        }
        writer.cut(4);
        entries.write(indices, writer);
        if !known {
            writer.draft.distinct = None;
        }
    }

    pub(crate) fn memory_size(&self) -> usize {
        let numbers = [&self.keys, &self.index_of, &self.order, &self.indices];
        let numbers: usize = numbers.into_iter().map(Vec::capacity).sum();
        (numbers + self.signed_keys.capacity()) * size_of::<u32>()
            + self.spans.capacity() * size_of::<Span>()
            + self.occurring.capacity()
            + self.distinct.memory_size()
            + self.byte_arrays.memory_size()
    }
}

/// Returns whether the values that `indices` stand for are better written without the dictionary.
fn is_too_large(writer: &PageWriter<'_>, entries: &ByteArrayEntries<'_>, indices: &[u32]) -> bool {
    let bytes = entries.page_bytes();
    bytes > writer.options.dictionary_page_bytes() && entries.value_bytes(indices) <= bytes * WORTH
}

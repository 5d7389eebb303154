//! `BYTE_ARRAY`: text and bytes that are not a dictionary array.
//!
//! Few distinct values become a dictionary. Everything else is `DELTA_LENGTH_BYTE_ARRAY`: first the
//! lengths, packed, then the bytes. That is a copy where `PLAIN` is a loop, and it compresses better
//! because the lengths are out of the way.

use arrow_array::Array;
use arrow_array::cast::AsArray;
use arrow_buffer::NullBuffer;
use arrow_schema::DataType;

use crate::encode::dictionary_chunk::{self, DictionaryEntries};
use crate::encode::distinct_table::{DistinctTable, hash_bytes};
use crate::page::bound_store::{BoundStore, Bounds};
use crate::page::delta::put_delta_binary_packed;
use crate::page::encoding::Encoding;
use crate::page::page_writer::PageWriter;

/// The number of values after which it is decided whether a column has too many distinct ones; see
/// `integer_encoder.rs`.
const SAMPLE: usize = 1024;

/// The maximum number of bytes of a value's length, packed.
pub(crate) const LENGTH: usize = 5;

/// The values of an Arrow array of text or bytes.
#[derive(Clone, Copy)]
pub(crate) struct ByteArrays<'a> {
    pub(crate) offsets: &'a [i32],
    pub(crate) bytes: &'a [u8],
    pub(crate) utf8: bool,
}

impl<'a> ByteArrays<'a> {
    /// Views an array of type `Utf8` or `Binary`.
    pub(crate) fn of(array: &'a dyn Array) -> Self {
        match array.data_type() {
            DataType::Utf8 => {
                let array = array.as_string::<i32>();
                Self {
                    offsets: array.offsets(),
                    bytes: array.values(),
                    utf8: true,
                }
            }
            _ => {
                let array = array.as_binary::<i32>();
                Self {
                    offsets: array.offsets(),
                    bytes: array.values(),
                    utf8: false,
                }
            }
        }
    }

    fn span(&self, slot: usize) -> Span {
        (self.offsets[slot] as u32, self.offsets[slot + 1] as u32)
    }

    /// Fills `spans` with the spans of the slots that are not null.
    pub(crate) fn put_spans(&self, spans: &mut Vec<Span>, nulls: Option<&NullBuffer>) {
        spans.clear();
        match nulls {
            None => {
                let pairs = self.offsets.windows(2);
                spans.extend(pairs.map(|pair| (pair[0] as u32, pair[1] as u32)));
            }
            Some(nulls) => spans.extend(nulls.valid_indices().map(|slot| self.span(slot))),
        }
    }
}

/// The start and end of a byte string.
pub(crate) type Span = (u32, u32);

/// Byte strings, none of which is null.
#[derive(Clone, Copy)]
pub(crate) struct ByteStrings<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) spans: &'a [Span],
    pub(crate) utf8: bool,
}

impl<'a> ByteStrings<'a> {
    pub(crate) fn len(&self) -> usize {
        self.spans.len()
    }

    pub(crate) fn get(&self, number: usize) -> &'a [u8] {
        let (start, end) = self.spans[number];
        &self.bytes[start as usize..end as usize]
    }

    fn len_of(&self, number: usize) -> usize {
        let (start, end) = self.spans[number];
        (end - start) as usize
    }

    fn iter(self) -> impl Iterator<Item = &'a [u8]> {
        (0..self.len()).map(move |number| self.get(number))
    }
}

/// Encodes text and bytes.
#[derive(Debug, Default)]
pub(crate) struct ByteArrayEncoder {
    /// The positions of the values, without nulls.
    spans: Vec<Span>,
    dictionary: ByteArrayDictionary,
    lengths: Vec<i64>,
}

/// Distinct values, and for each value the index of the distinct one.
#[derive(Debug, Default)]
struct ByteArrayDictionary {
    /// The number of a value for each distinct one.
    entries: Vec<u32>,
    indices: Vec<u32>,
    distinct: DistinctTable,
}

impl ByteArrayEncoder {
    /// Encodes the slots of `values` that are not null, of which there is at least one.
    pub(crate) fn encode(&mut self, values: ByteArrays<'_>, writer: &mut PageWriter<'_>) {
        values.put_spans(&mut self.spans, writer.nulls());
        self.encode_spans(values, writer);
    }

    /// Encodes the slots of `values` with the given numbers, in this order. There is at least one.
    pub(crate) fn encode_slots(
        &mut self,
        values: ByteArrays<'_>,
        slots: impl Iterator<Item = usize>,
        writer: &mut PageWriter<'_>,
    ) {
        self.spans.clear();
        self.spans.extend(slots.map(|slot| values.span(slot)));
        self.encode_spans(values, writer);
    }

    fn encode_spans(&mut self, values: ByteArrays<'_>, writer: &mut PageWriter<'_>) {
        let values = ByteStrings {
            bytes: values.bytes,
            spans: &self.spans,
            utf8: values.utf8,
        };
        let page_bytes = writer.options.dictionary_page_bytes();
        if self.dictionary.fill(values, page_bytes) {
            writer.cut(4);
            let entries = ByteArrayEntries {
                values,
                order: Some(&self.dictionary.entries),
            };
            entries.write(&self.dictionary.indices, writer);
        } else {
            write_plain(values, &mut self.lengths, writer);
        }
    }

    /// Encodes the strings of `values` with the given numbers, in this order, without a dictionary.
    pub(crate) fn encode_plain(
        &mut self,
        values: ByteStrings<'_>,
        numbers: impl Iterator<Item = usize>,
        writer: &mut PageWriter<'_>,
    ) {
        self.spans.clear();
        self.spans
            .extend(numbers.map(|number| values.spans[number]));
        let values = ByteStrings {
            spans: &self.spans,
            ..values
        };
        write_plain(values, &mut self.lengths, writer);
    }

    pub(crate) fn memory_size(&self) -> usize {
        let ByteArrayDictionary {
            entries,
            indices,
            distinct,
        } = &self.dictionary;
        self.spans.capacity() * size_of::<Span>()
            + (entries.capacity() + indices.capacity()) * size_of::<u32>()
            + self.lengths.capacity() * size_of::<i64>()
            + distinct.memory_size()
    }
}

impl ByteArrayDictionary {
    /// Finds the distinct values. Returns false if there are too many of them, or if they have more than
    /// `page_bytes` bytes as a dictionary page.
    fn fill(&mut self, values: ByteStrings<'_>, page_bytes: usize) -> bool {
        let Self {
            entries,
            indices,
            distinct,
        } = self;
        indices.clear();
        entries.clear();
        let count = values.len();
        distinct.reset((count / 2).clamp(64, 65_536));
        let mut bytes = 0;
        for number in 0..count {
            if number == SAMPLE && entries.len() * 2 > SAMPLE {
                return false;
            }
            let value = values.get(number);
            let known = |entry: u32| values.get(entries[entry as usize] as usize) == value;
            let Some(index) = distinct.number(hash_bytes(value), known) else {
                return false;
            };
            if index as usize == entries.len() {
                entries.push(number as u32);
                bytes += value.len() + 4;
                if bytes > page_bytes {
                    return false;
                }
            }
            indices.push(index);
        }
        // With few rows the sample was never complete.
        entries.len() * 2 <= count || count < 4
    }
}

/// Writes `values` without a dictionary.
fn write_plain(values: ByteStrings<'_>, lengths: &mut Vec<i64>, writer: &mut PageWriter<'_>) {
    writer.cut(4);
    writer.cut_by_bytes(|number| values.len_of(number) + 4);
    if let Some(filter) = writer.bloom_filter(values.len()) {
        values.iter().for_each(|value| filter.insert(value));
    }
    let bytes: usize = (0..values.len()).map(|number| values.len_of(number)).sum();
    writer.make_room(bytes + LENGTH * values.len());
    for page in 0..writer.pages() {
        let slice = writer.begin_page(page);
        let values = ByteStrings {
            spans: &values.spans[slice.values.clone()],
            ..values
        };
        let body = &mut writer.draft.body;
        if values.len() > 0 {
            put_delta_lengths(body, values, lengths);
        }
        let bounds =
            min_max(values.iter()).map(|(min, max)| writer.draft.bounds.put(min, max, values.utf8));
        let encoding = match bounds {
            Some(_) => Encoding::DELTA_LENGTH_BYTE_ARRAY,
            None => Encoding::PLAIN,
        };
        writer.end_page(&slice, encoding, bounds);
    }
}

fn put_delta_lengths(out: &mut Vec<u8>, values: ByteStrings<'_>, lengths: &mut Vec<i64>) {
    let spans = values.spans;
    lengths.clear();
    lengths.extend(spans.iter().map(|(start, end)| i64::from(end - start)));
    put_delta_binary_packed(out, lengths, true);
    let (first, last) = (spans[0].0, spans[spans.len() - 1].1);
    let total: i64 = lengths.iter().sum();
    let contiguous = spans.windows(2).all(|pair| pair[0].1 == pair[1].0);
    if contiguous {
        out.extend_from_slice(&values.bytes[first as usize..last as usize]);
    } else {
        out.reserve(total as usize);
        values.iter().for_each(|value| out.extend_from_slice(value));
    }
}

/// Returns the least and the greatest value by unsigned bytes. Most comparisons only look at the first eight
/// bytes, as a number.
fn min_max<'a>(mut values: impl Iterator<Item = &'a [u8]>) -> Option<(&'a [u8], &'a [u8])> {
    let first = values.next()?;
    let mut min = (prefix(first), first);
    let mut max = min;
    for value in values {
        let prefix = prefix(value);
        if prefix <= min.0 && (prefix < min.0 || value < min.1) {
            min = (prefix, value);
        }
        if prefix >= max.0 && (prefix > max.0 || value > max.1) {
            max = (prefix, value);
        }
    }
    Some((min.1, max.1))
}

/// Returns the first eight bytes as a number with the same order. Shorter values are padded with zeros, so
/// values with equal numbers may still differ.
#[inline]
fn prefix(value: &[u8]) -> u64 {
    match value.first_chunk::<8>() {
        Some(first) => u64::from_be_bytes(*first),
        None => value
            .iter()
            .fold(0, |prefix, byte| prefix << 8 | u64::from(*byte))
            .checked_shl(64 - 8 * value.len() as u32)
            .unwrap_or(0),
    }
}

/// The entries of a dictionary page: all of `values`, or those with the numbers in `order`.
pub(crate) struct ByteArrayEntries<'a> {
    pub(crate) values: ByteStrings<'a>,
    pub(crate) order: Option<&'a [u32]>,
}

impl<'a> ByteArrayEntries<'a> {
    fn get(&self, entry: usize) -> &'a [u8] {
        self.values.get(self.number_of(entry))
    }

    /// Returns the number of the value behind an entry.
    pub(crate) fn number_of(&self, entry: usize) -> usize {
        self.order.map_or(entry, |order| order[entry] as usize)
    }

    /// Returns the size of all values that `indices` refer to.
    pub(crate) fn value_bytes(&self, indices: &[u32]) -> usize {
        let indices = indices.iter();
        indices.map(|index| self.get(*index as usize).len()).sum()
    }

    /// Writes the chunk, which is cut into pages already.
    pub(crate) fn write(&self, indices: &[u32], writer: &mut PageWriter<'_>) {
        if let Some(filter) = writer.bloom_filter(self.len()) {
            (0..self.len()).for_each(|entry| filter.insert(self.get(entry)));
        }
        dictionary_chunk::write(writer, self, indices);
    }
}

impl DictionaryEntries for ByteArrayEntries<'_> {
    fn len(&self) -> usize {
        self.order.map_or(self.values.len(), <[u32]>::len)
    }

    fn page_bytes(&self) -> usize {
        (0..self.len()).map(|entry| self.get(entry).len() + 4).sum()
    }

    fn put(&self, out: &mut Vec<u8>) {
        for entry in 0..self.len() {
            let value = self.get(entry);
            out.extend_from_slice(&(value.len() as u32).to_le_bytes());
            out.extend_from_slice(value);
        }
    }

    fn bounds(&self, store: &mut BoundStore, occurs: impl Fn(usize) -> bool) -> Option<Bounds> {
        let occurring = (0..self.len()).filter(|entry| occurs(*entry));
        let (min, max) = min_max(occurring.map(|entry| self.get(entry)))?;
        Some(store.put(min, max, self.values.utf8))
    }
}

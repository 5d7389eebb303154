//! Signed integers: `INT32` and `INT64`, including timestamps, dates and times.
//!
//! One distinct value becomes a dictionary of one entry and one run; few distinct values become a
//! dictionary. Everything else is `DELTA_BINARY_PACKED`, which is small for values that count or ascend,
//! or `PLAIN` where that would be larger.

use parquet::bloom_filter::Sbbf;

use crate::encode::dictionary_chunk::{self, DictionaryEntries};
use crate::encode::distinct_table::{DistinctTable, hash_integer};
use crate::page::bound_store::{BoundStore, Bounds};
use crate::page::delta::put_delta_binary_packed;
use crate::page::encoding::Encoding;
use crate::page::layout::dense;
use crate::page::page_writer::PageWriter;

/// The span of values up to which a table indexed by value finds the distinct ones.
const TABLE: usize = 4096;

/// The number of values after which it is decided whether a column has too many distinct ones. Not
/// measured finely: early enough to cost little, late enough to see a stream's usual values.
const SAMPLE: usize = 1024;

/// Encodes integers of 4 and of 8 bytes.
#[derive(Debug, Default)]
pub(crate) struct IntegerEncoder {
    /// The values without nulls.
    dense: Vec<i64>,
    /// The values without nulls, before they are widened.
    narrow: Vec<i32>,
    dictionary: IntegerDictionary,
}

/// Distinct values, and for each value the index of the distinct one.
#[derive(Debug, Default)]
struct IntegerDictionary {
    entries: Vec<i64>,
    indices: Vec<u32>,
    distinct: DistinctTable,
    /// The index of each value, counted from the minimum, where values are close together.
    index_of: Vec<u32>,
}

/// The physical type of values.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Width {
    Four,
    Eight,
}

impl Width {
    fn bytes(self) -> usize {
        match self {
            Self::Four => 4,
            Self::Eight => 8,
        }
    }
}

impl IntegerEncoder {
    /// Encodes `INT32` values, which include the slots of nulls, but not only those.
    pub(crate) fn encode_narrow(&mut self, values: &[i32], writer: &mut PageWriter<'_>) {
        let values = dense(values, writer.nulls(), &mut self.narrow);
        self.dense.clear();
        self.dense
            .extend(values.iter().map(|value| i64::from(*value)));
        encode(&self.dense, Width::Four, &mut self.dictionary, writer);
    }

    /// Encodes `INT64` values, which include the slots of nulls, but not only those.
    pub(crate) fn encode_wide(&mut self, values: &[i64], writer: &mut PageWriter<'_>) {
        let values = dense(values, writer.nulls(), &mut self.dense);
        encode(values, Width::Eight, &mut self.dictionary, writer);
    }

    pub(crate) fn memory_size(&self) -> usize {
        let IntegerDictionary {
            entries,
            indices,
            distinct,
            index_of,
        } = &self.dictionary;
        (self.dense.capacity() + entries.capacity()) * size_of::<i64>()
            + (self.narrow.capacity() + indices.capacity() + index_of.capacity()) * size_of::<u32>()
            + distinct.memory_size()
    }
}

/// Encodes `values`, which are not null, and of which there is at least one.
fn encode(
    values: &[i64],
    width: Width,
    dictionary: &mut IntegerDictionary,
    writer: &mut PageWriter<'_>,
) {
    writer.cut(width.bytes());
    if dictionary.fill(values) {
        let entries = IntegerEntries {
            values: &dictionary.entries,
            width,
        };
        if let Some(filter) = writer.bloom_filter(entries.values.len()) {
            insert_all(filter, entries.values, width);
        }
        dictionary_chunk::write(writer, &entries, &dictionary.indices);
        return;
    }

    if let Some(filter) = writer.bloom_filter(values.len()) {
        insert_all(filter, values, width);
    }
    // At worst, packing takes a little more than plain values, which are then written instead.
    writer.make_room(values.len() * (width.bytes() + 1));
    for page in 0..writer.pages() {
        let slice = writer.begin_page(page);
        let values = &values[slice.values.clone()];
        let body = &mut writer.draft.body;
        let start = body.len();
        let mut encoding = Encoding::PLAIN;
        if !values.is_empty() {
            put_delta_binary_packed(body, values, width == Width::Four);
            encoding = Encoding::DELTA_BINARY_PACKED;
            if body.len() - start > values.len() * width.bytes() {
                body.truncate(start);
                put_plain(body, values, width);
                encoding = Encoding::PLAIN;
            }
        }
        let bounds = IntegerEntries { values, width }.bounds(&mut writer.draft.bounds, |_| true);
        writer.end_page(&slice, encoding, bounds);
    }
}

impl IntegerDictionary {
    /// Finds the distinct values. Returns false if there are too many of them.
    fn fill(&mut self, values: &[i64]) -> bool {
        let Self {
            entries,
            indices,
            distinct,
            index_of,
        } = self;
        indices.clear();
        entries.clear();
        let (min, max) = min_max(values);
        if min == max {
            entries.push(min);
            indices.resize(values.len(), 0);
            return true;
        }
        // A dictionary pays while its indices are much narrower than the values; sorted or counting
        // values have narrow deltas anyway.
        let limit = (values.len() / 8).clamp(256, 65_536);
        let span = max.wrapping_sub(min) as u64;
        if span < TABLE as u64 {
            index_of.clear();
            index_of.resize(span as usize + 1, u32::MAX);
            for &value in values {
                let index = &mut index_of[value.wrapping_sub(min) as usize];
                if *index == u32::MAX {
                    *index = entries.len() as u32;
                    entries.push(value);
                }
                indices.push(*index);
            }
            return entries.len() <= limit;
        }

        distinct.reset(limit);
        let (sample, rest) = values.split_at(values.len().min(SAMPLE));
        self.add(sample)
            && (self.entries.len() <= 64 || self.entries.len() * 4 <= sample.len())
            && self.add(rest)
    }

    fn add(&mut self, values: &[i64]) -> bool {
        let Self {
            entries,
            indices,
            distinct,
            ..
        } = self;
        let Some(first) = values.first() else {
            return true;
        };
        let mut last = (first.wrapping_add(1), 0);
        for &value in values {
            if value != last.0 {
                let known = |number: u32| entries[number as usize] == value;
                let Some(number) = distinct.number(hash_integer(value as u64), known) else {
                    return false;
                };
                if number as usize == entries.len() {
                    entries.push(value);
                }
                last = (value, number);
            }
            indices.push(last.1);
        }
        true
    }
}

fn insert_all(filter: &mut Sbbf, values: &[i64], width: Width) {
    match width {
        Width::Four => values
            .iter()
            .for_each(|value| filter.insert(&(*value as i32))),
        Width::Eight => values.iter().for_each(|value| filter.insert(value)),
    }
}

fn put_plain(out: &mut Vec<u8>, values: &[i64], width: Width) {
    out.reserve(values.len() * width.bytes());
    match width {
        Width::Four => values
            .iter()
            .for_each(|value| out.extend_from_slice(&(*value as i32).to_le_bytes())),
        Width::Eight => values
            .iter()
            .for_each(|value| out.extend_from_slice(&value.to_le_bytes())),
    }
}

fn min_max(values: &[i64]) -> (i64, i64) {
    values
        .iter()
        .fold((i64::MAX, i64::MIN), |(min, max), value| {
            (min.min(*value), max.max(*value))
        })
}

struct IntegerEntries<'a> {
    values: &'a [i64],
    width: Width,
}

impl DictionaryEntries for IntegerEntries<'_> {
    fn len(&self) -> usize {
        self.values.len()
    }

    fn page_bytes(&self) -> usize {
        self.values.len() * self.width.bytes()
    }

    fn put(&self, out: &mut Vec<u8>) {
        put_plain(out, self.values, self.width);
    }

    fn bounds(&self, store: &mut BoundStore, occurs: impl Fn(usize) -> bool) -> Option<Bounds> {
        let mut found: Option<(i64, i64)> = None;
        for (number, &value) in self.values.iter().enumerate() {
            if occurs(number) {
                let (min, max) = found.unwrap_or((value, value));
                found = Some((min.min(value), max.max(value)));
            }
        }
        let (min, max) = found?;
        let (min, max) = (min.to_le_bytes(), max.to_le_bytes());
        let bytes = self.width.bytes();
        Some(store.put_exact(&min[..bytes], &max[..bytes]))
    }
}

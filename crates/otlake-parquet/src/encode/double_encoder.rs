//! `DOUBLE`: a dictionary for few distinct values, else `PLAIN`.

use crate::encode::dictionary_chunk::{self, DictionaryEntries};
use crate::encode::distinct_table::{DistinctTable, hash_integer};
use crate::page::bound_store::{BoundStore, Bounds};
use crate::page::encoding::Encoding;
use crate::page::layout::dense;
use crate::page::page_writer::PageWriter;

/// The number of values after which it is decided whether a column has too many distinct ones; see
/// `integer_encoder.rs`.
const SAMPLE: usize = 1024;

/// Encodes floats of 8 bytes.
#[derive(Debug, Default)]
pub(crate) struct DoubleEncoder {
    /// The values without nulls.
    dense: Vec<f64>,
    dictionary: DoubleDictionary,
}

/// Distinct values, and for each value the index of the distinct one.
#[derive(Debug, Default)]
struct DoubleDictionary {
    entries: Vec<f64>,
    indices: Vec<u32>,
    distinct: DistinctTable,
}

impl DoubleEncoder {
    /// Encodes `values`, which include the slots of nulls, but not only those.
    pub(crate) fn encode(&mut self, values: &[f64], writer: &mut PageWriter<'_>) {
        let values = dense(values, writer.nulls(), &mut self.dense);
        writer.cut(8);
        if self.dictionary.fill(values) {
            let DoubleDictionary {
                entries, indices, ..
            } = &self.dictionary;
            if let Some(filter) = writer.bloom_filter(entries.len()) {
                entries.iter().for_each(|value| filter.insert(value));
            }
            dictionary_chunk::write(writer, &DoubleEntries(entries), indices);
            return;
        }

        if let Some(filter) = writer.bloom_filter(values.len()) {
            values.iter().for_each(|value| filter.insert(value));
        }
        writer.make_room(size_of_val(values));
        for page in 0..writer.pages() {
            let slice = writer.begin_page(page);
            let values = &values[slice.values.clone()];
            put_plain(&mut writer.draft.body, values);
            let bounds = put_bounds(&mut writer.draft.bounds, values.iter().copied());
            writer.end_page(&slice, Encoding::PLAIN, bounds);
        }
    }

    pub(crate) fn memory_size(&self) -> usize {
        let DoubleDictionary {
            entries,
            indices,
            distinct,
        } = &self.dictionary;
        (self.dense.capacity() + entries.capacity()) * size_of::<f64>()
            + indices.capacity() * size_of::<u32>()
            + distinct.memory_size()
    }
}

impl DoubleDictionary {
    /// Finds the distinct values. Returns false if there are too many of them.
    fn fill(&mut self, values: &[f64]) -> bool {
        self.entries.clear();
        self.indices.clear();
        self.distinct.reset((values.len() / 8).clamp(256, 65_536));
        let (sample, rest) = values.split_at(values.len().min(SAMPLE));
        self.add(sample)
            && (self.entries.len() <= 64 || self.entries.len() * 4 <= sample.len())
            && self.add(rest)
    }

    /// Values are equal when their bits are: every NaN and both zeros are read as they were.
    fn add(&mut self, values: &[f64]) -> bool {
        let Self {
            entries,
            indices,
            distinct,
        } = self;
        for value in values {
            let bits = value.to_bits();
            let known = |number: u32| entries[number as usize].to_bits() == bits;
            let Some(number) = distinct.number(hash_integer(bits), known) else {
                return false;
            };
            if number as usize == entries.len() {
                entries.push(*value);
            }
            indices.push(number);
        }
        true
    }
}

fn put_plain(out: &mut Vec<u8>, values: &[f64]) {
    out.reserve(values.len() * 8);
    for value in values {
        out.extend_from_slice(&value.to_le_bytes());
    }
}

/// Adds the bounds of `values`, unless one of them is NaN. The format lets NaN be left out of bounds, but
/// then readers that order NaN after all numbers skip rows that they look for.
///
/// A zero is written with the sign that includes the other one, as the format requires.
fn put_bounds(store: &mut BoundStore, values: impl Iterator<Item = f64>) -> Option<Bounds> {
    let (mut min, mut max) = (f64::INFINITY, f64::NEG_INFINITY);
    let (mut any, mut nan) = (false, false);
    for value in values {
        any = true;
        nan |= value.is_nan();
        min = min.min(value);
        max = max.max(value);
    }
    if !any || nan {
        return None;
    }
    let min = if min == 0.0 { -0.0 } else { min };
    let max = if max == 0.0 { 0.0 } else { max };
    Some(store.put_exact(&min.to_le_bytes(), &max.to_le_bytes()))
}

struct DoubleEntries<'a>(&'a [f64]);

impl DictionaryEntries for DoubleEntries<'_> {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn page_bytes(&self) -> usize {
        size_of_val(self.0)
    }

    fn put(&self, out: &mut Vec<u8>) {
        put_plain(out, self.0);
    }

    fn bounds(&self, store: &mut BoundStore, occurs: impl Fn(usize) -> bool) -> Option<Bounds> {
        let entries = self.0.iter().enumerate();
        let occurring = entries.filter(|(number, _)| occurs(*number));
        put_bounds(store, occurring.map(|(_, value)| *value))
    }
}

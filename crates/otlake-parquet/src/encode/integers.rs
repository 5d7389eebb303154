//! Signed integers: `INT32` and `INT64`, timestamps, dates and times among them.
//!
//! One value → a dictionary of one entry and one run. Few values → a dictionary. Else
//! `DELTA_BINARY_PACKED`, which is small for what counts or ascends; `PLAIN` where it would be larger.

use crate::encode::dictionary::{self, Entries};
use crate::encode::distinct::{Distinct, hash_integer};
use crate::page::bounds;
use crate::page::chunk::{Bounds, Draft, Encoding};
use crate::page::delta::put_delta_binary_packed;
use crate::page::page_writer::Target;

/// A span of values up to which a table by value finds the distinct ones.
const TABLE: usize = 4096;

/// Values after which a column with too many distinct ones is known. Not measured finely: early
/// enough to cost little, late enough to see a stream's usual values.
const SAMPLE: usize = 1024;

/// Buffers of this file.
pub(crate) struct Buffers<'a> {
    pub(crate) indices: &'a mut Vec<u32>,
    pub(crate) entries: &'a mut Vec<i64>,
    pub(crate) numbers: &'a mut Vec<u32>,
    pub(crate) distinct: &'a mut Distinct,
}

/// Encodes `values`, those that are not null, of which there is at least one. `narrow` is `INT32`.
pub(crate) fn draft(
    target: &mut Target<'_>,
    values: &[i64],
    narrow: bool,
    mut buffers: Buffers<'_>,
) {
    let width = if narrow { 4 } else { 8 };
    target.cut(width);
    if find_distinct(values, &mut buffers) {
        let entries = Integers {
            values: buffers.entries,
            width,
        };
        if let Some(bloom) = target.bloom.start(entries.values.len()) {
            entries
                .values
                .iter()
                .for_each(|value| insert(bloom, *value, narrow));
        }
        target.draft.distinct = Some(entries.values.len() as u64);
        dictionary::put(target, &entries, buffers.indices);
        return;
    }

    if let Some(bloom) = target.bloom.start(values.len()) {
        values
            .iter()
            .for_each(|value| insert(bloom, *value, narrow));
    }
    for page in 0..target.pages.slices.len() {
        let slice = target.begin_page(page);
        let values = &values[slice.values.clone()];
        let body = &mut target.draft.body;
        let start = body.len();
        let mut encoding = Encoding::PLAIN;
        if !values.is_empty() {
            put_delta_binary_packed(body, values, narrow);
            encoding = Encoding::DELTA_BINARY_PACKED;
            if body.len() - start > values.len() * width {
                body.truncate(start);
                put_plain(body, values, width);
                encoding = Encoding::PLAIN;
            }
        }
        let bounds = (Integers { values, width }).bounds(target.draft, |_| true);
        target.end_page(&slice, encoding, bounds);
    }
}

fn insert(bloom: &mut parquet::bloom_filter::Sbbf, value: i64, narrow: bool) {
    if narrow {
        bloom.insert(&(value as i32));
    } else {
        bloom.insert(&value);
    }
}

fn put_plain(out: &mut Vec<u8>, values: &[i64], width: usize) {
    out.reserve(values.len() * width);
    if width == 4 {
        values
            .iter()
            .for_each(|value| out.extend_from_slice(&(*value as i32).to_le_bytes()));
    } else {
        values
            .iter()
            .for_each(|value| out.extend_from_slice(&value.to_le_bytes()));
    }
}

/// Fills indices and entries, or says that the values are too many.
fn find_distinct(values: &[i64], buffers: &mut Buffers<'_>) -> bool {
    let Buffers {
        indices,
        entries,
        numbers,
        distinct,
    } = buffers;
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
        numbers.clear();
        numbers.resize(span as usize + 1, u32::MAX);
        for &value in values {
            let number = &mut numbers[value.wrapping_sub(min) as usize];
            if *number == u32::MAX {
                *number = entries.len() as u32;
                entries.push(value);
            }
            indices.push(*number);
        }
        return entries.len() <= limit;
    }

    distinct.reset(limit);
    let (sample, rest) = values.split_at(values.len().min(SAMPLE));
    add(sample, indices, entries, distinct)
        && (entries.len() <= 64 || entries.len() * 4 <= sample.len())
        && add(rest, indices, entries, distinct)
}

/// Appends the indices of `values`, unless there are too many distinct ones.
fn add(
    values: &[i64],
    indices: &mut Vec<u32>,
    entries: &mut Vec<i64>,
    distinct: &mut Distinct,
) -> bool {
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

fn min_max(values: &[i64]) -> (i64, i64) {
    values
        .iter()
        .fold((i64::MAX, i64::MIN), |(min, max), value| {
            (min.min(*value), max.max(*value))
        })
}

struct Integers<'a> {
    values: &'a [i64],
    width: usize,
}

impl Entries for Integers<'_> {
    fn len(&self) -> usize {
        self.values.len()
    }

    fn put(&self, out: &mut Vec<u8>) {
        put_plain(out, self.values, self.width);
    }

    fn bounds(&self, draft: &mut Draft, occurs: impl Fn(usize) -> bool) -> Option<Bounds> {
        let mut found: Option<(i64, i64)> = None;
        for (number, &value) in self.values.iter().enumerate() {
            if occurs(number) {
                let (min, max) = found.unwrap_or((value, value));
                found = Some((min.min(value), max.max(value)));
            }
        }
        let (min, max) = found?;
        let (min, max) = (min.to_le_bytes(), max.to_le_bytes());
        Some(bounds::put_number(
            draft,
            &min[..self.width],
            &max[..self.width],
        ))
    }
}

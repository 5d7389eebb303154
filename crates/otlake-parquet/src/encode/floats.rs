//! `DOUBLE`: a dictionary of few values, else `PLAIN`.

use crate::encode::dictionary::{self, Entries};
use crate::encode::distinct::{Distinct, hash_integer};
use crate::page::bounds;
use crate::page::chunk::{Bounds, Draft, Encoding};
use crate::page::page_writer::Target;

/// Values after which a column with too many distinct ones is known; see `integers.rs`.
const SAMPLE: usize = 1024;

/// Encodes `values`, those that are not null, of which there is at least one.
pub(crate) fn draft(
    target: &mut Target<'_>,
    values: &[f64],
    indices: &mut Vec<u32>,
    entries: &mut Vec<i64>,
    distinct: &mut Distinct,
) {
    target.cut(8);
    indices.clear();
    entries.clear();
    distinct.reset((values.len() / 8).clamp(256, 65_536));
    let (sample, rest) = values.split_at(values.len().min(SAMPLE));
    let few = add(sample, indices, entries, distinct)
        && (entries.len() <= 64 || entries.len() * 4 <= sample.len())
        && add(rest, indices, entries, distinct);
    if few {
        let entries = Bits(entries);
        if let Some(bloom) = target.bloom.start(entries.0.len()) {
            entries.0.iter().for_each(|bits| bloom.insert(bits));
        }
        target.draft.distinct = Some(entries.0.len() as u64);
        dictionary::put(target, &entries, indices);
        return;
    }

    if let Some(bloom) = target.bloom.start(values.len()) {
        values.iter().for_each(|value| bloom.insert(value));
    }
    for page in 0..target.pages.slices.len() {
        let slice = target.begin_page(page);
        let values = &values[slice.values.clone()];
        let body = &mut target.draft.body;
        body.reserve(values.len() * 8);
        values
            .iter()
            .for_each(|value| body.extend_from_slice(&value.to_le_bytes()));
        let bounds = put_bounds(target.draft, values.iter().copied());
        target.end_page(&slice, Encoding::PLAIN, bounds);
    }
}

/// Appends the indices of `values`, unless there are too many distinct ones. Values are the same when
/// their bits are: every NaN and both zeros come back as they were.
fn add(
    values: &[f64],
    indices: &mut Vec<u32>,
    entries: &mut Vec<i64>,
    distinct: &mut Distinct,
) -> bool {
    for value in values {
        let bits = value.to_bits() as i64;
        let known = |number: u32| entries[number as usize] == bits;
        let Some(number) = distinct.number(hash_integer(bits as u64), known) else {
            return false;
        };
        if number as usize == entries.len() {
            entries.push(bits);
        }
        indices.push(number);
    }
    true
}

/// NaN is not counted; a zero is written with the sign that includes the other one, as the format
/// wants it.
fn put_bounds(draft: &mut Draft, values: impl Iterator<Item = f64>) -> Option<Bounds> {
    let (mut min, mut max) = (f64::INFINITY, f64::NEG_INFINITY);
    let mut any = false;
    for value in values {
        any |= !value.is_nan();
        // `f64::min` prefers what is not NaN.
        min = min.min(value);
        max = max.max(value);
    }
    if !any {
        return None;
    }
    let min = if min == 0.0 { -0.0 } else { min };
    let max = if max == 0.0 { 0.0 } else { max };
    Some(bounds::put_number(
        draft,
        &min.to_le_bytes(),
        &max.to_le_bytes(),
    ))
}

/// Entries as bits.
struct Bits<'a>(&'a [i64]);

impl Entries for Bits<'_> {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn put(&self, out: &mut Vec<u8>) {
        self.0
            .iter()
            .for_each(|bits| out.extend_from_slice(&bits.to_le_bytes()));
    }

    fn bounds(&self, draft: &mut Draft, occurs: impl Fn(usize) -> bool) -> Option<Bounds> {
        let occurring = self
            .0
            .iter()
            .enumerate()
            .filter(|(number, _)| occurs(*number));
        put_bounds(
            draft,
            occurring.map(|(_, bits)| f64::from_bits(*bits as u64)),
        )
    }
}

//! `BYTE_ARRAY`: text and bytes that are no dictionary yet.
//!
//! Few values → a dictionary. Else `DELTA_LENGTH_BYTE_ARRAY`: lengths first, packed, then the bytes,
//! which is a copy where `PLAIN` is a loop, and which compresses better because the lengths are out
//! of the way.

use crate::encode::dictionary::{self, Entries};
use crate::encode::distinct::{Distinct, hash_bytes};
use crate::page::bounds;
use crate::page::chunk::{Bounds, Draft, Encoding};
use crate::page::delta::put_delta_binary_packed;
use crate::page::layout;
use crate::page::page_writer::Target;

/// Values after which a column with too many distinct ones is known; see `integers.rs`.
const SAMPLE: usize = 1024;

/// Byte strings of a chunk, those that are not null.
#[derive(Clone, Copy)]
pub(crate) struct Values<'a> {
    pub(crate) bytes: &'a [u8],
    /// Beginning and end of each in `bytes`.
    pub(crate) spans: &'a [(u32, u32)],
    pub(crate) utf8: bool,
}

impl<'a> Values<'a> {
    pub(crate) fn get(&self, number: usize) -> &'a [u8] {
        let (start, end) = self.spans[number];
        &self.bytes[start as usize..end as usize]
    }

    fn len_of(&self, number: usize) -> usize {
        let (start, end) = self.spans[number];
        (end - start) as usize
    }
}

/// Buffers of this file.
pub(crate) struct Buffers<'a> {
    pub(crate) indices: &'a mut Vec<u32>,
    pub(crate) order: &'a mut Vec<u32>,
    pub(crate) lengths: &'a mut Vec<i64>,
    pub(crate) distinct: &'a mut Distinct,
}

/// Encodes `values`, of which there is at least one.
pub(crate) fn draft(target: &mut Target<'_>, values: Values<'_>, buffers: Buffers<'_>) {
    let Buffers {
        indices,
        order,
        lengths,
        distinct,
    } = buffers;
    if find_distinct(target, values, indices, order, distinct) {
        target.cut(4);
        let entries = Strings {
            values,
            order: Some(order),
        };
        put_dictionary(target, &entries, indices);
    } else {
        draft_plain(target, values, lengths);
    }
}

/// Writes a dictionary of `entries`, whose distinct count is theirs.
pub(crate) fn put_dictionary(target: &mut Target<'_>, entries: &Strings<'_>, indices: &[u32]) {
    if let Some(bloom) = target.bloom.start(entries.len()) {
        (0..entries.len()).for_each(|number| bloom.insert(entries.get(number)));
    }
    dictionary::put(target, entries, indices);
    target.draft.distinct = Some(entries.len() as u64);
}

/// Encodes `values` without a dictionary.
pub(crate) fn draft_plain(target: &mut Target<'_>, values: Values<'_>, lengths: &mut Vec<i64>) {
    target.cut(4);
    let page_bytes = target.options.data_page_bytes();
    let levels = target.levels;
    layout::cut_by_bytes(&mut target.pages.slices, levels, page_bytes, |n| {
        values.len_of(n) + 4
    });
    if let Some(bloom) = target.bloom.start(values.spans.len()) {
        (0..values.spans.len()).for_each(|number| bloom.insert(values.get(number)));
    }
    for page in 0..target.pages.slices.len() {
        let slice = target.begin_page(page);
        let values = Values {
            spans: &values.spans[slice.values.clone()],
            ..values
        };
        let body = &mut target.draft.body;
        if !values.spans.is_empty() {
            put_delta_lengths(body, values, lengths);
        }
        let bounds = min_max((0..values.spans.len()).map(|number| values.get(number)))
            .map(|(min, max)| bounds::put(target.draft, min, max, values.utf8));
        let encoding = match bounds {
            Some(_) => Encoding::DELTA_LENGTH_BYTE_ARRAY,
            None => Encoding::PLAIN,
        };
        target.end_page(&slice, encoding, bounds);
    }
}

fn put_delta_lengths(out: &mut Vec<u8>, values: Values<'_>, lengths: &mut Vec<i64>) {
    lengths.clear();
    lengths.extend(
        values
            .spans
            .iter()
            .map(|(start, end)| i64::from(end - start)),
    );
    put_delta_binary_packed(out, lengths, true);
    let (first, last) = (values.spans[0].0, values.spans[values.spans.len() - 1].1);
    let total: i64 = lengths.iter().sum();
    let together = values.spans.windows(2).all(|pair| pair[0].1 == pair[1].0);
    if together {
        out.extend_from_slice(&values.bytes[first as usize..last as usize]);
    } else {
        out.reserve(total as usize);
        (0..values.spans.len()).for_each(|number| out.extend_from_slice(values.get(number)));
    }
}

/// Least and greatest by unsigned bytes. Most comparisons are of the first eight bytes as a number.
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

/// The first eight bytes as a number that orders as they do; shorter values are filled up with zeros,
/// so that equal numbers say nothing.
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

/// Fills indices and the order of the entries, or says that the values are too many.
fn find_distinct(
    target: &Target<'_>,
    values: Values<'_>,
    indices: &mut Vec<u32>,
    order: &mut Vec<u32>,
    distinct: &mut Distinct,
) -> bool {
    indices.clear();
    order.clear();
    let count = values.spans.len();
    distinct.reset((count / 2).clamp(64, 65_536));
    let page_bytes = target.options.dictionary_page_bytes();
    let mut bytes = 0;
    for number in 0..count {
        if number == SAMPLE && order.len() * 2 > SAMPLE {
            return false;
        }
        let value = values.get(number);
        let known = |entry: u32| values.get(order[entry as usize] as usize) == value;
        let Some(index) = distinct.number(hash_bytes(value), known) else {
            return false;
        };
        if index as usize == order.len() {
            order.push(number as u32);
            bytes += value.len() + 4;
            if bytes > page_bytes {
                return false;
            }
        }
        indices.push(index);
    }
    // Few rows: the sample never came to its end.
    order.len() * 2 <= count || count < 4
}

/// Entries that are byte strings: all of `values`, or those that `order` has the numbers of.
pub(crate) struct Strings<'a> {
    pub(crate) values: Values<'a>,
    pub(crate) order: Option<&'a [u32]>,
}

impl<'a> Strings<'a> {
    fn get(&self, number: usize) -> &'a [u8] {
        self.values
            .get(self.order.map_or(number, |order| order[number] as usize))
    }

    /// Their bytes in a dictionary page.
    pub(crate) fn bytes(&self) -> usize {
        (0..self.len())
            .map(|number| self.get(number).len() + 4)
            .sum()
    }

    /// The bytes of the values that `indices` stand for.
    pub(crate) fn bytes_of(&self, indices: &[u32]) -> usize {
        let indices = indices.iter();
        indices.map(|index| self.get(*index as usize).len()).sum()
    }
}

impl Entries for Strings<'_> {
    fn len(&self) -> usize {
        self.order.map_or(self.values.spans.len(), <[u32]>::len)
    }

    fn put(&self, out: &mut Vec<u8>) {
        for number in 0..self.len() {
            let value = self.get(number);
            out.extend_from_slice(&(value.len() as u32).to_le_bytes());
            out.extend_from_slice(value);
        }
    }

    fn bounds(&self, draft: &mut Draft, occurs: impl Fn(usize) -> bool) -> Option<Bounds> {
        let occurring = (0..self.len()).filter(|number| occurs(*number));
        let (min, max) = min_max(occurring.map(|number| self.get(number)))?;
        Some(bounds::put(draft, min, max, self.values.utf8))
    }
}

//! Arrow dictionaries: their keys become indices, their values the dictionary page, and neither is
//! hashed.

use crate::encode::dictionary::mark;
use crate::encode::distinct::{Distinct, hash_bytes};
use crate::encode::strings::{self, Strings, Values};
use crate::page::page_writer::Target;

/// Entries up to which a dictionary is always searched for duplicates; beyond, when it is small
/// against the rows. A duplicate is no error in Parquet, but the distinct count must not lie.
const SEARCHED: usize = 64;

/// Buffers of this file.
pub(crate) struct Buffers<'a> {
    pub(crate) used: &'a mut Vec<u8>,
    pub(crate) numbers: &'a mut Vec<u32>,
    pub(crate) order: &'a mut Vec<u32>,
    pub(crate) indices: &'a mut Vec<u32>,
    pub(crate) lengths: &'a mut Vec<i64>,
    pub(crate) distinct: &'a mut Distinct,
}

/// A dictionary beyond the size of its page is written nevertheless when its values, each as often as it
/// occurs, are more bytes than so many times it: a few that are very long, in many rows. Not measured.
const WORTH: usize = 4;

/// Whether the values that `keys` stand for are better written without the dictionary.
fn is_too_large(target: &Target<'_>, entries: &Strings<'_>, keys: &[u32]) -> bool {
    let bytes = entries.bytes();
    bytes > target.options.dictionary_page_bytes() && entries.bytes_of(keys) <= bytes * WORTH
}

/// Encodes `keys`, those that are not null, of which there is at least one, of the dictionary
/// `values`, of which none is null.
pub(crate) fn draft(
    target: &mut Target<'_>,
    keys: &[u32],
    values: Values<'_>,
    buffers: Buffers<'_>,
) {
    let Buffers {
        used,
        numbers,
        order,
        indices,
        lengths,
        distinct,
    } = buffers;
    let count = values.spans.len();
    used.clear();
    used.resize(count, 0);
    let occurring = mark(used, keys);

    // Nearly as many entries as rows, or too many bytes of them: the detour is larger than the way.
    let entries = Strings {
        values,
        order: None,
    };
    let unique = occurring > 64 && occurring * 4 > keys.len() * 3;
    if unique || (occurring == count && is_too_large(target, &entries, keys)) {
        let spans: Vec<_> = keys.iter().map(|key| values.spans[*key as usize]).collect();
        strings::draft_plain(
            target,
            Values {
                spans: &spans,
                ..values
            },
            lengths,
        );
        return;
    }

    let search = occurring <= SEARCHED.max(keys.len() / 16);
    numbers.clear();
    order.clear();
    if search {
        distinct.reset(occurring);
    }
    let mut known = search;
    let mut renumbered = occurring != count;
    for (number, seen) in used.iter().enumerate() {
        if *seen == 0 {
            numbers.push(u32::MAX);
            continue;
        }
        let value = values.get(number);
        let next = order.len() as u32;
        let mut index = next;
        if known {
            let equal = |entry: u32| values.get(order[entry as usize] as usize) == value;
            match distinct.number(hash_bytes(value), equal) {
                Some(found) => index = found,
                // Values that collide on purpose: go on without.
                None => known = false,
            }
        }
        if index == next {
            order.push(number as u32);
        } else {
            renumbered = true;
        }
        numbers.push(index);
    }
    let keys = if renumbered {
        indices.clear();
        indices.extend(keys.iter().map(|key| numbers[*key as usize]));
        indices
    } else {
        keys
    };
    let entries = Strings {
        values,
        order: renumbered.then_some(&**order),
    };
    if renumbered && is_too_large(target, &entries, keys) {
        let spans: Vec<_> = keys
            .iter()
            .map(|index| values.spans[order[*index as usize] as usize])
            .collect();
        strings::draft_plain(
            target,
            Values {
                spans: &spans,
                ..values
            },
            lengths,
        );
        return;
    }
    target.cut(4);
    strings::put_dictionary(target, &entries, keys);
    if !known {
        target.draft.distinct = None;
    }
}

//! Which encoder an array of a flat type goes to.

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int32Type};
use arrow_array::{Array, ArrayRef};
use arrow_buffer::{Buffer, NullBuffer, ScalarBuffer};
use arrow_schema::{DataType, TimeUnit};

use crate::encode::strings::Values;
use crate::encode::{booleans, dictionary_array, floats, integers, strings};
use crate::page::layout::dense;
use crate::page::page_writer::{Scratch, Target};

/// Types whose values are laid out and encoded in the same way.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Family {
    Booleans,
    Doubles,
    /// Of 4 bytes, which is `INT32`.
    NarrowIntegers,
    /// Of 8 bytes, which is `INT64`.
    WideIntegers,
    Strings,
    Dictionaries,
}

impl Family {
    /// The family of a type; none if it has no encoder here.
    pub(crate) fn of(data_type: &DataType) -> Option<Self> {
        use DataType as T;
        use TimeUnit::{Microsecond, Millisecond, Nanosecond};
        Some(match data_type {
            T::Boolean => Self::Booleans,
            T::Float64 => Self::Doubles,
            T::Int32 | T::Date32 | T::Time32(Millisecond) => Self::NarrowIntegers,
            T::Int64
            | T::Timestamp(Millisecond | Microsecond | Nanosecond, _)
            | T::Time64(Microsecond | Nanosecond) => Self::WideIntegers,
            T::Utf8 | T::Binary => Self::Strings,
            T::Dictionary(key, value) => match (&**key, &**value) {
                (T::Int32, T::Utf8 | T::Binary) => Self::Dictionaries,
                _ => return None,
            },
            _ => return None,
        })
    }
}

/// Drafts the chunk of `array`, which is of the family and of which at least one slot has a value.
pub(crate) fn draft(
    target: &mut Target<'_>,
    scratch: &mut Scratch,
    array: &ArrayRef,
    family: Family,
) {
    match family {
        Family::Booleans => booleans::draft(target, array.as_boolean().values()),
        Family::Doubles => {
            let values = dense(
                array.as_primitive::<Float64Type>().values(),
                target.levels.nulls(),
                &mut scratch.floats,
            );
            let Scratch {
                indices,
                entries,
                distinct,
                ..
            } = scratch;
            floats::draft(target, values, indices, entries, distinct);
        }
        // Whatever the integers stand for.
        Family::NarrowIntegers => {
            let data = array.to_data();
            draft_narrow(target, scratch, &data.buffer(0)[..data.len()]);
        }
        Family::WideIntegers => {
            let data = array.to_data();
            let values = dense(
                &data.buffer(0)[..data.len()],
                target.levels.nulls(),
                &mut scratch.integers,
            );
            let buffers = integers::Buffers {
                indices: &mut scratch.indices,
                entries: &mut scratch.entries,
                numbers: &mut scratch.numbers,
                distinct: &mut scratch.distinct,
            };
            integers::draft(target, values, false, buffers);
        }
        Family::Strings => match array.data_type() {
            DataType::Utf8 => {
                let strings = array.as_string::<i32>();
                draft_strings(target, scratch, strings.offsets(), strings.values(), true);
            }
            _ => {
                let strings = array.as_binary::<i32>();
                draft_strings(target, scratch, strings.offsets(), strings.values(), false);
            }
        },
        Family::Dictionaries => draft_dictionary(target, scratch, array),
    }
}

fn draft_narrow(target: &mut Target<'_>, scratch: &mut Scratch, values: &[i32]) {
    let values = dense(values, target.levels.nulls(), &mut scratch.narrow);
    scratch.integers.clear();
    scratch
        .integers
        .extend(values.iter().map(|value| i64::from(*value)));
    let buffers = integers::Buffers {
        indices: &mut scratch.indices,
        entries: &mut scratch.entries,
        numbers: &mut scratch.numbers,
        distinct: &mut scratch.distinct,
    };
    integers::draft(target, &scratch.integers, true, buffers);
}

fn draft_strings(
    target: &mut Target<'_>,
    scratch: &mut Scratch,
    offsets: &[i32],
    bytes: &[u8],
    utf8: bool,
) {
    let Scratch {
        spans,
        indices,
        order,
        lengths,
        distinct,
        ..
    } = scratch;
    put_spans(spans, offsets, target.levels.nulls());
    let buffers = strings::Buffers {
        indices,
        order,
        lengths,
        distinct,
    };
    strings::draft(target, Values { bytes, spans, utf8 }, buffers);
}

/// The beginnings and ends of the strings that are not null.
fn put_spans(spans: &mut Vec<(u32, u32)>, offsets: &[i32], nulls: Option<&NullBuffer>) {
    spans.clear();
    let span = |row: usize| (offsets[row] as u32, offsets[row + 1] as u32);
    match nulls {
        None => spans.extend(
            offsets
                .windows(2)
                .map(|pair| (pair[0] as u32, pair[1] as u32)),
        ),
        Some(nulls) => spans.extend(nulls.valid_indices().map(span)),
    }
}

fn draft_dictionary(target: &mut Target<'_>, scratch: &mut Scratch, array: &ArrayRef) {
    let dictionary = array.as_dictionary::<Int32Type>();
    let values = dictionary.values();
    let (offsets, bytes, utf8): (&[i32], &[u8], bool) = match values.data_type() {
        DataType::Utf8 => {
            let strings = values.as_string::<i32>();
            (strings.offsets(), strings.values(), true)
        }
        _ => {
            let strings = values.as_binary::<i32>();
            (strings.offsets(), strings.values(), false)
        }
    };
    let Scratch {
        spans,
        lengths,
        keys: buffer,
        indices,
        numbers,
        used,
        order,
        distinct,
        ..
    } = scratch;
    let keys = dictionary.keys().values();
    if values.null_count() > 0 {
        // A key of a null value is a null row, which the target's nulls count already. Rare enough to
        // look at every string.
        let span = |key: i32| {
            (
                offsets[key as usize] as u32,
                offsets[key as usize + 1] as u32,
            )
        };
        spans.clear();
        let keys = dense(keys, target.levels.nulls(), &mut scratch.narrow);
        spans.extend(keys.iter().map(|key| span(*key)));
        let buffers = strings::Buffers {
            indices,
            order,
            lengths,
            distinct,
        };
        strings::draft(target, Values { bytes, spans, utf8 }, buffers);
        return;
    }
    put_spans(spans, offsets, None);
    // Keys of rows that are not null are not negative, so their bits are those of unsigned ones.
    let unsigned: ScalarBuffer<u32> = Buffer::clone(keys.inner()).into();
    let keys = dense(&unsigned, target.levels.nulls(), buffer);
    let buffers = dictionary_array::Buffers {
        used,
        numbers,
        order,
        indices,
        lengths,
        distinct,
    };
    dictionary_array::draft(target, keys, Values { bytes, spans, utf8 }, buffers);
}

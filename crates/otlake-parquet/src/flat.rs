//! Which encoder an array of a flat type goes to.

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Float64Type, Int32Type, Int64Type, Time32MillisecondType, Time64MicrosecondType,
    Time64NanosecondType, TimestampMicrosecondType, TimestampMillisecondType,
    TimestampNanosecondType,
};
use arrow_array::{Array, ArrayRef};
use arrow_buffer::{Buffer, NullBuffer, ScalarBuffer};
use arrow_schema::{DataType, TimeUnit};

use crate::layout::dense;
use crate::strings::Values;
use crate::target::{Scratch, Target};
use crate::{booleans, floats, integers, keys, strings};

/// Drafts the chunk of `array`, in which not all rows are null, or says that its type has no encoder
/// here.
pub(crate) fn draft(target: &mut Target<'_>, scratch: &mut Scratch, array: &ArrayRef) -> bool {
    match array.data_type() {
        DataType::Boolean => booleans::draft(target, array.as_boolean().values()),
        DataType::Float64 => {
            let values = dense(
                array.as_primitive::<Float64Type>().values(),
                target.nulls,
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
        DataType::Int32 => {
            draft_narrow(target, scratch, array.as_primitive::<Int32Type>().values());
        }
        DataType::Date32 => {
            draft_narrow(target, scratch, array.as_primitive::<Date32Type>().values());
        }
        DataType::Time32(TimeUnit::Millisecond) => {
            draft_narrow(
                target,
                scratch,
                array.as_primitive::<Time32MillisecondType>().values(),
            );
        }
        DataType::Utf8 => {
            let strings = array.as_string::<i32>();
            draft_strings(target, scratch, strings.offsets(), strings.values(), true);
        }
        DataType::Binary => {
            let strings = array.as_binary::<i32>();
            draft_strings(target, scratch, strings.offsets(), strings.values(), false);
        }
        DataType::Dictionary(key, value) if **key == DataType::Int32 => match **value {
            DataType::Utf8 | DataType::Binary => draft_dictionary(target, scratch, array),
            _ => return false,
        },
        _ => match wide(array) {
            Some(values) => {
                let values = dense(values, target.nulls, &mut scratch.integers);
                let buffers = integers::Buffers {
                    indices: &mut scratch.indices,
                    entries: &mut scratch.entries,
                    numbers: &mut scratch.numbers,
                    distinct: &mut scratch.distinct,
                };
                integers::draft(target, values, false, buffers);
            }
            None => return false,
        },
    }
    true
}

/// The values of a type that Parquet has as signed `INT64`.
fn wide(array: &ArrayRef) -> Option<&[i64]> {
    Some(match array.data_type() {
        DataType::Int64 => array.as_primitive::<Int64Type>().values(),
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            array.as_primitive::<TimestampMicrosecondType>().values()
        }
        DataType::Timestamp(TimeUnit::Nanosecond, _) => {
            array.as_primitive::<TimestampNanosecondType>().values()
        }
        DataType::Timestamp(TimeUnit::Millisecond, _) => {
            array.as_primitive::<TimestampMillisecondType>().values()
        }
        DataType::Time64(TimeUnit::Microsecond) => {
            array.as_primitive::<Time64MicrosecondType>().values()
        }
        DataType::Time64(TimeUnit::Nanosecond) => {
            array.as_primitive::<Time64NanosecondType>().values()
        }
        _ => return None,
    })
}

fn draft_narrow(target: &mut Target<'_>, scratch: &mut Scratch, values: &[i32]) {
    let values = dense(values, target.nulls, &mut scratch.narrow);
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
    put_spans(spans, offsets, target.nulls);
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
        let keys = dense(keys, target.nulls, &mut scratch.narrow);
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
    let keys = dense(&unsigned, target.nulls, buffer);
    let buffers = keys::Buffers {
        used,
        numbers,
        order,
        indices,
        lengths,
        distinct,
    };
    keys::draft(target, keys, Values { bytes, spans, utf8 }, buffers);
}

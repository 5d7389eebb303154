//! Copies text and bytes, with and without dictionaries.

use std::sync::Arc;

use arrow_array::builder::NullBufferBuilder;
use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use arrow_array::{Array, ArrayRef, BinaryArray, DictionaryArray, Int32Array, StringArray};
use arrow_buffer::{Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow_schema::{ArrowError, DataType};
use arrow_select::take::take;
use foldhash::{HashMap, HashMapExt};

use super::rows::{RowRange, push_nulls};

/// Text or bytes of a block.
enum Strings<'a> {
    Plain(Values<'a>),
    Dictionary {
        keys: &'a [i32],
        nulls: Option<&'a NullBuffer>,
        values: Values<'a>,
        /// The number that each value has in the new dictionary.
        numbers: Vec<i32>,
    },
}

/// Dictionaries are kept if copying each value to its rows takes more than this many times their bytes. An estimate: a
/// text that occurs twice is not worth a hash look-up.
const MIN_EXPANSION: usize = 4;

/// A value that no row had so far.
const UNSEEN: i32 = -1;

/// Copies text and bytes. If blocks have dictionaries, their keys are copied and their values merged, and each value is
/// hashed once per block, not once per row. `interleave` may concatenate dictionaries instead, and the duplicates would
/// end up in the dictionary page.
pub(crate) fn copy_strings(
    data_type: &DataType,
    columns: &[Option<&ArrayRef>],
    ranges: &[RowRange],
    rows: usize,
) -> Result<ArrayRef, ArrowError> {
    // Values of arrays whose dictionaries have nulls.
    let mut taken: Vec<Option<ArrayRef>> = Vec::with_capacity(columns.len());
    for column in columns {
        let dictionary = column.and_then(|array| array.as_dictionary_opt::<Int32Type>());
        taken.push(match dictionary {
            Some(dictionary) if dictionary.values().null_count() > 0 => {
                Some(take(dictionary.values(), dictionary.keys(), None)?)
            }
            _ => None,
        });
    }
    let mut blocks = Vec::with_capacity(columns.len());
    for (column, taken) in columns.iter().zip(&taken) {
        blocks.push(match taken.as_ref().or(*column) {
            None => None,
            Some(array) => Some(Strings::of(array)?),
        });
    }
    let is_dictionary = |block: &Strings<'_>| matches!(block, Strings::Dictionary { .. });
    if blocks.iter().flatten().all(is_dictionary) {
        return copy_dictionary(data_type, &mut blocks, ranges, rows);
    }
    let copies = bytes_of_copies(&blocks, ranges);
    let sources = blocks.iter().flatten().map(Strings::bytes).sum();
    let has_dictionary = blocks.iter().flatten().any(is_dictionary);
    if has_dictionary && keeps_dictionaries(copies, sources) {
        copy_dictionary(data_type, &mut blocks, ranges, rows)
    } else {
        copy_plain(data_type, &blocks, ranges, copies, rows)
    }
}

/// Returns text or bytes without their dictionary, if that has more than half as many values as rows, and copies of the values
/// to the rows take at most four times as much memory. All other arrays stay as they are.
pub(crate) fn without_needless_dictionary(array: ArrayRef) -> Result<ArrayRef, ArrowError> {
    let Some(dictionary) = array.as_dictionary_opt::<Int32Type>() else {
        return Ok(array);
    };
    let rows = u32::try_from(dictionary.len());
    let Some(rows) = rows
        .ok()
        .filter(|_| dictionary.values().len() * 2 > dictionary.len())
    else {
        return Ok(array);
    };
    // A few of the values may be long, and most rows may have these.
    let blocks = [Some(Strings::of(&array)?)];
    let all = RowRange {
        block: 0,
        start: 0,
        rows,
    };
    let sources = blocks.iter().flatten().map(Strings::bytes).sum();
    if keeps_dictionaries(bytes_of_copies(&blocks, &[all]), sources) {
        return Ok(array);
    }
    take(dictionary.values(), dictionary.keys(), None)
}

/// Returns whether dictionaries are kept if values of `sources` bytes become copies of `copies` bytes. A few rows with a
/// dictionary of very long values must not become long, and copies of more than 2 GiB do not fit into an array.
fn keeps_dictionaries(copies: usize, sources: usize) -> bool {
    i32::try_from(copies).is_err() || copies / MIN_EXPANSION > sources
}

/// Returns the bytes that the values of all rows have together.
fn bytes_of_copies(blocks: &[Option<Strings<'_>>], ranges: &[RowRange]) -> usize {
    let bytes = ranges.iter().map(|range| {
        match &blocks[range.block as usize] {
            None => 0,
            Some(Strings::Plain(values)) => values.range(range.indexes()).len(),
            Some(Strings::Dictionary { keys, values, .. }) if !values.is_empty() => {
                // The key of a null row may be any number.
                let last = values.len() - 1;
                let keys = keys[range.indexes()].iter();
                keys.map(|key| values.get((*key as usize).min(last)).len())
                    .sum()
            }
            Some(Strings::Dictionary { .. }) => 0,
        }
    });
    bytes.fold(0, usize::saturating_add)
}

fn copy_plain(
    data_type: &DataType,
    blocks: &[Option<Strings<'_>>],
    ranges: &[RowRange],
    total: usize,
    rows: usize,
) -> Result<ArrayRef, ArrowError> {
    if i32::try_from(total).is_err() {
        return Err(ArrowError::OffsetOverflowError(total));
    }
    let mut offsets = Vec::with_capacity(rows + 1);
    offsets.push(0);
    let mut bytes: Vec<u8> = Vec::with_capacity(total);
    let mut nulls = NullBufferBuilder::new(rows);
    for range in ranges {
        match &blocks[range.block as usize] {
            None => {
                offsets.resize(offsets.len() + range.rows as usize, bytes.len() as i32);
                nulls.append_n_nulls(range.rows as usize);
            }
            Some(Strings::Plain(values)) => {
                let (start, indexes) = (bytes.len() as i32, range.indexes());
                bytes.extend_from_slice(values.range(indexes.clone()));
                let from = values.offsets[indexes.start];
                let ends = &values.offsets[indexes.start + 1..=indexes.end];
                offsets.extend(ends.iter().map(|end| end - from + start));
                push_nulls(&mut nulls, values.nulls, *range);
            }
            Some(Strings::Dictionary {
                keys,
                nulls: key_nulls,
                values,
                ..
            }) => {
                for row in range.indexes() {
                    if key_nulls.is_none_or(|nulls| nulls.is_valid(row)) {
                        bytes.extend_from_slice(values.get(keys[row] as usize));
                    }
                    offsets.push(bytes.len() as i32);
                }
                push_nulls(&mut nulls, *key_nulls, *range);
            }
        }
    }
    string_array(data_type, offsets, bytes, nulls.finish())
}

fn copy_dictionary(
    data_type: &DataType,
    blocks: &mut [Option<Strings<'_>>],
    ranges: &[RowRange],
    rows: usize,
) -> Result<ArrayRef, ArrowError> {
    let mut merged = MergedDictionary {
        numbers: HashMap::new(),
        values: Vec::new(),
    };
    let mut keys: Vec<i32> = Vec::with_capacity(rows);
    let mut nulls = NullBufferBuilder::new(rows);
    for range in ranges {
        match &mut blocks[range.block as usize] {
            None => {
                keys.resize(keys.len() + range.rows as usize, 0);
                nulls.append_n_nulls(range.rows as usize);
            }
            Some(Strings::Plain(values)) => {
                keys.extend(range.indexes().map(|row| {
                    let is_valid = values.nulls.is_none_or(|nulls| nulls.is_valid(row));
                    if is_valid {
                        merged.number(values.get(row))
                    } else {
                        0
                    }
                }));
                push_nulls(&mut nulls, values.nulls, *range);
            }
            Some(Strings::Dictionary {
                keys: from,
                nulls: from_nulls,
                values,
                numbers,
            }) => {
                let mut number = |key: i32| {
                    let number = &mut numbers[key as usize];
                    if *number == UNSEEN {
                        *number = merged.number(values.get(key as usize));
                    }
                    *number
                };
                let from = &from[range.indexes()];
                match from_nulls {
                    None => keys.extend(from.iter().map(|key| number(*key))),
                    Some(nulls) => keys.extend(range.indexes().zip(from).map(|(row, key)| {
                        if nulls.is_valid(row) { number(*key) } else { 0 }
                    })),
                }
                push_nulls(&mut nulls, *from_nulls, *range);
            }
        }
    }
    let values = merged.values;
    let total = values.iter().map(|value| value.len()).sum();
    if i32::try_from(total).is_err() {
        return Err(ArrowError::OffsetOverflowError(total));
    }
    let offsets = OffsetBuffer::<i32>::from_lengths(values.iter().map(|value| value.len()));
    let values = string_array(
        data_type,
        offsets.into_inner().to_vec(),
        values.concat(),
        None,
    )?;
    let keys = Int32Array::try_new(ScalarBuffer::from(keys), nulls.finish())?;
    Ok(Arc::new(DictionaryArray::try_new(keys, values)?))
}

fn string_array(
    data_type: &DataType,
    offsets: Vec<i32>,
    bytes: Vec<u8>,
    nulls: Option<NullBuffer>,
) -> Result<ArrayRef, ArrowError> {
    let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets));
    let bytes = Buffer::from_vec(bytes);
    Ok(match data_type {
        DataType::Binary => Arc::new(BinaryArray::try_new(offsets, bytes, nulls)?),
        _ => Arc::new(StringArray::try_new(offsets, bytes, nulls)?),
    })
}

/// A dictionary of the values of several blocks.
struct MergedDictionary<'a> {
    numbers: HashMap<&'a [u8], i32>,
    values: Vec<&'a [u8]>,
}

impl<'a> MergedDictionary<'a> {
    fn number(&mut self, value: &'a [u8]) -> i32 {
        *self.numbers.entry(value).or_insert_with(|| {
            self.values.push(value);
            self.values.len() as i32 - 1
        })
    }
}

impl<'a> Strings<'a> {
    fn of(array: &'a ArrayRef) -> Result<Self, ArrowError> {
        let Some(dictionary) = array.as_dictionary_opt::<Int32Type>() else {
            return Ok(Self::Plain(Values::of(array)?));
        };
        let values = Values::of(dictionary.values())?;
        Ok(Self::Dictionary {
            keys: dictionary.keys().values(),
            nulls: dictionary.keys().nulls(),
            values,
            numbers: vec![UNSEEN; values.len()],
        })
    }

    fn bytes(&self) -> usize {
        match self {
            Self::Plain(values) | Self::Dictionary { values, .. } => {
                values.range(0..values.len()).len()
            }
        }
    }
}

/// An array of text or bytes.
#[derive(Clone, Copy)]
pub(crate) struct Values<'a> {
    pub(crate) offsets: &'a [i32],
    bytes: &'a [u8],
    pub(crate) nulls: Option<&'a NullBuffer>,
}

impl<'a> Values<'a> {
    pub(crate) fn of(array: &'a ArrayRef) -> Result<Self, ArrowError> {
        let (offsets, bytes) = match array.data_type() {
            DataType::Utf8 => {
                let array = array.as_string::<i32>();
                (array.value_offsets(), array.value_data())
            }
            DataType::Binary => {
                let array = array.as_binary::<i32>();
                (array.value_offsets(), array.value_data())
            }
            other => {
                let fault = format!("{other} as text or bytes");
                return Err(ArrowError::NotYetImplemented(fault));
            }
        };
        Ok(Self {
            offsets,
            bytes,
            nulls: array.nulls(),
        })
    }

    pub(crate) fn len(&self) -> usize {
        self.offsets.len() - 1
    }

    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns a value, whether it is null or not.
    pub(crate) fn get(&self, number: usize) -> &'a [u8] {
        self.range(number..number + 1)
    }

    pub(crate) fn range(&self, range: std::ops::Range<usize>) -> &'a [u8] {
        &self.bytes[self.offsets[range.start] as usize..self.offsets[range.end] as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A dictionary with almost as many values as rows is not worth it, unless one of the values is long and most rows have it:
    /// 2,050 copies of it would be too many bytes for an array.
    #[test]
    fn dictionaries_are_left_out_where_copies_are_as_small() {
        for (long, is_kept) in [("y".repeat(8), false), ("x".repeat(1 << 20), true)] {
            let short: Vec<String> = (0..2_050).map(|number| number.to_string()).collect();
            let rows = short.iter().chain(std::iter::repeat_n(&long, 2_050));
            let dictionary: DictionaryArray<Int32Type> = rows.map(|text| Some(&**text)).collect();
            assert_eq!(dictionary.values().len(), 2_051);
            let array = without_needless_dictionary(Arc::new(dictionary)).unwrap();
            assert_eq!(array.len(), 4_100);
            assert_eq!(array.as_dictionary_opt::<Int32Type>().is_some(), is_kept);
        }
    }

    #[test]
    fn dictionaries_are_kept_where_copies_would_not_fit() {
        assert!(!keeps_dictionaries(3_000, 1_000));
        assert!(keeps_dictionaries(5_000, 1_000));
        assert!(keeps_dictionaries(3 << 30, 1 << 30));
    }
}

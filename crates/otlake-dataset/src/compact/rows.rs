//! Rows as columns, and copies of some of them in another order.

use std::io::Write;
use std::sync::Arc;

use arrow_array::builder::NullBufferBuilder;
use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use arrow_array::{
    Array, ArrayRef, BinaryArray, DictionaryArray, Int32Array, Int64Array, StringArray, make_array,
    new_null_array,
};
use arrow_buffer::{Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow_schema::{ArrowError, DataType, FieldRef};
use arrow_select::interleave::interleave;
use arrow_select::take::take;
use foldhash::{HashMap, HashMapExt};
use otlake_parquet::{Encoder, FileWriter};

use super::error::CompactionError;

/// Some rows of a file.
#[derive(Clone, Debug)]
pub(crate) struct RowBlock {
    pub(crate) rows: usize,
    /// The columns by their numbers in [`Columns`](super::columns::Columns). A column that is `None` or absent is null
    /// in all rows.
    pub(crate) columns: Vec<Option<ArrayRef>>,
}

/// Consecutive rows of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RowRange {
    pub(crate) block: u32,
    pub(crate) start: u32,
    pub(crate) rows: u32,
}

impl RowBlock {
    pub(crate) fn column(&self, number: usize) -> Option<&ArrayRef> {
        self.columns.get(number)?.as_ref()
    }

    /// Returns the bytes of memory that the rows take.
    pub(crate) fn memory_size(&self) -> usize {
        let columns = self.columns.iter().flatten();
        columns
            .map(|column| column.get_array_memory_size())
            .sum::<usize>()
            + self.columns.capacity() * size_of::<Option<ArrayRef>>()
    }
}

impl RowRange {
    fn indexes(self) -> std::ops::Range<usize> {
        let start = self.start as usize;
        start..start + self.rows as usize
    }
}

/// Returns the number of rows in ranges.
pub(crate) fn count(ranges: &[RowRange]) -> usize {
    ranges
        .iter()
        .map(|range| range.rows as usize)
        .sum::<usize>()
}

/// Appends rows of a block, if possible as part of the last range.
pub(crate) fn push(ranges: &mut Vec<RowRange>, block: u32, start: u32, rows: u32) {
    if let Some(last) = ranges.last_mut()
        && last.block == block
        && last.start + last.rows == start
    {
        last.rows += rows;
        return;
    }
    ranges.push(RowRange { block, start, rows });
}

/// Divides ranges into groups of `rows` rows, the last of which may have fewer.
pub(crate) fn groups_of(ranges: &[RowRange], rows: usize) -> impl Iterator<Item = Vec<RowRange>> {
    let mut rest = ranges.iter().copied();
    let mut begun: Option<RowRange> = None;
    std::iter::from_fn(move || {
        let (mut group, mut room) = (Vec::new(), rows);
        while room > 0 {
            let Some(mut range) = begun.take().or_else(|| rest.next()) else {
                break;
            };
            if range.rows as usize > room {
                let mut later = range;
                later.start += room as u32;
                later.rows -= room as u32;
                begun = Some(later);
                range.rows = room as u32;
            }
            room -= range.rows as usize;
            group.push(range);
        }
        (!group.is_empty()).then_some(group)
    })
}

/// The rows of a row group, which are in several blocks.
pub(crate) struct RowGroup<'a> {
    fields: &'a [FieldRef],
    blocks: &'a [&'a RowBlock],
    ranges: &'a [RowRange],
    rows: usize,
}

impl<'a> RowGroup<'a> {
    pub(crate) fn new(
        fields: &'a [FieldRef],
        blocks: &'a [&'a RowBlock],
        ranges: &'a [RowRange],
    ) -> Self {
        let rows = count(ranges);
        Self {
            fields,
            blocks,
            ranges,
            rows,
        }
    }

    /// Copies the rows in the order of the ranges, column by column, and writes them. Columns without values are left
    /// out.
    pub(crate) fn write<W: Write>(
        &self,
        file: &mut FileWriter<W>,
        encoder: &mut Encoder,
    ) -> Result<(), CompactionError> {
        let has_values = |number: &usize| {
            let mut blocks = self.blocks.iter();
            blocks.any(|block| block.column(*number).is_some())
        };
        let numbers: Vec<usize> = (0..self.fields.len()).filter(has_values).collect();
        let fields = numbers.iter().map(|number| &*self.fields[*number]);
        let mut columns: Vec<Option<&ArrayRef>> = Vec::with_capacity(self.blocks.len());
        file.write_columns(encoder, self.rows, fields, |place| {
            let number = numbers[place];
            columns.clear();
            columns.extend(self.blocks.iter().map(|block| block.column(number)));
            let data_type = self.fields[number].data_type();
            let array = copy_column(data_type, &columns, self.ranges, self.rows)?;
            Ok::<_, CompactionError>(array)
        })
    }
}

/// The sizes of the rows of some blocks.
pub(crate) struct RowSizes<'a> {
    blocks: Vec<BlockSizes<'a>>,
}

struct BlockSizes<'a> {
    /// The offsets of text and bytes without a dictionary.
    offsets: Vec<&'a [i32]>,
    /// The bytes of a row on average, without these.
    row: usize,
}

impl<'a> RowSizes<'a> {
    pub(crate) fn of(blocks: &[&'a RowBlock]) -> Self {
        let blocks = blocks.iter().map(|block| {
            let mut bytes = block.memory_size();
            let mut offsets = Vec::new();
            for array in block.columns.iter().flatten() {
                if let DataType::Utf8 | DataType::Binary = array.data_type()
                    && let Ok(values) = Values::of(array)
                {
                    bytes = bytes.saturating_sub(values.range(0..values.len()).len());
                    offsets.push(values.offsets);
                }
            }
            let row = bytes / block.rows.max(1);
            BlockSizes { offsets, row }
        });
        Self {
            blocks: blocks.collect(),
        }
    }

    /// Returns roughly how many bytes copies of the rows take.
    pub(crate) fn bytes(&self, ranges: &[RowRange]) -> usize {
        let bytes = ranges.iter().map(|range| {
            let (BlockSizes { offsets, row }, indexes) =
                (&self.blocks[range.block as usize], range.indexes());
            let texts = offsets.iter();
            let texts =
                texts.map(|offsets| (offsets[indexes.end] - offsets[indexes.start]) as usize);
            texts.sum::<usize>() + row * indexes.len()
        });
        bytes.sum()
    }
}

fn copy_column(
    data_type: &DataType,
    columns: &[Option<&ArrayRef>],
    ranges: &[RowRange],
    rows: usize,
) -> Result<ArrayRef, ArrowError> {
    use DataType as T;
    match data_type {
        T::Int64
        | T::UInt64
        | T::Float64
        | T::Timestamp(..)
        | T::Time64(_)
        | T::Date64
        | T::Duration(_) => copy_numbers(data_type, columns, ranges, rows),
        T::Utf8 | T::Binary => copy_strings(data_type, columns, ranges, rows),
        _ => copy_any(data_type, columns, ranges, rows),
    }
}

/// Copies the values of any type, one by one.
fn copy_any(
    data_type: &DataType,
    columns: &[Option<&ArrayRef>],
    ranges: &[RowRange],
    rows: usize,
) -> Result<ArrayRef, ArrowError> {
    let nulls = new_null_array(data_type, 1);
    let arrays = columns.iter().map(|column| column.unwrap_or(&nulls));
    let arrays: Vec<&dyn Array> = arrays.map(AsRef::as_ref).collect();
    let mut positions = Vec::with_capacity(rows);
    for range in ranges {
        let block = range.block as usize;
        let is_null = columns[block].is_none();
        positions.extend(
            range
                .indexes()
                .map(|row| (block, if is_null { 0 } else { row })),
        );
    }
    interleave(&arrays, &positions)
}

/// Appends the nulls of some rows.
fn push_nulls(nulls: &mut NullBufferBuilder, from: Option<&NullBuffer>, range: RowRange) {
    match from {
        None => nulls.append_n_non_nulls(range.rows as usize),
        Some(from) if range.rows < 16 => {
            range
                .indexes()
                .for_each(|row| nulls.append(from.is_valid(row)));
        }
        Some(from) => {
            nulls.append_buffer(&from.slice(range.start as usize, range.rows as usize));
        }
    }
}

/// Copies numbers of eight bytes, as their bits.
fn copy_numbers(
    data_type: &DataType,
    columns: &[Option<&ArrayRef>],
    ranges: &[RowRange],
    rows: usize,
) -> Result<ArrayRef, ArrowError> {
    let columns: Vec<_> = columns
        .iter()
        .map(|column| {
            column.map(|array| {
                let data = array.to_data();
                let buffer = data.buffers()[0].clone();
                let values = ScalarBuffer::<i64>::new(buffer, data.offset(), data.len());
                (values, array.nulls())
            })
        })
        .collect();
    let mut values = Vec::with_capacity(rows);
    let mut nulls = NullBufferBuilder::new(rows);
    for range in ranges {
        let Some((from, from_nulls)) = &columns[range.block as usize] else {
            values.resize(values.len() + range.rows as usize, 0);
            nulls.append_n_nulls(range.rows as usize);
            continue;
        };
        values.extend_from_slice(&from[range.indexes()]);
        push_nulls(&mut nulls, *from_nulls, *range);
    }
    let array = Int64Array::try_new(values.into(), nulls.finish())?;
    let data = array.into_data().into_builder();
    Ok(make_array(data.data_type(data_type.clone()).build()?))
}

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
/// hashed once per block, not once per row. [`interleave`] may concatenate dictionaries instead, and the duplicates would
/// end up in the dictionary page.
fn copy_strings(
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
    offsets: &'a [i32],
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

    fn range(&self, range: std::ops::Range<usize>) -> &'a [u8] {
        &self.bytes[self.offsets[range.start] as usize..self.offsets[range.end] as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(block: u32, start: u32, rows: u32) -> RowRange {
        RowRange { block, start, rows }
    }

    #[test]
    fn groups_have_all_rows_in_order() {
        let mut ranges = Vec::new();
        for (block, start, rows) in [(0, 0, 2), (0, 2, 3), (1, 7, 1), (0, 5, 4)] {
            push(&mut ranges, block, start, rows);
        }
        assert_eq!(ranges.len(), 3);
        let groups: Vec<Vec<RowRange>> = groups_of(&ranges, 4).collect();
        let expected = [
            vec![range(0, 0, 4)],
            vec![range(0, 4, 1), range(1, 7, 1), range(0, 5, 2)],
            vec![range(0, 7, 2)],
        ];
        assert_eq!(groups, expected);
    }

    /// All combinations of blocks with a dictionary, without one, and without the column.
    #[test]
    fn text_is_copied_from_blocks_of_any_kind() {
        let dictionary: ArrayRef = Arc::new(
            [Some("b"), None, Some("a"), Some("b")]
                .into_iter()
                .collect::<DictionaryArray<Int32Type>>(),
        );
        let plain: ArrayRef = Arc::new(StringArray::from(vec![None, Some("c"), Some("a"), None]));
        let blocks = [Some(&dictionary), Some(&plain), None];
        let ranges = [
            range(1, 1, 2),
            range(0, 0, 4),
            range(2, 0, 2),
            range(1, 0, 1),
        ];
        let expected: Vec<Option<&str>> = ["c", "a", "b", "", "a", "b", "", "", ""]
            .map(|text| (!text.is_empty()).then_some(text))
            .to_vec();
        let array = copy_column(&DataType::Utf8, &blocks, &ranges, 9).unwrap();
        assert_eq!(
            array.as_string::<i32>(),
            &StringArray::from(expected.clone())
        );
        let only = [Some(&dictionary), None, None];
        let ranges = [range(0, 1, 3), range(1, 0, 1)];
        let array = copy_column(&DataType::Utf8, &only, &ranges, 4).unwrap();
        let array = take(
            array.as_dictionary::<Int32Type>().values(),
            array.as_dictionary::<Int32Type>().keys(),
            None,
        );
        let expected = StringArray::from(vec![None, Some("a"), Some("b"), None]);
        assert_eq!(array.unwrap().as_string::<i32>(), &expected);
    }

    #[test]
    fn dictionaries_are_kept_where_copies_would_not_fit() {
        assert!(!keeps_dictionaries(3_000, 1_000));
        assert!(keeps_dictionaries(5_000, 1_000));
        assert!(keeps_dictionaries(3 << 30, 1 << 30));
    }

    /// A long text that many rows share stays one text if another block has no dictionary. 3,000 copies of it would be
    /// too many bytes for an array.
    #[test]
    fn long_values_of_dictionaries_stay_short() {
        let long = "x".repeat(1 << 20);
        let shared: DictionaryArray<Int32Type> = std::iter::repeat_n(&*long, 3_000).collect();
        let shared: ArrayRef = Arc::new(shared);
        let plain: ArrayRef = Arc::new(StringArray::from(vec!["y", "z"]));
        let columns = [Some(&shared), Some(&plain)];
        let ranges = [range(0, 0, 3_000), range(1, 0, 2)];
        let array = copy_column(&DataType::Utf8, &columns, &ranges, 3_002).unwrap();
        assert!(array.get_array_memory_size() < 3 << 20);
        let dictionary = array.as_dictionary::<Int32Type>();
        assert_eq!(dictionary.values().len(), 3);
        assert_eq!(dictionary.keys().value(3_001), 2);
    }
}

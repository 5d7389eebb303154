//! Rows as columns, and copies of some of them in another order.

use std::io::Write;
use std::ops::Range;

use arrow_array::builder::NullBufferBuilder;
use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, Int64Array, make_array, new_null_array};
use arrow_buffer::{NullBuffer, ScalarBuffer};
use arrow_schema::{ArrowError, DataType, FieldRef};
use arrow_select::interleave::interleave;
use otlake_parquet::{Encoder, FileWriter};

use super::error::CompactionError;
use super::strings::{Values, copy_strings};

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
    pub(crate) fn indexes(self) -> std::ops::Range<usize> {
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
    /// The columns whose rows may have very different sizes.
    uneven: Vec<ValueSizes<'a>>,
    /// The bytes of a row on average, without these.
    row: usize,
}

/// The sizes of the values of an array.
enum ValueSizes<'a> {
    /// Each value has this many bytes.
    Even(usize),
    /// The offsets of text and bytes without a dictionary.
    Text(&'a [i32]),
    /// The offsets of lists and maps, and the sizes of what is in them.
    Items(&'a [i32], Box<ValueSizes<'a>>),
    /// The sizes of the members of a struct.
    Members(Vec<ValueSizes<'a>>),
}

impl<'a> RowSizes<'a> {
    pub(crate) fn of(blocks: &[&'a RowBlock]) -> Self {
        let blocks = blocks.iter().map(|block| {
            let mut bytes = block.memory_size();
            let mut uneven = Vec::new();
            for array in block.columns.iter().flatten() {
                let sizes = ValueSizes::of(array);
                if !matches!(sizes, ValueSizes::Even(_)) {
                    bytes = bytes.saturating_sub(sizes.bytes(0..array.len()));
                    uneven.push(sizes);
                }
            }
            let row = bytes / block.rows.max(1);
            BlockSizes { uneven, row }
        });
        Self {
            blocks: blocks.collect(),
        }
    }

    /// Returns roughly how many bytes copies of the rows take.
    pub(crate) fn bytes(&self, ranges: &[RowRange]) -> usize {
        let bytes = ranges.iter().map(|range| {
            let (BlockSizes { uneven, row }, indexes) =
                (&self.blocks[range.block as usize], range.indexes());
            let values = uneven.iter().map(|sizes| sizes.bytes(indexes.clone()));
            values.sum::<usize>() + row * indexes.len()
        });
        bytes.sum()
    }
}

impl<'a> ValueSizes<'a> {
    fn of(array: &'a ArrayRef) -> Self {
        match array.data_type() {
            DataType::Utf8 | DataType::Binary => match Values::of(array) {
                Ok(values) => Self::Text(values.offsets),
                Err(_) => Self::Even(0),
            },
            DataType::List(_) => {
                let list = array.as_list::<i32>();
                Self::Items(list.value_offsets(), Box::new(Self::of(list.values())))
            }
            DataType::Map(..) => {
                let map = array.as_map();
                let members = map.entries().columns().iter().map(Self::of).collect();
                Self::Items(map.value_offsets(), Box::new(Self::Members(members)))
            }
            DataType::Struct(_) => {
                let members = array.as_struct().columns().iter();
                Self::Members(members.map(Self::of).collect())
            }
            other => Self::Even(other.primitive_width().unwrap_or(0)),
        }
    }

    /// Returns the bytes of some values.
    fn bytes(&self, values: Range<usize>) -> usize {
        let between = |offsets: &[i32]| {
            let [start, end] = [values.start, values.end].map(|index| offsets[index] as usize);
            start..end
        };
        match self {
            Self::Even(size) => size * values.len(),
            Self::Text(offsets) => between(offsets).len(),
            Self::Items(offsets, items) => items.bytes(between(offsets)),
            Self::Members(members) => {
                let members = members.iter().map(|member| member.bytes(values.clone()));
                members.sum()
            }
        }
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
pub(crate) fn push_nulls(
    nulls: &mut NullBufferBuilder,
    from: Option<&NullBuffer>,
    range: RowRange,
) {
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::builder::{MapBuilder, StringBuilder};
    use arrow_array::types::Int32Type;
    use arrow_array::{DictionaryArray, StringArray};
    use arrow_select::take::take;

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

    /// A few rows with long values, as text or in a map, count with their bytes and not with the average of all rows.
    #[test]
    fn long_values_count_where_they_are() {
        let long = "x".repeat(1 << 20);
        let text = StringArray::from_iter_values((0..1_000).map(|row| match row {
            7 => &long,
            _ => "short",
        }));
        let mut map = MapBuilder::new(None, StringBuilder::new(), StringBuilder::new());
        for row in 0..1_000 {
            if row % 2 == 0 {
                map.keys().append_value("key");
                map.values()
                    .append_value(if row == 8 { &long } else { "y" });
            }
            map.append(true).unwrap();
        }
        let columns = vec![
            Some(Arc::new(text) as ArrayRef),
            Some(Arc::new(map.finish()) as _),
        ];
        let block = RowBlock {
            rows: 1_000,
            columns,
        };
        let sizes = RowSizes::of(&[&block]);
        for (start, rows, long_values) in [(0, 7, 0), (7, 1, 1), (8, 1, 1), (7, 2, 2), (9, 100, 0)]
        {
            let bytes = sizes.bytes(&[range(0, start, rows)]);
            assert_eq!(
                bytes / (1 << 20),
                long_values,
                "{rows} rows from {start}: {bytes} bytes"
            );
        }
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

//! Rows as columns, and copies of some of them in another order.

use std::sync::Arc;

use arrow_array::builder::NullBufferBuilder;
use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use arrow_array::{
    Array, ArrayRef, BinaryArray, DictionaryArray, Int32Array, RecordBatch, RecordBatchOptions,
    StringArray, new_null_array,
};
use arrow_buffer::{Buffer, OffsetBuffer, ScalarBuffer};
use arrow_schema::{ArrowError, DataType, Field, FieldRef, Schema as ArrowSchema};
use arrow_select::interleave::interleave;
use arrow_select::take::take;
use foldhash::{HashMap, HashMapExt};

/// Some rows of a file.
#[derive(Clone, Debug)]
pub(crate) struct Chunk {
    pub(crate) rows: usize,
    /// The columns by their numbers in [`Columns`](super::columns::Columns). A column that is `None` or absent is null
    /// in all rows.
    pub(crate) columns: Vec<Option<ArrayRef>>,
}

/// A row, as the number of a chunk and the number of the row in it.
pub(crate) type Position = (usize, usize);

impl Chunk {
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

/// Copies rows in the order of `positions`. Columns without values are left out.
pub(crate) fn gather(
    fields: &[FieldRef],
    chunks: &[&Chunk],
    positions: &[Position],
) -> Result<RecordBatch, ArrowError> {
    let mut gathered = Vec::with_capacity(fields.len());
    let mut names = Vec::with_capacity(fields.len());
    for (number, field) in fields.iter().enumerate() {
        let columns: Vec<Option<&ArrayRef>> =
            chunks.iter().map(|chunk| chunk.column(number)).collect();
        if columns.iter().all(Option::is_none) {
            continue;
        }
        let array = gather_column(field.data_type(), &columns, positions)?;
        let data_type = array.data_type().clone();
        names.push(Arc::new(Field::clone(field).with_data_type(data_type)));
        gathered.push(array);
    }
    let options = RecordBatchOptions::new().with_row_count(Some(positions.len()));
    let schema = Arc::new(ArrowSchema::new(names));
    RecordBatch::try_new_with_options(schema, gathered, &options)
}

fn gather_column(
    data_type: &DataType,
    columns: &[Option<&ArrayRef>],
    positions: &[Position],
) -> Result<ArrayRef, ArrowError> {
    let dictionary = |array: &&ArrayRef| array.as_dictionary_opt::<Int32Type>().is_some();
    if columns.iter().flatten().all(dictionary) {
        return gather_dictionaries(data_type, columns, positions);
    }
    let mut arrays: Vec<ArrayRef> = Vec::with_capacity(columns.len() + 1);
    let nulls = new_null_array(data_type, 1);
    for column in columns {
        arrays.push(match column {
            None => Arc::clone(&nulls),
            Some(array) => match array.as_dictionary_opt::<Int32Type>() {
                Some(dictionary) => take(dictionary.values(), dictionary.keys(), None)?,
                None => Arc::clone(array),
            },
        });
    }
    let arrays: Vec<&dyn Array> = arrays.iter().map(AsRef::as_ref).collect();
    if columns.iter().all(Option::is_some) {
        return interleave(&arrays, positions);
    }
    let positions: Vec<Position> = positions
        .iter()
        .map(|&(chunk, row)| (chunk, if columns[chunk].is_some() { row } else { 0 }))
        .collect();
    interleave(&arrays, &positions)
}

/// The dictionary of a chunk, and the number that each of its values has in the new dictionary.
struct Renumbered<'a> {
    array: &'a DictionaryArray<Int32Type>,
    keys: &'a [i32],
    values: Values<'a>,
    numbers: Vec<i32>,
}

/// A value that no row had so far.
const UNSEEN: i32 = -1;

/// Copies the keys of dictionaries and merges their values. Each value is hashed once per chunk, not once per row.
/// [`interleave`] may concatenate dictionaries instead, and the duplicates would end up in the dictionary page.
fn gather_dictionaries(
    data_type: &DataType,
    columns: &[Option<&ArrayRef>],
    positions: &[Position],
) -> Result<ArrayRef, ArrowError> {
    let mut chunks: Vec<Option<Renumbered<'_>>> = Vec::with_capacity(columns.len());
    for column in columns {
        let array = column.and_then(|array| array.as_dictionary_opt::<Int32Type>());
        chunks.push(match array {
            None => None,
            Some(array) => Some(Renumbered {
                array,
                keys: array.keys().values(),
                values: Values::of(array.values())?,
                numbers: vec![UNSEEN; array.values().len()],
            }),
        });
    }
    let mut numbers: HashMap<&[u8], i32> = HashMap::new();
    let mut values: Vec<&[u8]> = Vec::new();
    let mut keys: Vec<i32> = Vec::with_capacity(positions.len());
    let mut nulls = NullBufferBuilder::new(positions.len());
    for &(chunk, row) in positions {
        let key = chunks[chunk].as_mut().and_then(|chunk| {
            if chunk.array.is_null(row) {
                return None;
            }
            let key = chunk.keys[row] as usize;
            if chunk.numbers[key] == UNSEEN {
                let value = chunk.values.get(key)?;
                chunk.numbers[key] = *numbers.entry(value).or_insert_with(|| {
                    values.push(value);
                    values.len() as i32 - 1
                });
            }
            Some(chunk.numbers[key])
        });
        keys.push(key.unwrap_or(0));
        nulls.append(key.is_some());
    }
    let offsets = OffsetBuffer::<i32>::from_lengths(values.iter().map(|value| value.len()));
    let bytes = Buffer::from_vec(values.concat());
    let values: ArrayRef = match data_type {
        DataType::Binary => Arc::new(BinaryArray::try_new(offsets, bytes, None)?),
        _ => Arc::new(StringArray::try_new(offsets, bytes, None)?),
    };
    let keys = Int32Array::try_new(ScalarBuffer::from(keys), nulls.finish())?;
    Ok(Arc::new(DictionaryArray::try_new(keys, values)?))
}

/// The values of a dictionary of text or bytes.
enum Values<'a> {
    Text(&'a StringArray),
    Bytes(&'a BinaryArray),
}

impl<'a> Values<'a> {
    fn of(array: &'a ArrayRef) -> Result<Self, ArrowError> {
        match array.data_type() {
            DataType::Utf8 => Ok(Self::Text(array.as_string())),
            DataType::Binary => Ok(Self::Bytes(array.as_binary())),
            other => Err(ArrowError::NotYetImplemented(format!(
                "dictionaries of {other}"
            ))),
        }
    }

    fn get(&self, number: usize) -> Option<&'a [u8]> {
        match self {
            Self::Text(array) => array
                .is_valid(number)
                .then(|| array.value(number).as_bytes()),
            Self::Bytes(array) => array.is_valid(number).then(|| array.value(number)),
        }
    }
}

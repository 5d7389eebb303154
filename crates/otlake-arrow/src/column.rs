//! Columns of the record batch that is being built. Each type of column has a file; this file has the code
//! that they share.

mod boolean;
mod bytes;
pub(crate) mod derived;
mod dictionary;
mod extent;
pub(crate) mod field;
mod float64;
mod int64;
pub(crate) mod map;
mod nested;
mod padded_vec;
mod pool;
mod strings;
mod validity;

use std::fmt::Write;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int32Type, Int64Type};
use arrow_array::{Array, ArrayRef};
use arrow_buffer::{ArrowNativeType, Buffer, OffsetBuffer};
use arrow_schema::DataType;
use otlake_row::Value;
use otlake_schema::{ColumnType, ValueText};

use self::boolean::BooleanColumn;
use self::bytes::BytesColumn;
pub(crate) use self::extent::Extent;
use self::float64::Float64Column;
use self::int64::Int64Column;
use self::nested::Nested;
use self::strings::StringKind;

/// The values of a column, stored in the type that the column has so far.
pub(crate) enum Values {
    /// A number of nulls and no other values.
    Empty(usize),
    Boolean(BooleanColumn),
    Int64(Int64Column),
    Float64(Float64Column),
    Utf8(BytesColumn),
    Binary(BytesColumn),
    /// The values of a field that is a list, a map or a message.
    Nested(Box<Nested>),
}

/// Buffers and counts that are needed to append a value, in addition to its column.
#[derive(Default)]
pub(crate) struct Scratch {
    /// Text of the value that is being appended, if it is not a string.
    pub(crate) text: String,
    /// Number of bytes stored in the record batch so far, except values of a fixed width.
    pub(crate) bytes: usize,
}

/// Calls the same method on the column, whatever its type.
macro_rules! each {
    ($values:expr, $nulls:pat => $empty:expr, $column:ident => $call:expr) => {
        match $values {
            Values::Empty($nulls) => $empty,
            Values::Boolean($column) => $call,
            Values::Int64($column) => $call,
            Values::Float64($column) => $call,
            Values::Utf8($column) => $call,
            Values::Binary($column) => $call,
            Values::Nested($column) => $call,
        }
    };
}

impl Values {
    pub(crate) fn new(column_type: ColumnType, plain: bool) -> Values {
        match column_type {
            ColumnType::Boolean => Values::Boolean(BooleanColumn::default()),
            ColumnType::Int64 => Values::Int64(Int64Column::default()),
            ColumnType::Float64 => Values::Float64(Float64Column::default()),
            ColumnType::Binary => Values::Binary(BytesColumn::bytes(plain)),
            // A type that a later version of the lattice adds is stored as text until it is handled here.
            _ => Values::Utf8(BytesColumn::texts(plain)),
        }
    }

    pub(crate) fn column_type(&self) -> Option<ColumnType> {
        match self {
            Values::Empty(_) | Values::Nested(_) => None,
            Values::Boolean(_) => Some(ColumnType::Boolean),
            Values::Int64(_) => Some(ColumnType::Int64),
            Values::Float64(_) => Some(ColumnType::Float64),
            Values::Utf8(_) => Some(ColumnType::Utf8),
            Values::Binary(_) => Some(ColumnType::Binary),
        }
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        each!(self, nulls => *nulls, column => column.len())
    }

    #[inline]
    pub(crate) fn push_nulls(&mut self, count: usize) {
        each!(self, nulls => *nulls += count, column => column.push_nulls(count));
    }

    /// Appends the last value `count` more times. Returns the number of bytes stored for it, except values
    /// of a fixed width.
    pub(crate) fn repeat_last(&mut self, count: usize) -> usize {
        match self {
            Values::Utf8(column) | Values::Binary(column) => return column.repeat_last(count),
            Values::Empty(nulls) => *nulls += count,
            Values::Boolean(column) => column.repeat_last(count),
            Values::Int64(column) => column.repeat_last(count),
            Values::Float64(column) => column.repeat_last(count),
            Values::Nested(column) => column.repeat_last(count),
        }
        0
    }

    /// Returns the size of the values in bytes.
    pub(crate) fn size(&self, extent: Extent) -> usize {
        each!(self, _ => 0, column => column.size(extent))
    }

    /// Removes the values and returns them as an array, or `None` for [`Values::Empty`]. The column keeps
    /// its type; [`Self::recycle`] gives it back the memory of the array.
    pub(crate) fn finish(&mut self) -> Option<ArrayRef> {
        each!(
            self,
            nulls => {
                *nulls = 0;
                None
            },
            column => Some(column.finish())
        )
    }

    /// Reuses the memory of an array that [`Self::finish`] returned, if nothing else references it and the
    /// column is still empty.
    pub(crate) fn recycle(&mut self, array: ArrayRef) {
        if self.len() > 0 {
            return;
        }
        match self {
            Values::Int64(column) if *array.data_type() == DataType::Int64 => column.recycle(array),
            Values::Float64(column) if *array.data_type() == DataType::Float64 => {
                column.recycle(array);
            }
            Values::Utf8(column) => column.recycle(array),
            Values::Nested(column) => column.recycle(array),
            // Booleans are small and bytes are rare.
            _ => {}
        }
    }

    /// Frees the memory that is kept for later values, if the column has no values.
    pub(crate) fn release_memory(&mut self) {
        if self.len() > 0 {
            return;
        }
        match self {
            Values::Empty(_) => {}
            Values::Boolean(column) => *column = BooleanColumn::default(),
            Values::Int64(column) => *column = Int64Column::default(),
            Values::Float64(column) => *column = Float64Column::default(),
            Values::Utf8(column) | Values::Binary(column) => column.release_memory(),
            Values::Nested(column) => column.release_memory(),
        }
    }

    /// Appends a value if it has the column's type, and returns whether it was appended. A `Utf8` column
    /// accepts every value as its text, and a `Float64` column accepts integers too. For [`Values::Nested`]
    /// see [`Nested::push`].
    #[inline]
    pub(crate) fn push(&mut self, value: &Value<'_>, scratch: &mut Scratch) -> bool {
        match (self, value) {
            (Values::Utf8(column), Value::String(string)) => {
                scratch.bytes += column.push(string.as_bytes());
            }
            (Values::Int64(column), Value::Int(int)) => column.push(*int),
            (Values::Boolean(column), Value::Bool(bool)) => column.push(*bool),
            (Values::Float64(column), Value::Double(double)) => column.push(*double),
            (Values::Float64(column), Value::Int(int)) => column.push(*int as f64),
            (Values::Binary(column), Value::Bytes(bytes)) => scratch.bytes += column.push(bytes),
            (Values::Nested(column), value) => return column.push(value, scratch),
            (Values::Utf8(column), value) => {
                scratch.text.clear();
                // Writing to a `String` does not fail.
                let _ = write!(scratch.text, "{}", ValueText(value));
                scratch.bytes += column.push(scratch.text.as_bytes());
            }
            _ => return false,
        }
        true
    }

    /// Appends numbers of exactly the column's type, up to the first other value, and returns how many were
    /// appended.
    #[inline]
    pub(crate) fn push_numbers(&mut self, values: &[Value<'_>]) -> usize {
        let before = self.len();
        match self {
            Values::Int64(column) => column.extend(values.iter().map_while(|value| match value {
                Value::Int(int) => Some(*int),
                _ => None,
            })),
            Values::Float64(column) => {
                column.extend(values.iter().map_while(|value| match value {
                    Value::Double(double) => Some(*double),
                    _ => None,
                }))
            }
            _ => {}
        }
        self.len() - before
    }

    /// Changes the type of the column to the one that the lattice now gives it, and converts the values.
    pub(crate) fn widen(&mut self, column_type: ColumnType, plain: bool, scratch: &mut Scratch) {
        if self.column_type() == Some(column_type) {
            return;
        }
        self.convert(Some(column_type), plain, scratch, |_, _, _| {});
    }

    /// Changes the type of the column, or removes it if `column_type` is `None`, and converts the values.
    /// Calls `reject` for each value that the new type cannot hold, with its row, its index in the
    /// dictionary if it had one, and the value. Values with the same index are equal.
    pub(crate) fn convert(
        &mut self,
        column_type: Option<ColumnType>,
        plain: bool,
        scratch: &mut Scratch,
        mut reject: impl FnMut(usize, Option<usize>, &Value<'_>),
    ) {
        let len = self.len();
        let mut converted = match column_type {
            Some(column_type) => Values::new(column_type, plain),
            None => Values::Empty(0),
        };
        let fits =
            |value: &Value<'_>| column_type.is_some_and(|column_type| column_type.fits(value));
        // For each entry of the old dictionary, its new id once the entry has been converted.
        let mut ids: Vec<Option<i32>> = Vec::new();
        self.drain(|entry, value| {
            let row = converted.len();
            match (value, entry, &mut converted) {
                (None, _, converted) => return converted.push_nulls(1),
                (Some(value), Some(entry), Values::Utf8(column)) if fits(&value) => {
                    if ids.len() <= entry {
                        ids.resize(entry + 1, None);
                    }
                    match ids[entry] {
                        Some(id) => column.push_id(id),
                        None => {
                            let text = ValueText(&value).to_string();
                            scratch.bytes += text.len();
                            ids[entry] = Some(column.push_new(text.as_bytes()));
                        }
                    }
                    return;
                }
                (Some(value), None, converted) if fits(&value) => {
                    if converted.push(&value, scratch) {
                        return;
                    }
                    reject(row, entry, &value);
                }
                (Some(value), _, _) => reject(row, entry, &value),
            }
            converted.push_nulls(1);
        });
        converted.push_nulls(len - converted.len());
        *self = converted;
    }

    /// Removes the values and calls `each` for every row, with the value and its index in the dictionary,
    /// if the column has one. Does not call it for [`Values::Empty`].
    fn drain(&mut self, mut each: impl FnMut(Option<usize>, Option<Value<'_>>)) {
        let kind = match self {
            Values::Utf8(column) | Values::Binary(column) => Some(column.kind()),
            _ => None,
        };
        let Some(array) = self.finish() else { return };
        if let Some(dictionary) = array.as_dictionary_opt::<Int32Type>() {
            let entries = dictionary.values();
            for id in dictionary.keys() {
                let entry = id.map(|id| id as usize);
                let value = entry.map(|entry| match kind {
                    Some(StringKind::Binary) => {
                        Value::Bytes(entries.as_binary::<i32>().value(entry))
                    }
                    _ => Value::String(entries.as_string::<i32>().value(entry)),
                });
                each(entry, value);
            }
            return;
        }
        match array.data_type() {
            DataType::Boolean => {
                let values = array.as_boolean().iter();
                values.for_each(|value| each(None, value.map(Value::Bool)));
            }
            DataType::Int64 => {
                let values = array.as_primitive::<Int64Type>().iter();
                values.for_each(|value| each(None, value.map(Value::Int)));
            }
            DataType::Float64 => {
                let values = array.as_primitive::<Float64Type>().iter();
                values.for_each(|value| each(None, value.map(Value::Double)));
            }
            DataType::Binary => {
                let values = array.as_binary::<i32>().iter();
                values.for_each(|value| each(None, value.map(Value::Bytes)));
            }
            DataType::Utf8 => {
                let values = array.as_string::<i32>().iter();
                values.for_each(|value| each(None, value.map(Value::String)));
            }
            // Lists and messages have the type of their field, which never changes.
            _ => {}
        }
    }
}

/// Reuses the memory of an array's offsets for `vec`, the offsets of a column that has no lists or strings
/// yet.
fn recycle_offsets(vec: &mut Vec<i32>, offsets: OffsetBuffer<i32>) {
    debug_assert!(vec.len() <= 1, "values that have come would be lost");
    recycle_vec(vec, offsets.into_inner().into_inner());
    vec.push(0);
}

/// Clears `vec`, and replaces its memory with that of `buffer` if that is larger and nothing else references
/// it.
fn recycle_vec<T: ArrowNativeType>(vec: &mut Vec<T>, buffer: Buffer) {
    if let Ok(mut recycled) = buffer.into_vec::<T>()
        && recycled.capacity() > vec.capacity()
    {
        recycled.clear();
        *vec = recycled;
    } else {
        vec.clear();
    }
}

//! Columns while their record batch is built: a file for each type, and here what they share.

mod boolean;
mod bytes;
pub(crate) mod derived;
mod dictionary;
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
use self::float64::Float64Column;
use self::int64::Int64Column;
use self::nested::Nested;
use self::strings::StringKind;

/// The values of a column, in the type that the column has so far.
pub(crate) enum Values {
    /// So many nulls and nothing else.
    Empty(usize),
    Boolean(BooleanColumn),
    Int64(Int64Column),
    Float64(Float64Column),
    Utf8(BytesColumn),
    Binary(BytesColumn),
    /// The values of a field that is a list, a map or a message.
    Nested(Box<Nested>),
}

/// What pushing a value needs beside its column.
#[derive(Default)]
pub(crate) struct Scratch {
    /// Text of the value that is pushed, if it is not a string.
    pub(crate) text: String,
    /// Bytes stored in the record batch so far, of everything that has no fixed width.
    pub(crate) bytes: usize,
}

/// Calls the same method of whichever column it is.
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
            // A type that a later version of the lattice may have is text until it is known here.
            _ => Values::Utf8(BytesColumn::texts(plain)),
        }
    }

    fn column_type(&self) -> Option<ColumnType> {
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

    /// Repeats the last value, and returns the bytes that were stored beyond those of a fixed width.
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

    /// Returns the bytes that the values take up.
    pub(crate) fn memory_size(&self) -> usize {
        each!(self, _ => 0, column => column.memory_size())
    }

    /// Takes the values out as an array; returns `None` if there were none. The column goes on empty, with
    /// room for as many values as it had.
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

    /// Takes the memory of an array that [`Self::finish`] made, if nobody else holds it and no values
    /// have come since.
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

    /// Pushes a value of exactly the column's type; a Utf8 column takes every value, as its text. Returns
    /// whether the value was pushed.
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
                // Writing to a String does not fail.
                let _ = write!(scratch.text, "{}", ValueText(value));
                scratch.bytes += column.push(scratch.text.as_bytes());
            }
            _ => return false,
        }
        true
    }

    /// Pushes numbers of exactly the column's type, up to the first other value, and returns how many were
    /// pushed.
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

    /// Gives the column the type that the lattice says it has now, converting its values.
    pub(crate) fn widen(&mut self, column_type: ColumnType, plain: bool, scratch: &mut Scratch) {
        if self.column_type() == Some(column_type) {
            return;
        }
        self.convert(Some(column_type), plain, scratch, |_, _, _| {});
    }

    /// Gives the column another type, or none. Calls `reject` with each value that the type does not hold,
    /// its row, and its number in a dictionary if it comes from one: equal numbers are equal values.
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
        // The id of each entry of a dictionary that was converted.
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

    /// Takes the values out, one after the other, with their numbers in the dictionary; a column without any
    /// has none to hand over.
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
            // Lists and messages have the type of their field, which does not change.
            _ => {}
        }
    }
}

/// Makes the memory of an array's offsets that of `vec`, for lists or strings of which there is none yet.
fn recycle_offsets(vec: &mut Vec<i32>, offsets: OffsetBuffer<i32>) {
    debug_assert!(vec.len() <= 1, "values that have come would be lost");
    recycle_vec(vec, offsets.into_inner().into_inner());
    vec.push(0);
}

/// Makes the memory of `buffer` that of `vec`, both emptied, if nobody else holds it and it is the
/// larger one.
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

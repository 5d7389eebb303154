//! Columns of the lists and messages inside records: events, links, exemplars, buckets.

use std::fmt::Write;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{ArrayRef, ListArray, StructArray, new_empty_array};
use arrow_buffer::{OffsetBuffer, ScalarBuffer};
use arrow_schema::{DataType, FieldRef, Fields};
use otlake_row::Value;
use otlake_schema::{ColumnType, FieldKind, Member, ValueText};

use super::field::{push_value, type_of_attribute};
use super::map::MapColumn;
use super::validity::Validity;
use super::{Extent, Scratch, Values, recycle_offsets};

/// A column of values that may contain other values.
pub(crate) enum Nested {
    Value(FieldKind, Values),
    Map(MapColumn),
    List(ListColumn),
    Struct(StructColumn),
}

impl Nested {
    /// Returns a column for a field of this kind, with the Arrow type of that field.
    pub(crate) fn new(kind: FieldKind, data_type: &DataType) -> Nested {
        match (kind, data_type) {
            (FieldKind::List(item), DataType::List(field)) => {
                Nested::List(ListColumn::new(*item, field))
            }
            (FieldKind::Struct(members), DataType::Struct(fields)) => {
                Nested::Struct(StructColumn::new(members, fields))
            }
            (FieldKind::Map, data_type) => Nested::Map(MapColumn::new(data_type)),
            // A dictionary inside a list is of little use to a reader of record batches.
            (kind, _) => {
                let column_type = kind.column_type().unwrap_or(ColumnType::Utf8);
                Nested::Value(kind, Values::new(column_type, true))
            }
        }
    }

    pub(crate) fn len(&self) -> usize {
        match self {
            Nested::Value(_, values) => values.len(),
            Nested::Map(column) => column.len(),
            Nested::List(column) => column.len(),
            Nested::Struct(column) => column.len,
        }
    }

    pub(crate) fn push_nulls(&mut self, count: usize) {
        match self {
            Nested::Value(_, values) => values.push_nulls(count),
            Nested::Map(column) => column.push_nulls(count),
            Nested::List(column) => column.push_nulls(count),
            Nested::Struct(column) => column.push_nulls(count),
        }
    }

    /// Appends nulls. A group never has nested values, so there is no value to repeat.
    pub(crate) fn repeat_last(&mut self, count: usize) {
        self.push_nulls(count);
    }

    /// Returns the number of bytes that a value takes up in columns of a fixed width, including offsets.
    fn width(&self) -> usize {
        match self {
            Nested::Value(_, _) | Nested::Map(_) | Nested::List(_) => size_of::<u64>(),
            Nested::Struct(column) => column
                .members
                .iter()
                .map(|(_, member)| member.width())
                .sum(),
        }
    }

    pub(crate) fn size(&self, extent: Extent) -> usize {
        match self {
            Nested::Value(_, values) => values.size(extent),
            Nested::Map(column) => column.size(extent),
            Nested::List(column) => {
                extent.of(&column.offsets)
                    + column.validity.size(extent)
                    + column.items.size(extent)
            }
            Nested::Struct(column) => {
                let members = column.members.iter();
                let members = members.map(|(_, column)| column.size(extent));
                members.sum::<usize>() + column.validity.size(extent)
            }
        }
    }

    /// Frees the memory that is kept for values to come. There are none.
    pub(crate) fn release_memory(&mut self) {
        match self {
            Nested::Value(_, values) => values.release_memory(),
            Nested::Map(column) => column.release_memory(),
            Nested::List(column) => {
                column.offsets = vec![0];
                column.items.release_memory();
            }
            Nested::Struct(column) => {
                for (_, member) in &mut column.members {
                    member.release_memory();
                }
            }
        }
    }

    pub(crate) fn finish(&mut self) -> ArrayRef {
        match self {
            Nested::Value(kind, values) => {
                let column_type = kind.column_type().unwrap_or(ColumnType::Utf8);
                let empty = || new_empty_array(&type_of_attribute(column_type));
                values.finish().unwrap_or_else(empty)
            }
            Nested::Map(column) => column.finish(),
            Nested::List(column) => column.finish(),
            Nested::Struct(column) => column.finish(),
        }
    }

    /// Reuses the memory of an array that [`Self::finish`] returned, if nothing else references it.
    pub(crate) fn recycle(&mut self, array: ArrayRef) {
        match self {
            Nested::Value(_, values) => values.recycle(array),
            Nested::Map(column) => column.recycle(array),
            Nested::List(column) => column.recycle(array),
            Nested::Struct(column) => column.recycle(array),
        }
    }

    /// Appends a value, with nulls for the parts that do not fit, and returns whether all of it fits. Parts
    /// that are missing or empty are null. Numbers that were not sent are not missing, because decoders
    /// write 0 for them.
    pub(crate) fn push(&mut self, value: &Value<'_>, scratch: &mut Scratch) -> bool {
        match (self, value) {
            (column, Value::Empty | Value::String("") | Value::Bytes([])) => {
                column.push_nulls(1);
                true
            }
            (Nested::Value(kind, values), value) => {
                let fits = push_value(*kind, values, value, scratch);
                if !fits {
                    values.push_nulls(1);
                }
                fits
            }
            (Nested::Map(column), Value::KvList(entries)) => {
                for (name, value) in entries.iter() {
                    scratch.text.clear();
                    // Writing to a `String` does not fail.
                    let _ = write!(scratch.text, "{}", ValueText(value));
                    let text = (*value != Value::Empty).then_some(scratch.text.as_str());
                    scratch.bytes += column.push(name, text);
                }
                column.close();
                true
            }
            (Nested::List(column), Value::Array(items)) => column.push(items, scratch),
            (Nested::Struct(column), Value::KvList(entries)) => column.push(entries, scratch),
            (column, _) => {
                column.push_nulls(1);
                false
            }
        }
    }
}

/// A column of lists of any length.
pub(crate) struct ListColumn {
    field: FieldRef,
    items: Box<Nested>,
    offsets: Vec<i32>,
    validity: Validity,
}

impl ListColumn {
    fn new(item: FieldKind, field: &FieldRef) -> ListColumn {
        ListColumn {
            field: Arc::clone(field),
            items: Box::new(Nested::new(item, field.data_type())),
            offsets: vec![0],
            validity: Validity::default(),
        }
    }

    fn len(&self) -> usize {
        self.offsets.len() - 1
    }

    fn push(&mut self, items: &[Value<'_>], scratch: &mut Scratch) -> bool {
        // The bytes that the items take up in columns of a fixed width.
        let bytes = items.len() * self.items.width();
        let mut items = items;
        if let Nested::Value(FieldKind::Int64 | FieldKind::Float64, values) = &mut *self.items {
            items = &items[values.push_numbers(items)..];
        }
        let mut fits = true;
        for item in items {
            fits &= self.items.push(item, scratch);
        }
        scratch.bytes += bytes;
        // A `BatchBuilder` is full long before it has 2^31 items.
        self.offsets.push(self.items.len() as i32);
        fits
    }

    fn push_nulls(&mut self, count: usize) {
        self.validity.push_nulls(self.len(), count);
        let end = self.items.len() as i32;
        self.offsets.resize(self.offsets.len() + count, end);
    }

    fn finish(&mut self) -> ArrayRef {
        let nulls = self.validity.finish(self.len());
        let offsets = std::mem::replace(&mut self.offsets, vec![0]);
        let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets));
        let field = Arc::clone(&self.field);
        Arc::new(ListArray::new(field, offsets, self.items.finish(), nulls))
    }

    fn recycle(&mut self, array: ArrayRef) {
        if let Some(list) = array.as_list_opt::<i32>().cloned() {
            drop(array);
            let (_, offsets, items, _) = list.into_parts();
            recycle_offsets(&mut self.offsets, offsets);
            self.items.recycle(items);
        }
    }
}

/// A column of messages, with a column for each member.
pub(crate) struct StructColumn {
    fields: Fields,
    members: Vec<(&'static str, Nested)>,
    len: usize,
    validity: Validity,
}

impl StructColumn {
    fn new(members: &'static [Member], fields: &Fields) -> StructColumn {
        let columns = members.iter().zip(fields);
        StructColumn {
            fields: fields.clone(),
            members: columns
                .map(|(member, field)| (member.name, Nested::new(member.kind, field.data_type())))
                .collect(),
            len: 0,
            validity: Validity::default(),
        }
    }

    fn push(&mut self, entries: &[(&str, Value<'_>)], scratch: &mut Scratch) -> bool {
        let (mut fits, mut found) = (true, 0);
        for (index, (name, column)) in self.members.iter_mut().enumerate() {
            // Decoders write the members in this order.
            let entry = match entries.get(index) {
                Some(entry) if entry.0 == *name => Some(entry),
                _ => entries.iter().find(|entry| entry.0 == *name),
            };
            match entry {
                Some((_, value)) => {
                    found += 1;
                    fits &= column.push(value, scratch);
                }
                None => column.push_nulls(1),
            }
        }
        self.len += 1;
        fits && found == entries.len()
    }

    fn push_nulls(&mut self, count: usize) {
        self.validity.push_nulls(self.len, count);
        self.len += count;
        for (_, column) in &mut self.members {
            column.push_nulls(count);
        }
    }

    fn finish(&mut self) -> ArrayRef {
        let len = std::mem::take(&mut self.len);
        let nulls = self.validity.finish(len);
        let columns = self.members.iter_mut();
        let arrays = columns.map(|(_, column)| column.finish()).collect();
        Arc::new(StructArray::new(self.fields.clone(), arrays, nulls))
    }

    fn recycle(&mut self, array: ArrayRef) {
        if let Some(messages) = array.as_struct_opt().cloned() {
            drop(array);
            let (_, arrays, _) = messages.into_parts();
            for ((_, column), array) in self.members.iter_mut().zip(arrays) {
                column.recycle(array);
            }
        }
    }
}

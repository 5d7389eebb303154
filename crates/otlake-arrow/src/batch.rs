mod coerce;
mod finish;
mod groups;

use std::fmt;

use arrow_schema::SchemaRef;
use otlake_row::{Cell, Key, Keys, Location, Row, RowSink, Value};
use otlake_schema::{
    ColumnId, Inferred, OverflowCounts, OverflowReason, Schema, SchemaInference, full_name,
};

use crate::column::field::push_value;
use crate::column::{Scratch, Values};
use crate::column_builder::ColumnBuilder;
use crate::group::{OpenGroup, text_of};
use crate::options::BatchOptions;
use crate::overflow::OverflowColumn;
use crate::slots::{Slot, Slots};

/// Why a row cannot be added to a record batch.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BatchError {
    /// The strings of the record batch would not fit the 32-bit offsets of its arrays. The row was not added.
    #[error("the record batch holds {bytes} bytes of strings: finish it before you add more rows")]
    TooLarge {
        /// The bytes it holds already.
        bytes: usize,
    },
    /// A key at [`Location::Field`] has a name that only a column of the protocol can have, or that could be
    /// the full name of an attribute. The row was added, with the value in its `overflow` column.
    #[error(
        "a field cannot be named {name:?}, because a column of the protocol has that name: register another"
    )]
    ReservedName {
        /// The name of the key.
        name: String,
    },
}

/// The most bytes that a record batch stores beyond values of a fixed width. It is half of what 32-bit
/// offsets can address, so that one more row, however large, still fits.
const MAX_BYTES: usize = 1 << 30;

/// The most rows of a record batch, so that their numbers fit 32 bits.
const MAX_ROWS: usize = 1 << 30;

/// Builds record batches from rows. It finds the columns in the rows and keeps them, in a [`Schema`],
/// from one record batch to the next.
///
/// A string is stored once for all rows of a resource or scope, however many they are: its column has a
/// dictionary, and so have names and texts in the `overflow` column once it matters.
pub struct BatchBuilder {
    schema: Schema,
    options: BatchOptions,
    columns: Vec<ColumnBuilder>,
    slots: Slots,
    inference: SchemaInference,
    groups: Groups,
    overflow: OverflowColumn,
    counts: OverflowCounts,
    rows: usize,
    scratch: Scratch,
    /// The key of the row that is pushed whose name is reserved.
    reserved: Option<Key>,
    /// The Arrow schema of the last record batch, which is mostly that of the next.
    last_schema: Option<SchemaRef>,
}

/// The groups of the rows at the end of the record batch.
#[derive(Default)]
struct Groups {
    resource: OpenGroup,
    scope: OpenGroup,
    /// The cells that rows have repeated since the builder was made.
    repeated_cells: u64,
}

impl BatchBuilder {
    /// Returns a builder with the default options that adds its columns to those of `schema`.
    pub fn new(schema: Schema) -> BatchBuilder {
        BatchBuilder::with_options(schema, BatchOptions::new())
    }

    /// Returns a builder that adds its columns to those of `schema`.
    pub fn with_options(schema: Schema, options: BatchOptions) -> BatchBuilder {
        BatchBuilder {
            schema,
            options,
            columns: Vec::new(),
            slots: Slots::new(),
            inference: SchemaInference::new(),
            groups: Groups::default(),
            overflow: OverflowColumn::new(),
            counts: OverflowCounts::default(),
            rows: 0,
            scratch: Scratch::default(),
            reserved: None,
            last_schema: None,
        }
    }

    /// Returns the columns found so far.
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// Finds the columns and types of a row that is added later, so that they are known when the rows
    /// before it become a record batch.
    #[inline]
    pub fn infer(&mut self, row: &Row<'_>) {
        self.inference.infer(row, &mut self.schema);
    }

    /// Freezes the types of the columns found so far; see [`Schema::freeze`].
    pub fn freeze(&mut self) {
        self.schema.freeze();
    }

    /// Returns what has overflowed since the builder was made.
    pub fn overflow_counts(&self) -> OverflowCounts {
        self.counts
    }

    /// Returns the number of rows of the record batch that is built.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Whether the record batch has to be finished before it takes another row; see
    /// [`BatchError::TooLarge`].
    pub fn is_full(&self) -> bool {
        self.scratch.bytes > MAX_BYTES || self.rows >= MAX_ROWS
    }

    /// Returns the bytes that the record batch stores beyond values of a fixed width: texts, bytes, and
    /// the elements of lists and maps. A string that a dictionary already has does not count again. With at most
    /// 8 bytes for each row and column this is what [`memory_size`](Self::memory_size) can be, but it costs
    /// nothing to get.
    pub fn stored_bytes(&self) -> usize {
        self.scratch.bytes
    }

    /// Returns the bytes that were stored for the resource and the scope of the last row. The next record
    /// batch stores them again if it begins with a row of the same groups, so finishing this one early does
    /// not save them.
    pub fn group_bytes(&self) -> usize {
        self.groups.resource.stored + self.groups.scope.stored
    }

    /// Returns the bytes that the values of the record batch take up, including those of rows that are filled
    /// in when it is finished. Looks at every column.
    pub fn memory_size(&self) -> usize {
        let columns = self.columns.iter();
        let columns: usize = columns.map(|column| column.memory_size(self.rows)).sum();
        columns + self.overflow.memory_size()
    }

    /// Returns how many cells rows have repeated since the builder was made: for each row the cells of its
    /// resource and its scope. A sender sends them once, so this can be many times what it has sent.
    pub fn repeated_cells(&self) -> u64 {
        self.groups.repeated_cells
    }

    /// Makes a builder for each column that the schema has and this builder does not yet.
    fn fit_columns(&mut self) {
        let known = self.columns.len();
        let plain = self.options.plain_strings;
        let columns = self.schema.columns()[known..].iter();
        self.columns
            .extend(columns.map(|column| ColumnBuilder::new(column, plain)));
    }

    /// Pushes the cell of a row, or of the group that begins with it. Returns the reason if it overflows.
    #[inline(always)]
    fn push(&mut self, cell: &Cell<'_>, keys: &Keys) -> Result<ColumnId, OverflowReason> {
        let id = self.column_of(cell.key, keys)?;
        let column = &mut self.columns[id.index()];
        if column.claimed != self.rows {
            if column.claimed > self.rows {
                return Err(OverflowReason::Duplicate);
            }
            column.fill_up(self.rows);
        }
        // Values of the type that the column has and that they cannot change: nearly all of them. An
        // integer that is not exact as a double can change it, so the schema has to see it.
        match (&mut column.values, &cell.value) {
            (Values::Utf8(strings), Value::String(string)) => {
                self.scratch.bytes += strings.push(string.as_bytes());
            }
            (Values::Int64(ints), Value::Int(int))
                if column.field.is_some() || Inferred::of(&cell.value) == Inferred::ExactInt64 =>
            {
                ints.push(*int);
            }
            (Values::Float64(doubles), Value::Double(double)) => doubles.push(*double),
            (Values::Boolean(bools), Value::Bool(bool)) => bools.push(*bool),
            _ => return self.push_other(id, &cell.value),
        }
        column.claimed = self.rows + 1;
        Ok(id)
    }

    /// Returns the column of a key, or why its values overflow.
    #[inline(always)]
    fn column_of(&mut self, key: Key, keys: &Keys) -> Result<ColumnId, OverflowReason> {
        match self.slots.slot(key) {
            Slot::Column(id) => Ok(id),
            Slot::Overflow(reason) => Err(reason),
            Slot::Unknown | Slot::Reserved => self.look_up(key, keys),
        }
    }

    #[cold]
    fn look_up(&mut self, key: Key, keys: &Keys) -> Result<ColumnId, OverflowReason> {
        match self.slots.look_up(key, keys, &mut self.schema) {
            Slot::Column(id) => {
                self.fit_columns();
                Ok(id)
            }
            Slot::Overflow(reason) => Err(reason),
            Slot::Reserved => {
                self.reserved = Some(key);
                Err(OverflowReason::Duplicate)
            }
            Slot::Unknown => unreachable!("it was just looked up"),
        }
    }

    /// Pushes a value that has to be converted, or that the type of the column may have to be widened for.
    #[inline(never)]
    fn push_other(&mut self, id: ColumnId, value: &Value<'_>) -> Result<ColumnId, OverflowReason> {
        let column = &mut self.columns[id.index()];
        let pushed = if let Some(field) = column.field {
            let pushed = push_value(field.kind, &mut column.values, value, &mut self.scratch);
            // Of a list or a message the parts that fit were pushed. The whole of it overflows.
            if pushed || matches!(column.values, Values::Nested(_)) {
                column.claimed = self.rows + 1;
            }
            pushed
        } else {
            if matches!(value, Value::Empty) {
                return Err(OverflowReason::Empty);
            }
            let column_type = self.schema.widen(id, value).ok_or(OverflowReason::Type)?;
            let plain = self.options.plain_strings;
            column.values.widen(column_type, plain, &mut self.scratch);
            let pushed = column.values.push(value, &mut self.scratch);
            if pushed {
                column.claimed = self.rows + 1;
            }
            pushed
        };
        pushed.then_some(id).ok_or(OverflowReason::Type)
    }

    #[cold]
    fn overflow(&mut self, cell: &Cell<'_>, keys: &Keys, reason: OverflowReason) {
        if cell.key.is_excess()
            && let Value::KvList(entries) = cell.value
        {
            for (name, value) in entries {
                let name = full_name(cell.key.location(), name);
                self.push_overflow(&name, value, OverflowReason::Names);
            }
        } else {
            let name = full_name(cell.key.location(), keys.name(cell.key));
            self.push_overflow(&name, &cell.value, reason);
        }
    }

    fn push_overflow(&mut self, name: &str, value: &Value<'_>, reason: OverflowReason) {
        let text = text_of(value);
        self.scratch.bytes += self.overflow.push(self.rows, name, text.as_deref());
        self.counts.count(reason, 1);
    }
}

impl RowSink for BatchBuilder {
    type Error = BatchError;

    fn row(&mut self, row: &mut Row<'_>) -> Result<(), BatchError> {
        if self.is_full() {
            let bytes = self.scratch.bytes;
            return Err(BatchError::TooLarge { bytes });
        }
        let keys = row.keys();
        self.slots.bind(keys);
        if self.groups.resource.id != Some(row.resource().id()) {
            self.begin_group(Location::Resource, row.resource(), keys);
        }
        if self.groups.scope.id != Some(row.scope().id()) {
            self.begin_group(Location::Scope, row.scope(), keys);
        }
        self.push_groups();
        for cell in row.cells() {
            if let Err(reason) = self.push(cell, keys) {
                self.overflow(cell, keys, reason);
            }
        }
        self.rows += 1;
        match self.reserved.take() {
            None => Ok(()),
            Some(key) => Err(BatchError::ReservedName {
                name: keys.name(key).to_owned(),
            }),
        }
    }
}

impl fmt::Debug for BatchBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BatchBuilder")
            .field("schema", &self.schema)
            .field("options", &self.options)
            .field("rows", &self.rows)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;

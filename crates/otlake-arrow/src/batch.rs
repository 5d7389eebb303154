use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch, RecordBatchOptions, new_null_array};
use arrow_schema::{Schema as ArrowSchema, SchemaRef};
use otlake_row::{Cell, Group, Key, Keys, Location, Row, RowSink, Value};
use otlake_schema::{
    Absent, Coercion, ColumnId, DatasetSchema, FieldColumn, FieldKind, Inferred, OVERFLOW,
    OVERFLOW_ID, OverflowCounts, OverflowReason, Schema, SchemaInference, ValueText, full_name,
};

use crate::column::field::{data_type, field, push_value, type_of_attribute, values_of};
use crate::column::{Values, derived};
use crate::group::{GroupOverflow, OpenGroup};
use crate::overflow::OverflowColumn;
use crate::slots::{Slot, Slots};

/// What a [`BatchBuilder`] may be asked to do otherwise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct BatchOptions {
    plain_strings: bool,
    field_ids: bool,
}

impl BatchOptions {
    /// Dictionaries for strings with few distinct values.
    pub fn new() -> BatchOptions {
        BatchOptions::default()
    }

    /// Makes every column of strings `Utf8`, for consumers that do not know dictionaries or want
    /// one type in all batches.
    #[must_use]
    pub fn with_plain_strings(mut self) -> BatchOptions {
        self.plain_strings = true;
        self
    }

    /// Gives the columns of attributes the field ids of the dataset that the builder
    /// [coerces its values](BatchBuilder::coerce) to, in the metadata of their Arrow fields. The protocol's own
    /// fields have theirs always.
    #[must_use]
    pub fn with_field_ids(mut self, field_ids: bool) -> BatchOptions {
        self.field_ids = field_ids;
        self
    }
}

/// Why a row cannot be added to a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BatchError {
    /// The strings of the batch would not fit the 32-bit offsets of its arrays.
    #[error("the batch holds {bytes} bytes of strings: call finish_batch before you add more rows")]
    TooLarge {
        /// The bytes it holds already.
        bytes: usize,
    },
}

/// Strings of a batch, counted for each row that has them. Half of what 32-bit offsets can address,
/// so that one more row, however large, still fits.
const MAX_BYTES: usize = 1 << 30;

/// Builds record batches of rows. It finds the columns in the rows and keeps them, in a [`Schema`],
/// from batch to batch.
pub struct BatchBuilder {
    schema: Schema,
    options: BatchOptions,
    columns: Vec<Column>,
    slots: Slots,
    inference: SchemaInference,
    resource: OpenGroup,
    scope: OpenGroup,
    overflow: OverflowColumn,
    counts: OverflowCounts,
    rows: usize,
    bytes: usize,
    /// Scratch for the text of values that are not strings.
    text: String,
    /// That of the last batch, which is mostly that of the next.
    last_schema: Option<SchemaRef>,
}

struct Column {
    values: Values,
    /// The rows before this one have their value, or null; while the column belongs to an open
    /// group, all rows have.
    claimed: usize,
    field: Option<FieldColumn>,
}

const CLAIMED_BY_GROUP: usize = usize::MAX;

impl BatchBuilder {
    /// A builder that adds its columns to those of `schema`.
    pub fn new(schema: Schema) -> BatchBuilder {
        BatchBuilder::with_options(schema, BatchOptions::new())
    }

    /// A builder with other options.
    pub fn with_options(schema: Schema, options: BatchOptions) -> BatchBuilder {
        BatchBuilder {
            schema,
            options,
            columns: Vec::new(),
            slots: Slots::new(),
            inference: SchemaInference::new(),
            resource: OpenGroup::default(),
            scope: OpenGroup::default(),
            overflow: OverflowColumn::new(),
            counts: OverflowCounts::default(),
            rows: 0,
            bytes: 0,
            text: String::new(),
            last_schema: None,
        }
    }

    /// The columns found so far.
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// Finds the columns and types of a row that will be added later: they are known then when the rows
    /// before it are made a batch.
    #[inline]
    pub fn infer(&mut self, row: &Row<'_>) {
        self.inference.infer(row, &mut self.schema);
    }

    /// Fixes the types of the columns found so far; see [`Schema::freeze`].
    pub fn freeze(&mut self) {
        self.schema.freeze();
    }

    /// Takes the columns of a dataset over, with the types that were published for them, before a
    /// batch is finished and written as a part of it. Of columns that have another type so far the
    /// values that do not fit go to the `overflow` column, and all values of a column that the
    /// dataset has no room for.
    pub fn coerce(&mut self, dataset: &DatasetSchema) {
        self.end_group(Location::Resource);
        self.end_group(Location::Scope);
        self.fit_columns();
        let (mut overflow, mut refused) = (Vec::new(), false);
        let columns = self.schema.columns().len();
        for (id, coercion) in self.schema.coerce(dataset) {
            let (column_type, reason) = match coercion {
                Coercion::To(column_type) => (Some(column_type), OverflowReason::Type),
                Coercion::Overflow(reason) => {
                    refused = true;
                    (None, reason)
                }
            };
            let full_name = self.schema.column(id).full_name().unwrap_or_default();
            let counts = &mut self.counts;
            let plain = self.options.plain_strings;
            self.columns[id.index()]
                .values
                .convert(column_type, plain, |row, value| {
                    overflow.push((row, full_name.to_owned(), text_of(value)));
                    counts.count(reason, 1);
                });
        }
        if !overflow.is_empty() {
            // Stable, so the columns of a row keep their order.
            overflow.sort_by_key(|(row, _, _)| *row);
            self.overflow.insert(overflow);
        }
        if refused || self.schema.columns().len() > columns {
            // Some keys have lost their column, or got one that another writer has published.
            self.slots.forget();
        }
    }

    /// What overflowed since the builder was made.
    pub fn overflow_counts(&self) -> OverflowCounts {
        self.counts
    }

    /// Rows of the batch being built.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Whether the batch has to be finished before it takes another row: see [`BatchError::TooLarge`].
    pub fn is_full(&self) -> bool {
        self.bytes > MAX_BYTES
    }

    /// Bytes of the strings pushed, each counted for every row that has it: what
    /// [`BatchBuilder::memory_size`] can have grown by since it was last asked for. Costs nothing.
    pub fn pushed_bytes(&self) -> usize {
        self.bytes
    }

    /// Bytes that the values of the batch being built take up. Looks at every column.
    pub fn memory_size(&self) -> usize {
        let columns: usize = self
            .columns
            .iter()
            .map(|column| column.values.memory_size())
            .sum();
        columns + self.overflow.memory_size()
    }

    /// Takes the rows out as a batch, with a column for each of the schema's that has a type, and
    /// begins the next one.
    ///
    /// All columns are nullable. Their order is that of the fields, then that in which the
    /// attributes were found, and `overflow` at the end.
    pub fn finish_batch(&mut self) -> RecordBatch {
        let rows = self.rows;
        self.end_group(Location::Resource);
        self.end_group(Location::Scope);
        self.fit_columns();
        let mut names: Vec<Name<'_>> = Vec::with_capacity(self.columns.len() + 1);
        let mut arrays: Vec<ArrayRef> = Vec::with_capacity(self.columns.len() + 1);
        let own: Vec<Option<ArrayRef>> = self
            .columns
            .iter_mut()
            .map(|column| column.finish(rows))
            .collect();
        for (id, declared) in self.schema.columns().iter().enumerate() {
            let array = match declared.field() {
                Some(field) if field.kind.is_derived() => self.derive(*field, &own),
                _ => own[id].clone(),
            };
            let nulls = || match declared.field() {
                Some(field) => Some(data_type(field)),
                None => declared.column_type().map(type_of_attribute),
            };
            let nulls = || nulls().map(|data_type| new_null_array(&data_type, rows));
            if let Some(array) = array.or_else(nulls) {
                let has_id = declared.field().is_some() || self.options.field_ids;
                names.push((declared.name(), declared.id().filter(|_| has_id)));
                arrays.push(array);
            }
        }
        names.push((OVERFLOW, Some(OVERFLOW_ID)));
        arrays.push(self.overflow.finish(rows));
        self.rows = 0;
        self.bytes = 0;
        let schema = match self.last_schema.take() {
            Some(last) if describes(&last, &names, &arrays) => last,
            _ => arrow_schema(&names, &arrays),
        };
        self.last_schema = Some(Arc::clone(&schema));
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        RecordBatch::try_new_with_options(schema, arrays, &options)
            .unwrap_or_else(|error| unreachable!("every column was filled up: {error}"))
    }

    /// Takes back the memory of a batch that was written and is no longer needed, for the batches
    /// to come. Of a batch that somebody else holds a part of, that part is not taken.
    pub fn recycle(&mut self, batch: RecordBatch) {
        let (schema, arrays, _) = batch.into_parts();
        let mut columns = self.columns.iter_mut().zip(self.schema.columns());
        for (field, array) in schema.fields().iter().zip(arrays) {
            // The columns of a batch are in the order of the schema, which may have more.
            if let Some((column, _)) = columns.find(|(_, known)| known.name() == field.name()) {
                column.values.recycle(array);
            }
        }
    }

    /// The column that is made of others.
    fn derive(&self, field: FieldColumn, own: &[Option<ArrayRef>]) -> Option<ArrayRef> {
        let of = |key| own[self.schema.field_column(key)?.index()].as_ref();
        let values = of(field.key)?;
        match field.kind {
            FieldKind::Timestamp { or } => Some(derived::timestamps(values, or.and_then(of))),
            FieldKind::Duration { since } => Some(derived::durations(of(since)?, values)),
            FieldKind::EnumName(names) => {
                let plain = self.options.plain_strings;
                Some(derived::enum_names(values, names, plain))
            }
            _ => None,
        }
    }

    /// Makes a builder for each column that the schema has and this builder does not yet.
    fn fit_columns(&mut self) {
        let known = self.columns.len();
        self.columns
            .extend(self.schema.columns()[known..].iter().map(|column| {
                let field = column.field().copied();
                let values = match field {
                    // The values of a derived column are made at the end.
                    Some(field) if field.kind.is_derived() => Values::Empty(0),
                    Some(field) => values_of(&field, self.options.plain_strings),
                    None => Values::Empty(0),
                };
                Column {
                    values,
                    claimed: 0,
                    field,
                }
            }));
    }

    /// Pushes the cell of a row, or of the group that begins with it. Says why it overflows if it
    /// does.
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
        // Values of the type that the column has, which cannot change it: nearly all of them. An
        // integer that is not exact as a double can, so the schema has to see it.
        match (&mut column.values, &cell.value) {
            (Values::Utf8(strings), Value::String(string)) => {
                self.bytes += string.len();
                strings.push(string);
            }
            (Values::Int64(ints), Value::Int(int))
                if column.field.is_some() || Inferred::of(&cell.value) == Inferred::ExactInt64 =>
            {
                ints.push(*int);
            }
            (Values::Float64(doubles), Value::Double(double)) => doubles.push(*double),
            (Values::Boolean(bools), Value::Bool(bool)) => bools.push(*bool),
            _ => self.push_other(id, &cell.value)?,
        }
        self.columns[id.index()].claimed = self.rows + 1;
        Ok(id)
    }

    /// The column of a key, or why its values overflow.
    #[inline(always)]
    fn column_of(&mut self, key: Key, keys: &Keys) -> Result<ColumnId, OverflowReason> {
        match self.slots.slot(key) {
            Slot::Column(id) => Ok(id),
            Slot::Overflow(reason) => Err(reason),
            Slot::Unknown => self.look_up(key, keys),
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
            Slot::Unknown => unreachable!("it was just looked up"),
        }
    }

    /// Pushes a value that has to be converted, or that the column's type may have to be for.
    #[inline(never)]
    fn push_other(&mut self, id: ColumnId, value: &Value<'_>) -> Result<(), OverflowReason> {
        self.text.clear();
        let column = &mut self.columns[id.index()];
        if let Some(field) = column.field {
            if !push_value(field.kind, &mut column.values, value, &mut self.text) {
                // Of a list or a message what fits was pushed, and the whole of it overflows.
                if matches!(column.values, Values::Nested(_)) {
                    column.claimed = self.rows + 1;
                }
                return Err(OverflowReason::Type);
            }
        } else {
            if matches!(value, Value::Empty) {
                return Err(OverflowReason::Empty);
            }
            let column_type = self.schema.widen(id, value).ok_or(OverflowReason::Type)?;
            column.values.widen(column_type, self.options.plain_strings);
            if !column.values.push(value, &mut self.text) {
                return Err(OverflowReason::Type);
            }
        }
        self.bytes += match (&self.columns[id.index()].values, value) {
            (Values::Nested(_), value) => nested_bytes(value),
            (_, Value::Bytes(bytes)) => bytes.len(),
            _ => self.text.len(),
        };
        Ok(())
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
        self.overflow.push(self.rows, name, text.as_deref());
        self.bytes += name.len() + text.map_or(0, |text| text.len());
        self.counts.count(reason, 1);
    }

    fn begin_group(&mut self, location: Location, group: Group<'_>, keys: &Keys) {
        self.end_group(location);
        let mut open = std::mem::take(self.open_group(location));
        open.id = Some(group.id());
        open.begin = self.rows;
        let bytes = self.bytes;
        for cell in group.cells() {
            let pushed = match self.column_of(cell.key, keys) {
                // The lists of records are not what a group has, and can't be repeated.
                Ok(id) if matches!(self.columns[id.index()].values, Values::Nested(_)) => {
                    Err(OverflowReason::Type)
                }
                _ => self.push(cell, keys),
            };
            match pushed {
                Ok(id) => {
                    self.columns[id.index()].claimed = CLAIMED_BY_GROUP;
                    open.columns.push(id);
                }
                Err(reason) => open.push_overflow(cell, keys, reason),
            }
        }
        open.bytes = self.bytes - bytes
            + open
                .overflow
                .iter()
                .map(GroupOverflow::bytes)
                .sum::<usize>();
        self.bytes = bytes;
        *self.open_group(location) = open;
    }

    /// Repeats the group's values for its rows behind the first.
    fn end_group(&mut self, location: Location) {
        let mut group = std::mem::take(self.open_group(location));
        for id in &group.columns {
            let column = &mut self.columns[id.index()];
            column
                .values
                .repeat_last((self.rows - group.begin).saturating_sub(1));
            column.claimed = self.rows;
        }
        group.clear();
        *self.open_group(location) = group;
    }

    fn open_group(&mut self, location: Location) -> &mut OpenGroup {
        match location {
            Location::Resource => &mut self.resource,
            _ => &mut self.scope,
        }
    }

    fn push_group_overflow(&mut self) {
        for group in [&self.resource, &self.scope] {
            for GroupOverflow { name, text, reason } in &group.overflow {
                self.overflow.push(self.rows, name, text.as_deref());
                self.counts.count(*reason, 1);
            }
        }
    }
}

impl RowSink for BatchBuilder {
    type Error = BatchError;

    fn row(&mut self, row: &mut Row<'_>) -> Result<(), BatchError> {
        if self.is_full() {
            return Err(BatchError::TooLarge { bytes: self.bytes });
        }
        let keys = row.keys();
        self.slots.bind(keys);
        if self.resource.id != Some(row.resource().id()) {
            self.begin_group(Location::Resource, row.resource(), keys);
        }
        if self.scope.id != Some(row.scope().id()) {
            self.begin_group(Location::Scope, row.scope(), keys);
        }
        if !(self.resource.overflow.is_empty() && self.scope.overflow.is_empty()) {
            self.push_group_overflow();
        }
        for cell in row.cells() {
            if let Err(reason) = self.push(cell, keys) {
                self.overflow(cell, keys, reason);
            }
        }
        self.bytes += self.resource.bytes + self.scope.bytes;
        self.rows += 1;
        Ok(())
    }
}

impl std::fmt::Debug for BatchBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BatchBuilder")
            .field("schema", &self.schema)
            .field("options", &self.options)
            .field("rows", &self.rows)
            .finish_non_exhaustive()
    }
}

impl OpenGroup {
    #[cold]
    fn push_overflow(&mut self, cell: &Cell<'_>, keys: &Keys, reason: OverflowReason) {
        let location = cell.key.location();
        let mut push = |name: &str, value: &Value<'_>, reason| {
            let (name, text) = (full_name(location, name), text_of(value));
            self.overflow.push(GroupOverflow { name, text, reason });
        };
        match cell.value {
            Value::KvList(entries) if cell.key.is_excess() => {
                entries
                    .iter()
                    .for_each(|(name, v)| push(name, v, OverflowReason::Names));
            }
            value => push(keys.name(cell.key), &value, reason),
        }
    }
}

impl Column {
    /// Gives the rows before `row` that have no value what such rows have.
    #[inline]
    fn fill_up(&mut self, row: usize) {
        let missing = row - self.claimed;
        self.claimed = row;
        match (&mut self.values, self.field) {
            (
                Values::Int64(column),
                Some(FieldColumn {
                    absent: Absent::Zero,
                    ..
                }),
            ) => {
                column.push_zeros(missing);
            }
            (values, _) => values.push_nulls(missing),
        }
    }

    /// The values of `rows` rows; `None` if there is none among them.
    fn finish(&mut self, rows: usize) -> Option<ArrayRef> {
        if self.claimed < rows {
            self.fill_up(rows);
        }
        self.claimed = 0;
        self.values.finish()
    }
}

/// The name of a column and its field id.
type Name<'a> = (&'a str, Option<u32>);

fn arrow_schema(names: &[Name<'_>], arrays: &[ArrayRef]) -> SchemaRef {
    let columns = names.iter().zip(arrays);
    let fields = columns.map(|((name, id), array)| {
        let data_type = array.data_type().clone();
        field(name, data_type, true, *id)
    });
    Arc::new(ArrowSchema::new(fields.collect::<Vec<_>>()))
}

/// Whether a schema that [`arrow_schema`] made is what it would make of these columns.
fn describes(schema: &ArrowSchema, names: &[Name<'_>], arrays: &[ArrayRef]) -> bool {
    let fields = schema.fields();
    fields.len() == names.len()
        && fields.iter().zip(names).all(|(field, (name, id))| {
            field.name() == name && id.is_some() != field.metadata().is_empty()
        })
        && fields
            .iter()
            .zip(arrays)
            .all(|(field, array)| field.data_type() == array.data_type())
}

/// Bytes that a value may take in the columns of a list or message, if not more.
fn nested_bytes(value: &Value<'_>) -> usize {
    /// Of a number with its place in a list, or as text.
    const NUMBER: usize = 24;
    match value {
        Value::String(string) => string.len() + NUMBER,
        Value::Bytes(bytes) => 2 * bytes.len() + NUMBER,
        Value::Array(values) => values.iter().map(nested_bytes).sum(),
        Value::KvList(entries) => entries
            .iter()
            .map(|(name, value)| name.len() + nested_bytes(value))
            .sum(),
        _ => NUMBER,
    }
}

fn text_of(value: &Value<'_>) -> Option<String> {
    (*value != Value::Empty).then(|| ValueText(value).to_string())
}

#[cfg(test)]
mod tests;

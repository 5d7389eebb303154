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
use crate::column::{Extent, Scratch, Values};
use crate::column_builder::ColumnBuilder;
use crate::group::{OpenGroup, text_of};
use crate::options::BatchOptions;
use crate::overflow::OverflowColumn;
use crate::projection::Projection;
use crate::slots::{NoColumn, Slot, Slots};

/// An error from adding a row to a record batch.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BatchError {
    /// The record batch is full: more strings might not fit the 32-bit offsets of its arrays. The row was
    /// not added.
    #[error("the record batch holds {bytes} bytes of strings: finish it before you add more rows")]
    TooLarge {
        /// Number of bytes of strings that the record batch already holds.
        bytes: usize,
    },
    /// The name of a key at [`Location::Field`] is reserved: only a column of the protocol can have it, or
    /// it could be the full name of an attribute. The row was added, with the value in its `overflow`
    /// column.
    #[error(
        "a field cannot be named {name:?}, because a column of the protocol has that name: register another"
    )]
    ReservedName {
        /// The name of the key.
        name: String,
    },
}

/// Number of bytes, not counting values of a fixed width, above which a record batch is full. This is half
/// of what 32-bit offsets can address, so that one more row, however large, still fits.
const MAX_BYTES: usize = 1 << 30;

/// Maximum number of rows in a record batch, so that row numbers fit 32 bits.
const MAX_ROWS: usize = 1 << 30;

/// A builder of record batches. It infers the columns from the rows and keeps them, in a [`Schema`], from
/// one record batch to the next.
///
/// A string of a resource or scope is stored once, however many rows share it, because its column has a
/// dictionary. Names and texts in the `overflow` column have dictionaries too, once they are repeated often
/// enough to matter.
///
/// A loop that ends a record batch by its size and reuses its memory:
///
/// ```
/// use otlake_arrow::BatchBuilder;
/// use otlake_row::{Cell, Group, Row, RowSink, Signal, Value, fields};
/// use otlake_schema::Schema;
///
/// let cells = [Cell { key: fields::SCOPE_NAME, value: Value::String("checkout") }];
/// let (resource, scope) = (Group::new(&[]), Group::new(&cells));
/// let body = "x".repeat(1000);
///
/// let mut builder = BatchBuilder::new(Schema::logs());
/// let mut batches = 0;
/// for _ in 0..100 {
///     let mut row = Row::new(Signal::Logs, resource, scope);
///     row.push(fields::BODY, Value::String(&body));
///     builder.row(&mut row)?;
///     // The next record batch stores the name of the scope again.
///     let own = builder.stored_bytes() - builder.group_bytes();
///     if builder.is_full() || own >= 1_000 {
///         assert!(builder.memory_size() >= builder.stored_bytes());
///         let batch = builder.finish_batch();
///         batches += 1; // write it here
///         builder.recycle(batch);
///     }
/// }
/// assert_eq!((batches, builder.rows()), (100, 0));
/// assert_eq!(builder.repeated_cells(), 100, "the name of the scope, for each row");
/// builder.release_memory();
/// # Ok::<_, otlake_arrow::BatchError>(())
/// ```
pub struct BatchBuilder {
    schema: Schema,
    options: BatchOptions,
    projection: Projection,
    columns: Vec<ColumnBuilder>,
    slots: Slots,
    inference: SchemaInference,
    groups: Groups,
    overflow: OverflowColumn,
    counts: OverflowCounts,
    rows: usize,
    scratch: Scratch,
    /// The key of the current row that has a reserved name, if there is one.
    reserved: Option<Key>,
    /// The Arrow schema of the last record batch. The next record batch usually has the same.
    last_schema: Option<SchemaRef>,
}

/// The resource and the scope of the last row.
#[derive(Default)]
struct Groups {
    resource: OpenGroup,
    scope: OpenGroup,
    /// Number of cells that rows have repeated since the builder was created.
    repeated_cells: u64,
}

impl BatchBuilder {
    /// Returns a builder with the default options. It adds its columns to `schema`.
    pub fn new(schema: Schema) -> BatchBuilder {
        BatchBuilder::with_options(schema, BatchOptions::new())
    }

    /// Returns a builder that adds its columns to `schema`.
    pub fn with_options(schema: Schema, options: BatchOptions) -> BatchBuilder {
        BatchBuilder {
            schema,
            options,
            projection: Projection::All,
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

    /// Restricts record batches to the columns with these names, in the order of the schema. Values of other
    /// columns are left out: nothing is converted or stored for them.
    ///
    /// The overflow column has the values that do not fit their columns, so selecting it costs as much as selecting
    /// every column. Without it, values that overflow are left out and not
    /// [counted](BatchBuilder::overflow_counts).
    ///
    /// ```
    /// use otlake_arrow::BatchBuilder;
    /// use otlake_row::{Group, Row, RowSink, Signal, Value, fields};
    /// use otlake_schema::Schema;
    ///
    /// let mut builder = BatchBuilder::new(Schema::logs()).with_projection(["severity_number"]);
    /// let mut row = Row::new(Signal::Logs, Group::new(&[]), Group::new(&[]));
    /// row.push(fields::SEVERITY_NUMBER, Value::Int(17));
    /// row.push(fields::BODY, Value::String("disk full"));
    /// builder.row(&mut row)?;
    /// let batch = builder.finish_batch();
    /// assert_eq!((batch.num_rows(), batch.num_columns()), (1, 1));
    /// # Ok::<_, otlake_arrow::BatchError>(())
    /// ```
    #[must_use]
    pub fn with_projection(
        mut self,
        columns: impl IntoIterator<Item = impl Into<String>>,
    ) -> BatchBuilder {
        self.projection = Projection::only(columns, &self.schema);
        self
    }

    /// Returns the columns found so far.
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// Infers columns and types from a row that is added later, so that they are known when the rows before
    /// it become a record batch.
    ///
    /// ```
    /// use otlake_arrow::{BatchBuilder, BatchOptions, arrow_array::cast::AsArray};
    /// use otlake_row::{Group, Keys, Location, Row, RowSink, Signal, Value};
    /// use otlake_schema::Schema;
    ///
    /// let mut keys = Keys::new();
    /// let code = keys.intern(Location::Attribute, "code").expect("below the key limit");
    /// let row = |value: Value<'static>| {
    ///     let mut row = Row::new(Signal::Logs, Group::new(&[]), Group::new(&[]));
    ///     row.set_keys(&keys);
    ///     row.push(code, value);
    ///     row
    /// };
    ///
    /// let options = BatchOptions::new().with_plain_strings();
    /// let mut builder = BatchBuilder::with_options(Schema::logs(), options);
    /// let mut waiting = [row(Value::Int(200)), row(Value::String("ok"))];
    /// for row in &waiting {
    ///     builder.infer(row);
    /// }
    /// builder.row(&mut waiting[0])?;
    /// assert!(builder.batch_size() > 0);
    /// let first = builder.finish_batch();
    /// assert_eq!(first["attr_code"].as_string::<i32>().value(0), "200");
    /// # Ok::<_, otlake_arrow::BatchError>(())
    /// ```
    #[inline]
    pub fn infer(&mut self, row: &Row<'_>) {
        self.inference.infer(row, &mut self.schema);
    }

    /// Freezes the types of the columns found so far; see [`Schema::freeze`].
    pub fn freeze(&mut self) {
        self.schema.freeze();
    }

    /// Returns the number of values that have overflowed since the builder was created, by reason.
    pub fn overflow_counts(&self) -> OverflowCounts {
        self.counts
    }

    /// Returns the number of rows in the current record batch.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Returns whether the record batch has to be finished before another row can be added; see
    /// [`BatchError::TooLarge`].
    pub fn is_full(&self) -> bool {
        self.scratch.bytes > MAX_BYTES || self.rows >= MAX_ROWS
    }

    /// Returns the number of bytes that the record batch stores in addition to values of a fixed width:
    /// texts, bytes, and the elements of lists and maps. A string that is already in a dictionary is not
    /// counted again. [`batch_size`](Self::batch_size) is at most this number plus 8 bytes for each row
    /// and column, apart from a few bytes per column. Unlike `batch_size`, this costs nothing to call.
    pub fn stored_bytes(&self) -> usize {
        self.scratch.bytes
    }

    /// Returns the number of bytes stored for the resource and the scope of the last row. The next record
    /// batch stores them again if it begins with a row of the same groups, so finishing this one early does
    /// not save them.
    pub fn group_bytes(&self) -> usize {
        self.groups.resource.stored + self.groups.scope.stored
    }

    /// Returns the size of the record batch's values in bytes, including the values that are filled in when
    /// it is finished. Visits every column.
    pub fn batch_size(&self) -> usize {
        self.size(Extent::Values)
    }

    /// Returns the number of bytes that the builder has allocated for values, or is about to allocate. This is
    /// about twice the [`batch_size`](Self::batch_size), because vectors double when they are full, unless the
    /// memory of an earlier record batch was [recycled](Self::recycle). Visits every column.
    pub fn memory_size(&self) -> usize {
        self.size(Extent::Memory) + self.scratch.text.capacity()
    }

    fn size(&self, extent: Extent) -> usize {
        let columns = self.columns.iter();
        let columns: usize = columns.map(|column| column.size(self.rows, extent)).sum();
        columns + self.overflow.size(extent)
    }

    /// Frees the memory that is kept for record batches to come, which [`recycle`](Self::recycle) has taken back.
    /// Does nothing to columns that have values.
    pub fn release_memory(&mut self) {
        for column in &mut self.columns {
            column.values.release_memory();
        }
        self.scratch.text = String::new();
    }

    /// Returns the number of cells that rows have repeated since the builder was created: for each row, the
    /// cells of its resource and its scope. A sender sends such a cell once, so this can be many times the
    /// number of cells that were sent.
    pub fn repeated_cells(&self) -> u64 {
        self.groups.repeated_cells
    }

    /// Adds a column builder for each column of the schema that does not have one yet.
    fn fit_columns(&mut self) {
        let known = self.columns.len();
        let plain = self.options.plain_strings;
        let projection = &self.projection;
        let columns = self.schema.columns()[known..].iter().map(|column| {
            let (needed, selected) = (projection.needs(column), projection.selects(column.name()));
            ColumnBuilder::new(column, plain, needed, selected)
        });
        self.columns.extend(columns);
    }

    /// Gives columns that have values the types that [`Self::infer`] has found since.
    fn widen_columns(&mut self) {
        let plain = self.options.plain_strings;
        for (column, declared) in self.columns.iter_mut().zip(self.schema.columns()) {
            if column.field.is_none()
                && column.values.column_type().is_some()
                && let Some(column_type) = declared.column_type()
            {
                column.values.widen(column_type, plain, &mut self.scratch);
            }
        }
    }

    /// Appends a cell of the current row, or of a group that begins with that row. If the cell has no column,
    /// returns the reason.
    #[inline(always)]
    fn push(&mut self, cell: &Cell<'_>, keys: &Keys) -> Result<ColumnId, NoColumn> {
        let id = self.column_of(cell.key, keys)?;
        let column = &mut self.columns[id.index()];
        if column.claimed != self.rows {
            if column.claimed > self.rows {
                return Err(OverflowReason::Duplicate.into());
            }
            column.fill_up(self.rows);
        }
        // The fast path for nearly all values: they have the type of the column and cannot change it. An
        // integer that a double cannot represent exactly can change it, so the schema has to see that
        // integer.
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
            _ => return Ok(self.push_other(id, &cell.value)?),
        }
        column.claimed = self.rows + 1;
        Ok(id)
    }

    /// Returns the column of a key, or the reason why it has none.
    #[inline(always)]
    fn column_of(&mut self, key: Key, keys: &Keys) -> Result<ColumnId, NoColumn> {
        match self.slots.slot(key) {
            Slot::Column(id) => Ok(id),
            Slot::Overflow(reason) => Err(NoColumn::Overflow(reason)),
            Slot::Skipped => Err(NoColumn::Skipped),
            Slot::Unknown | Slot::Reserved => self.look_up(key, keys),
        }
    }

    #[cold]
    fn look_up(&mut self, key: Key, keys: &Keys) -> Result<ColumnId, NoColumn> {
        let found = match self.slots.look_up(key, keys, &mut self.schema) {
            Slot::Column(id) => {
                self.fit_columns();
                match self.columns[id.index()].needed {
                    true => Ok(id),
                    false => Err(NoColumn::Skipped),
                }
            }
            Slot::Reserved => {
                self.reserved = Some(key);
                return Err(OverflowReason::Duplicate.into());
            }
            Slot::Overflow(_) if !self.projection.selects_overflow() => Err(NoColumn::Skipped),
            Slot::Overflow(reason) => Err(NoColumn::Overflow(reason)),
            Slot::Skipped => Err(NoColumn::Skipped),
            Slot::Unknown => unreachable!("it was just looked up"),
        };
        if matches!(found, Err(NoColumn::Skipped)) {
            self.slots.skip(key);
        }
        found
    }

    /// Appends a value that has to be converted, or that may widen the type of the column.
    #[inline(never)]
    fn push_other(&mut self, id: ColumnId, value: &Value<'_>) -> Result<ColumnId, OverflowReason> {
        let column = &mut self.columns[id.index()];
        let pushed = if let Some(field) = column.field {
            let pushed = push_value(field.kind, &mut column.values, value, &mut self.scratch);
            // The parts of a list or message that fit are in the column now. If any part does not fit, the
            // whole value overflows too.
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
        if !self.projection.selects_overflow() {
            return;
        }
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
            if let Err(NoColumn::Overflow(reason)) = self.push(cell, keys) {
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

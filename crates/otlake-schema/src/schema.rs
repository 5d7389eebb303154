use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use hashbrown::HashMap;
use otlake_row::{Key, Location, Value};

use crate::columns::{FieldColumn, OVERFLOW_ID, Table, field_columns, is_of_late_field};
use crate::dataset::{DatasetColumn, DatasetSchema};
use crate::inferred::{ColumnType, Inferred};
use crate::naming::{FlatNaming, Naming, full_name, is_attribute};
use crate::overflow::{OVERFLOW, OverflowReason};

/// What a [`Schema`] may be asked to do otherwise.
#[derive(Clone)]
pub struct SchemaOptions {
    naming: Arc<dyn Naming + Send + Sync>,
    column_budget: usize,
    promoted: Arc<HashSet<String>>,
}

impl SchemaOptions {
    /// Flat names, and at most 256 columns of attributes.
    pub fn new() -> SchemaOptions {
        SchemaOptions {
            naming: Arc::new(FlatNaming),
            column_budget: 256,
            promoted: Arc::default(),
        }
    }

    /// How columns are named. Default: [`FlatNaming`].
    #[must_use]
    pub fn with_naming(mut self, naming: impl Naming + Send + Sync + 'static) -> SchemaOptions {
        self.naming = Arc::new(naming);
        self
    }

    /// How many columns attributes may have, of the resource, the scope and the record together;
    /// `usize::MAX` for any number. Default: 256. The footer of a file grows by some 200 bytes for
    /// every column and row group, and readers read it whole.
    #[must_use]
    pub fn with_column_budget(mut self, columns: usize) -> SchemaOptions {
        self.column_budget = columns;
        self
    }

    /// Attributes that get a column whatever the budget, by their [`full_name`]:
    /// `resource.service.name`, `attr.user.id`.
    #[must_use]
    pub fn with_promoted<I>(mut self, full_names: I) -> SchemaOptions
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        self.promoted = Arc::new(full_names.into_iter().map(Into::into).collect());
        self
    }
}

impl Default for SchemaOptions {
    fn default() -> Self {
        SchemaOptions::new()
    }
}

impl fmt::Debug for SchemaOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SchemaOptions")
            .field("column_budget", &self.column_budget)
            .finish_non_exhaustive()
    }
}

/// The number of a column in its [`Schema`], from 0, in the order in which they were found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ColumnId(u32);

impl ColumnId {
    /// The number as an index.
    #[inline]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// Where the values of a name go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resolved {
    /// To a column.
    Column(ColumnId),
    /// To the overflow column.
    Overflow(OverflowReason),
}

/// A column that was found.
#[derive(Clone, Debug)]
pub struct Column {
    name: String,
    sources: Vec<String>,
    inferred: Inferred,
    frozen: bool,
    field: Option<FieldColumn>,
    id: Option<u32>,
    /// Whether the column budget is for it.
    budgeted: bool,
    promoted: bool,
    /// Why its values overflow, although there was a column once.
    refused: Option<OverflowReason>,
}

impl Column {
    /// Its name in the file.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The full names of the attributes whose values it takes; see [`full_name`].
    pub fn sources(&self) -> &[String] {
        &self.sources
    }

    /// Its type so far; `None` as long as it has no value, and for the lists and maps of fields,
    /// whose type is that of their [`FieldColumn::kind`].
    pub fn column_type(&self) -> Option<ColumnType> {
        match self.field {
            Some(field) => field.kind.column_type(),
            None => self.inferred.column_type(),
        }
    }

    /// Its field id: the protocol's own fields have one, others once they are published in a
    /// [`DatasetSchema`].
    pub fn id(&self) -> Option<u32> {
        self.id
    }

    /// Whether it is there because it was named, beside the column budget.
    pub fn is_promoted(&self) -> bool {
        self.promoted
    }

    /// Whether the column budget is for it.
    pub(crate) fn counts(&self) -> bool {
        self.budgeted
    }

    /// The field that it is the column of, if it is one of those that every file has.
    pub fn field(&self) -> Option<&FieldColumn> {
        self.field.as_ref()
    }
}

impl Column {
    fn publish(&mut self, published: &DatasetColumn) {
        self.id = Some(published.id());
        if let Some(column_type) = published.column_type() {
            self.inferred = column_type.into();
            self.frozen = true;
        }
    }
}

/// What has to become of a column's values when its type is published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coercion {
    /// They stay as they are.
    Keep,
    /// They become values of this type; those that do not fit overflow.
    To(ColumnType),
    /// They overflow: the dataset has no room for the column.
    Overflow(OverflowReason),
}

/// The columns of a table, found while its rows pass.
#[derive(Clone, Debug)]
pub struct Schema {
    table: Table,
    options: SchemaOptions,
    columns: Vec<Column>,
    by_name: HashMap<String, ColumnId, foldhash::fast::RandomState>,
    /// How much of the column budget is used.
    budgeted: usize,
}

impl Schema {
    /// The schema of a table of logs with the default options.
    pub fn logs() -> Schema {
        Schema::new(Table::Logs, SchemaOptions::new())
    }

    /// The schema of a table of spans with the default options.
    pub fn traces() -> Schema {
        Schema::new(Table::Traces, SchemaOptions::new())
    }

    /// The schema of a table of data points of all kinds with the default options.
    pub fn metrics() -> Schema {
        Schema::new(Table::Metrics, SchemaOptions::new())
    }

    /// A schema that has the columns of the table's fields, and those of attributes to come.
    pub fn new(table: impl Into<Table>, options: SchemaOptions) -> Schema {
        let table = table.into();
        let mut schema = Schema {
            table,
            options,
            columns: Vec::new(),
            by_name: HashMap::default(),
            budgeted: 0,
        };
        for field in field_columns(table) {
            schema.add(field.name.to_owned(), Some(field));
        }
        schema
    }

    /// A schema that has the columns of a dataset, with the types that were published.
    pub fn of_dataset(dataset: &DatasetSchema, options: SchemaOptions) -> Schema {
        let mut schema = Schema::new(dataset.table(), options);
        schema.merge(dataset);
        schema
    }

    /// How many columns attributes may have.
    pub(crate) fn column_budget(&self) -> usize {
        self.options.column_budget
    }

    /// Whether there is a column with a type, or a name of one, that the dataset does not know.
    pub fn has_unpublished_changes(&self, dataset: &DatasetSchema) -> bool {
        let mut columns = self.columns.iter();
        columns.any(|column| match dataset.column(&column.name) {
            Some(known) => !column.sources.iter().all(|key| known.keys().contains(key)),
            None => column.column_type().is_some(),
        })
    }

    /// Gives a column the type that the dataset has published, for good, and says what has to become
    /// of the values that are there already.
    pub fn coerce(&mut self, id: ColumnId, dataset: &DatasetSchema) -> Coercion {
        let column = &mut self.columns[id.index()];
        if column.field.is_some() || column.frozen {
            return Coercion::Keep;
        }
        let Some(before) = column.column_type() else {
            return Coercion::Keep;
        };
        match dataset.column(&column.name) {
            Some(published) => {
                column.publish(published);
                match published.column_type() {
                    Some(r#type) if r#type != before => Coercion::To(r#type),
                    _ => Coercion::Keep,
                }
            }
            None => {
                column.inferred = Inferred::Empty;
                column.refused = Some(OverflowReason::Budget);
                Coercion::Overflow(OverflowReason::Budget)
            }
        }
    }

    /// Adds the columns of a dataset, and fixes the types of those that have no value yet.
    pub fn merge(&mut self, dataset: &DatasetSchema) {
        for published in dataset.columns() {
            if published.id() == OVERFLOW_ID {
                continue;
            }
            let id = match self.by_name.get(published.name()) {
                Some(id) => *id,
                None => {
                    let id = self.add(published.name().to_owned(), None);
                    let column = &mut self.columns[id.index()];
                    column.sources = published.keys().to_vec();
                    column.promoted = published.is_promoted();
                    column.budgeted =
                        column.sources.iter().any(|key| is_attribute(key)) && !column.promoted;
                    self.budgeted += usize::from(column.budgeted);
                    id
                }
            };
            let column = &mut self.columns[id.index()];
            if column.field.is_none() && column.inferred == Inferred::Empty {
                column.publish(published);
            }
        }
    }

    /// The table whose fields it has.
    pub fn table(&self) -> Table {
        self.table
    }

    /// All columns; a [`ColumnId`] is an index to it.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The id of the column with an index, which is below the number of columns.
    pub fn column_id(&self, index: usize) -> ColumnId {
        ColumnId(index as u32)
    }

    /// One column.
    pub fn column(&self, id: ColumnId) -> &Column {
        &self.columns[id.index()]
    }

    /// The column of a field that every file has; not one that is derived from it.
    pub fn field_column(&self, key: Key) -> Option<ColumnId> {
        let is_its = |column: &Column| {
            column
                .field
                .is_some_and(|field| field.key == key && !field.kind.is_derived())
        };
        self.columns
            .iter()
            .position(is_its)
            .map(|index| ColumnId(index as u32))
    }

    /// Where the values of a name go: to the column of that name, to a new one within the budget,
    /// or to overflow. The answer for a name does not change, so a caller may keep it.
    pub fn resolve(&mut self, location: Location, name: &str) -> Resolved {
        let mut column = String::new();
        match location {
            // A field that not every file has, or one that a stage made up: its own name, and
            // beside the budget, since it does not come from a sender.
            Location::Field => column.push_str(name),
            _ => self.options.naming.write(location, name, &mut column),
        }
        let source = full_name(location, name);
        let is_taken = location != Location::Field && is_of_late_field(&column);
        if is_taken || column == OVERFLOW {
            return Resolved::Overflow(OverflowReason::Duplicate);
        }
        if let Some(&id) = self.by_name.get(&column) {
            let column = &mut self.columns[id.index()];
            if column.field.is_some() {
                return Resolved::Overflow(OverflowReason::Duplicate);
            }
            if let Some(reason) = column.refused {
                return Resolved::Overflow(reason);
            }
            if !column.sources.contains(&source) {
                column.sources.push(source);
            }
            return Resolved::Column(id);
        }
        let promoted = self.options.promoted.contains(&source);
        let budgeted = location != Location::Field && !promoted;
        if budgeted {
            if self.budgeted >= self.options.column_budget {
                return Resolved::Overflow(OverflowReason::Budget);
            }
            self.budgeted += 1;
        }
        let id = self.add(column, None);
        let column = &mut self.columns[id.index()];
        column.sources.push(source);
        column.promoted = promoted;
        column.budgeted = budgeted;
        Resolved::Column(id)
    }

    /// Takes a value into the column's type and says what type the column has now; `None` when it
    /// is frozen with a type that the value does not fit, or a dataset had no room for it, and the value
    /// has to overflow.
    #[inline]
    pub fn widen(&mut self, id: ColumnId, value: &Value<'_>) -> Option<ColumnType> {
        let column = &mut self.columns[id.index()];
        if column.refused.is_some() {
            return None;
        }
        let joined = column.inferred.join(Inferred::of(value));
        if joined != column.inferred {
            if column.frozen && joined.column_type() != column.inferred.column_type() {
                return None;
            }
            column.inferred = joined;
        }
        joined.column_type()
    }

    /// Fixes the types of all columns that have one: rows with these types have been published.
    pub fn freeze(&mut self) {
        for column in &mut self.columns {
            column.frozen |= column.inferred != Inferred::Empty;
        }
    }

    fn add(&mut self, name: String, field: Option<FieldColumn>) -> ColumnId {
        let id = ColumnId(self.columns.len() as u32);
        self.by_name.insert(name.clone(), id);
        let inferred = Inferred::Empty;
        self.columns.push(Column {
            name,
            sources: Vec::new(),
            inferred,
            frozen: false,
            field,
            id: field.map(|field| field.id),
            budgeted: false,
            promoted: false,
            refused: None,
        });
        id
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use otlake_row::{Signal, fields};
    use proptest::prelude::*;

    fn column(resolved: Resolved) -> ColumnId {
        match resolved {
            Resolved::Column(id) => id,
            Resolved::Overflow(reason) => panic!("overflows: {reason:?}"),
        }
    }

    #[test]
    fn names_that_fall_together_share_a_column_and_are_both_remembered() {
        let mut schema = Schema::logs();
        let dotted = column(schema.resolve(Location::Attribute, "http.method"));
        let dashed = column(schema.resolve(Location::Attribute, "http-method"));
        assert_eq!(dotted, dashed);
        assert_eq!(
            schema.column(dotted).sources(),
            ["attr.http.method", "attr.http-method"]
        );
    }

    #[test]
    fn attributes_do_not_get_into_the_columns_of_fields() {
        let mut schema = Schema::logs();
        for (location, name) in [
            (Location::Resource, "schema_url"),
            (Location::Scope, "name"),
            (Location::Resource, "dropped.attributes.count"),
            (Location::Resource, "entity_refs"),
            (Location::Scope, "dropped_attributes_count"),
        ] {
            let resolved = schema.resolve(location, name);
            assert_eq!(
                resolved,
                Resolved::Overflow(OverflowReason::Duplicate),
                "{name}"
            );
        }
    }

    #[test]
    fn the_budget_counts_columns_of_attributes_only() {
        let options = SchemaOptions::new().with_column_budget(1);
        let mut schema = Schema::new(Signal::Logs, options);
        let first = column(schema.resolve(Location::Resource, "host.name"));
        let second = schema.resolve(Location::Attribute, "user.id");
        assert_eq!(second, Resolved::Overflow(OverflowReason::Budget));
        column(schema.resolve(Location::Field, "tenant"));
        assert_eq!(
            column(schema.resolve(Location::Resource, "host.name")),
            first,
            "known before"
        );
    }

    #[test]
    fn a_frozen_type_takes_what_fits_and_nothing_else() {
        let mut schema = Schema::logs();
        let id = column(schema.resolve(Location::Attribute, "ratio"));
        assert_eq!(
            schema.widen(id, &Value::Double(0.5)),
            Some(ColumnType::Float64)
        );
        schema.freeze();
        assert_eq!(schema.widen(id, &Value::Int(1)), Some(ColumnType::Float64));
        assert_eq!(schema.widen(id, &Value::Int(i64::MAX)), None);
        assert_eq!(schema.widen(id, &Value::String("half")), None);
        assert_eq!(
            schema.widen(id, &Value::Double(0.1)),
            Some(ColumnType::Float64)
        );
    }

    #[test]
    fn every_field_has_one_column() {
        let schema = Schema::logs();
        let id = schema.field_column(fields::TIME_UNIX_NANO).unwrap();
        assert_eq!(schema.column(id).name(), "time_unix_nano");
        assert_eq!(schema.field_column(fields::TEMPLATE), None);
    }

    fn value() -> impl Strategy<Value = Value<'static>> {
        prop_oneof![
            Just(Value::Bool(true)),
            (-3i64..3).prop_map(Value::Int),
            Just(Value::Int(i64::MAX)),
            Just(Value::Double(0.5)),
            Just(Value::String("text")),
            Just(Value::Bytes(b"bytes")),
            Just(Value::Array(&[])),
        ]
    }

    proptest! {
        #[test]
        fn the_order_of_values_does_not_matter_for_the_type(
            values in proptest::collection::vec(value(), 1..8),
            seed in any::<u64>(),
        ) {
            let types = |values: &[Value<'_>]| {
                let mut schema = Schema::logs();
                let id = column(schema.resolve(Location::Attribute, "x"));
                values.iter().map(|value| schema.widen(id, value)).last()
            };
            let mut shuffled = values.clone();
            let by = seed as usize % values.len();
            shuffled.rotate_left(by);
            prop_assert_eq!(types(&values), types(&shuffled));
        }

        #[test]
        fn a_frozen_column_never_changes_its_type(
            first in value(),
            later in proptest::collection::vec(value(), 0..8),
        ) {
            let mut schema = Schema::logs();
            let id = column(schema.resolve(Location::Attribute, "x"));
            let published = schema.widen(id, &first);
            schema.freeze();
            for value in later {
                let widened = schema.widen(id, &value);
                prop_assert!(widened.is_none() || widened == published);
                prop_assert_eq!(schema.column(id).column_type(), published);
            }
        }
    }
}

use std::collections::HashSet;
use std::hash::BuildHasher;

use hashbrown::HashTable;
use otlake_row::{Key, Location, Value};

use crate::column::{Coercion, Column, ColumnId, Resolved};
use crate::column_type::ColumnType;
use crate::columns::{FieldColumn, field_columns, is_of_late_field};
use crate::dataset_schema::DatasetSchema;
use crate::inferred::Inferred;
use crate::naming::{Folded, candidates, fold, full_name, is_attribute, split_full_name};
use crate::options::SchemaOptions;
use crate::overflow::{OVERFLOW, OverflowReason};
use crate::table::Table;

/// The columns of a table, found while its rows pass.
///
/// A column belongs to one attribute, known by its [full name](full_name). If several attributes could have
/// the same column name, the first one gets it; the columns that a dataset has published take precedence
/// over all that were found since.
///
/// Two writers of one dataset:
///
/// ```
/// use otlake_row::{Location, Value};
/// use otlake_schema::{DatasetSchema, Resolved, Schema, SchemaOptions};
///
/// let mut schema = Schema::traces();
/// let before = schema.revision();
/// if let Resolved::Column(id) = schema.resolve(Location::Attribute, "http.route") {
///     schema.widen(id, &Value::String("/cart"));
/// }
/// assert!(schema.revision() > before, "there is another column");
///
/// let mut dataset = DatasetSchema::new(schema.table());
/// assert!(schema.has_unpublished_changes(&dataset));
/// dataset.extend(&schema);
/// assert!(!schema.has_unpublished_changes(&dataset));
///
/// // The other writer begins with what is published …
/// let other = Schema::from_dataset(&dataset, SchemaOptions::new());
/// assert!(other.columns().iter().any(|column| column.name() == "attr_http_route"));
///
/// // … and a third one, which has found nothing yet, catches up.
/// let mut third = Schema::traces();
/// third.merge(&dataset);
/// assert!(third.coerce(&dataset).is_empty(), "it has no values that would have to change");
///
/// // A reader finds no columns that it has not announced.
/// let mut reader = other.closed();
/// assert!(matches!(reader.resolve(Location::Attribute, "new"), Resolved::Overflow(_)));
/// assert_ne!(Schema::metrics().table(), reader.table());
/// ```
#[derive(Clone, Debug)]
pub struct Schema {
    table: Table,
    options: SchemaOptions,
    columns: Vec<Column>,
    by_full_name: HashTable<ColumnId>,
    hasher: foldhash::fast::RandomState,
    /// The [folded](fold) names of all columns.
    taken: HashSet<Folded>,
    /// Names that are not given to attributes although no column of this version has them.
    reserved: HashSet<Folded>,
    /// The used part of the column budget.
    budgeted: usize,
    revision: u64,
    /// Whether names without a column overflow, whatever the budget.
    closed: bool,
}

/// Bytes that the name of an attribute with a column may have, unless the attribute is promoted: names are
/// in the footer of every file. No name in OpenTelemetry's semantic conventions has more than 60.
const NAME_BYTES: usize = 1_024;

impl Schema {
    /// Returns the schema of a table of logs with the default options.
    pub fn logs() -> Schema {
        Schema::new(Table::Logs, SchemaOptions::new())
    }

    /// Returns the schema of a table of spans with the default options.
    pub fn traces() -> Schema {
        Schema::new(Table::Traces, SchemaOptions::new())
    }

    /// Returns the schema of a table of data points of all kinds with the default options.
    pub fn metrics() -> Schema {
        Schema::new(Table::Metrics, SchemaOptions::new())
    }

    /// Returns a schema with the columns of the table's fields. [`Schema::resolve`] adds those of
    /// attributes.
    pub fn new(table: impl Into<Table>, options: SchemaOptions) -> Schema {
        let table = table.into();
        let mut schema = Schema {
            table,
            options,
            columns: Vec::new(),
            by_full_name: HashTable::new(),
            hasher: foldhash::fast::RandomState::default(),
            taken: HashSet::new(),
            reserved: HashSet::from([fold(OVERFLOW)]),
            budgeted: 0,
            revision: 0,
            closed: false,
        };
        for field in field_columns(table) {
            schema.add(field.name.to_owned(), None, Some(field));
        }
        schema
    }

    /// Returns a schema with the columns of a dataset, under the names and with the types that were
    /// published.
    pub fn from_dataset(dataset: &DatasetSchema, options: SchemaOptions) -> Schema {
        let mut schema = Schema::new(dataset.table(), options);
        schema.merge(dataset);
        schema
    }

    /// Closes the schema: from now on a name that has no column overflows, whatever the column budget. A
    /// reader that has announced its columns does not find new ones.
    #[must_use]
    pub fn closed(mut self) -> Schema {
        self.closed = true;
        self
    }

    /// Returns the table.
    pub fn table(&self) -> Table {
        self.table
    }

    /// Returns a number that changes whenever a column is added, renamed or lost, or its type is widened or
    /// published.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Returns all columns. A [`ColumnId`] is an index into them.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// Returns a column.
    ///
    /// # Panics
    ///
    /// Panics if the id is that of another schema with more columns.
    pub fn column(&self, id: ColumnId) -> &Column {
        &self.columns[id.index()]
    }

    /// Returns the id of the column with an index, which is less than the number of columns.
    pub fn column_id(&self, index: usize) -> ColumnId {
        ColumnId(index as u32)
    }

    /// Returns the column of a field that every file of the table has. Columns computed from the field don't
    /// count.
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

    /// Returns the column budget of the options.
    pub(crate) fn column_budget(&self) -> usize {
        self.options.column_budget
    }

    /// Resolves a name: to its column, to a new column within the budget, or to overflow.
    ///
    /// The answer for a name does not change, so a caller may cache it. There are two exceptions, both
    /// when a dataset is merged: a name that overflows may get the column that another writer has
    /// published for it, and a column for which the dataset has no budget or free name is lost.
    ///
    /// Fields that not every file has, and those that a stage has registered, get a column with their own
    /// name in addition to the budget, because they do not come from a sender.
    pub fn resolve(&mut self, location: Location, name: &str) -> Resolved {
        let full_name = full_name(location, name);
        if let Some(id) = self.column_of(&full_name) {
            return match self.columns[id.index()].overflows {
                Some(reason) => Resolved::Overflow(reason),
                None => Resolved::Column(id),
            };
        }
        if self.closed {
            let is_reserved = location == Location::Field && self.is_reserved(name);
            return match is_reserved {
                true => Resolved::Reserved,
                false => Resolved::Overflow(OverflowReason::Budget),
            };
        }
        let promoted = self.options.promoted.contains(&full_name);
        let budgeted = location != Location::Field && !promoted;
        let base = match location {
            Location::Field if self.is_reserved(name) => return Resolved::Reserved,
            Location::Field => name.to_owned(),
            _ => {
                let is_full = self.budgeted >= self.options.column_budget;
                if budgeted && (is_full || name.len() > NAME_BYTES) {
                    return Resolved::Overflow(OverflowReason::Budget);
                }
                let mut base = String::new();
                self.options.naming.write(location, name, &mut base);
                base
            }
        };
        let Some(column) = self.free_name(&base, &full_name) else {
            return Resolved::Overflow(OverflowReason::Budget);
        };
        self.budgeted += usize::from(budgeted);
        let id = self.add(column, Some(full_name), None);
        let column = &mut self.columns[id.index()];
        column.promoted = promoted;
        column.budgeted = budgeted;
        Resolved::Column(id)
    }

    /// Widens the type of a column so that it holds a value, and returns the type that the column has
    /// now.
    ///
    /// Returns `None` if the value has to overflow: the type is frozen and the value does not fit it, or
    /// the column was lost when a dataset was merged.
    #[inline]
    pub fn widen(&mut self, id: ColumnId, value: &Value<'_>) -> Option<ColumnType> {
        self.widen_to(id, Inferred::of(value))
    }

    #[inline]
    fn widen_to(&mut self, id: ColumnId, inferred: Inferred) -> Option<ColumnType> {
        let column = &mut self.columns[id.index()];
        if column.overflows.is_some() {
            return None;
        }
        let joined = column.inferred.join(inferred);
        if joined != column.inferred {
            if column.frozen && joined.column_type() != column.inferred.column_type() {
                return None;
            }
            column.inferred = joined;
            self.revision += 1;
        }
        joined.column_type()
    }

    /// Freezes the types of all columns that have one. Call it when rows with these types are written.
    pub fn freeze(&mut self) {
        for column in &mut self.columns {
            column.frozen |= column.inferred != Inferred::Empty;
        }
    }

    /// Returns whether a column has values and is not in the dataset yet.
    pub fn has_unpublished_changes(&self, dataset: &DatasetSchema) -> bool {
        self.columns.iter().any(|column| {
            column.column_type().is_some()
                && column
                    .full_name()
                    .is_some_and(|full_name| dataset.column_of(full_name).is_none())
        })
    }

    /// Adds the columns of a dataset. Published names win over names that were given here. Columns that
    /// have no value yet get the published type, permanently; the others keep theirs until
    /// [`coerce`](Schema::coerce).
    pub fn merge(&mut self, dataset: &DatasetSchema) {
        for published in dataset.columns() {
            let Some(full_name) = published.full_name() else {
                // The column of a field, perhaps of one that only a later version of this crate knows.
                self.reserved.insert(fold(published.name()));
                continue;
            };
            let id = match self.column_of(full_name) {
                Some(id) => id,
                None => {
                    let name = published.name().to_owned();
                    let id = self.add(name, Some(full_name.to_owned()), None);
                    let column = &mut self.columns[id.index()];
                    column.promoted = published.is_promoted();
                    column.budgeted = is_attribute(full_name) && !published.is_promoted();
                    self.budgeted += usize::from(column.budgeted);
                    id
                }
            };
            let column = &mut self.columns[id.index()];
            if column.id.is_none() && column.inferred == Inferred::Empty {
                column.publish(published);
                self.revision += 1;
            }
        }
        self.rename_unpublished();
    }

    /// Gives every column the type that the dataset has published for it, permanently, and
    /// [merges](Schema::merge) the dataset. Returns the columns whose values have to change.
    ///
    /// A column that has values and is not in the dataset is lost: its values overflow. So publish
    /// [unpublished columns](Schema::has_unpublished_changes) first, with [`DatasetSchema::extend`].
    #[must_use = "the values of these columns have to be coerced"]
    pub fn coerce(&mut self, dataset: &DatasetSchema) -> Vec<(ColumnId, Coercion)> {
        let mut coercions = Vec::new();
        for (index, column) in self.columns.iter_mut().enumerate() {
            let (None, Some(full_name)) = (column.id, &column.full_name) else {
                continue;
            };
            let Some(before) = column.column_type() else {
                continue;
            };
            let id = ColumnId(index as u32);
            self.revision += 1;
            match dataset.column_of(full_name) {
                Some(published) => {
                    column.publish(published);
                    match column.column_type() {
                        Some(to) if to != before => coercions.push((id, Coercion::To(to))),
                        _ => {}
                    }
                }
                None => {
                    column.inferred = Inferred::Empty;
                    column.frozen = false;
                    column.overflows = Some(OverflowReason::Budget);
                    coercions.push((id, Coercion::Overflow(OverflowReason::Budget)));
                }
            }
        }
        self.merge(dataset);
        coercions
    }

    /// Adds the columns and types that another schema of the table has found, such as that of another file.
    /// Names are resolved again, in the order in which the other schema found them, so the column budget and
    /// the naming are those of this schema.
    ///
    /// ```
    /// use otlake_row::{Location, Value};
    /// use otlake_schema::{ColumnType, Resolved, Schema};
    ///
    /// let found = |value: Value<'_>| {
    ///     let mut schema = Schema::logs();
    ///     if let Resolved::Column(id) = schema.resolve(Location::Attribute, "status") {
    ///         schema.widen(id, &value);
    ///     }
    ///     schema
    /// };
    /// let mut schema = found(Value::Int(200));
    /// schema.join(&found(Value::Double(0.5)));
    /// let status = schema.columns().last().expect("logs have columns");
    /// assert_eq!((status.name(), status.column_type()), ("attr_status", Some(ColumnType::Float64)));
    /// ```
    pub fn join(&mut self, other: &Schema) {
        for column in &other.columns {
            if let Some(full_name) = &column.full_name
                && column.inferred != Inferred::Empty
            {
                let (location, name) = split_full_name(full_name);
                if let Resolved::Column(id) = self.resolve(location, name) {
                    self.widen_to(id, column.inferred);
                }
            }
        }
    }

    /// Returns whether a field must not have this name.
    fn is_reserved(&self, name: &str) -> bool {
        let is_protocol = |column: &Column| column.field.is_some() && column.name == name;
        name == OVERFLOW || is_attribute(name) || self.columns.iter().any(is_protocol)
    }

    fn column_of(&self, full_name: &str) -> Option<ColumnId> {
        let is_its = |id: &ColumnId| self.columns[id.index()].full_name() == Some(full_name);
        let hash = self.hasher.hash_one(Some(full_name));
        self.by_full_name.find(hash, is_its).copied()
    }

    /// Returns the first name that no column has yet.
    fn free_name(&self, base: &str, full_name: &str) -> Option<String> {
        let is_free = |name: &String| {
            let folded = fold(name);
            let is_reserved = self.reserved.contains(&folded)
                || is_attribute(full_name) && is_of_late_field(name);
            !name.is_empty() && !is_reserved && !self.taken.contains(&folded)
        };
        candidates(base, full_name).into_iter().find(is_free)
    }

    /// Gives columns that are not published another name if a published column has theirs.
    fn rename_unpublished(&mut self) {
        let (published, found): (Vec<_>, Vec<_>) =
            (0..self.columns.len()).partition(|index| self.columns[*index].id.is_some());
        let names = published
            .iter()
            .map(|index| fold(&self.columns[*index].name));
        self.taken = names.collect();
        for index in found {
            let Column {
                name, full_name, ..
            } = &self.columns[index];
            let full_name = full_name.as_deref().unwrap_or_default();
            // If no name is free, the column keeps its own. The dataset will find none either, so the
            // column is never published and its values overflow.
            if let Some(free) = self.free_name(name, full_name) {
                self.revision += u64::from(self.columns[index].name != free);
                self.columns[index].name = free;
            }
            self.taken.insert(fold(&self.columns[index].name));
        }
    }

    fn add(
        &mut self,
        name: String,
        full_name: Option<String>,
        field: Option<FieldColumn>,
    ) -> ColumnId {
        let id = ColumnId(self.columns.len() as u32);
        self.revision += 1;
        self.taken.insert(fold(&name));
        self.columns.push(Column {
            name,
            full_name,
            inferred: Inferred::Empty,
            frozen: false,
            field,
            id: field.map(|field| field.id),
            budgeted: false,
            promoted: false,
            overflows: None,
        });
        let Schema {
            columns, hasher, ..
        } = self;
        let hash = |id: &ColumnId| hasher.hash_one(columns[id.index()].full_name());
        if columns[id.index()].full_name.is_some() {
            self.by_full_name.insert_unique(hash(&id), id, hash);
        }
        id
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::naming::VerbatimNaming;
    use otlake_row::{Signal, fields};
    use proptest::prelude::*;

    fn column(resolved: Resolved) -> ColumnId {
        match resolved {
            Resolved::Column(id) => id,
            other => panic!("no column: {other:?}"),
        }
    }

    fn name_of(schema: &mut Schema, location: Location, name: &str) -> String {
        let id = column(schema.resolve(location, name));
        schema.column(id).name().to_owned()
    }

    #[test]
    fn attributes_whose_column_names_collide_get_columns_of_their_own() {
        let mut schema = Schema::logs();
        let dotted = column(schema.resolve(Location::Attribute, "http.method"));
        let dashed = column(schema.resolve(Location::Attribute, "http-method"));
        assert_eq!(schema.column(dotted).name(), "attr_http_method");
        assert_eq!(schema.column(dotted).full_name(), Some("attr.http.method"));
        assert_eq!(schema.column(dashed).name(), "attr_http_method_1bbc7745");
        assert_eq!(schema.column(dashed).full_name(), Some("attr.http-method"));
        assert_eq!(
            column(schema.resolve(Location::Attribute, "http-method")),
            dashed
        );
    }

    #[test]
    fn a_name_that_pretends_to_have_a_hash_takes_no_column_of_another() {
        let mut schema = Schema::logs();
        let [_, short, long] = candidates("a_b", "attr.a-b");
        let mut names = HashSet::new();
        for name in [&short, "a.b", "a-b", &long] {
            let column = name_of(&mut schema, Location::Attribute, name);
            assert!(names.insert(column.clone()), "{column} has two owners");
        }
        // An attribute whose candidate names are all in use has no column. Its values overflow.
        let mut schema = Schema::logs();
        for name in [&short, "a.b", &long] {
            name_of(&mut schema, Location::Attribute, name);
        }
        let resolved = schema.resolve(Location::Attribute, "a-b");
        assert_eq!(resolved, Resolved::Overflow(OverflowReason::Budget));
    }

    #[test]
    fn names_that_differ_only_in_case_get_columns_that_differ_otherwise() {
        let options = SchemaOptions::new().with_naming(VerbatimNaming);
        let mut schema = Schema::new(Table::Logs, options);
        let mut names = HashSet::new();
        for name in ["User", "user", "USER", "straße", "STRASSE"] {
            let column = name_of(&mut schema, Location::Attribute, name);
            assert!(names.insert(column.to_lowercase()), "{column}");
        }
        assert!(names.contains("attr.user") && names.contains("attr.straße"));
    }

    #[test]
    fn attributes_do_not_get_the_columns_of_fields() {
        let mut schema = Schema::logs();
        for (location, name, field) in [
            (Location::Resource, "schema_url", "resource_schema_url"),
            (Location::Scope, "name", "scope_name"),
            (
                Location::Resource,
                "dropped.attributes.count",
                "resource_dropped_attributes_count",
            ),
            (Location::Resource, "entity_refs", "resource_entity_refs"),
        ] {
            let own = name_of(&mut schema, location, name);
            assert!(
                own.starts_with(field) && own.len() == field.len() + 9,
                "{own}"
            );
        }
        let late = name_of(&mut schema, Location::Field, "resource_entity_refs");
        assert_eq!(late, "resource_entity_refs");
    }

    #[test]
    fn a_field_of_a_stage_gets_its_own_name_or_none() {
        let mut schema = Schema::logs();
        assert_eq!(name_of(&mut schema, Location::Field, "tenant"), "tenant");
        for name in [
            "timestamp",
            "body",
            "overflow",
            "attr.x",
            "resource.service.name",
        ] {
            assert_eq!(
                schema.resolve(Location::Field, name),
                Resolved::Reserved,
                "{name}"
            );
        }
        // That is no column of this table.
        assert_eq!(
            name_of(&mut schema, Location::Field, "duration_nano"),
            "duration_nano"
        );
    }

    #[test]
    fn a_name_that_is_too_long_gets_a_column_only_if_it_is_promoted() {
        let long = "x".repeat(NAME_BYTES + 1);
        let mut schema = Schema::logs();
        let resolved = schema.resolve(Location::Attribute, &long);
        assert_eq!(resolved, Resolved::Overflow(OverflowReason::Budget));
        let options = SchemaOptions::new().with_promoted([format!("attr.{long}")]);
        let mut schema = Schema::new(Table::Logs, options);
        column(schema.resolve(Location::Attribute, &long));
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
    fn a_frozen_type_accepts_values_that_fit_and_no_others() {
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

        /// The column of a name depends neither on the time at which it is resolved, nor on what else is in the
        /// dataset: two caches that ask at different times agree.
        #[test]
        fn a_name_resolves_to_the_same_column_whenever_it_is_asked(
            first in proptest::collection::vec((0usize..3, 0usize..8), 0..20),
            published in proptest::collection::vec((0usize..3, 0usize..8), 0..20),
            later in proptest::collection::vec((0usize..3, 0usize..8), 0..20),
            budget in 0usize..6,
            promoted in proptest::collection::vec((0usize..3, 0usize..8), 0..3),
        ) {
            const NAMES: [&str; 8] = ["a.b", "a_b", "a-b", "A.b", "_x", "name", "schema_url", "имя"];
            let locations = [Location::Resource, Location::Scope, Location::Attribute];
            let name = |(location, name): (usize, usize)| (locations[location], NAMES[name]);
            let promoted = promoted.into_iter().map(|it| full_name(name(it).0, name(it).1));
            let options = SchemaOptions::new().with_column_budget(budget).with_promoted(promoted);
            let mut other = Schema::logs();
            for (location, name) in published.into_iter().map(name) {
                let id = column(other.resolve(location, name));
                other.widen(id, &Value::Int(1));
            }
            let mut schema = Schema::new(Table::Logs, options);
            let mut dataset = DatasetSchema::new(Table::Logs);
            let mut known: HashMap<_, Resolved> = HashMap::new();
            for (at, (location, name)) in first.iter().chain(&later).map(|it| name(*it)).enumerate() {
                if at == first.len() {
                    for found in [&schema, &other] {
                        dataset.extend(found);
                    }
                    let lost = schema.coerce(&dataset);
                    prop_assert!(lost.iter().all(|(_, coercion)| *coercion != Coercion::To(ColumnType::Utf8)));
                }
                let resolved = schema.resolve(location, name);
                if let Resolved::Column(id) = resolved {
                    schema.widen(id, &Value::Int(1));
                    let own = full_name(location, name);
                    prop_assert_eq!(schema.column(id).full_name(), Some(own.as_str()));
                }
                match known.insert((location, name), resolved) {
                    Some(Resolved::Column(before)) => prop_assert!(
                        resolved == Resolved::Column(before)
                            || schema.column(before).overflows.is_some()
                    ),
                    Some(_) => prop_assert!(
                        resolved == known[&(location, name)]
                            || dataset.column_of(&full_name(location, name)).is_some()
                    ),
                    None => {}
                }
            }
            dataset.extend(&schema);
            let _ = schema.coerce(&dataset);
            let mut unique = HashSet::new();
            for column in schema.columns() {
                prop_assert!(unique.insert(fold(column.name())), "{} twice", column.name());
                let is_published = dataset.column(column.name()).is_some();
                prop_assert!(column.column_type().is_none() || (is_published && column.id().is_some()));
            }
        }
    }
}

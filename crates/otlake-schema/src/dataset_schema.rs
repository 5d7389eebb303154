mod document;
mod merge;

use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};

use crate::column::Column;
use crate::column_type::ColumnType;
use crate::columns::{OVERFLOW_ID, field_columns, is_of_late_field};
use crate::naming::{Folded, candidates, fold, is_attribute};
use crate::overflow::OVERFLOW;
use crate::schema::Schema;
use crate::table::Table;

pub use self::document::DatasetSchemaError;
pub use self::merge::{Difference, MergeError};

/// The published schema of a dataset's table: the name, the type and the field id of every column that
/// one of its files has.
///
/// It is created with the first file of a dataset and extended with later ones. Columns are only ever
/// added; none changes its name, its type, its id or the attribute it belongs to. The schema is stored as
/// JSON next to the data. A writer replaces that document only if it is still the one it has read;
/// otherwise it reads the document again and [extends](DatasetSchema::extend) the new one.
///
/// ```
/// use otlake_row::{Location, Value};
/// use otlake_schema::{ColumnType, DatasetSchema, Resolved, Schema, Table};
///
/// let mut schema = Schema::logs();
/// let Resolved::Column(column) = schema.resolve(Location::Attribute, "user.id") else {
///     panic!("the budget is not used up");
/// };
/// schema.widen(column, &Value::Int(17));
///
/// let mut dataset = DatasetSchema::new(Table::Logs);
/// assert!(dataset.extend(&schema));
/// let read = DatasetSchema::from_json(&dataset.to_json())?;
/// let column = read.column("attr_user_id").expect("it was added");
/// assert_eq!(column.column_type(), Some(ColumnType::Int64));
/// assert_eq!(column.full_name(), Some("attr.user.id"));
/// # Ok::<_, otlake_schema::DatasetSchemaError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatasetSchema {
    table: Table,
    version: u64,
    columns: Vec<DatasetColumn>,
    by_name: HashMap<String, usize>,
    by_full_name: HashMap<String, usize>,
    taken: HashSet<Folded>,
    ids: HashSet<u32>,
    last_id: u32,
}

/// A published column.
///
/// ```
/// use otlake_schema::{ColumnType, DatasetColumn};
///
/// let column = DatasetColumn::new(10_000, "attr_user_id", "int64")
///     .with_full_name("attr.user.id")
///     .into_promoted();
/// assert_eq!((column.id(), column.name()), (10_000, "attr_user_id"));
/// assert_eq!(column.column_type(), Some(ColumnType::Int64));
/// assert!(column.is_promoted());
///
/// // The protocol's own columns have types that attributes never have.
/// let time = DatasetColumn::new(1, "timestamp", "timestamp[us, UTC]");
/// assert_eq!((time.type_name(), time.column_type()), ("timestamp[us, UTC]", None));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatasetColumn {
    id: u32,
    name: String,
    r#type: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    full_name: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    promoted: bool,
}

impl DatasetColumn {
    /// Creates a column that a table format has published, with its field id, its name and its type in words.
    pub fn new(id: u32, name: impl Into<String>, type_name: impl Into<String>) -> Self {
        Self {
            id,
            name: name.into(),
            r#type: type_name.into(),
            full_name: None,
            promoted: false,
        }
    }

    /// Sets the [full name](crate::full_name) of the attribute that the column belongs to.
    #[must_use]
    pub fn with_full_name(mut self, full_name: impl Into<String>) -> Self {
        self.full_name = Some(full_name.into());
        self
    }

    /// Makes the column one that exists by configuration, in addition to the column budget.
    #[must_use]
    pub fn into_promoted(mut self) -> Self {
        self.promoted = true;
        self
    }

    /// Returns the field id, the same in every file: below 100 for the fields that every file has, from
    /// 10,000 for other columns.
    pub fn id(&self) -> u32 {
        self.id
    }

    /// Returns the name of the column in files.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the type in words: `int64`, `timestamp[us, UTC]`, `list<float64>`.
    pub fn type_name(&self) -> &str {
        &self.r#type
    }

    /// Returns the type, if it is one that attributes can have.
    pub fn column_type(&self) -> Option<ColumnType> {
        ColumnType::from_name(&self.r#type)
    }

    /// Returns the [full name](crate::full_name) of the attribute that the column belongs to; `None` for the
    /// columns of fields that every file has.
    pub fn full_name(&self) -> Option<&str> {
        self.full_name.as_deref()
    }

    /// Returns whether the column exists by configuration, in addition to the column budget.
    pub fn is_promoted(&self) -> bool {
        self.promoted
    }

    /// Returns whether the column counts against the column budget.
    fn is_budgeted(&self) -> bool {
        !self.promoted && self.full_name().is_some_and(is_attribute)
    }
}

/// The first id of a column that is not a field which every file has. The ids of fields, and those inside
/// their lists and structs, are all smaller.
const FIRST_ID: u32 = 10_000;

/// The largest field id that Parquet can store.
const LAST_ID: u32 = i32::MAX as u32;

impl DatasetSchema {
    /// Returns the schema of a dataset without attributes: the columns that every file has.
    pub fn new(table: Table) -> DatasetSchema {
        let mut schema = DatasetSchema::without_columns(table, 1);
        for column in own_columns(table) {
            schema.add(column);
        }
        schema
    }

    /// Creates the schema of a table in a table format from its columns and its version. The version has to
    /// change whenever the columns do. Fields that every file has and the table lacks are added.
    ///
    /// ```
    /// use otlake_schema::{DatasetColumn, DatasetSchema, Table};
    ///
    /// let user = DatasetColumn::new(10_000, "attr_user", "utf8").with_full_name("attr.user");
    /// let columns = DatasetSchema::new(Table::Logs).columns().to_vec();
    /// let schema = DatasetSchema::from_columns(Table::Logs, 7, columns.into_iter().chain([user]))?;
    /// assert_eq!(schema.column_of("attr.user").expect("it is published").id(), 10_000);
    /// # Ok::<_, otlake_schema::DatasetSchemaError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Returns an error if a column has a name, an id, a type or an attribute that it can't have; see
    /// [`from_json`](Self::from_json).
    pub fn from_columns(
        table: Table,
        version: u64,
        columns: impl IntoIterator<Item = DatasetColumn>,
    ) -> Result<DatasetSchema, DatasetSchemaError> {
        let own = DatasetSchema::new(table);
        let mut schema = DatasetSchema::without_columns(table, version);
        for column in columns {
            document::check(&column, &own)?;
            schema.add_checked(column)?;
        }
        for column in own.columns {
            if schema.column(&column.name).is_none() {
                schema.add_checked(column)?;
            }
        }
        Ok(schema)
    }

    /// Reserves the names of columns that other programs have added to the table, so that no new column gets one of
    /// them. They are not part of [`to_json`](Self::to_json).
    ///
    /// ```
    /// use otlake_row::{Location, Value};
    /// use otlake_schema::{DatasetSchema, Resolved, Schema, Table};
    ///
    /// let mut dataset = DatasetSchema::new(Table::Logs);
    /// dataset.reserve_names(["attr_region"]); // a column that a person has added
    /// let mut schema = Schema::logs();
    /// if let Resolved::Column(id) = schema.resolve(Location::Attribute, "region") {
    ///     schema.widen(id, &Value::String("eu"));
    /// }
    /// dataset.extend(&schema);
    /// let column = dataset.column_of("attr.region").expect("it was added");
    /// assert!(column.name().starts_with("attr_region_"), "with a hash of the full name");
    /// ```
    pub fn reserve_names<'a>(&mut self, names: impl IntoIterator<Item = &'a str>) {
        self.taken.extend(names.into_iter().map(fold));
    }

    fn without_columns(table: Table, version: u64) -> DatasetSchema {
        DatasetSchema {
            table,
            version,
            columns: Vec::new(),
            by_name: HashMap::new(),
            by_full_name: HashMap::new(),
            taken: HashSet::new(),
            ids: HashSet::new(),
            last_id: 0,
        }
    }

    /// Returns the table.
    pub fn table(&self) -> Table {
        self.table
    }

    /// Returns the version, which changes with each extension.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// Returns all columns, in the order in which they were published.
    pub fn columns(&self) -> &[DatasetColumn] {
        &self.columns
    }

    /// Returns the column with this name.
    pub fn column(&self, name: &str) -> Option<&DatasetColumn> {
        self.by_name.get(name).map(|index| &self.columns[*index])
    }

    /// Returns the column of the attribute with this [full name](crate::full_name).
    pub fn column_of(&self, full_name: &str) -> Option<&DatasetColumn> {
        let index = self.by_full_name.get(full_name)?;
        Some(&self.columns[*index])
    }

    /// Adds the columns of a writer's schema that have a type and fit the writer's column budget, and
    /// returns whether it has added any.
    ///
    /// A published column keeps its name and its type, whatever the writer has found. A new column gets
    /// another name if its own is in use: see [`Naming`](crate::Naming).
    pub fn extend(&mut self, found: &Schema) -> bool {
        let before = self.columns.len();
        let mut budgeted = self
            .columns
            .iter()
            .filter(|column| column.is_budgeted())
            .count();
        for column in found.columns() {
            if let Some(column) = self.publish(column)
                && (!column.is_budgeted() || budgeted < found.column_budget())
            {
                budgeted += usize::from(column.is_budgeted());
                self.add(column);
            }
        }
        let extended = self.columns.len() > before;
        if extended {
            self.version = self.version.wrapping_add(1);
        }
        extended
    }

    /// Returns the form in which a column of a writer's schema is published; `None` if there is nothing to
    /// publish.
    fn publish(&self, found: &Column) -> Option<DatasetColumn> {
        let full_name = found.full_name()?;
        let column_type = found.column_type()?;
        if self.by_full_name.contains_key(full_name) {
            return None;
        }
        let mut candidates = candidates(found.name(), full_name).into_iter();
        Some(DatasetColumn {
            id: self.next_id()?,
            name: candidates.find(|name| self.is_free(name, full_name))?,
            r#type: column_type.name().to_owned(),
            full_name: Some(full_name.to_owned()),
            promoted: found.is_promoted(),
        })
    }

    /// Returns whether a new column for this attribute can have this name.
    fn is_free(&self, name: &str, full_name: &str) -> bool {
        let is_late = is_attribute(full_name) && is_of_late_field(name);
        !name.is_empty() && !is_late && !self.taken.contains(&fold(name))
    }

    /// Returns an id that no column has, or `None` if all are in use.
    fn next_id(&self) -> Option<u32> {
        if self.last_id < LAST_ID {
            return Some(FIRST_ID.max(self.last_id + 1));
        }
        // Another writer has published the last id. Columns are never removed, so a gap was never used.
        (FIRST_ID..=LAST_ID).find(|id| !self.ids.contains(id))
    }

    fn add(&mut self, column: DatasetColumn) {
        let index = self.columns.len();
        self.by_name.insert(column.name.clone(), index);
        if let Some(full_name) = &column.full_name {
            self.by_full_name.insert(full_name.clone(), index);
        }
        self.taken.insert(fold(&column.name));
        self.ids.insert(column.id);
        self.last_id = self.last_id.max(column.id);
        self.columns.push(column);
    }
}

/// Returns the columns that every file of a table has.
fn own_columns(table: Table) -> Vec<DatasetColumn> {
    let fields = field_columns(table).into_iter();
    let fields = fields.map(|field| (field.id, field.name, field.kind.type_name()));
    let overflow = (OVERFLOW_ID, OVERFLOW, "map<utf8, utf8>".to_owned());
    let columns = fields.chain([overflow]);
    let column = |(id, name, r#type): (u32, &str, String)| DatasetColumn {
        id,
        name: name.to_owned(),
        r#type,
        full_name: None,
        promoted: false,
    };
    columns.map(column).collect()
}

#[cfg(test)]
mod tests {
    use otlake_row::{Location, Value};
    use proptest::prelude::*;

    use super::*;
    use crate::column::Resolved;
    use crate::options::SchemaOptions;

    fn found(names: &[(&str, Value<'_>)]) -> Schema {
        found_with(SchemaOptions::new(), names)
    }

    fn found_with(options: SchemaOptions, names: &[(&str, Value<'_>)]) -> Schema {
        let mut schema = Schema::new(Table::Logs, options);
        for (name, value) in names {
            if let Resolved::Column(id) = schema.resolve(Location::Attribute, name) {
                schema.widen(id, value);
            }
        }
        schema
    }

    #[test]
    fn published_columns_stay_and_new_ones_are_added() {
        let mut dataset = DatasetSchema::new(Table::Logs);
        assert!(dataset.extend(&found(&[("a", Value::Int(1)), ("b", Value::Bool(true))])));
        let (version, a) = (dataset.version(), dataset.column("attr_a").cloned());
        assert!(
            !dataset.extend(&found(&[("a", Value::String("x"))])),
            "nothing is new"
        );
        assert_eq!(
            (dataset.version(), dataset.column("attr_a").cloned()),
            (version, a)
        );
        assert!(dataset.extend(&found(&[("c", Value::Int(1))])));
        assert_eq!(dataset.version(), version + 1);
        assert_eq!(dataset.column("attr_c").unwrap().id(), 10_002);
    }

    #[test]
    fn all_writers_give_a_name_to_the_attribute_that_was_published_first() {
        let names = ["http.status", "http_status", "HTTP.status"];
        let mut dataset = DatasetSchema::new(Table::Logs);
        let mut columns = Vec::new();
        // Each writer has seen the names in another order, and one of them publishes only the first.
        for order in [&[0][..], &[1, 2, 0], &[2, 1, 0], &[0, 1, 2]] {
            let values: Vec<_> = order.iter().map(|i| (names[*i], Value::Int(1))).collect();
            let mut found = found(&values);
            dataset.extend(&found);
            assert_eq!(found.coerce(&dataset), [], "no value has to change");
            let mut unique = std::collections::HashSet::new();
            for column in found.columns() {
                assert!(
                    unique.insert(column.name().to_lowercase()),
                    "{} twice",
                    column.name()
                );
                if let Some(full_name) = column.full_name() {
                    let published = dataset.column_of(full_name).unwrap();
                    assert_eq!(published.name(), column.name());
                    assert_eq!(Some(published.id()), column.id());
                    columns.push((full_name.to_owned(), column.name().to_owned()));
                }
            }
        }
        columns.sort();
        columns.dedup();
        let expected = [
            ("attr.HTTP.status", "attr_http_status_79d8c67b"),
            ("attr.http.status", "attr_http_status"),
            ("attr.http_status", "attr_http_status_7a26a12e"),
        ];
        let expected = expected.map(|(full, column)| (full.to_owned(), column.to_owned()));
        assert_eq!(columns, expected);
    }

    #[test]
    fn promoted_columns_do_not_count_against_the_budget() {
        let options = SchemaOptions::new()
            .with_column_budget(1)
            .with_promoted(["attr.user.id"]);
        let values = [
            ("a", Value::Int(1)),
            ("b", Value::Int(1)),
            ("user.id", Value::Int(1)),
        ];
        let found = found_with(options, &values);
        let mut dataset = DatasetSchema::new(Table::Logs);
        dataset.extend(&found);
        assert!(dataset.column("attr_a").is_some() && dataset.column("attr_b").is_none());
        assert!(dataset.column("attr_user_id").unwrap().is_promoted());
    }

    #[test]
    fn a_damaged_document_is_an_error_that_says_what_is_wrong() {
        type Change = dyn Fn(&mut serde_json::Value);
        let json = |change: &Change| {
            let json = DatasetSchema::new(Table::Traces).to_json();
            let mut value = serde_json::from_slice(&json).unwrap();
            change(&mut value);
            DatasetSchema::from_json(value.to_string().as_bytes())
                .unwrap_err()
                .to_string()
        };
        let cases: [(&Change, &str); 7] = [
            (
                &|v| v["format"] = "otlake.dataset-schema/2".into(),
                "update the writer",
            ),
            (
                // Later versions may have other members.
                &|v| *v = serde_json::json!({"format": "otlake.dataset-schema/2", "more": 1}),
                "update the writer",
            ),
            (
                &|v| v["table"] = "profiles".into(),
                "\"profiles\", which this version does not know",
            ),
            (
                &|v| {
                    let column = v["columns"][1].clone();
                    v["columns"].as_array_mut().unwrap().push(column);
                },
                "two columns are named \"end_timestamp\"",
            ),
            (
                &|v| v["columns"][1]["id"] = 1.into(),
                "the column \"end_timestamp\" has the id 1",
            ),
            (
                &|v| v["columns"][2]["type"] = "utf8".into(),
                "it writes \"int64\"",
            ),
            (&|v| v["version"] = "one".into(), "damaged: invalid type"),
        ];
        for (number, (change, message)) in cases.iter().enumerate() {
            let error = json(change);
            assert!(error.contains(message), "case {number}: {error}");
        }
        assert!(DatasetSchema::from_json(b"{").is_err());
    }

    #[test]
    fn columns_of_a_later_version_of_the_table_are_added() {
        let mut value: serde_json::Value =
            serde_json::from_slice(&DatasetSchema::new(Table::Logs).to_json()).unwrap();
        value["columns"].as_array_mut().unwrap().remove(3);
        let read = DatasetSchema::from_json(value.to_string().as_bytes()).unwrap();
        assert_eq!(
            read.columns().len(),
            DatasetSchema::new(Table::Logs).columns().len()
        );
    }

    #[test]
    fn schemas_of_two_datasets_are_compared_and_merged() {
        let (mut left, mut right) = (
            DatasetSchema::new(Table::Logs),
            DatasetSchema::new(Table::Logs),
        );
        left.extend(&found(&[("a", Value::Int(1)), ("b", Value::Int(1))]));
        right.extend(&found(&[("b", Value::Int(1)), ("c", Value::Double(0.5))]));
        let merged = left.merge(&right).unwrap();
        let id = |name: &str| merged.column(name).map(DatasetColumn::id);
        assert_eq!(
            [id("attr_a"), id("attr_b"), id("attr_c")],
            [10_000, 10_001, 10_002].map(Some)
        );
        let differences = left.diff(&right);
        assert!(matches!(&differences[..], [
            Difference::Removed(a),
            Difference::Changed(_, b),
            Difference::Added(c),
        ] if a.name() == "attr_a" && b.name() == "attr_b" && c.name() == "attr_c"));
        let mut other = DatasetSchema::new(Table::Logs);
        other.extend(&found(&[("a", Value::Bool(true))]));
        let error = left.merge(&other).unwrap_err().to_string();
        assert!(
            error.contains("\"int64\" in one schema and \"boolean\""),
            "{error}"
        );
        assert!(left.merge(&DatasetSchema::new(Table::Traces)).is_err());
    }

    #[test]
    fn schemas_in_which_a_name_belongs_to_different_attributes_are_not_merged() {
        let of = |names: &[&str]| {
            let mut dataset = DatasetSchema::new(Table::Logs);
            for name in names {
                dataset.extend(&found(&[(name, Value::Int(1))]));
            }
            dataset
        };
        let (dotted, dashed) = (of(&["a.b"]), of(&["a-b"]));
        let error = dotted.merge(&dashed).unwrap_err();
        assert!(matches!(error, MergeError::Owners { .. }), "{error}");
        let error = dashed.merge(&of(&["a.b", "a-b"])).unwrap_err();
        assert!(matches!(error, MergeError::Owners { .. }), "{error}");
        let both = of(&["x", "a.b", "a-b"]);
        let names = both
            .columns()
            .iter()
            .filter_map(|column| column.full_name());
        assert!(names.eq(["attr.x", "attr.a.b", "attr.a-b"]));
        assert_eq!(
            dotted.merge(&both).unwrap().columns().len(),
            both.columns().len()
        );
    }

    #[test]
    fn ids_go_on_after_the_last_one() {
        let mut dataset = DatasetSchema::new(Table::Logs);
        dataset.extend(&found(&[("a", Value::Int(1)), ("b", Value::Int(1))]));
        let mut value: serde_json::Value = serde_json::from_slice(&dataset.to_json()).unwrap();
        let columns = value["columns"].as_array_mut().unwrap();
        let last = columns.len() - 1;
        columns[last]["id"] = LAST_ID.into();
        let mut dataset = DatasetSchema::from_json(value.to_string().as_bytes()).unwrap();
        dataset.extend(&found(&[("c", Value::Int(1)), ("d", Value::Int(1))]));
        assert_eq!(dataset.column("attr_c").unwrap().id(), 10_001);
        assert_eq!(dataset.column("attr_d").unwrap().id(), 10_002);
    }

    fn values() -> impl Strategy<Value = Vec<(usize, Value<'static>)>> {
        let value = prop_oneof![
            Just(Value::Bool(true)),
            Just(Value::Int(1)),
            Just(Value::Double(0.5)),
            Just(Value::String("x")),
        ];
        proptest::collection::vec((0usize..20, value), 0..20)
    }

    proptest! {
        #[test]
        fn extensions_only_add_and_survive_json(
            extensions in proptest::collection::vec(values(), 0..6),
        ) {
            let names: Vec<String> = (0..20).map(|number| format!("n{number}")).collect();
            let mut dataset = DatasetSchema::new(Table::Logs);
            for extension in extensions {
                let extension: Vec<_> = extension
                    .iter()
                    .map(|(name, value)| (names[*name].as_str(), *value))
                    .collect();
                let found = found(&extension);
                let before = dataset.clone();
                let news = found.has_unpublished_changes(&dataset);
                prop_assert_eq!(dataset.extend(&found), news);
                prop_assert_eq!(dataset.version(), before.version() + u64::from(news));
                prop_assert!(!found.has_unpublished_changes(&dataset));
                prop_assert!(!dataset.extend(&found), "idempotent");
                for column in before.columns() {
                    let after = dataset.column(column.name()).unwrap();
                    prop_assert_eq!(after.id(), column.id());
                    prop_assert_eq!(after.type_name(), column.type_name());
                }
                let read = DatasetSchema::from_json(&dataset.to_json()).unwrap();
                prop_assert_eq!(&read, &dataset);
                prop_assert_eq!(&dataset.merge(&before).unwrap(), &dataset);
            }
        }

        /// Whatever is wrong with a document: it is rejected, or it can be extended, and the result is
        /// what it says it is.
        #[test]
        fn a_document_that_is_accepted_never_becomes_one_that_is_not(
            mutations in proptest::collection::vec((any::<u64>(), any::<u64>(), 0u8..6), 1..4),
            table in 0usize..8,
            extensions in values(),
        ) {
            let table = Table::ALL[table];
            let names: Vec<String> = (0..20).map(|number| format!("n{number}")).collect();
            let found = |count: usize| {
                let mut schema = Schema::new(table, SchemaOptions::new());
                for (name, value) in &extensions[..count] {
                    if let Resolved::Column(id) = schema.resolve(Location::Attribute, &names[*name]) {
                        schema.widen(id, value);
                    }
                }
                schema
            };
            let mut dataset = DatasetSchema::new(table);
            dataset.extend(&found(extensions.len() / 2));
            let mut json: serde_json::Value = serde_json::from_slice(&dataset.to_json()).unwrap();
            for (place, choice, kind) in mutations {
                mutate(&mut json, place, choice, kind);
            }
            if let Ok(mut read) = DatasetSchema::from_json(json.to_string().as_bytes()) {
                let found = found(extensions.len());
                read.extend(&found);
                let again = DatasetSchema::from_json(&read.to_json());
                prop_assert_eq!(again.as_ref(), Ok(&read));
                prop_assert!(!read.extend(&found), "idempotent");
                let mut coerced = found.clone();
                let _ = coerced.coerce(&read);
                let mut unique = HashSet::new();
                for column in coerced.columns() {
                    prop_assert!(unique.insert(fold(column.name())));
                    let is_known = read.column(column.name()).is_some();
                    prop_assert!(column.column_type().is_none() || is_known);
                }
            }
        }
    }

    /// Changes one member of a document: `place` says which, `choice` and `kind` to what.
    fn mutate(json: &mut serde_json::Value, place: u64, choice: u64, kind: u8) {
        let count = json["columns"].as_array().map_or(0, Vec::len);
        if count == 0 {
            return;
        }
        let other = json["columns"][choice as usize % count].clone();
        let place = place as usize % (count + 2);
        if place >= count {
            let member = if place == count { "version" } else { "table" };
            json[member] = match kind % 3 {
                0 => u64::MAX.into(),
                1 => choice.into(),
                _ => Table::ALL[choice as usize % 8].name().into(),
            };
            return;
        }
        let member = ["id", "name", "type", "full_name", "promoted"][choice as usize % 5];
        let columns = json["columns"].as_array_mut().unwrap();
        match kind {
            0 => columns.push(other),
            1 => drop(columns.remove(place)),
            2 => columns[place][member] = other[member].clone(),
            3 => {
                let ids = [
                    0,
                    1,
                    99,
                    100,
                    9_999,
                    10_000,
                    LAST_ID,
                    LAST_ID + 1,
                    u32::MAX - 1,
                    u32::MAX,
                ];
                columns[place]["id"] = ids[choice as usize % ids.len()].into();
            }
            4 => {
                let names = [
                    "",
                    "overflow",
                    "ATTR_N1",
                    "attr_n3",
                    "timestamp",
                    "tenant",
                    "attr.n4",
                ];
                let name = names[choice as usize / 5 % names.len()];
                columns[place][member] = name.into();
            }
            _ => {
                if let Some(column) = columns[place].as_object_mut() {
                    column.remove(member);
                }
            }
        }
    }
}

use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};

use crate::columns::{OVERFLOW_ID, Table, field_columns};
use crate::inferred::ColumnType;
use crate::naming::is_attribute;
use crate::overflow::OVERFLOW;
use crate::schema::Schema;

/// The published columns of a dataset: every name and type that stands in one of its files, with a
/// field id that never changes and the names as they were sent.
///
/// It is created with the first file of a dataset and extended with later ones. Columns are only
/// ever added, and none changes its type. Kept as JSON beside the data, which is replaced only by
/// those who know what they replace; whoever comes second reads it again and
/// [extends](DatasetSchema::extend) that.
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
/// assert_eq!(column.keys(), ["attr.user.id"]);
/// # Ok::<_, otlake_schema::DatasetSchemaError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatasetSchema {
    table: Table,
    version: u64,
    columns: Vec<DatasetColumn>,
    by_name: HashMap<String, usize>,
}

/// A published column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatasetColumn {
    id: u32,
    name: String,
    r#type: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    keys: Vec<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    promoted: bool,
}

impl DatasetColumn {
    /// Its field id, in every file: below 100 for the protocol's own fields, from 10,000 for others.
    pub fn id(&self) -> u32 {
        self.id
    }

    /// Its name in the files.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its type in words: `int64`, `timestamp[us, UTC]`, `list<float64>`.
    pub fn type_name(&self) -> &str {
        &self.r#type
    }

    /// Its type, where it is one that attributes can have.
    pub fn column_type(&self) -> Option<ColumnType> {
        ColumnType::from_name(&self.r#type)
    }

    /// The full names of the attributes whose values it takes; see [`full_name`](crate::full_name).
    pub fn keys(&self) -> &[String] {
        &self.keys
    }

    /// Whether it is there because it was named, beside the column budget.
    pub fn is_promoted(&self) -> bool {
        self.promoted
    }
}

/// Why a document is not the schema of a dataset.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DatasetSchemaError {
    /// It is not JSON, or its members are others.
    #[error("the schema of the dataset is damaged: {0}")]
    Malformed(String),
    /// It was written by a version that does things differently.
    #[error(
        "the schema of the dataset has format {found:?}, this version reads {FORMAT:?}: update the \
         writer"
    )]
    Format {
        /// The format that it says it has.
        found: String,
    },
    /// There is no such table.
    #[error("the schema is of a table {0:?}, which this version does not know: update the writer")]
    UnknownTable(String),
    /// Two columns have one name.
    #[error("the schema of the dataset is damaged: it has the column {0:?} twice")]
    DuplicateName(String),
    /// Two columns have one id.
    #[error("the schema of the dataset is damaged: two columns have the id {0}")]
    DuplicateId(u32),
    /// A column has a type that this version does not know, or a field's column another than its own.
    #[error(
        "the column {column:?} has type {found:?} in the schema of the dataset, which this version \
         cannot write{}",
        .expected.as_ref().map(|expected| format!(": it writes {expected:?}")).unwrap_or_default()
    )]
    Type {
        /// Its name.
        column: String,
        /// Its type in the schema.
        found: String,
        /// The type that this version writes.
        expected: Option<String>,
    },
}

/// Why two schemas have no merge.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MergeError {
    /// They are of different tables.
    #[error("one schema is of {0}, the other of {1}")]
    Tables(&'static str, &'static str),
    /// A column has two types.
    #[error("the column {column:?} has type {left:?} in one schema and {right:?} in the other")]
    Types {
        /// Its name.
        column: String,
        /// Its type in the first.
        left: String,
        /// Its type in the second.
        right: String,
    },
}

/// What is different between two schemas.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Difference {
    /// A column that only the first has.
    Removed(DatasetColumn),
    /// A column that only the second has.
    Added(DatasetColumn),
    /// A column that is not the same in both.
    Changed(DatasetColumn, DatasetColumn),
}

const FORMAT: &str = "otlake.dataset-schema/1";

/// The first id of a column that is not one of the protocol's own fields: those inside of these end
/// below.
const FIRST_ID: u32 = 10_000;

#[derive(Serialize, Deserialize)]
struct Document {
    format: String,
    table: String,
    version: u64,
    columns: Vec<DatasetColumn>,
}

/// What every version of the format has.
#[derive(Deserialize)]
struct Head {
    format: String,
}

impl DatasetSchema {
    /// The schema of a dataset without attributes: the columns that every file has.
    pub fn new(table: Table) -> DatasetSchema {
        let mut schema = DatasetSchema {
            table,
            version: 1,
            columns: Vec::new(),
            by_name: HashMap::new(),
        };
        schema.add_fields();
        schema
    }

    /// Reads the JSON that [`DatasetSchema::to_json`] writes. Columns of the table that are new since
    /// it was written are added.
    ///
    /// # Errors
    ///
    /// When it is damaged, or of a version that does not fit this one.
    pub fn from_json(json: &[u8]) -> Result<DatasetSchema, DatasetSchemaError> {
        let malformed = |error: serde_json::Error| DatasetSchemaError::Malformed(error.to_string());
        let Head { format } = serde_json::from_slice(json).map_err(malformed)?;
        if format != FORMAT {
            return Err(DatasetSchemaError::Format { found: format });
        }
        let document: Document = serde_json::from_slice(json).map_err(malformed)?;
        let table = Table::from_name(&document.table)
            .ok_or(DatasetSchemaError::UnknownTable(document.table))?;
        let mut schema = DatasetSchema {
            table,
            version: document.version,
            columns: Vec::new(),
            by_name: HashMap::new(),
        };
        let mut ids = HashSet::new();
        for column in document.columns {
            if schema.by_name.contains_key(&column.name) {
                return Err(DatasetSchemaError::DuplicateName(column.name));
            }
            if !ids.insert(column.id) {
                return Err(DatasetSchemaError::DuplicateId(column.id));
            }
            schema.add(column);
        }
        schema.check_types()?;
        schema.add_fields();
        Ok(schema)
    }

    /// The JSON that stands beside the data.
    pub fn to_json(&self) -> Vec<u8> {
        let document = Document {
            format: FORMAT.to_owned(),
            table: self.table.name().to_owned(),
            version: self.version,
            columns: self.columns.clone(),
        };
        let json = serde_json::to_vec_pretty(&document);
        json.unwrap_or_else(|error| unreachable!("strings and numbers are JSON: {error}"))
    }

    /// The table.
    pub fn table(&self) -> Table {
        self.table
    }

    /// One more for each extension.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// All columns, in the order in which they were published.
    pub fn columns(&self) -> &[DatasetColumn] {
        &self.columns
    }

    /// The column of that name.
    pub fn column(&self, name: &str) -> Option<&DatasetColumn> {
        self.by_name.get(name).map(|index| &self.columns[*index])
    }

    /// Adds what a writer has found: the columns that have a type and are not there yet, within the
    /// writer's column budget, and the names as they were sent. Says whether it had to.
    ///
    /// A column that is there keeps its type, whatever the writer has found.
    pub fn extend(&mut self, found: &Schema) -> bool {
        let (columns, keys) = (self.columns.len(), self.key_count());
        for column in found.columns() {
            match self.by_name.get(column.name()) {
                Some(&index) => {
                    let known = &mut self.columns[index];
                    for key in column.sources() {
                        if !known.keys.contains(key) {
                            known.keys.push(key.clone());
                        }
                    }
                }
                None => {
                    if let Some(column_type) = column.column_type()
                        && (!column.counts() || self.budgeted() < found.column_budget())
                    {
                        self.add(DatasetColumn {
                            id: self.next_id(),
                            name: column.name().to_owned(),
                            r#type: column_type.name().to_owned(),
                            keys: column.sources().to_vec(),
                            promoted: column.is_promoted(),
                        });
                    }
                }
            }
        }
        let extended = columns != self.columns.len() || keys != self.key_count();
        self.version += u64::from(extended);
        extended
    }

    /// The columns of both, those of the first with their ids; a column of the second gets another
    /// id where its own is taken.
    ///
    /// # Errors
    ///
    /// When they are of different tables, or a column has two types.
    pub fn merge(&self, other: &DatasetSchema) -> Result<DatasetSchema, MergeError> {
        if self.table != other.table {
            return Err(MergeError::Tables(self.table.name(), other.table.name()));
        }
        let mut merged = self.clone();
        for column in &other.columns {
            match merged.by_name.get(&column.name) {
                Some(&index) => {
                    let known = &mut merged.columns[index];
                    if known.r#type != column.r#type {
                        return Err(MergeError::Types {
                            column: column.name.clone(),
                            left: known.r#type.clone(),
                            right: column.r#type.clone(),
                        });
                    }
                    for key in &column.keys {
                        if !known.keys.contains(key) {
                            known.keys.push(key.clone());
                        }
                    }
                    known.promoted |= column.promoted;
                }
                None => {
                    let mut column = column.clone();
                    if merged.columns.iter().any(|known| known.id == column.id) {
                        column.id = merged.next_id().max(other.next_id());
                    }
                    merged.add(column);
                }
            }
        }
        if merged != *self {
            merged.version = self.version.max(other.version) + 1;
        }
        Ok(merged)
    }

    /// What is different in `other`, in the order of the columns there.
    pub fn diff(&self, other: &DatasetSchema) -> Vec<Difference> {
        let removed = self
            .columns
            .iter()
            .filter(|column| other.column(&column.name).is_none());
        let removed = removed.map(|column| Difference::Removed(column.clone()));
        let changed = other
            .columns
            .iter()
            .filter_map(|column| match self.column(&column.name) {
                None => Some(Difference::Added(column.clone())),
                Some(known) if known != column => {
                    Some(Difference::Changed(known.clone(), column.clone()))
                }
                Some(_) => None,
            });
        removed.chain(changed).collect()
    }

    /// Columns that the budget is for.
    fn budgeted(&self) -> usize {
        let counts = |column: &&DatasetColumn| {
            !column.promoted && column.keys.iter().any(|key| is_attribute(key))
        };
        self.columns.iter().filter(counts).count()
    }

    fn key_count(&self) -> usize {
        self.columns.iter().map(|column| column.keys.len()).sum()
    }

    fn next_id(&self) -> u32 {
        let last = self.columns.iter().map(|column| column.id).max();
        last.map_or(FIRST_ID, |last| FIRST_ID.max(last + 1))
    }

    fn add(&mut self, column: DatasetColumn) {
        self.by_name.insert(column.name.clone(), self.columns.len());
        self.columns.push(column);
    }

    fn add_fields(&mut self) {
        let fields = field_columns(self.table).into_iter();
        let fields = fields.map(|field| (field.id, field.name, field.kind.type_name()));
        let overflow = (OVERFLOW_ID, OVERFLOW, "map<utf8, utf8>".to_owned());
        for (id, name, r#type) in fields.chain([overflow]) {
            if self.column(name).is_none() {
                self.add(DatasetColumn {
                    id,
                    name: name.to_owned(),
                    r#type,
                    keys: Vec::new(),
                    promoted: false,
                });
            }
        }
    }

    fn check_types(&self) -> Result<(), DatasetSchemaError> {
        let own = DatasetSchema::new(self.table);
        for column in &self.columns {
            let expected = own.column(&column.name).map(|own| own.r#type.clone());
            let fits = match &expected {
                Some(expected) => *expected == column.r#type,
                None => column.column_type().is_some(),
            };
            if !fits {
                return Err(DatasetSchemaError::Type {
                    column: column.name.clone(),
                    found: column.r#type.clone(),
                    expected,
                });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use otlake_row::{Location, Value};
    use proptest::prelude::*;

    use super::*;
    use crate::{Resolved, SchemaOptions};

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
    fn what_is_published_stays_and_the_rest_is_added() {
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
        assert!(dataset.extend(&found(&[("A", Value::Int(1)), ("c", Value::Int(1))])));
        assert_eq!(dataset.version(), version + 1);
        let a = dataset.column("attr_a").unwrap();
        assert_eq!(
            (a.id(), a.keys()),
            (10_000, &["attr.a".to_owned(), "attr.A".to_owned()][..])
        );
        assert_eq!(dataset.column("attr_c").unwrap().id(), 10_002);
    }

    #[test]
    fn promoted_columns_are_beside_the_budget() {
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
    fn damage_is_an_error_that_says_what_is_wrong() {
        type Change = dyn Fn(&mut serde_json::Value);
        let json = |change: &Change| {
            let json = DatasetSchema::new(Table::Traces).to_json();
            let mut value = serde_json::from_slice(&json).unwrap();
            change(&mut value);
            DatasetSchema::from_json(value.to_string().as_bytes())
                .unwrap_err()
                .to_string()
        };
        let cases: [(&Change, &str); 6] = [
            (
                &|v| v["format"] = "otlake.dataset-schema/2".into(),
                "update the writer",
            ),
            (
                &|v| v["table"] = "profiles".into(),
                "\"profiles\", which this version does not know",
            ),
            (
                &|v| v["columns"][1]["name"] = "timestamp".into(),
                "the column \"timestamp\" twice",
            ),
            (
                &|v| v["columns"][1]["id"] = 1.into(),
                "two columns have the id 1",
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
    }
}

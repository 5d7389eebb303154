//! The leaves of a table's schema: what has pages in a file, by field id.

use std::collections::HashMap;

use iceberg::spec::{NestedField, NestedFieldRef, PrimitiveType, TableMetadata, Type};
use otlake_schema::{DatasetSchema, Table};

use crate::published::{has_own_ids, names_in_files};
use crate::types::field_of;

/// A leaf of a schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Leaf {
    /// The path in Parquet: `overflow.key_value.key`, `explicit_bounds.list.element`.
    pub(crate) path: String,
    pub(crate) kind: PrimitiveType,
}

/// The leaves that files of a table may have. A column that was renamed or dropped keeps its field id, and files have its old name,
/// even if the table has forgotten the schema with that name.
#[derive(Debug)]
pub(crate) struct Leaves {
    current: HashMap<i32, Leaf>,
    /// The leaves of all schemas that the table knows, and of columns as they are named in files.
    ever: HashMap<i32, Vec<Leaf>>,
    /// The names of columns that are in no schema.
    forgotten: HashMap<i32, String>,
}

impl Leaves {
    pub(crate) fn of(table: Table, metadata: &TableMetadata) -> iceberg::Result<Self> {
        let mut leaves = Self {
            current: leaves_of(metadata.current_schema().as_struct().fields()),
            ever: HashMap::new(),
            forgotten: HashMap::new(),
        };
        for schema in metadata.schemas_iter() {
            leaves.extend(leaves_of(schema.as_struct().fields()));
        }
        if has_own_ids(metadata) {
            let own = DatasetSchema::new(table);
            let own = own.columns().iter();
            let own = own.filter_map(|column| field_of(table, column));
            leaves.extend(leaves_of(&own.map(Into::into).collect::<Vec<_>>()));
        }
        for (id, path) in names_in_files(metadata)? {
            match leaves.ever.get(&id).and_then(|known| known.first()) {
                Some(known) => {
                    let kind = known.kind.clone();
                    leaves.extend([(id, Leaf { path, kind })]);
                }
                None => {
                    leaves.forgotten.insert(id, path);
                }
            }
        }
        Ok(leaves)
    }

    fn extend(&mut self, leaves: impl IntoIterator<Item = (i32, Leaf)>) {
        for (id, leaf) in leaves {
            let known = self.ever.entry(id).or_default();
            if !known.contains(&leaf) {
                known.push(leaf);
            }
        }
    }

    /// Returns the leaf that has a field id now.
    pub(crate) fn current(&self, id: i32) -> Option<&Leaf> {
        self.current.get(&id)
    }

    /// Returns the leaves that have had a field id, now or earlier.
    pub(crate) fn ever(&self, id: i32) -> &[Leaf] {
        self.ever.get(&id).map_or(&[], Vec::as_slice)
    }

    /// Returns whether a column of files was dropped from the table, which has forgotten its type as well.
    pub(crate) fn is_forgotten(&self, id: i32, name: &str) -> bool {
        self.forgotten.get(&id).is_some_and(|known| known == name)
    }
}

fn leaves_of(fields: &[NestedFieldRef]) -> HashMap<i32, Leaf> {
    let mut leaves = HashMap::new();
    for field in fields {
        add(field, field.name.clone(), &mut leaves);
    }
    leaves
}

/// Adds the leaves in a field. The names of the levels of lists and maps are those that the Parquet specification
/// prescribes.
fn add(field: &NestedField, path: String, leaves: &mut HashMap<i32, Leaf>) {
    match &*field.field_type {
        Type::Primitive(kind) => {
            let kind = kind.clone();
            leaves.insert(field.id, Leaf { path, kind });
        }
        Type::Struct(members) => {
            for member in members.fields() {
                add(member, format!("{path}.{}", member.name), leaves);
            }
        }
        Type::List(list) => add(&list.element_field, format!("{path}.list.element"), leaves),
        Type::Map(map) => {
            add(&map.key_field, format!("{path}.key_value.key"), leaves);
            add(&map.value_field, format!("{path}.key_value.value"), leaves);
        }
    }
}

//! The leaves of a table's schema: what has pages in a file, by field id.

use std::collections::HashMap;

use iceberg::spec::{NestedField, PrimitiveType, Schema, TableMetadata, Type};

/// A leaf of a schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Leaf {
    /// The path in Parquet: `overflow.key_value.key`, `explicit_bounds.list.element`.
    pub(crate) path: String,
    pub(crate) kind: PrimitiveType,
}

/// The leaves of all schemas that a table has had. A column that was renamed or dropped keeps its field id, and files
/// that were written before have its old name.
#[derive(Debug)]
pub(crate) struct Leaves {
    current: HashMap<i32, Leaf>,
    earlier: HashMap<i32, Vec<Leaf>>,
}

impl Leaves {
    pub(crate) fn of(metadata: &TableMetadata) -> Self {
        let mut earlier: HashMap<i32, Vec<Leaf>> = HashMap::new();
        for schema in metadata.schemas_iter() {
            for (id, leaf) in leaves_of(schema) {
                let known = earlier.entry(id).or_default();
                if !known.contains(&leaf) {
                    known.push(leaf);
                }
            }
        }
        Self {
            current: leaves_of(metadata.current_schema()),
            earlier,
        }
    }

    /// Returns the leaf that has a field id now.
    pub(crate) fn current(&self, id: i32) -> Option<&Leaf> {
        self.current.get(&id)
    }

    /// Returns the leaves that have had a field id, now or earlier.
    pub(crate) fn ever(&self, id: i32) -> &[Leaf] {
        self.earlier.get(&id).map_or(&[], Vec::as_slice)
    }
}

fn leaves_of(schema: &Schema) -> HashMap<i32, Leaf> {
    let mut leaves = HashMap::new();
    for field in schema.as_struct().fields() {
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

use bumpalo::Bump;
use bumpalo::collections::Vec as BumpVec;
use otlake_row::{Cell, Key, Value, fields};

use super::was_sent;

/// The capacity for the cells of a resource, which is usually enough, so that they are not moved.
const USUAL_CELLS: usize = 24;

/// A `Resource` and the schema URL of its envelope.
pub(crate) struct Resource<'r> {
    /// The attributes.
    pub(crate) cells: BumpVec<'r, Cell<'r>>,
    /// Values made by [`entity_ref`].
    pub(crate) entity_refs: BumpVec<'r, Value<'r>>,
    pub(crate) dropped_attributes_count: u32,
    pub(crate) schema_url: &'r str,
}

impl<'r> Resource<'r> {
    pub(crate) fn new_in(arena: &'r Bump) -> Resource<'r> {
        Resource {
            cells: BumpVec::with_capacity_in(USUAL_CELLS, arena),
            entity_refs: BumpVec::new_in(arena),
            dropped_attributes_count: 0,
            schema_url: "",
        }
    }

    pub(crate) fn into_cells(self, excess: Option<Cell<'r>>) -> &'r [Cell<'r>] {
        let fields = [
            (
                fields::RESOURCE_ENTITY_REFS,
                Value::Array(self.entity_refs.into_bump_slice()),
            ),
            (
                fields::RESOURCE_DROPPED_ATTRIBUTES_COUNT,
                Value::Int(self.dropped_attributes_count.into()),
            ),
            (fields::RESOURCE_SCHEMA_URL, Value::String(self.schema_url)),
        ];
        into_cells(self.cells, excess, fields)
    }
}

/// An `InstrumentationScope` and the schema URL of its envelope.
pub(crate) struct Scope<'r> {
    /// The attributes.
    pub(crate) cells: BumpVec<'r, Cell<'r>>,
    pub(crate) name: &'r str,
    pub(crate) version: &'r str,
    pub(crate) dropped_attributes_count: u32,
    pub(crate) schema_url: &'r str,
}

impl<'r> Scope<'r> {
    pub(crate) fn new_in(arena: &'r Bump) -> Scope<'r> {
        Scope {
            cells: BumpVec::new_in(arena),
            name: "",
            version: "",
            dropped_attributes_count: 0,
            schema_url: "",
        }
    }

    pub(crate) fn into_cells(self, excess: Option<Cell<'r>>) -> &'r [Cell<'r>] {
        let fields = [
            (fields::SCOPE_NAME, Value::String(self.name)),
            (fields::SCOPE_VERSION, Value::String(self.version)),
            (
                fields::SCOPE_DROPPED_ATTRIBUTES_COUNT,
                Value::Int(self.dropped_attributes_count.into()),
            ),
            (fields::SCOPE_SCHEMA_URL, Value::String(self.schema_url)),
        ];
        into_cells(self.cells, excess, fields)
    }
}

fn into_cells<'r, const N: usize>(
    mut cells: BumpVec<'r, Cell<'r>>,
    excess: Option<Cell<'r>>,
    fields: [(Key, Value<'r>); N],
) -> &'r [Cell<'r>] {
    cells.extend(excess);
    let sent = fields.into_iter().filter(|(_, value)| was_sent(value));
    cells.extend(sent.map(|(key, value)| Cell { key, value }));
    cells.into_bump_slice()
}

/// Returns an `EntityRef` as a value.
pub(crate) fn entity_ref<'r>(
    arena: &'r Bump,
    schema_url: &'r str,
    r#type: &'r str,
    id_keys: &'r [Value<'r>],
    description_keys: &'r [Value<'r>],
) -> Value<'r> {
    Value::KvList(arena.alloc_slice_copy(&[
        ("schema_url", Value::String(schema_url)),
        ("type", Value::String(r#type)),
        ("id_keys", Value::Array(id_keys)),
        ("description_keys", Value::Array(description_keys)),
    ]))
}

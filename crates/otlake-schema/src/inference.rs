use otlake_row::{Cell, GroupId, Key, Keys, KeysId, Location, Row};

use crate::inferred::Inferred;
use crate::schema::{Place, Schema};

/// Finds the columns and types of rows that are written later, so that they are known when the first
/// of them are.
///
/// It remembers what kinds of values each key had, so that nearly all cells cost a look at one byte.
///
/// ```
/// use otlake_row::{Group, Keys, Location, Row, Signal, Value};
/// use otlake_schema::{ColumnType, Schema, SchemaInference};
///
/// let mut keys = Keys::new();
/// let status = keys.intern(Location::Attribute, "http.status").expect("below the key limit");
/// let (mut schema, mut inference) = (Schema::logs(), SchemaInference::new());
/// for value in [Value::Int(200), Value::String("ok")] {
///     let mut row = Row::new(Signal::Logs, Group::new(&[]), Group::new(&[]));
///     row.set_keys(&keys);
///     row.push(status, value);
///     inference.infer(&row, &mut schema);
/// }
/// let found = schema.columns().last().expect("logs have columns");
/// assert_eq!((found.name(), found.column_type()), ("attr_http_status", Some(ColumnType::Utf8)));
/// ```
#[derive(Debug, Default)]
pub struct SchemaInference {
    /// Who made the keys of [`Self::seen`].
    keys: Option<KeysId>,
    /// For each key a bit for each [`Inferred`] that a value of it was.
    seen: [Vec<u8>; 4],
    resource: Option<GroupId>,
    scope: Option<GroupId>,
}

/// Nothing can be news of a field that has a column of its own, of a type of its own.
const ALL_SEEN: u8 = u8::MAX;

impl SchemaInference {
    /// Nothing was seen yet.
    pub fn new() -> SchemaInference {
        SchemaInference::default()
    }

    /// Adds to `schema`, which is the same in all calls, what this row has that none before had.
    #[inline]
    pub fn infer(&mut self, row: &Row<'_>, schema: &mut Schema) {
        let keys = row.keys();
        if self.keys != Some(keys.id()) {
            *self = SchemaInference::default();
            self.keys = Some(keys.id());
        }
        for (group, last) in [
            (row.resource(), &mut self.resource),
            (row.scope(), &mut self.scope),
        ] {
            if *last != Some(group.id()) {
                *last = Some(group.id());
                see(&mut self.seen, group.cells(), keys, schema);
            }
        }
        see(&mut self.seen, row.cells(), keys, schema);
    }
}

#[inline]
fn see(seen: &mut [Vec<u8>; 4], cells: &[Cell<'_>], keys: &Keys, schema: &mut Schema) {
    for cell in cells {
        let kind = 1 << Inferred::of(&cell.value) as u8;
        let known = &seen[cell.key.location() as usize];
        if known
            .get(cell.key.index())
            .is_none_or(|kinds| kinds & kind == 0)
        {
            take_in(seen, cell, kind, keys, schema);
        }
    }
}

#[cold]
fn take_in(seen: &mut [Vec<u8>; 4], cell: &Cell<'_>, kind: u8, keys: &Keys, schema: &mut Schema) {
    let (location, index) = (cell.key.location(), cell.key.index());
    if index >= keys.len(location) {
        // A name that was not interned has no column.
        return;
    }
    let seen = &mut seen[location as usize];
    if seen.len() <= index {
        seen.resize(index + 1, 0);
    }
    if has_own_column(cell.key, schema) {
        seen[index] = ALL_SEEN;
        return;
    }
    seen[index] |= kind;
    if let Place::Column(id) = schema.place(location, keys.name(cell.key)) {
        schema.admit(id, &cell.value);
    }
}

fn has_own_column(key: Key, schema: &Schema) -> bool {
    key.location() == Location::Field && schema.field_column(key).is_some()
}

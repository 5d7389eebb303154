use otlake_row::{Cell, GroupId, Key, Keys, KeysId, Location, Row, Value};

use crate::column::{ColumnId, Resolved};
use crate::inferred::Inferred;
use crate::schema::Schema;

/// Finds the columns and types of rows that are shredded later, so that they are known when the first of
/// those rows is written.
///
/// An inference remembers which kinds of values each key had, so nearly every cell costs a look at one
/// byte.
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
    /// The interner of the keys in [`Self::seen`].
    keys: Option<KeysId>,
    seen: [Vec<Seen>; 4],
    resource: Option<GroupId>,
    scope: Option<GroupId>,
}

/// The kinds of values that a key has had, and its column.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    /// A bit for each [`Inferred`] that a value had.
    kinds: u8,
    column: Option<ColumnId>,
}

/// The mark of a key with nothing left to infer: a field whose column has a fixed type, or a name without
/// a column.
const ALL_KINDS: u8 = u8::MAX;

impl SchemaInference {
    /// Returns an inference that has seen nothing.
    pub fn new() -> SchemaInference {
        SchemaInference::default()
    }

    /// Adds the columns and types to `schema` that this row has and no earlier row had. Pass the same
    /// schema in every call. If a row has several values for one column, only the first counts, because
    /// the others overflow.
    #[inline]
    pub fn infer(&mut self, row: &Row<'_>, schema: &mut Schema) {
        let keys = row.keys();
        if self.keys != Some(keys.id()) {
            *self = SchemaInference::default();
            self.keys = Some(keys.id());
        }
        let (resource, scope) = (row.resource(), row.scope());
        if self.resource != Some(resource.id()) {
            self.resource = Some(resource.id());
            self.see(resource.cells(), &[], keys, schema);
        }
        if self.scope != Some(scope.id()) {
            self.scope = Some(scope.id());
            self.see(scope.cells(), &[resource.cells()], keys, schema);
        }
        self.see(
            row.cells(),
            &[resource.cells(), scope.cells()],
            keys,
            schema,
        );
    }

    #[inline]
    fn see(
        &mut self,
        cells: &[Cell<'_>],
        before: &[&[Cell<'_>]],
        keys: &Keys,
        schema: &mut Schema,
    ) {
        for (number, cell) in cells.iter().enumerate() {
            let kind = 1 << Inferred::of(&cell.value) as u8;
            let seen = &self.seen[cell.key.location() as usize];
            if seen
                .get(cell.key.index())
                .is_none_or(|seen| seen.kinds & kind == 0)
                && let Some(column) = self.column_of(cell.key, keys, schema)
                && !before.iter().any(|cells| self.any_is_of(column, cells))
                && !self.any_is_of(column, &cells[..number])
            {
                schema.widen(column, &cell.value);
                self.seen[cell.key.location() as usize][cell.key.index()].kinds |= kind;
            }
        }
    }

    /// Returns the column for the values of a key, if its type is inferred.
    #[cold]
    fn column_of(&mut self, key: Key, keys: &Keys, schema: &mut Schema) -> Option<ColumnId> {
        let (location, index) = (key.location(), key.index());
        if !keys.contains(key) {
            // A name that was not interned has no column.
            return None;
        }
        let all = &mut self.seen[location as usize];
        if all.len() <= index {
            all.resize(index + 1, Seen::default());
        }
        let seen = &mut all[index];
        if seen.column.is_none() && seen.kinds != ALL_KINDS {
            seen.column = match has_own_column(key, schema) {
                true => None,
                false => match schema.resolve(location, keys.name(key)) {
                    Resolved::Column(id) => Some(id),
                    Resolved::Overflow(_) | Resolved::Reserved => None,
                },
            };
            if seen.column.is_none() {
                seen.kinds = ALL_KINDS;
            }
        }
        seen.column
    }

    /// Returns whether one of the cells has a value for a column.
    fn any_is_of(&self, column: ColumnId, cells: &[Cell<'_>]) -> bool {
        cells.iter().any(|cell| {
            let seen = &self.seen[cell.key.location() as usize];
            let known = seen.get(cell.key.index());
            known.is_some_and(|seen| seen.column == Some(column)) && cell.value != Value::Empty
        })
    }
}

fn has_own_column(key: Key, schema: &Schema) -> bool {
    key.location() == Location::Field && schema.field_column(key).is_some()
}

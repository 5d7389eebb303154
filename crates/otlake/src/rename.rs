use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use bumpalo::Bump;
use otlake_row::{Cell, Group, Key, Keys, Location, RegisterError, Row, RowSink, Stage};

use crate::changed_group::ChangedGroups;
use crate::key_table::KeyTable;

/// A stage that renames attributes, for example to the names of a newer version of the semantic
/// conventions.
///
/// A name is looked up once, not once per record, and the attributes of a resource or a scope are
/// renamed once for all of its records. An attribute keeps its name if the record already has one with the
/// new name. Attributes inside events, links and values keep their names, and so do those beyond
/// [`KeyLimits`](otlake_row::KeyLimits).
///
/// ```
/// use otlake::Rename;
/// use otlake::row::{Group, Keys, Location, Row, RowSink, Signal, Stage, Value};
///
/// let rename = Rename::builder()
///     .attributes([("http.method", "http.request.method")])
///     .resource("deployment.environment", "deployment.environment.name")
///     .build()?;
///
/// let mut keys = Keys::new();
/// let method = keys.intern(Location::Attribute, "http.method").expect("below the limit");
/// let mut row = Row::new(Signal::Traces, Group::new(&[]), Group::new(&[]));
/// row.push(method, Value::String("GET"));
/// row.set_keys(&keys);
/// rename.before(Vec::new()).row(&mut row)?;
/// assert_eq!(keys.name(row.cells()[0].key), "http.request.method");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Rename {
    new_keys: Arc<NewKeys>,
    keys: KeyTable<Option<Key>>,
    groups: ChangedGroups,
    scratch: Bump,
}

/// The new key of each attribute that is renamed.
type NewKeys = HashMap<(Location, String), Key>;

/// A builder for a [`Rename`]: the old and the new names.
///
/// ```
/// use otlake::Rename;
/// use otlake::row::{Cell, Group, Keys, Location, Row, RowSink, Signal, Stage, Value};
///
/// let mut keys = Keys::new();
/// let old = keys.intern(Location::Scope, "library").expect("below the key limit");
/// let cells = [Cell { key: old, value: Value::String("http") }];
/// let mut row = Row::new(Signal::Traces, Group::new(&[]), Group::new(&cells));
/// row.set_keys(&keys);
///
/// let rename = Rename::builder().scope("library", "library.kind").build()?;
/// let mut sink = rename.before(Vec::new());
/// sink.row(&mut row)?;
/// let new = keys.find(Location::Scope, "library.kind").ok_or("it was registered")?;
/// assert!(sink.sink()[0].scope.get(new).is_some());
/// assert!(sink.sink()[0].scope.get(old).is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct RenameBuilder {
    names: Vec<(Location, String, String)>,
}

impl RenameBuilder {
    /// Renames an attribute of records.
    pub fn attribute(self, old: impl Into<String>, new: impl Into<String>) -> RenameBuilder {
        self.name(Location::Attribute, old, new)
    }

    /// Renames attributes of records, each from the first name to the second.
    pub fn attributes<O, N>(self, names: impl IntoIterator<Item = (O, N)>) -> RenameBuilder
    where
        O: Into<String>,
        N: Into<String>,
    {
        let names = names.into_iter();
        names.fold(self, |builder, (old, new)| builder.attribute(old, new))
    }

    /// Renames an attribute of resources.
    pub fn resource(self, old: impl Into<String>, new: impl Into<String>) -> RenameBuilder {
        self.name(Location::Resource, old, new)
    }

    /// Renames an attribute of instrumentation scopes.
    pub fn scope(self, old: impl Into<String>, new: impl Into<String>) -> RenameBuilder {
        self.name(Location::Scope, old, new)
    }

    fn name(
        mut self,
        location: Location,
        old: impl Into<String>,
        new: impl Into<String>,
    ) -> RenameBuilder {
        self.names.push((location, old.into(), new.into()));
        self
    }

    /// Builds the stage. If an attribute was given two new names, the later one counts.
    ///
    /// # Errors
    ///
    /// Returns an error when the new names are more than can be [registered](Key::register).
    pub fn build(self) -> Result<Rename, RegisterError> {
        let mut new_keys = NewKeys::new();
        for (location, old, new) in self.names {
            new_keys.insert((location, old), Key::register(location, &new)?);
        }
        Ok(Rename::new(Arc::new(new_keys)))
    }
}

impl Rename {
    /// Returns a builder without names.
    pub fn builder() -> RenameBuilder {
        RenameBuilder::default()
    }

    fn new(new_keys: Arc<NewKeys>) -> Rename {
        Rename {
            new_keys,
            keys: KeyTable::new(),
            groups: ChangedGroups::default(),
            scratch: Bump::new(),
        }
    }
}

/// Makes a stage with the same names, for another worker.
impl Clone for Rename {
    fn clone(&self) -> Rename {
        Rename::new(Arc::clone(&self.new_keys))
    }
}

impl fmt::Debug for Rename {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rename")
            .field("new_keys", &self.new_keys)
            .finish_non_exhaustive()
    }
}

impl Stage for Rename {
    fn row<S: RowSink>(&mut self, row: &mut Row<'_>, next: &mut S) -> Result<(), S::Error> {
        let Rename {
            new_keys,
            keys: table,
            groups,
            scratch,
        } = self;
        let keys = row.keys();
        table.bind(keys);
        let mut new_key = |key: Key| renamed(key, keys, table, new_keys);
        for index in 0..row.cells().len() {
            let key = row.cells()[index].key;
            if let Some(new) = new_key(key)
                && row.get(new).is_none()
            {
                row.cells_mut()[index].key = new;
            }
        }
        let groups = groups.of(row.resource(), row.scope(), |group| {
            rename_cells(group, scratch, &mut new_key)
        });
        if groups.is_empty() {
            return next.row(row);
        }
        let result = next.row(&mut groups.reborrow(row));
        self.scratch.reset();
        result
    }
}

/// Returns the key that replaces `key`.
#[inline]
fn renamed(
    key: Key,
    keys: &Keys,
    table: &mut KeyTable<Option<Key>>,
    new_keys: &NewKeys,
) -> Option<Key> {
    if key.location() == Location::Field || key.is_excess() {
        return None;
    }
    table.get(key, keys, |location, name| {
        new_keys.get(&(location, name.to_owned())).copied()
    })
}

fn rename_cells<'t>(
    group: Group<'t>,
    scratch: &'t Bump,
    mut new_key: impl FnMut(Key) -> Option<Key>,
) -> Option<&'t [Cell<'t>]> {
    let mut free_key = |key: Key, cells: &[Cell<'t>]| {
        new_key(key).filter(|new| cells.iter().all(|cell| cell.key != *new))
    };
    let cells = group.cells();
    let first = cells
        .iter()
        .position(|cell| free_key(cell.key, cells).is_some())?;
    let cells = scratch.alloc_slice_copy(cells);
    for index in first..cells.len() {
        if let Some(new) = free_key(cells[index].key, cells) {
            cells[index].key = new;
        }
    }
    Some(cells)
}

#[cfg(test)]
mod tests {
    use otlake_row::{OwnedRow, Signal, Value};

    use super::*;

    fn names(row: &OwnedRow, keys: &Keys) -> Vec<String> {
        let name = |key| keys.name(key).to_owned();
        row.cells.iter().map(|cell| name(cell.key)).collect()
    }

    #[test]
    fn attributes_are_renamed_at_their_location_only_and_other_names_stay() {
        let rename = Rename::builder()
            .attribute("peer", "peer.name")
            .scope("lang", "language")
            .build()
            .unwrap();
        let mut keys = Keys::new();
        let cell = |key: Option<Key>| Cell {
            key: key.unwrap(),
            value: Value::Int(1),
        };
        let resource = [cell(keys.intern(Location::Resource, "peer"))];
        let scope = [
            cell(keys.intern(Location::Scope, "version")),
            cell(keys.intern(Location::Scope, "lang")),
        ];
        let (resource, scope) = (Group::new(&resource), Group::new(&scope));
        let cells = ["peer", "other"].map(|name| cell(keys.intern(Location::Attribute, name)));

        let mut sink = rename.before(Vec::new());
        for _ in 0..2 {
            let mut row = Row::new(Signal::Logs, resource, scope);
            row.set_keys(&keys);
            for cell in &cells {
                row.push(cell.key, cell.value);
            }
            sink.row(&mut row).unwrap();
        }
        let rows = sink.sink();
        assert_eq!(names(&rows[1], &keys), ["peer.name", "other"]);
        assert_eq!(rows[1].resource.id, resource.id());
        assert_eq!(keys.name(rows[1].scope.cells[0].key), "version");
        assert_eq!(keys.name(rows[1].scope.cells[1].key), "language");
        assert_eq!(rows[0].scope.id, rows[1].scope.id, "one scope stays one");
    }

    #[test]
    fn an_attribute_keeps_its_name_if_another_has_the_new_one() {
        let rename = Rename::builder().attribute("old", "new").build().unwrap();
        let mut keys = Keys::new();
        let mut row = Row::new(Signal::Logs, Group::new(&[]), Group::new(&[]));
        for name in ["old", "new"] {
            row.push(
                keys.intern(Location::Attribute, name).unwrap(),
                Value::Int(1),
            );
        }
        row.set_keys(&keys);
        let mut sink = rename.before(Vec::new());
        sink.row(&mut row).unwrap();
        assert_eq!(names(&sink.sink()[0], &keys), ["old", "new"]);
    }

    #[test]
    fn of_two_attributes_with_one_new_name_the_first_gets_it() {
        let builder = Rename::builder();
        let builder = builder.resource("env", "deployment").scope("a", "c");
        let rename = builder.resource("stage", "deployment").scope("b", "c");
        let mut keys = Keys::new();
        let mut cells = |location, names: [&str; 2]| {
            names.map(|name| Cell {
                key: keys.intern(location, name).unwrap(),
                value: Value::Int(1),
            })
        };
        let resource = cells(Location::Resource, ["env", "stage"]);
        let scope = cells(Location::Scope, ["a", "b"]);
        let mut row = Row::new(Signal::Logs, Group::new(&resource), Group::new(&scope));
        row.set_keys(&keys);
        let mut sink = rename.build().unwrap().before(Vec::new());
        sink.row(&mut row).unwrap();
        let names = |group: &otlake_row::OwnedGroup| {
            let cells = group.cells.iter();
            cells
                .map(|cell| keys.name(cell.key).to_owned())
                .collect::<Vec<_>>()
        };
        let row = &sink.sink()[0];
        assert_eq!(names(&row.resource), ["deployment", "stage"]);
        assert_eq!(names(&row.scope), ["c", "b"]);
    }

    #[test]
    fn a_clone_renames_the_keys_of_another_interner() {
        let first = Rename::builder().attribute("old", "new").build().unwrap();
        for stage in [first.clone(), first] {
            let mut sink = stage.before(Vec::new());
            for filler in 0..2 {
                let mut keys = Keys::new();
                for name in 0..filler {
                    keys.intern(Location::Attribute, &format!("filler.{name}"));
                }
                let mut row = Row::new(Signal::Logs, Group::new(&[]), Group::new(&[]));
                row.push(
                    keys.intern(Location::Attribute, "old").unwrap(),
                    Value::Int(1),
                );
                row.set_keys(&keys);
                sink.row(&mut row).unwrap();
                assert_eq!(names(&sink.sink()[filler], &keys), ["new"]);
            }
        }
    }
}

use std::sync::atomic::{AtomicU64, Ordering};

use crate::{Cell, Key, Value};

/// The identity of a [`Group`]. Two rows with the same identity share all cells of the group.
///
/// ```
/// use otlake_row::{Group, GroupId};
///
/// assert_ne!(GroupId::unique(), GroupId::unique());
///
/// // A stage that rewrites a resource gives every row of it the same group.
/// let id = GroupId::unique();
/// let (first, second) = (Group::with_id(id, &[]), Group::with_id(id, &[]));
/// assert_eq!(first.id(), second.id());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct GroupId(u64);

impl GroupId {
    /// Returns an identity that no other group of this process has.
    pub fn unique() -> GroupId {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        GroupId(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

/// The cells that consecutive rows share: those of a resource or an instrumentation scope.
///
/// A sink compares [`Group::id`] with the identity in the previous row, and so handles the cells once
/// for all rows of the group.
///
/// ```
/// use otlake_row::{Cell, Group, Keys, Location, Value};
///
/// let mut keys = Keys::new();
/// let host = keys.intern(Location::Resource, "host.name").expect("below the key limit");
/// let cells = [Cell { key: host, value: Value::String("web-1") }];
/// let resource = Group::new(&cells);
///
/// assert_eq!(resource.get(host), Some(&Value::String("web-1")));
/// assert_eq!(resource.cells().len(), 1);
/// assert_ne!(resource.id(), Group::new(&cells).id(), "equal cells, but another group");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Group<'a> {
    id: GroupId,
    cells: &'a [Cell<'a>],
}

impl<'a> Group<'a> {
    /// Returns a group of these cells with a new identity.
    pub fn new(cells: &'a [Cell<'a>]) -> Group<'a> {
        Group {
            id: GroupId::unique(),
            cells,
        }
    }

    /// Returns a group with the identity of an earlier one that has the same cells.
    pub fn with_id(id: GroupId, cells: &'a [Cell<'a>]) -> Group<'a> {
        Group { id, cells }
    }

    /// Returns the identity of this group.
    #[inline]
    pub fn id(&self) -> GroupId {
        self.id
    }

    /// Returns the cells in the order they were sent.
    #[inline]
    pub fn cells(&self) -> &'a [Cell<'a>] {
        self.cells
    }

    /// Returns the first value of a key.
    pub fn get(&self, key: Key) -> Option<&'a Value<'a>> {
        self.cells
            .iter()
            .find(|cell| cell.key == key)
            .map(|cell| &cell.value)
    }
}

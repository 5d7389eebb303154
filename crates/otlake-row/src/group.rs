use std::sync::atomic::{AtomicU64, Ordering};

use crate::{Cell, Key, Value};

/// The identity of a [`Group`]. Two rows with the same identity share all cells of the group.
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

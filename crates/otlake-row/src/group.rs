use std::sync::atomic::{AtomicU64, Ordering};

use crate::{Cell, Key, Value};

/// The identity of a [`Group`]: two rows with the same one share all cells of the group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct GroupId(u64);

impl GroupId {
    /// An identity that no other group of this process has.
    pub fn unique() -> GroupId {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        GroupId(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

/// The cells that a run of rows shares: of a resource, or of an instrumentation scope.
///
/// A sink compares [`Group::id`] with that of the row before and so handles the cells once for
/// all rows of the group.
#[derive(Clone, Copy, Debug)]
pub struct Group<'a> {
    id: GroupId,
    cells: &'a [Cell<'a>],
}

impl<'a> Group<'a> {
    /// A group of these cells with an identity of its own.
    pub fn new(cells: &'a [Cell<'a>]) -> Group<'a> {
        Group {
            id: GroupId::unique(),
            cells,
        }
    }

    /// The group that was seen before as `id`, whose cells are the same.
    pub fn with_id(id: GroupId, cells: &'a [Cell<'a>]) -> Group<'a> {
        Group { id, cells }
    }

    /// The identity of this group.
    #[inline]
    pub fn id(&self) -> GroupId {
        self.id
    }

    /// The cells in the order they were sent.
    #[inline]
    pub fn cells(&self) -> &'a [Cell<'a>] {
        self.cells
    }

    /// The first value of a key.
    pub fn get(&self, key: Key) -> Option<&'a Value<'a>> {
        self.cells
            .iter()
            .find(|cell| cell.key == key)
            .map(|cell| &cell.value)
    }
}

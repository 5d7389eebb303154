use otlake_row::{Key, Keys, KeysId, Location};
use otlake_schema::{ColumnId, OverflowReason, Resolved, Schema};

/// The column of each key, resolved once per key and then found by the key's index.
///
/// Registered keys need no special treatment: their indices are small, and the same in every interner.
pub(crate) struct Slots {
    keys: Option<KeysId>,
    by_location: [Vec<Slot>; 4],
}

/// The result of resolving a key, if it is known; see [`Resolved`].
#[derive(Clone, Copy)]
pub(crate) enum Slot {
    Unknown,
    Column(ColumnId),
    Overflow(OverflowReason),
    /// The key belongs to a field that has a reserved name; see [`Resolved::Reserved`].
    Reserved,
    /// The values of the key are left out, because the projection has neither its column nor `overflow`.
    Skipped,
}

/// The reason why a cell has no column.
#[derive(Clone, Copy)]
pub(crate) enum NoColumn {
    Overflow(OverflowReason),
    Skipped,
}

impl From<OverflowReason> for NoColumn {
    #[inline]
    fn from(reason: OverflowReason) -> NoColumn {
        NoColumn::Overflow(reason)
    }
}

impl Slots {
    pub(crate) fn new() -> Slots {
        Slots {
            keys: None,
            by_location: Default::default(),
        }
    }

    /// Forgets the resolved keys if they belong to another interner.
    #[inline]
    pub(crate) fn bind(&mut self, keys: &Keys) {
        if self.keys != Some(keys.id()) {
            self.keys = Some(keys.id());
            self.by_location = Default::default();
        }
    }

    /// Forgets all resolved keys, because some of them now resolve to another column.
    pub(crate) fn forget(&mut self) {
        self.by_location = Default::default();
    }

    /// Returns the result of resolving a key, or [`Slot::Unknown`] if it was not resolved yet.
    #[inline]
    pub(crate) fn slot(&self, key: Key) -> Slot {
        let slots = &self.by_location[key.location() as usize];
        slots.get(key.index()).copied().unwrap_or(Slot::Unknown)
    }

    /// Leaves out the values of a resolved key.
    #[cold]
    pub(crate) fn skip(&mut self, key: Key) {
        let slots = &mut self.by_location[key.location() as usize];
        if let Some(slot) = slots.get_mut(key.index()) {
            *slot = Slot::Skipped;
        }
    }

    /// Resolves a key, which may add a column to the schema.
    #[cold]
    pub(crate) fn look_up(&mut self, key: Key, keys: &Keys, schema: &mut Schema) -> Slot {
        let location = key.location();
        if !keys.contains(key) {
            return Slot::Overflow(OverflowReason::Names);
        }
        let slot = match field_column(key, schema) {
            Some(id) => Slot::Column(id),
            None => match schema.resolve(location, keys.name(key)) {
                Resolved::Column(id) => Slot::Column(id),
                Resolved::Overflow(reason) => Slot::Overflow(reason),
                Resolved::Reserved => Slot::Reserved,
            },
        };
        let slots = &mut self.by_location[location as usize];
        if slots.len() <= key.index() {
            slots.resize(key.index() + 1, Slot::Unknown);
        }
        slots[key.index()] = slot;
        slot
    }
}

fn field_column(key: Key, schema: &Schema) -> Option<ColumnId> {
    (key.location() == Location::Field)
        .then(|| schema.field_column(key))
        .flatten()
}

use smallvec::SmallVec;

use crate::owned::OwnedRow;
use crate::{Bytes, Group, Key, Keys, Signal, Value};

/// A key and its value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cell<'a> {
    /// What the value is.
    pub key: Key,
    /// The value.
    pub value: Value<'a>,
}

/// One record on its way from a decoder to a sink.
///
/// It lives as long as the call it is passed to. A sink that keeps it takes
/// [`Row::to_owned`]; a stage that adds text of its own works on [`Row::reborrow`].
#[derive(Clone, Debug)]
pub struct Row<'a> {
    signal: Signal,
    keys: &'a Keys,
    payload: Option<&'a Bytes>,
    resource: Group<'a>,
    scope: Group<'a>,
    // 32 cells hold a log with its fields and some 24 attributes without an allocation.
    cells: SmallVec<[Cell<'a>; 32]>,
}

impl<'a> Row<'a> {
    /// A row without cells, whose keys are those of [`fields`](crate::fields) until
    /// [`Row::set_keys`] lends it an interner.
    #[inline]
    pub fn new(signal: Signal, resource: Group<'a>, scope: Group<'a>) -> Row<'a> {
        let keys = Keys::of_fields();
        Row {
            signal,
            keys,
            payload: None,
            resource,
            scope,
            cells: SmallVec::new(),
        }
    }

    /// Makes it a row without cells in other groups. Interner and payload stay, and so does the memory
    /// of the cells, for whoever pushes row after row.
    #[inline]
    pub fn restart(&mut self, signal: Signal, resource: Group<'a>, scope: Group<'a>) {
        self.signal = signal;
        self.resource = resource;
        self.scope = scope;
        self.cells.clear();
    }

    /// Lends the interner that made this row's keys. A call of its own, because a decoder interns
    /// new names while it fills the row.
    #[inline]
    pub fn set_keys(&mut self, keys: &'a Keys) {
        self.keys = keys;
    }

    /// Says which buffer the values borrow from, so that owned copies can share it.
    #[inline]
    pub fn set_payload(&mut self, payload: &'a Bytes) {
        self.payload = Some(payload);
    }

    /// Sets the resource, as a stage does that changes its attributes. The group must have an identity
    /// of its own, unless its cells are those of the group that had the identity before.
    #[inline]
    pub fn set_resource(&mut self, resource: Group<'a>) {
        self.resource = resource;
    }

    /// Sets the instrumentation scope, as a stage does that changes its attributes. The group must have
    /// an identity of its own, unless its cells are those of the group that had the identity before.
    #[inline]
    pub fn set_scope(&mut self, scope: Group<'a>) {
        self.scope = scope;
    }

    /// The kind of telemetry.
    #[inline]
    pub fn signal(&self) -> Signal {
        self.signal
    }

    /// The interner that made the keys of this row.
    #[inline]
    pub fn keys(&self) -> &'a Keys {
        self.keys
    }

    /// The attributes and fields of the resource.
    #[inline]
    pub fn resource(&self) -> Group<'a> {
        self.resource
    }

    /// The attributes and fields of the instrumentation scope.
    #[inline]
    pub fn scope(&self) -> Group<'a> {
        self.scope
    }

    /// This record's own cells: fields and attributes in the order they were sent. A key stands
    /// there twice when it was sent twice.
    #[inline]
    pub fn cells(&self) -> &[Cell<'a>] {
        &self.cells
    }

    /// This record's own cells, to be changed in place.
    #[inline]
    pub fn cells_mut(&mut self) -> &mut [Cell<'a>] {
        &mut self.cells
    }

    /// Adds a cell.
    #[inline]
    pub fn push(&mut self, key: Key, value: Value<'a>) {
        self.cells.push(Cell { key, value });
    }

    /// Sets the first value of a key, adding it if there is none.
    pub fn set(&mut self, key: Key, value: Value<'a>) {
        match self.cells.iter_mut().find(|cell| cell.key == key) {
            Some(cell) => cell.value = value,
            None => self.push(key, value),
        }
    }

    /// Removes every cell for which `keep` is false.
    pub fn retain(&mut self, mut keep: impl FnMut(&Cell<'a>) -> bool) {
        self.cells.retain(|cell| keep(cell));
    }

    /// The first value of one of the record's own keys.
    #[inline]
    pub fn get(&self, key: Key) -> Option<&Value<'a>> {
        self.cells
            .iter()
            .find(|cell| cell.key == key)
            .map(|cell| &cell.value)
    }

    /// A copy that may take in values which live shorter than those of this row, such as a
    /// stage's own text.
    pub fn reborrow<'b>(&self) -> Row<'b>
    where
        'a: 'b,
    {
        // SmallVec is invariant in its items, so the cells are copied one by one.
        Row {
            signal: self.signal,
            keys: self.keys,
            payload: self.payload,
            resource: self.resource,
            scope: self.scope,
            cells: self.cells.iter().copied().collect(),
        }
    }

    /// Which buffer the values borrow from, where that is known.
    #[inline]
    pub fn payload(&self) -> Option<&'a Bytes> {
        self.payload
    }

    /// A copy that owns its values. Strings and bytes share the payload where it is known.
    pub fn to_owned(&self) -> OwnedRow {
        OwnedRow::new(self, None)
    }

    /// Like [`Row::to_owned`], sharing the groups of the row kept before where they are the same.
    pub fn to_owned_after(&self, previous: &OwnedRow) -> OwnedRow {
        OwnedRow::new(self, Some(previous))
    }
}

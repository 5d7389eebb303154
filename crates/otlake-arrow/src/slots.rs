use otlake_row::{Key, Keys, KeysId, Location};
use otlake_schema::{ColumnId, OverflowReason, Place, Schema};

/// Where the values of each key go, looked up once per key and then found by its index.
pub(crate) struct Slots {
    keys: Option<KeysId>,
    by_location: [Vec<Option<Place>>; 4],
}

impl Slots {
    pub(crate) fn new() -> Slots {
        Slots {
            keys: None,
            by_location: Default::default(),
        }
    }

    /// Forgets the keys of another interner.
    #[inline]
    pub(crate) fn bind(&mut self, keys: &Keys) {
        if self.keys != Some(keys.id()) {
            self.keys = Some(keys.id());
            self.by_location = Default::default();
        }
    }

    #[inline]
    pub(crate) fn place(&mut self, key: Key, keys: &Keys, schema: &mut Schema) -> Place {
        match self.by_location[key.location() as usize].get(key.index()) {
            Some(Some(place)) => *place,
            _ => self.look_up(key, keys, schema),
        }
    }

    #[cold]
    fn look_up(&mut self, key: Key, keys: &Keys, schema: &mut Schema) -> Place {
        let location = key.location();
        let place = match field_column(key, schema) {
            Some(id) => Place::Column(id),
            None if key.index() >= keys.len(location) => {
                return Place::Overflow(OverflowReason::Names);
            }
            None => schema.place(location, keys.name(key)),
        };
        let slots = &mut self.by_location[location as usize];
        if slots.len() <= key.index() {
            slots.resize(key.index() + 1, None);
        }
        slots[key.index()] = Some(place);
        place
    }
}

fn field_column(key: Key, schema: &Schema) -> Option<ColumnId> {
    (key.location() == Location::Field)
        .then(|| schema.field_column(key))
        .flatten()
}

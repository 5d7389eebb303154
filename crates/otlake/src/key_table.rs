use otlake_row::{Key, Keys, KeysId, Location};

/// The decision of a stage about each key. It is made once per key, by the name, and then found by index.
#[derive(Clone, Debug)]
pub(crate) struct KeyTable<T> {
    keys: Option<KeysId>,
    by_location: [Vec<Option<T>>; 4],
}

impl<T: Copy> KeyTable<T> {
    pub(crate) fn new() -> KeyTable<T> {
        KeyTable {
            keys: None,
            by_location: Default::default(),
        }
    }

    /// Forgets the keys of another interner.
    #[inline]
    pub(crate) fn bind(&mut self, keys: &Keys) {
        if self.keys != Some(keys.id()) {
            self.keys = Some(keys.id());
            self.by_location.iter_mut().for_each(Vec::clear);
        }
    }

    /// Returns the decision about a key that `keys` knows. `decide` makes it by location and name. The key
    /// must not be a [`Key::excess`], whose index is too large for a table.
    #[inline]
    pub(crate) fn get(
        &mut self,
        key: Key,
        keys: &Keys,
        decide: impl FnOnce(Location, &str) -> T,
    ) -> T {
        let known = &self.by_location[key.location() as usize];
        match known.get(key.index()) {
            Some(Some(known)) => *known,
            _ => self.insert(key, decide(key.location(), keys.name(key))),
        }
    }

    #[cold]
    fn insert(&mut self, key: Key, value: T) -> T {
        debug_assert!(!key.is_excess());
        let known = &mut self.by_location[key.location() as usize];
        if known.len() <= key.index() {
            known.resize(key.index() + 1, None);
        }
        known[key.index()] = Some(value);
        value
    }
}

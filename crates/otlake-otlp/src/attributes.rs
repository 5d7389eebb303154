use bumpalo::collections::Vec as BumpVec;
use otlake_row::{Cell, Key, Keys, Value};

use crate::RejectionReason;
use crate::names::{Names, Resolved};
use crate::values::{Noted, Values};

/// Resolves the names of the attributes of one record, resource or scope to keys, and counts them.
pub(crate) struct Attributes<'c, 'r> {
    pub(crate) values: Values<'r>,
    keys: &'c mut Keys,
    names: &'c mut Names,
    count: usize,
    excess: Option<BumpVec<'r, (&'r str, Value<'r>)>>,
}

impl<'c, 'r> Attributes<'c, 'r> {
    #[inline]
    pub(crate) fn new(
        values: Values<'r>,
        keys: &'c mut Keys,
        names: &'c mut Names,
    ) -> Attributes<'c, 'r> {
        names.restart();
        Attributes {
            values,
            keys,
            names,
            count: 0,
            excess: None,
        }
    }

    /// Returns the number of attributes so far.
    #[inline]
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// Counts one more attribute, and returns whether it is within the limit.
    #[inline]
    pub(crate) fn room(&mut self) -> bool {
        self.count += 1;
        let limit = self.values.rules.limits.attributes;
        let room = self.count <= limit;
        if !room {
            self.values.reject(RejectionReason::Attributes { limit });
        }
        room
    }

    /// Returns the cell of an attribute for which [`Self::room`] has returned true, or `None` if the attribute
    /// belongs to the excess, which [`Self::finish`] returns. The name has not been validated as UTF-8 yet.
    #[inline]
    pub(crate) fn cell(&mut self, name: &'r [u8], value: Value<'r>) -> Option<Cell<'r>> {
        let resolved = match self.names.predict(name, self.keys) {
            Some(key) => Resolved::Key(key),
            None => {
                let name = self.values.name(name);
                // Once a name is interned, it is predicted and not validated again.
                if self.values.is_rejected() {
                    return None;
                }
                self.names.look_up(name, self.keys)
            }
        };
        match resolved {
            Resolved::Key(key) => Some(Cell { key, value }),
            Resolved::Excess(name) => {
                self.excess_entries().push((name, value));
                None
            }
        }
    }

    /// Adds an attribute to the excess, whether or not the interner has room for its name. The name has not been
    /// validated as UTF-8 yet.
    #[cfg(feature = "json")]
    #[cold]
    pub(crate) fn push_excess(&mut self, name: &'r [u8], value: Value<'r>) {
        let name = self.values.name(name);
        self.excess_entries().push((name, value));
    }

    fn excess_entries(&mut self) -> &mut BumpVec<'r, (&'r str, Value<'r>)> {
        let arena = self.values.arena;
        self.excess.get_or_insert_with(|| BumpVec::new_in(arena))
    }

    /// Returns the excess, if any, and the notes on all values.
    #[inline]
    pub(crate) fn finish(self) -> (Option<Cell<'r>>, Noted) {
        let key = Key::excess(self.names.location());
        let excess = self.excess.map(|entries| {
            let value = Value::KvList(entries.into_bump_slice());
            Cell { key, value }
        });
        (excess, self.values.noted())
    }
}

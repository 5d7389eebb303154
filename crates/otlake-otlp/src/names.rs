use otlake_row::{Key, Keys, Location};

use crate::error::Result;
use crate::protobuf::wire::utf8;

/// Resolves attribute names to keys by predicting them.
///
/// A record mostly carries the names of the record before in the same order, so what followed a
/// name last time is likely to follow it again: one comparison of bytes resolves a key, and shows
/// that it is UTF-8, since the name it equals is. Following the name rather than the position
/// keeps the prediction right after an attribute that only some records have.
pub(crate) struct Names {
    location: Location,
    /// By the index of a key plus one, what followed it; at 0, what came first.
    following: Vec<Option<Key>>,
    last: usize,
}

impl Names {
    pub(crate) fn new(location: Location) -> Names {
        Names {
            location,
            following: vec![None],
            last: 0,
        }
    }

    pub(crate) fn location(&self) -> Location {
        self.location
    }

    /// Begins a new list of attributes.
    #[inline]
    pub(crate) fn restart(&mut self) {
        self.last = 0;
    }

    /// The key of a name as it stands on the wire, which is checked to be UTF-8 where it is not
    /// the predicted one; the name itself when the interner is full.
    #[inline]
    pub(crate) fn resolve<'a>(&mut self, name: &'a [u8], keys: &mut Keys) -> Result<Resolved<'a>> {
        match self.predict(name, keys) {
            Some(key) => Ok(Resolved::Key(key)),
            None => Ok(self.look_up(utf8(name)?, keys)),
        }
    }

    /// The key of a name; the name itself when the interner is full.
    #[cfg(feature = "opentelemetry-proto")]
    pub(crate) fn resolve_str<'a>(&mut self, name: &'a str, keys: &mut Keys) -> Resolved<'a> {
        match self.predict(name.as_bytes(), keys) {
            Some(key) => Resolved::Key(key),
            None => self.look_up(name, keys),
        }
    }

    #[inline]
    fn predict(&mut self, name: &[u8], keys: &Keys) -> Option<Key> {
        let key = self.following[self.last]?;
        if keys.name(key).as_bytes() != name {
            return None;
        }
        self.last = key.index() + 1;
        Some(key)
    }

    #[cold]
    fn look_up<'a>(&mut self, name: &'a str, keys: &mut Keys) -> Resolved<'a> {
        let Some(key) = keys.intern(self.location, name) else {
            return Resolved::Excess(name);
        };
        self.following[self.last] = Some(key);
        self.last = key.index() + 1;
        if self.following.len() <= self.last {
            self.following.resize(self.last + 1, None);
        }
        Resolved::Key(key)
    }
}

pub(crate) enum Resolved<'a> {
    Key(Key),
    /// The name of an attribute that the interner has no room for.
    Excess(&'a str),
}

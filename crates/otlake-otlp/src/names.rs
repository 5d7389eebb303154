use otlake_row::{Key, Keys, Location};

/// Resolves attribute names to keys by predicting them.
///
/// A record mostly carries the names of the record before in the same order, so what followed a
/// name the last times is likely to follow it again: one comparison of bytes resolves a key. Following the name rather than the position
/// keeps the prediction right behind an attribute that only some records have, and several
/// successors are remembered for the place in front of it.
pub(crate) struct Names {
    location: Location,
    /// By the index of a key plus one, what followed it, the last one first; at 0, what came first.
    following: Vec<[Option<Expected>; SUCCESSORS]>,
    last: usize,
}

/// Two took most of the misses away, four nearly all; see `docs/performance.md`.
const SUCCESSORS: usize = 4;

#[derive(Clone, Copy)]
struct Expected {
    key: Key,
    /// The length of its name: nearly always enough to tell it from another.
    length: usize,
}

impl Names {
    pub(crate) fn new(location: Location) -> Names {
        Names {
            location,
            following: vec![[None; SUCCESSORS]],
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

    /// The key of a name as it stands in the payload, where it is one of those that followed the name
    /// before it the last times. It is UTF-8 then, since the name it equals is.
    #[inline]
    pub(crate) fn predict(&mut self, name: &[u8], keys: &Keys) -> Option<Key> {
        let successors = &mut self.following[self.last];
        for index in 0..SUCCESSORS {
            let expected = successors[index]?;
            if expected.length == name.len() && equal(keys.name(expected.key).as_bytes(), name) {
                successors.swap(0, index);
                self.last = expected.key.index() + 1;
                return Some(expected.key);
            }
        }
        None
    }

    /// The key of a name that was not predicted; the name itself when the interner is full.
    #[cold]
    pub(crate) fn look_up<'a>(&mut self, name: &'a str, keys: &mut Keys) -> Resolved<'a> {
        let Some(key) = keys.intern(self.location, name) else {
            return Resolved::Excess(name);
        };
        let successors = &mut self.following[self.last];
        successors.rotate_right(1);
        successors[0] = Some(Expected {
            key,
            length: name.len(),
        });
        self.last = key.index() + 1;
        if self.following.len() <= self.last {
            self.following.resize(self.last + 1, [None; SUCCESSORS]);
        }
        Resolved::Key(key)
    }
}

/// Whether two short slices of one length are equal: eight bytes at a time, the last eight may
/// overlap those before. A name is too short to be worth a call of memcmp.
#[inline]
fn equal(a: &[u8], b: &[u8]) -> bool {
    let (Some(last_a), Some(last_b)) = (a.last_chunk::<8>(), b.last_chunk::<8>()) else {
        return a == b;
    };
    let (words_a, words_b) = (a.as_chunks::<8>().0, b.as_chunks::<8>().0);
    words_a.iter().zip(words_b).all(|(a, b)| a == b) && last_a == last_b
}

pub(crate) enum Resolved<'a> {
    Key(Key),
    /// The name of an attribute that the interner has no room for.
    Excess(&'a str),
}

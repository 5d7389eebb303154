use otlake_row::{Key, Keys, Location};

/// Resolves attribute names to keys by predicting them.
///
/// A record mostly carries the names of the record before in the same order, so what followed a
/// name the last times is likely to follow it again. Following the name rather than the position
/// keeps the prediction right behind an attribute that only some records have, and several
/// successors are remembered for the place in front of it. Which of them it is, is found without a
/// branch: the processor cannot foresee what a record will carry.
pub(crate) struct Names {
    location: Location,
    /// By the index of a key plus one, what followed it; at 0, what came first.
    following: Vec<Successors>,
    last: usize,
}

/// The names that followed one name the last times, the newest first.
#[derive(Clone, Copy)]
struct Successors {
    signatures: [u32; SUCCESSORS],
    keys: [Key; SUCCESSORS],
}

const SUCCESSORS: usize = 8;

impl Names {
    pub(crate) fn new(location: Location) -> Names {
        Names {
            location,
            following: vec![Successors::none(location)],
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
        let key = self.following[self.last].find(signature(name))?;
        let same = equal(keys.name(key).as_bytes(), name);
        same.then(|| {
            self.last = key.index() + 1;
            key
        })
    }

    /// The key of a name that was not predicted; the name itself when the interner is full.
    #[cold]
    pub(crate) fn look_up<'a>(&mut self, name: &'a str, keys: &mut Keys) -> Resolved<'a> {
        let Some(key) = keys.intern(self.location, name) else {
            return Resolved::Excess(name);
        };
        self.following[self.last].push(signature(name.as_bytes()), key);
        self.last = key.index() + 1;
        if self.following.len() <= self.last {
            self.following
                .resize(self.last + 1, Successors::none(self.location));
        }
        Resolved::Key(key)
    }
}

impl Successors {
    fn none(location: Location) -> Successors {
        Successors {
            signatures: [NO_SIGNATURE; SUCCESSORS],
            keys: [Key::excess(location); SUCCESSORS],
        }
    }

    /// The newest name that has this signature.
    #[inline]
    fn find(&self, signature: u32) -> Option<Key> {
        let same = self.signatures.map(|known| known == signature);
        let places = same
            .iter()
            .enumerate()
            .fold(0_u32, |bits, (place, same)| bits | u32::from(*same) << place);
        self.keys.get(places.trailing_zeros() as usize).copied()
    }

    fn push(&mut self, signature: u32, key: Key) {
        self.signatures.rotate_right(1);
        self.keys.rotate_right(1);
        self.signatures[0] = signature;
        self.keys[0] = key;
    }
}

const NO_SIGNATURE: u32 = 0;

/// Tells names apart, nearly always: of their length, their first and their last eight bytes.
#[inline]
fn signature(name: &[u8]) -> u32 {
    /// 2^64 over the golden ratio.
    const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;
    let bytes = match (name.first_chunk(), name.last_chunk()) {
        (Some(first), Some(last)) => {
            u64::from_le_bytes(*first) ^ u64::from_le_bytes(*last).rotate_left(29)
        }
        _ => name
            .iter()
            .fold(0, |bytes, byte| bytes << 8 | u64::from(*byte)),
    };
    let mixed = bytes
        .wrapping_add(name.len() as u64)
        .wrapping_mul(MULTIPLIER);
    (mixed >> 32) as u32 | 1
}

/// Whether two short slices are equal: eight bytes at a time, the last eight may overlap those
/// before. A name is too short to be worth a call of memcmp.
#[inline]
fn equal(a: &[u8], b: &[u8]) -> bool {
    let (Some(last_a), Some(last_b)) = (a.last_chunk::<8>(), b.last_chunk::<8>()) else {
        return a == b;
    };
    let (words_a, words_b) = (a.as_chunks::<8>().0, b.as_chunks::<8>().0);
    a.len() == b.len() && words_a.iter().zip(words_b).all(|(a, b)| a == b) && last_a == last_b
}

pub(crate) enum Resolved<'a> {
    Key(Key),
    /// The name of an attribute that the interner has no room for.
    Excess(&'a str),
}

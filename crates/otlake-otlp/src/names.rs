use otlake_row::{Key, Keys, Location};

/// Resolves attribute names to keys by predicting them.
///
/// Most records carry the names of the previous record in the same order, so the name that followed
/// another one before is likely to follow it again. Predicting from the name, not from the position, stays
/// right after an attribute that only some records have. Several successors of each name are remembered,
/// and the right one is found without a branch, which the processor could not predict.
pub(crate) struct Names {
    location: Location,
    /// The names so far. The first entry is the beginning of a list, which is not a name.
    names: Vec<Name>,
    /// The place of the previous name.
    last: usize,
    /// The number of names that were registered when these were remembered.
    registered: usize,
}

struct Name {
    key: Key,
    followed_by: Successors,
}

/// The names that followed a name, the newest first.
#[derive(Default)]
struct Successors {
    signatures: [u32; SUCCESSORS],
    /// Their places among the names. 0 means none.
    places: [u32; SUCCESSORS],
}

/// As many as two vectors hold. Four are slower when records vary, see `docs/performance.md`.
const SUCCESSORS: usize = 8;

impl Names {
    pub(crate) fn new(location: Location) -> Names {
        let beginning = Name::new(Key::excess(location));
        Names {
            location,
            names: vec![beginning],
            last: 0,
            registered: 0,
        }
    }

    /// Forgets all names if others have been registered since: one of them may have another key now.
    pub(crate) fn begin_payload(&mut self) {
        let registered = Key::registered(self.location);
        if registered != self.registered {
            self.registered = registered;
            self.names.truncate(1);
            self.names[0].followed_by = Successors::default();
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

    /// Returns the key of a name if the name has followed the previous one before. The name is valid UTF-8
    /// then, because it equals a name that is.
    #[inline]
    pub(crate) fn predict(&mut self, name: &[u8], keys: &Keys) -> Option<Key> {
        let place = self.names[self.last].followed_by.find(signature(name));
        let key = self.names[place].key;
        let same = place != 0 && equal(keys.name(key).as_bytes(), name);
        same.then(|| {
            self.last = place;
            key
        })
    }

    /// Returns the key of a name that was not predicted, or the name itself if the interner is full.
    #[cold]
    pub(crate) fn look_up<'a>(&mut self, name: &'a str, keys: &mut Keys) -> Resolved<'a> {
        let Some(key) = keys.intern(self.location, name) else {
            return Resolved::Excess(name);
        };
        // The interner has less than 2^30 names.
        let place = key.index() + 1;
        if self.names.len() <= place {
            let unseen = || Name::new(Key::excess(self.location));
            self.names.resize_with(place + 1, unseen);
        }
        self.names[place].key = key;
        let successors = &mut self.names[self.last].followed_by;
        successors.push(signature(name.as_bytes()), place as u32);
        self.last = place;
        Resolved::Key(key)
    }
}

impl Name {
    fn new(key: Key) -> Name {
        Name {
            key,
            followed_by: Successors::default(),
        }
    }
}

impl Successors {
    /// Returns the place of the name with a signature.
    #[inline]
    fn find(&self, signature: u32) -> usize {
        let successors = self.signatures.iter().zip(&self.places);
        successors.fold(0, |found, (known, place)| {
            found | if *known == signature { *place } else { 0 }
        }) as usize
    }

    fn push(&mut self, signature: u32, place: u32) {
        // Of two names with one signature the newer stays.
        let known = self.signatures.iter().position(|known| *known == signature);
        let end = known.unwrap_or(SUCCESSORS - 1);
        self.signatures[..=end].rotate_right(1);
        self.places[..=end].rotate_right(1);
        self.signatures[0] = signature;
        self.places[0] = place;
    }
}

/// Returns a number that nearly always differs between names: a hash of the length and of the first and
/// last eight bytes.
#[inline]
fn signature(name: &[u8]) -> u32 {
    /// 2^64 over the golden ratio.
    const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;
    let bytes = if let (Some(first), Some(last)) = (name.first_chunk(), name.last_chunk()) {
        u64::from_le_bytes(*first) ^ u64::from_le_bytes(*last).rotate_left(29)
    } else if let (Some(first), Some(last)) = (name.first_chunk(), name.last_chunk()) {
        u64::from(u32::from_le_bytes(*first)) << 32 | u64::from(u32::from_le_bytes(*last))
    } else {
        let bytes = name.iter();
        bytes.fold(0, |bytes, byte| bytes << 8 | u64::from(*byte))
    };
    let mixed = bytes
        .wrapping_add(name.len() as u64)
        .wrapping_mul(MULTIPLIER);
    (mixed >> 32) as u32
}

/// Returns whether two short slices are equal. Compares eight bytes at a time, and the last eight may overlap
/// those before. A name is too short to be worth a call of memcmp.
#[inline]
fn equal(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
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

#[cfg(test)]
mod tests {
    use otlake_testkit::Rng;

    use super::*;

    struct Resolver {
        names: Names,
        keys: Keys,
    }

    impl Resolver {
        fn new() -> Resolver {
            Resolver {
                names: Names::new(Location::Attribute),
                keys: Keys::new(),
            }
        }

        /// The name of the key that a name resolves to, and whether it was predicted.
        fn resolve(&mut self, name: &str) -> (&str, bool) {
            let predicted = self.names.predict(name.as_bytes(), &self.keys);
            let key = predicted.unwrap_or_else(|| match self.names.look_up(name, &mut self.keys) {
                Resolved::Key(key) => key,
                Resolved::Excess(name) => panic!("no room for {name}"),
            });
            (self.keys.name(key), predicted.is_some())
        }
    }

    /// Of every length up to 40, some that differ in the middle only.
    fn lookalikes() -> Vec<String> {
        let of_length = |length: usize| {
            ["a", "b", "c"].map(|letter| {
                let mut name = "x".repeat(length);
                if length > 0 {
                    name.replace_range(length / 2..=length / 2, letter);
                }
                name
            })
        };
        (0..=40).flat_map(of_length).collect()
    }

    #[test]
    fn a_name_resolves_to_its_own_key_whatever_came_before() {
        let names = lookalikes();
        let rng = &mut Rng::new(1);
        let mut resolver = Resolver::new();
        for _ in 0..5_000 {
            resolver.names.restart();
            for _ in 0..4 {
                let name = rng.pick(&names);
                assert_eq!(resolver.resolve(name).0, name);
            }
        }
    }

    #[test]
    fn what_followed_a_name_before_is_predicted() {
        let names: Vec<String> = (0..SUCCESSORS).map(|n| format!("key.{n}")).collect();
        let mut resolver = Resolver::new();
        assert_eq!(resolver.resolve("first"), ("first", false));
        for is_known in [false, true, true] {
            for name in &names {
                resolver.names.restart();
                assert_eq!(resolver.resolve("first"), ("first", true));
                assert_eq!(resolver.resolve(name), (name.as_str(), is_known));
            }
        }
    }
}

use otlake_row::{Key, Keys, Location};

/// Resolves attribute names to keys by predicting them.
///
/// Most records carry the names of the previous record in the same order, so the name that followed
/// another one before is likely to follow it again. The prediction depends on the previous name instead of the
/// position, so it stays right after an attribute that only some records have. Several successors of each
/// name are remembered, and the right one is found without a branch, which the processor could not predict.
pub(crate) struct Names {
    location: Location,
    /// The names so far. The first entry is not a name, but stands for the beginning of a list.
    names: Vec<Name>,
    /// The index of the previous name in `names`.
    last: usize,
    /// The number of keys that were registered when these names were remembered.
    registered: usize,
}

struct Name {
    key: Key,
    followed_by: Successors,
}

/// The names that followed a name before, the newest first.
#[derive(Default)]
struct Successors {
    signatures: [u32; SUCCESSORS],
    /// Their indexes in [`Names::names`]. 0 means none.
    indexes: [u32; SUCCESSORS],
}

/// The number of successors, which two vector registers hold. Four are slower when records vary; see
/// `docs/performance.md`.
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

    /// Forgets all names if keys have been registered since, because a remembered name may have another key now.
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
        let index = self.names[self.last].followed_by.find(signature(name));
        let key = self.names[index].key;
        let same = index != 0 && equal(keys.name(key).as_bytes(), name);
        same.then(|| {
            self.last = index;
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
        let index = key.index() + 1;
        if self.names.len() <= index {
            let unseen = || Name::new(Key::excess(self.location));
            self.names.resize_with(index + 1, unseen);
        }
        self.names[index].key = key;
        let successors = &mut self.names[self.last].followed_by;
        successors.push(signature(name.as_bytes()), index as u32);
        self.last = index;
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
    /// Returns the index of the name with a signature, or 0.
    #[inline]
    fn find(&self, signature: u32) -> usize {
        let index = |slot: usize| match self.signatures[slot] == signature {
            true => self.indexes[slot],
            false => 0,
        };
        (0..SUCCESSORS).fold(0, |found, slot| found | index(slot)) as usize
    }

    fn push(&mut self, signature: u32, index: u32) {
        // If two names have the same signature, the newer one replaces the other.
        let known = self.signatures.iter().position(|known| *known == signature);
        let end = known.unwrap_or(SUCCESSORS - 1);
        self.signatures[..=end].rotate_right(1);
        self.indexes[..=end].rotate_right(1);
        self.signatures[0] = signature;
        self.indexes[0] = index;
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

/// Returns whether two short slices are equal. It compares eight bytes at a time, of which the last eight may
/// overlap the previous ones, because names are too short to be worth a call of memcmp.
#[inline]
fn equal(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    let (Some(last_a), Some(last_b)) = (a.last_chunk::<8>(), b.last_chunk::<8>()) else {
        return a == b;
    };
    let (words_a, words_b) = (a.as_chunks::<8>().0, b.as_chunks::<8>().0);
    (0..words_a.len()).all(|word| words_a[word] == words_b[word]) && last_a == last_b
}

pub(crate) enum Resolved<'a> {
    Key(Key),
    /// The name of an attribute for which the interner has no room.
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

        /// Returns the name of the key that a name resolves to, and whether it was predicted.
        fn resolve(&mut self, name: &str) -> (&str, bool) {
            let predicted = self.names.predict(name.as_bytes(), &self.keys);
            let key = predicted.unwrap_or_else(|| match self.names.look_up(name, &mut self.keys) {
                Resolved::Key(key) => key,
                Resolved::Excess(name) => panic!("no room for {name}"),
            });
            (self.keys.name(key), predicted.is_some())
        }
    }

    /// Returns names of every length up to 40, of which some differ in the middle only.
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
    fn a_name_resolves_to_its_own_key_after_any_other_name() {
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
    fn earlier_successors_of_a_name_are_predicted() {
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

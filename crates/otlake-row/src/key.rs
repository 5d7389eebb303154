use std::fmt;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use lasso::{Rodeo, Spur};

use crate::fields;

/// Where in a record a value stands. Together with its name it makes a [`Key`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Location {
    /// A field of the protocol's own messages, such as a log's body: see [`fields`].
    Field = 0,
    /// An attribute of the resource.
    Resource = 1,
    /// An attribute of the instrumentation scope.
    Scope = 2,
    /// An attribute of the record itself.
    Attribute = 3,
}

impl Location {
    /// Every location, in the order of their numbers.
    pub const ALL: [Location; 4] = [
        Location::Field,
        Location::Resource,
        Location::Scope,
        Location::Attribute,
    ];
}

const INDEX_BITS: u32 = 30;
const INDEX_MASK: u32 = (1 << INDEX_BITS) - 1;

/// An interned name and its [`Location`], as one small number.
///
/// A key means something only together with the [`Keys`] that made it; the keys in [`fields`]
/// mean the same in every `Keys`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key(u32);

impl Key {
    /// Returns the key with a number that the same [`Keys`] has given out before, for rows that are kept
    /// outside of memory or in a compact form.
    pub const fn new(location: Location, index: u32) -> Key {
        Key(((location as u32) << INDEX_BITS) | (index & INDEX_MASK))
    }

    /// The key under which a record carries the attributes of `location` whose names were not
    /// interned because [`KeyLimits`] was reached: one cell with a
    /// [`Value::KvList`](crate::Value::KvList) of them all.
    pub const fn excess(location: Location) -> Key {
        Key::new(location, INDEX_MASK)
    }

    /// Whether this is the key of [`Key::excess`].
    pub const fn is_excess(self) -> bool {
        self.0 & INDEX_MASK == INDEX_MASK
    }

    /// Where the value of this key stands.
    pub const fn location(self) -> Location {
        match self.0 >> INDEX_BITS {
            0 => Location::Field,
            1 => Location::Resource,
            2 => Location::Scope,
            _ => Location::Attribute,
        }
    }

    /// A dense number from 0, counted for each location apart: an index for a sink's own table.
    pub const fn index(self) -> usize {
        (self.0 & INDEX_MASK) as usize
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({:?}, {})", self.location(), self.index())
    }
}

/// How many names a [`Keys`] takes in before it refuses more.
///
/// The limit keeps a sender that puts values into attribute names from filling the memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyLimits {
    /// Names over all locations. Default: 100,000.
    pub names: usize,
    /// Bytes of all names together. Default: 16 MiB.
    pub bytes: usize,
}

impl Default for KeyLimits {
    fn default() -> Self {
        KeyLimits {
            names: 100_000,
            bytes: 16 << 20,
        }
    }
}

/// The identity of a [`Keys`], by which a sink notices that rows come with other keys than before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct KeysId(u64);

type Names = Rodeo<Spur, foldhash::fast::RandomState>;

/// The interner of names: gives each (location, name) a [`Key`] and the name back.
///
/// A decoder owns one and lends it to every row, so that a sink can ask for the name of a key it
/// has not seen before.
pub struct Keys {
    id: KeysId,
    names: [Names; 4],
    limits: KeyLimits,
    interned: usize,
    bytes: usize,
}

impl Keys {
    /// An interner that knows the keys of [`fields`] and has the default limits.
    pub fn new() -> Keys {
        Keys::with_limits(KeyLimits::default())
    }

    /// An interner that knows the keys of [`fields`] and refuses names beyond `limits`.
    pub fn with_limits(limits: KeyLimits) -> Keys {
        // The identity only has to differ from every other one of this process.
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let mut names: [Names; 4] = std::array::from_fn(|_| Rodeo::with_hasher(Default::default()));
        for name in fields::NAMES {
            names[Location::Field as usize].get_or_intern_static(name);
        }
        let id = KeysId(NEXT.fetch_add(1, Ordering::Relaxed));
        Keys {
            id,
            names,
            limits,
            interned: 0,
            bytes: 0,
        }
    }

    /// The interner that knows the keys of [`fields`] only.
    pub fn of_fields() -> &'static Keys {
        static FIELDS: LazyLock<Keys> =
            LazyLock::new(|| Keys::with_limits(KeyLimits { names: 0, bytes: 0 }));
        &FIELDS
    }

    /// The identity of this interner.
    pub fn id(&self) -> KeysId {
        self.id
    }

    /// The key of a name, new or known; `None` when the name is new and the limits are reached.
    pub fn intern(&mut self, location: Location, name: &str) -> Option<Key> {
        if let Some(key) = self.find(location, name) {
            return Some(key);
        }
        let names = &mut self.names[location as usize];
        let full = self.interned >= self.limits.names
            || name.len() > self.limits.bytes.saturating_sub(self.bytes)
            // The last index is Key::excess.
            || names.len() >= INDEX_MASK as usize;
        if full {
            return None;
        }
        let spur = names.try_get_or_intern(name).ok()?;
        self.interned += 1;
        self.bytes += name.len();
        Some(Key::new(location, lasso::Key::into_usize(spur) as u32))
    }

    /// The key of a name that was interned before.
    pub fn find(&self, location: Location, name: &str) -> Option<Key> {
        let spur = self.names[location as usize].get(name)?;
        Some(Key::new(location, lasso::Key::into_usize(spur) as u32))
    }

    /// The name of a key; empty for a key that another interner made and for [`Key::excess`].
    #[inline]
    pub fn name(&self, key: Key) -> &str {
        // Spur is index + 1 in a NonZeroU32, so every index below INDEX_MASK makes a Spur.
        <Spur as lasso::Key>::try_from_usize(key.index())
            .and_then(|spur| self.names[key.location() as usize].try_resolve(&spur))
            .unwrap_or_default()
    }

    /// How many names are interned at a location: one more than the largest [`Key::index`].
    pub fn len(&self, location: Location) -> usize {
        self.names[location as usize].len()
    }
}

impl Default for Keys {
    fn default() -> Self {
        Keys::new()
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys")
            .field("id", &self.id)
            .field("interned", &self.interned)
            .field("bytes", &self.bytes)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_one_key_per_location() {
        let mut keys = Keys::new();
        let resource = keys.intern(Location::Resource, "host.name").unwrap();
        let attribute = keys.intern(Location::Attribute, "host.name").unwrap();
        assert_ne!(resource, attribute);
        assert_eq!(keys.intern(Location::Resource, "host.name"), Some(resource));
        assert_eq!(keys.name(resource), "host.name");
        assert_eq!(attribute.location(), Location::Attribute);
    }

    #[test]
    fn field_constants_stand_for_their_names_in_every_interner() {
        let keys = Keys::new();
        assert_eq!(keys.name(fields::BODY), "body");
        assert_eq!(keys.find(Location::Field, "body"), Some(fields::BODY));
        assert_eq!(keys.len(Location::Field), fields::NAMES.len());
    }

    #[test]
    fn names_beyond_the_limits_are_refused_and_known_ones_still_found() {
        let mut keys = Keys::with_limits(KeyLimits {
            names: 2,
            bytes: 100,
        });
        let first = keys.intern(Location::Attribute, "a").unwrap();
        assert!(
            keys.intern(Location::Attribute, &"x".repeat(100)).is_none(),
            "too many bytes"
        );
        assert!(keys.intern(Location::Scope, "b").is_some());
        assert!(
            keys.intern(Location::Attribute, "c").is_none(),
            "too many names"
        );
        assert_eq!(keys.intern(Location::Attribute, "a"), Some(first));
    }

    #[test]
    fn the_excess_key_has_no_name_and_keeps_its_location() {
        for location in Location::ALL {
            let key = Key::excess(location);
            assert!(key.is_excess());
            assert_eq!(key.location(), location);
            assert_eq!(Keys::new().name(key), "");
        }
    }
}

use std::fmt;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use lasso::{Rodeo, Spur};

use crate::key::INDEX_MASK;
use crate::{Key, Location, fields, registry};

/// Limits for the names that a [`Keys`] interns.
///
/// They keep a sender that puts values into attribute names from filling the memory.
///
/// ```
/// use otlake_row::{KeyLimits, Keys, Location};
///
/// let mut keys = Keys::with_limits(KeyLimits::default().with_names(1));
/// assert!(keys.intern(Location::Attribute, "user.id").is_some());
/// assert!(keys.intern(Location::Attribute, "user.name").is_none());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeyLimits {
    /// The number of names over all locations. Default: 100,000.
    pub names: usize,
    /// The size of all names together, in bytes. Default: 16 MiB.
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

impl KeyLimits {
    /// Sets the number of names over all locations.
    #[must_use]
    pub fn with_names(mut self, names: usize) -> KeyLimits {
        self.names = names;
        self
    }

    /// Sets the size of all names together, in bytes.
    #[must_use]
    pub fn with_bytes(mut self, bytes: usize) -> KeyLimits {
        self.bytes = bytes;
        self
    }
}

/// The identity of a [`Keys`]. A sink compares it to notice that the keys of a row come from another
/// interner than those of the row before.
///
/// ```
/// use otlake_row::Keys;
///
/// let (first, second) = (Keys::new(), Keys::new());
/// let seen = first.id();
/// assert_eq!(first.id(), seen);
/// assert_ne!(second.id(), seen, "forget what is known about the keys of the first");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct KeysId(u64);

type Names = Rodeo<Spur, foldhash::fast::RandomState>;

/// An interner of names: it returns a [`Key`] for each pair of location and name, and the name for each
/// key.
///
/// A decoder owns one and lends it to every row, so that a sink can look up the name of a key that it
/// has not seen before.
///
/// ```
/// use otlake_row::{Keys, Location, fields};
///
/// let mut keys = Keys::new();
/// let host = keys.intern(Location::Resource, "host.name").expect("below the key limit");
/// assert_eq!(keys.intern(Location::Resource, "host.name"), Some(host));
/// assert_eq!(keys.find(Location::Attribute, "host.name"), None, "another location");
/// assert_eq!(keys.name(host), "host.name");
/// assert_eq!(keys.len(Location::Resource), 1);
///
/// // An interner knows its own keys and those that are the same everywhere.
/// assert!(keys.contains(fields::BODY));
/// assert!(!Keys::of_fields().contains(host));
/// ```
pub struct Keys {
    id: KeysId,
    names: [Names; 4],
    limits: KeyLimits,
    interned: usize,
    bytes: usize,
}

impl Keys {
    /// Returns an interner that knows the keys of [`fields`] and has the default limits.
    pub fn new() -> Keys {
        Keys::with_limits(KeyLimits::default())
    }

    /// Returns an interner that knows the keys of [`fields`] and interns no names beyond `limits`.
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

    /// Returns the interner that knows the keys of [`fields`] and registered keys only.
    pub fn of_fields() -> &'static Keys {
        static FIELDS: LazyLock<Keys> =
            LazyLock::new(|| Keys::with_limits(KeyLimits::default().with_names(0)));
        &FIELDS
    }

    /// Returns the identity of this interner.
    pub fn id(&self) -> KeysId {
        self.id
    }

    /// Returns the key of a name, new or known, or `None` if the name is new and the limits are reached.
    pub fn intern(&mut self, location: Location, name: &str) -> Option<Key> {
        if let Some(key) = self.find(location, name) {
            return Some(key);
        }
        let names = &mut self.names[location as usize];
        let full = self.interned >= self.limits.names
            || name.len() > self.limits.bytes.saturating_sub(self.bytes)
            // The last index is that of `Key::excess`.
            || index_of(names.len()) >= INDEX_MASK as usize;
        if full {
            return None;
        }
        let spur = names.try_get_or_intern(name).ok()?;
        self.interned += 1;
        self.bytes += name.len();
        Some(key(location, spur))
    }

    /// Returns the key of a name that was interned or registered before.
    pub fn find(&self, location: Location, name: &str) -> Option<Key> {
        registry::find(location, name).or_else(|| {
            let spur = self.names[location as usize].get(name)?;
            Some(key(location, spur))
        })
    }

    /// Returns the name of a key. It is empty for [`Key::excess`] and for a key that another interner
    /// made.
    #[inline]
    pub fn name(&self, key: Key) -> &str {
        self.known_name(key).unwrap_or_default()
    }

    /// Returns whether this interner knows the name of a key: it made the key, or the key is registered.
    #[inline]
    pub fn contains(&self, key: Key) -> bool {
        self.known_name(key).is_some()
    }

    #[inline]
    fn known_name(&self, key: Key) -> Option<&str> {
        let index = key.index();
        // The names before the gap first: nearly all are.
        let position = if index < registry::FIRST {
            index
        } else if index < registry::FIRST + registry::MOST {
            return registry::name(key.location(), index);
        } else {
            index - registry::MOST
        };
        // A Spur is a position and 1 in a NonZeroU32, so every position below INDEX_MASK makes one.
        let spur = <Spur as lasso::Key>::try_from_usize(position)?;
        self.names[key.location() as usize].try_resolve(&spur)
    }

    /// Returns the number of names that are known at a location.
    pub fn len(&self, location: Location) -> usize {
        self.names[location as usize].len() + Key::registered(location)
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

fn key(location: Location, spur: Spur) -> Key {
    let index = index_of(lasso::Key::into_usize(spur));
    Key::new(location, index as u32)
}

/// Returns the index of the name at a position, which leaves the gap for registered keys.
fn index_of(position: usize) -> usize {
    if position < registry::FIRST {
        position
    } else {
        position + registry::MOST
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
    fn field_constants_have_the_same_names_in_every_interner() {
        let keys = Keys::new();
        for name in fields::NAMES {
            let key = keys.find(Location::Field, name).unwrap();
            assert_eq!(keys.name(key), *name);
            assert_eq!(fields::NAMES[key.index()], *name);
        }
        assert_eq!(keys.find(Location::Field, "body"), Some(fields::BODY));
    }

    #[test]
    fn names_beyond_the_limits_get_no_key_and_known_ones_are_still_found() {
        let limits = KeyLimits::default().with_names(2).with_bytes(100);
        let mut keys = Keys::with_limits(limits);
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
            assert!(!Keys::new().contains(key));
        }
    }
}

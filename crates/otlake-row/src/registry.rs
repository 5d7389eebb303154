//! Keys that mean the same in every [`Keys`].
//!
//! Their indexes are in a range that every `Keys` leaves free. So a registered key is valid in each of
//! them, and in the tables that sinks index by key, without a look-up. Most interners never get as far
//! as this range, and it begins low enough for an index to fit the byte that a packed row spends on it.
//!
//! [`Keys`]: crate::Keys

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use crate::{Key, Location, fields};

/// The index of the first registered key.
pub(crate) const FIRST: usize = 192;

/// The number of keys that can be registered at each location.
pub(crate) const MOST: usize = 256;

const _: () = assert!(
    fields::NAMES.len() <= FIRST,
    "the constants have the indexes before the gap in every interner"
);

/// The registered names at one location. They are only ever added to, so reading takes no lock.
struct Registered {
    names: [OnceLock<&'static str>; MOST],
    count: AtomicUsize,
}

static REGISTERED: [Registered; 4] = [const {
    Registered {
        names: [const { OnceLock::new() }; MOST],
        count: AtomicUsize::new(0),
    }
}; 4];

impl Key {
    /// Registers a name and returns its key, which is valid in every [`Keys`](crate::Keys) of the
    /// process. Registering a name again returns the same key, and a name of [`fields`] returns the
    /// constant.
    ///
    /// This is for stages that add values of their own: register the key once, when the pipeline is
    /// built, and set it in each row without looking anything up.
    ///
    /// ```
    /// use otlake_row::{Group, Key, Keys, Location, Row, Signal, Value};
    ///
    /// // At `Location::Field` the value gets a column called `tier`, without the prefix of attributes.
    /// let tier = Key::register(Location::Field, "tier")?;
    ///
    /// let mut row = Row::new(Signal::Logs, Group::new(&[]), Group::new(&[]));
    /// row.set(tier, Value::String("gold"));
    ///
    /// assert_eq!(row.keys().name(tier), "tier");
    /// assert_eq!(Keys::new().name(tier), "tier");
    /// # Ok::<(), otlake_row::RegisterError>(())
    /// ```
    ///
    /// Names that come over the wire after this call resolve to the same key: a value that a stage
    /// sets replaces the one that was sent. A `Keys` that has interned the name before keeps the older
    /// key for the rows it has made already, and uses the registered one from the next look-up on.
    ///
    /// # Errors
    ///
    /// 256 names can be registered at each location. They are never freed, so register names that are
    /// part of a configuration, not names that are part of the data.
    pub fn register(location: Location, name: &str) -> Result<Key, RegisterError> {
        static WRITING: Mutex<()> = Mutex::new(());
        if location == Location::Field
            && let Some(index) = fields::NAMES.iter().position(|known| *known == name)
        {
            return Ok(Key::new(location, index as u32));
        }
        // Nothing that panics runs under the lock, and what it protects is valid after each step.
        let _writing = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(key) = find(location, name) {
            return Ok(key);
        }
        let registered = &REGISTERED[location as usize];
        let count = registered.count.load(Ordering::Acquire);
        let Some(slot) = registered.names.get(count) else {
            return Err(RegisterError {
                location,
                name: name.to_owned(),
            });
        };
        slot.get_or_init(|| Box::leak(Box::from(name)));
        registered.count.store(count + 1, Ordering::Release);
        Ok(Key::new(location, (FIRST + count) as u32))
    }

    /// Returns the number of names registered at a location. A decoder that remembers keys compares it to
    /// notice that a name may have another key now.
    ///
    /// ```
    /// use otlake_row::{Key, Location};
    ///
    /// let before = Key::registered(Location::Scope);
    /// Key::register(Location::Scope, "team")?;
    /// assert_eq!(Key::registered(Location::Scope), before + 1);
    /// # Ok::<(), otlake_row::RegisterError>(())
    /// ```
    pub fn registered(location: Location) -> usize {
        REGISTERED[location as usize].count.load(Ordering::Acquire)
    }
}

/// Returns the registered key of a name.
///
/// There are few, and none in most processes, so they are compared one by one.
pub(crate) fn find(location: Location, name: &str) -> Option<Key> {
    let registered = &REGISTERED[location as usize];
    let names = &registered.names[..registered.count.load(Ordering::Acquire)];
    let index = names
        .iter()
        .position(|known| known.get().is_some_and(|known| *known == name))?;
    Some(Key::new(location, (FIRST + index) as u32))
}

/// Returns the name of a registered key.
pub(crate) fn name(location: Location, index: usize) -> Option<&'static str> {
    let names = &REGISTERED[location as usize].names;
    names.get(index.checked_sub(FIRST)?)?.get().copied()
}

/// The error of [`Key::register`]: as many names as there can be are registered at the location.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisterError {
    location: Location,
    name: String,
}

impl fmt::Display for RegisterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let RegisterError { location, name } = self;
        write!(
            f,
            "{name:?} cannot be registered at {location:?}: {MOST} names are registered there already, \
             so register fewer, or intern the name with the Keys of the decoder"
        )
    }
}

impl std::error::Error for RegisterError {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{KeyLimits, Keys};

    // Names are registered for the whole process, so each test has a location of its own.

    #[test]
    fn a_registered_key_is_valid_in_every_interner_and_found_by_its_name() {
        let location = Location::Attribute;
        let mut older = Keys::new();
        let interned = older.intern(location, "interned.before").unwrap();
        let key = Key::register(location, "peer.zone").unwrap();
        let late = Key::register(location, "interned.before").unwrap();
        assert_eq!(Key::register(location, "peer.zone"), Ok(key));
        assert_ne!(late, interned);

        let mut limited = Keys::with_limits(KeyLimits::default().with_names(0));
        for keys in [&mut older, &mut Keys::new(), &mut limited] {
            assert_eq!(keys.name(key), "peer.zone");
            assert!(keys.contains(key));
            assert_eq!(keys.find(location, "peer.zone"), Some(key));
            assert_eq!(keys.intern(location, "peer.zone"), Some(key));
            assert_eq!(keys.intern(location, "interned.before"), Some(late));
            assert_eq!(keys.find(Location::Resource, "peer.zone"), None);
        }
        assert_eq!(older.name(interned), "interned.before");
    }

    #[test]
    fn registering_a_field_of_the_protocol_returns_its_constant() {
        assert_eq!(
            Key::register(Location::Field, "trace_id"),
            Ok(fields::TRACE_ID)
        );
    }

    #[test]
    fn interned_keys_never_have_the_index_of_a_registered_one() {
        let location = Location::Resource;
        let registered = Key::register(location, "registered").unwrap();
        let mut keys = Keys::new();
        let names: Vec<String> = (0..FIRST + MOST + 10).map(|n| n.to_string()).collect();
        let interned: Vec<Key> = names
            .iter()
            .map(|name| keys.intern(location, name).unwrap())
            .collect();
        for (name, key) in names.iter().zip(&interned) {
            assert_eq!(keys.name(*key), name);
            assert_eq!(keys.find(location, name), Some(*key));
            assert!(!(FIRST..FIRST + MOST).contains(&key.index()));
        }
        assert_eq!(interned[FIRST - 1].index(), FIRST - 1);
        assert_eq!(interned[FIRST].index(), FIRST + MOST);
        assert_eq!(keys.name(registered), "registered");
        let unused = Key::new(location, (FIRST + MOST - 1) as u32);
        assert_eq!(keys.name(unused), "");
        assert!(!keys.contains(unused));
    }

    #[test]
    fn the_number_of_registered_names_is_bounded() {
        let location = Location::Scope;
        let keys: Vec<Key> = (0..MOST)
            .map(|n| Key::register(location, &format!("name.{n}")).unwrap())
            .collect();
        let indexes: Vec<usize> = keys.iter().map(|key| key.index()).collect();
        assert_eq!(indexes, (FIRST..FIRST + MOST).collect::<Vec<_>>());
        let error = Key::register(location, "one.more").unwrap_err();
        let expected =
            "\"one.more\" cannot be registered at Scope: 256 names are registered there already";
        assert!(error.to_string().starts_with(expected), "{error}");
        assert_eq!(Key::register(location, "name.7"), Ok(keys[7]));
    }

    #[test]
    fn threads_that_register_one_name_get_one_key() {
        let keys: Vec<Key> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| Key::register(Location::Field, "raced").unwrap()))
                .collect();
            let joined = threads.into_iter().map(|thread| thread.join().unwrap());
            joined.collect()
        });
        assert!(keys.iter().all(|key| *key == keys[0]));
    }
}

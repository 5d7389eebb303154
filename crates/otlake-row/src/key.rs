use std::fmt;

/// The part of a record that a value was attached to. Together with a name it makes a [`Key`].
///
/// The enum is exhaustive on purpose: OTLP has no other location, and a naming has to cover each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Location {
    /// A field of the protocol's own messages, such as a log's body: see [`fields`](crate::fields).
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
pub(crate) const INDEX_MASK: u32 = (1 << INDEX_BITS) - 1;

/// An interned name and its [`Location`], as one small number.
///
/// There are three kinds of keys:
///
/// * The constants in [`fields`](crate::fields) and the keys made by [`Key::register`] mean the same
///   in every [`Keys`](crate::Keys).
/// * A key made by [`Keys::intern`](crate::Keys::intern) means something only together with the
///   `Keys` that made it.
/// * [`Key::excess`] collects what has no key of its own.
///
/// ```
/// use otlake_row::{Key, Keys, Location, fields};
///
/// let mut keys = Keys::new();
/// let user = keys.intern(Location::Attribute, "user.id").expect("below the key limit");
/// assert_eq!(user.location(), Location::Attribute);
/// assert_eq!(fields::BODY.location(), Location::Field);
///
/// // A sink's own table, with one entry per attribute name.
/// let mut columns = vec![None; keys.len(Location::Attribute)];
/// columns[user.index()] = Some("attr_user_id");
///
/// // A key that was stored in a compact form.
/// assert_eq!(Key::new(Location::Attribute, user.index() as u32), user);
/// assert!(Key::excess(Location::Attribute).is_excess());
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key(u32);

impl Key {
    /// Returns the key with this location and this [index](Key::index), for rows that were stored in a
    /// compact form. The key must be one that the row's [`Keys`](crate::Keys) has returned before. Only
    /// the low 30 bits of `index` count.
    pub const fn new(location: Location, index: u32) -> Key {
        Key(((location as u32) << INDEX_BITS) | (index & INDEX_MASK))
    }

    /// Returns the key under which a record carries the attributes of `location` whose names were not
    /// interned because [`KeyLimits`](crate::KeyLimits) was reached: one cell with a
    /// [`Value::KvList`](crate::Value::KvList) of them all.
    pub const fn excess(location: Location) -> Key {
        Key::new(location, INDEX_MASK)
    }

    /// Returns whether this key was made by [`Key::excess`].
    pub const fn is_excess(self) -> bool {
        self.0 & INDEX_MASK == INDEX_MASK
    }

    /// Returns the location of the values of this key.
    pub const fn location(self) -> Location {
        match self.0 >> INDEX_BITS {
            0 => Location::Field,
            1 => Location::Resource,
            2 => Location::Scope,
            _ => Location::Attribute,
        }
    }

    /// Returns a number that distinguishes this key from the others at its location, so that a sink can
    /// use it as an index into a table of its own.
    ///
    /// The numbers are small and dense: they count up from 0, with one gap of 256 that is kept for
    /// [registered](Key::register) keys. The exception is [`Key::excess`], which a table has no use for.
    pub const fn index(self) -> usize {
        (self.0 & INDEX_MASK) as usize
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({:?}, {})", self.location(), self.index())
    }
}

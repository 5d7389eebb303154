use std::collections::HashMap;
use std::hash::BuildHasher;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};

use bumpalo::Bump;

use super::packed::Packed;
use super::read::Reader;
use super::write::Writer;
use otlake_row::{Group, GroupId, Key, KeyLimits, Keys, KeysId, Row};

/// An interner for the rows in any number of [`RowBuffer`](super::RowBuffer)s. It stores the names of their keys
/// once, and the cells of their resources and scopes once.
///
/// An interner outlives the decoders that made the rows. Values with names that exceed its [`KeyLimits`] are
/// stored together with their names, under [`Key::excess`].
///
/// ```
/// use otlake_dataset::{RowBuffer, RowInterner};
/// use otlake_row::{Cell, Group, KeyLimits, Row, Signal, Value, fields};
///
/// let mut interner = RowInterner::with_limits(KeyLimits::default().with_names(1_000));
/// let mut buffer = RowBuffer::new();
/// let cells = [Cell { key: fields::SCOPE_NAME, value: Value::String("checkout") }];
/// let (resource, scope) = (Group::new(&[]), Group::new(&cells));
/// for _ in 0..100 {
///     buffer.push(&Row::new(Signal::Logs, resource, scope), &mut interner);
/// }
/// assert!(buffer.memory_size_alone() > buffer.memory_size(), "the scope is in the interner");
/// assert!(interner.keys().contains(fields::SCOPE_NAME));
///
/// let before = interner.memory_size();
/// drop(buffer);
/// interner.release_unused();
/// assert!(interner.memory_size() < before);
/// ```
#[derive(Debug, Default)]
pub struct RowInterner {
    names: Names,
    groups: Groups,
    /// The resource and scope of the previous row, and the ids that they had in that row.
    last: Option<([GroupId; 2], Origin)>,
}

impl RowInterner {
    /// Creates an empty interner.
    pub fn new() -> RowInterner {
        RowInterner::default()
    }

    /// Creates an empty interner that stores no names beyond `limits`.
    pub fn with_limits(limits: KeyLimits) -> RowInterner {
        RowInterner {
            names: Names {
                keys: Keys::with_limits(limits),
                ..Names::default()
            },
            ..RowInterner::default()
        }
    }

    /// Returns the [`Keys`] that replayed rows use.
    pub fn keys(&self) -> &Keys {
        &self.names.keys
    }

    /// Returns the bytes of memory that the resources and scopes of all buffered rows take up. Costs nothing.
    #[inline]
    pub fn memory_size(&self) -> usize {
        self.groups.bytes.load(Ordering::Relaxed)
    }

    /// Returns the bytes of the hash table of resources and scopes, and of the remains in it of those that no row
    /// uses any more.
    #[inline]
    pub(crate) fn table_size(&self) -> usize {
        // While the table grows, a second one of twice its size exists.
        let entry = size_of::<(u64, Weak<PackedGroup>)>() + 1;
        2 * self.groups.by_hash.capacity() * entry
            + self.groups.by_hash.len() * GROUP
            + self.groups.scratch.memory_size()
    }

    /// Frees the remains of resources and scopes that no row uses any more, about 100 bytes each. Otherwise
    /// they are freed when new ones need the space.
    pub fn release_unused(&mut self) {
        self.last = None;
        self.groups.scratch = Packed::default();
        self.groups
            .by_hash
            .retain(|_, group| group.strong_count() > 0);
        self.groups.by_hash.shrink_to_fit();
    }

    /// Prepares to translate keys that `source` made.
    #[inline]
    pub(super) fn bind(&mut self, source: &Keys) {
        self.names.bind(source);
    }

    #[inline]
    pub(super) fn names(&mut self) -> &mut Names {
        &mut self.names
    }

    /// Returns the resource and scope of a row. They are copied, unless ones with the same cells are stored
    /// already.
    #[inline]
    pub(super) fn origin(&mut self, row: &Row<'_>) -> &Origin {
        let ids = [row.resource().id(), row.scope().id()];
        let origin = match self.last.take() {
            Some((last, origin)) if last == ids => origin,
            _ => self.copy_origin(row),
        };
        &self.last.insert((ids, origin)).1
    }

    #[inline(never)]
    fn copy_origin(&mut self, row: &Row<'_>) -> Origin {
        let mut intern = |group| self.groups.intern(group, row.keys(), &mut self.names);
        Origin {
            resource: intern(row.resource()),
            scope: intern(row.scope()),
        }
    }
}

/// The bytes of an empty group on the heap.
const GROUP: usize = size_of::<PackedGroup>() + 2 * size_of::<usize>();

/// Translates the keys of other interners to keys of this one.
#[derive(Debug, Default)]
pub(super) struct Names {
    keys: Keys,
    /// The interner that the keys in `known` are from.
    source: Option<KeysId>,
    known: [Vec<Option<Key>>; 4],
}

impl Names {
    #[inline]
    fn bind(&mut self, source: &Keys) {
        if self.source != Some(source.id()) {
            self.source = Some(source.id());
            self.known = Default::default();
        }
    }

    /// Returns this interner's key for a key that `source` made, or `None` if its name exceeds the limits.
    #[inline]
    pub(super) fn key(&mut self, key: Key, source: &Keys) -> Option<Key> {
        let known = &self.known[key.location() as usize];
        match known.get(key.index()) {
            Some(Some(own)) => Some(*own),
            _ => self.learn(key, source),
        }
    }

    #[cold]
    fn learn(&mut self, key: Key, source: &Keys) -> Option<Key> {
        if key.is_excess() {
            return Some(key);
        }
        let own = self.keys.intern(key.location(), source.name(key))?;
        let known = &mut self.known[key.location() as usize];
        if known.len() <= key.index() {
            known.resize(key.index() + 1, None);
        }
        known[key.index()] = Some(own);
        Some(own)
    }
}

/// The resources and scopes of buffered rows, by the hash of their packed cells.
#[derive(Debug, Default)]
struct Groups {
    by_hash: HashMap<u64, Weak<PackedGroup>, foldhash::fast::RandomState>,
    /// The bytes of the groups that buffered rows use.
    bytes: Arc<AtomicUsize>,
    /// Scratch for packing the next group.
    scratch: Packed,
}

impl Groups {
    fn intern(&mut self, group: Group<'_>, source: &Keys, names: &mut Names) -> Arc<PackedGroup> {
        self.scratch.clear();
        Writer::new(&mut self.scratch).cells(group.cells(), source, names);
        let hash = self.by_hash.hasher().hash_one(self.scratch.all());
        let known = self.by_hash.get(&hash).and_then(Weak::upgrade);
        if let Some(known) = known.filter(|known| known.packed.all() == self.scratch.all()) {
            return known;
        }
        if self.by_hash.len() == self.by_hash.capacity() {
            // Before the map grows, groups that no row uses any more are removed.
            self.by_hash.retain(|_, group| group.strong_count() > 0);
        }
        let new = Arc::new(PackedGroup::new(group.id(), &self.scratch, &self.bytes));
        self.by_hash.insert(hash, Arc::downgrade(&new));
        new
    }
}

/// The packed cells of a resource or scope.
#[derive(Debug)]
pub(super) struct PackedGroup {
    id: GroupId,
    packed: Packed,
    /// The bytes of all packed groups.
    all: Arc<AtomicUsize>,
}

impl PackedGroup {
    fn new(id: GroupId, cells: &Packed, all: &Arc<AtomicUsize>) -> PackedGroup {
        let mut packed = cells.clone();
        packed.shrink();
        let all = Arc::clone(all);
        let new = PackedGroup { id, packed, all };
        new.all.fetch_add(new.memory_size(), Ordering::Relaxed);
        new
    }

    fn memory_size(&self) -> usize {
        size_of::<PackedGroup>() + self.packed.memory_size()
    }

    fn read<'a>(&'a self, arena: &'a Bump) -> Group<'a> {
        Group::with_id(self.id, Reader::new(self.packed.all(), arena).cells())
    }
}

impl Drop for PackedGroup {
    fn drop(&mut self) {
        self.all.fetch_sub(self.memory_size(), Ordering::Relaxed);
    }
}

/// The resource and the scope of a row.
#[derive(Clone, Debug)]
pub(super) struct Origin {
    resource: Arc<PackedGroup>,
    scope: Arc<PackedGroup>,
}

impl Origin {
    #[inline]
    pub(super) fn is(&self, other: &Origin) -> bool {
        Arc::ptr_eq(&self.resource, &other.resource) && Arc::ptr_eq(&self.scope, &other.scope)
    }

    pub(super) fn memory_size(&self) -> usize {
        self.resource.memory_size() + self.scope.memory_size()
    }

    /// Reads the resource and the scope. Their cells are allocated in `arena`.
    pub(super) fn read<'a>(&'a self, arena: &'a Bump) -> (Group<'a>, Group<'a>) {
        (self.resource.read(arena), self.scope.read(arena))
    }
}

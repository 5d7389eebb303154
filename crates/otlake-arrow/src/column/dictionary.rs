use std::hash::{BuildHasher, Hasher};

use arrow_buffer::Buffer;
use hashbrown::HashTable;

use super::Extent;
use super::padded_vec::PaddedVec;
use super::strings::Strings;

/// The values of a column as ids. An id is the index of a distinct string in the column's [`Strings`].
pub(super) struct Dictionary {
    /// The id of each value. The id of a null is meaningless.
    ids: PaddedVec<i32>,
    /// Hash table of the strings that can be found again.
    table: HashTable<Entry>,
    hasher: foldhash::fast::RandomState,
    recent: RecentStrings,
    /// Number of distinct strings at which the dictionary is reviewed next.
    review: usize,
}

/// Number of distinct strings at which a dictionary first has to show that it helps. It has to show it
/// again each time the number has doubled.
const TRIAL: usize = 1024;

/// The id and the position of a string of the dictionary. With the position the offsets need not be read.
#[derive(Clone, Copy)]
struct Entry {
    id: i32,
    start: u32,
    len: u32,
}

impl Entry {
    #[inline]
    fn bytes(self, strings: &Strings) -> &[u8] {
        let start = self.start as usize;
        &strings.bytes()[start..start + self.len as usize]
    }
}

/// A cache of recently used entries, so that most strings are found without hashing all their bytes.
///
/// Each string has one place in the cache. The length, the beginning and the end of the string determine
/// it, because these mostly distinguish the strings of a column. A new string replaces the one that had its
/// place.
struct RecentStrings(Box<[Entry; RecentStrings::PLACES]>);

impl RecentStrings {
    const PLACES: usize = 1 << Self::BITS;

    /// Binary logarithm of the number of places. Twice as many places save 1 % of the instructions, and
    /// take 384 bytes more per column.
    const BITS: u32 = 5;

    /// The entry in a free place. No string has its length.
    const FREE: Entry = Entry {
        id: 0,
        start: 0,
        len: u32::MAX,
    };

    fn new() -> RecentStrings {
        RecentStrings(Box::new([Self::FREE; Self::PLACES]))
    }

    #[inline]
    fn place(string: &[u8]) -> usize {
        // If a sender makes strings share a place, they have to be hashed. Nothing worse happens.
        let (first, last) = match (string.first_chunk(), string.last_chunk()) {
            (Some(first), Some(last)) => (u64::from_le_bytes(*first), u64::from_le_bytes(*last)),
            _ => {
                let bytes = string.iter();
                (bytes.fold(0, |word, byte| word << 8 | u64::from(*byte)), 0)
            }
        };
        let mixed = (first ^ last.rotate_left(32)).wrapping_add(string.len() as u64);
        (mixed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (u64::BITS - Self::BITS)) as usize
    }

    #[inline]
    fn find(&self, string: &[u8], strings: &Strings) -> Option<i32> {
        let entry = self.0[Self::place(string)];
        (entry.len as usize == string.len() && entry.bytes(strings) == string).then_some(entry.id)
    }

    fn insert(&mut self, string: &[u8], entry: Entry) {
        self.0[Self::place(string)] = entry;
    }

    fn clear(&mut self) {
        self.0.fill(Self::FREE);
    }
}

impl Dictionary {
    pub(super) fn new() -> Dictionary {
        Dictionary {
            ids: PaddedVec::default(),
            table: HashTable::new(),
            hasher: foldhash::fast::RandomState::default(),
            recent: RecentStrings::new(),
            review: TRIAL,
        }
    }

    /// Returns a dictionary of `count` strings, each of which is the value of one row. The strings are not
    /// hashed, so `push` does not find them.
    #[cold]
    pub(super) fn of_rows(count: usize) -> Dictionary {
        let mut dictionary = Dictionary {
            review: TRIAL.max(2 * count),
            ..Dictionary::new()
        };
        dictionary.ids.extend(0..count as i32);
        dictionary
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        self.ids.len()
    }

    pub(super) fn size(&self, extent: Extent) -> usize {
        let table = match extent {
            Extent::Values => 0,
            // While a table grows, it and one of twice its size exist.
            Extent::Memory if 2 * self.table.len() > self.table.capacity() => {
                3 * self.table.allocation_size()
            }
            Extent::Memory => self.table.allocation_size(),
        };
        self.ids.size(extent) + table
    }

    /// Frees the memory that is kept for values to come. There are none.
    pub(super) fn release_memory(&mut self) {
        self.ids = PaddedVec::default();
        self.table = HashTable::new();
    }

    /// Returns the id of each value.
    pub(super) fn ids(&self) -> &[i32] {
        self.ids.as_slice()
    }

    /// Returns whether the number of distinct strings is so high that the dictionary has to be reviewed.
    /// The next review is due when that number has doubled.
    #[inline]
    pub(super) fn is_due(&mut self, strings: &Strings) -> bool {
        let due = strings.len() >= self.review;
        if due {
            self.review *= 2;
        }
        due
    }

    /// Appends a string, and returns whether it is new and was stored.
    // Inlined into the loop over cells: a call costs as much as finding a recent string does.
    #[inline(always)]
    pub(super) fn push(&mut self, string: &[u8], strings: &mut Strings) -> bool {
        match self.recent.find(string, strings) {
            Some(id) => {
                self.ids.push(id);
                false
            }
            None => self.find_or_insert(string, strings),
        }
    }

    #[inline(never)]
    fn find_or_insert(&mut self, string: &[u8], strings: &mut Strings) -> bool {
        let hash = hash_of(&self.hasher, string);
        let found = self
            .table
            .find(hash, |entry| entry.bytes(strings) == string);
        let (entry, is_new) = match found {
            Some(entry) => (*entry, false),
            None => (self.insert(hash, string, strings), true),
        };
        self.recent.insert(string, entry);
        self.ids.push(entry.id);
        is_new
    }

    fn insert(&mut self, hash: u64, string: &[u8], strings: &mut Strings) -> Entry {
        let (id, start) = (strings.len() as i32, strings.bytes().len() as u32);
        let entry = Entry {
            id,
            start,
            len: string.len() as u32,
        };
        strings.push(string);
        let hasher = &self.hasher;
        self.table
            .insert_unique(hash, entry, |entry| hash_of(hasher, entry.bytes(strings)));
        entry
    }

    /// Appends a string that the column already has.
    pub(super) fn push_id(&mut self, id: i32) {
        self.ids.push(id);
    }

    #[inline]
    pub(super) fn push_nulls(&mut self, count: usize) {
        self.ids.push_zeros(count);
    }

    pub(super) fn repeat_last(&mut self, count: usize) {
        self.ids.repeat_last(count);
    }

    /// Removes and returns the ids, and forgets the strings.
    pub(super) fn finish(&mut self) -> Vec<i32> {
        self.table.clear();
        self.recent.clear();
        self.review = TRIAL;
        self.ids.take()
    }

    /// Reuses the memory of ids that are no longer needed.
    pub(super) fn recycle(&mut self, ids: Buffer) {
        self.ids.recycle(ids);
    }
}

/// Returns a hash of the bytes only. `Hash` would also mix in their length, which only a value of several
/// parts needs.
#[inline]
fn hash_of(hasher: &foldhash::fast::RandomState, bytes: &[u8]) -> u64 {
    let mut hasher = hasher.build_hasher();
    hasher.write(bytes);
    hasher.finish()
}

use std::hash::{BuildHasher, Hasher};
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use arrow_array::{ArrayRef, DictionaryArray, Int32Array};
use hashbrown::HashTable;

use super::recycle_vec;
use super::strings::{FREE, StringKind, Strings};
use super::validity::Validity;

/// Texts or bytes. They are ids into a dictionary as long as few of them are distinct, or else one after
/// the other.
pub(crate) struct BytesColumn {
    kind: StringKind,
    /// The strings of the dictionary, or those of the rows.
    strings: Strings,
    dictionary: Option<Dictionary>,
    validity: Validity,
    /// Whether there are no dictionaries, because the caller wants none.
    plain: bool,
    /// The batches to begin without a dictionary, because the last one proved useless.
    plain_batches: u8,
    /// The bytes of [`Self::strings`] that repeat others, without a dictionary.
    repeated: usize,
}

/// From this many distinct strings on, and again each time they have doubled, a dictionary has to
/// show that it helps.
const TRIAL: usize = 1024;

/// The number of batches after which a dictionary that proved useless is tried again: data changes.
const PLAIN_BATCHES: u8 = 15;

#[derive(Default)]
struct Dictionary {
    ids: Vec<i32>,
    table: HashTable<Entry>,
    hasher: foldhash::fast::RandomState,
    /// The entry of the last value that was pushed.
    last: Entry,
    /// The number of distinct strings at which the dictionary is looked at again.
    review: usize,
}

/// A string of the dictionary: its id and its position, so that the offsets need not be read.
#[derive(Clone, Copy, Default)]
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

impl BytesColumn {
    /// Returns a column of texts, which begins with a dictionary unless none are wanted.
    pub(crate) fn texts(plain: bool) -> BytesColumn {
        BytesColumn::new(StringKind::Utf8, plain, !plain)
    }

    /// Returns a column of bytes. Few repeat, so it begins without a dictionary.
    pub(crate) fn bytes(plain: bool) -> BytesColumn {
        BytesColumn::new(StringKind::Binary, plain, false)
    }

    fn new(kind: StringKind, plain: bool, dictionary: bool) -> BytesColumn {
        BytesColumn {
            kind,
            strings: Strings::default(),
            dictionary: dictionary.then(Dictionary::new),
            validity: Validity::default(),
            plain,
            plain_batches: 0,
            repeated: 0,
        }
    }

    pub(super) fn kind(&self) -> StringKind {
        self.kind
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        match &self.dictionary {
            Some(dictionary) => dictionary.ids.len(),
            None => self.strings.len(),
        }
    }

    /// Appends a string and returns the bytes that were stored for it.
    #[inline]
    pub(crate) fn push(&mut self, string: &[u8]) -> usize {
        match &mut self.dictionary {
            None => {
                self.strings.push(string);
                string.len()
            }
            Some(dictionary) => {
                let stored = dictionary.push(string, &mut self.strings);
                if self.strings.len() >= dictionary.review {
                    self.review();
                }
                stored
            }
        }
    }

    /// Appends a string that the column does not have yet, as far as the caller knows, and returns its id
    /// for [`push_id`](Self::push_id). The column has a dictionary from then on.
    pub(super) fn push_new(&mut self, string: &[u8]) -> i32 {
        if self.dictionary.is_none() {
            self.enter_dictionary();
        }
        let id = self.strings.len() as i32;
        self.strings.push(string);
        if let Some(dictionary) = &mut self.dictionary {
            dictionary.ids.push(id);
        }
        id
    }

    /// Appends a string of the dictionary.
    pub(super) fn push_id(&mut self, id: i32) {
        if let Some(dictionary) = &mut self.dictionary {
            dictionary.ids.push(id);
        }
    }

    #[inline]
    pub(super) fn push_nulls(&mut self, count: usize) {
        self.validity.push_nulls(self.len(), count);
        match &mut self.dictionary {
            Some(dictionary) => dictionary.ids.extend(std::iter::repeat_n(0, count)),
            None => self.strings.push_empty(count),
        }
    }

    /// Repeats the last value, which may be null, and returns the bytes that were stored for it.
    pub(super) fn repeat_last(&mut self, count: usize) -> usize {
        let Some(last) = self.len().checked_sub(1) else {
            return 0;
        };
        if self.validity.is_null(last) {
            self.push_nulls(count);
            return 0;
        }
        if self.dictionary.is_none() {
            let bytes = self.strings.get(last).len() * count;
            let own = self.strings.bytes().len() - self.repeated;
            if self.plain || self.repeated + bytes <= FREE.max(own / 2) {
                self.strings.repeat_last(count);
                self.repeated += bytes;
                return bytes;
            }
            // Written out, what a sender sends once would take many times its size.
            self.enter_dictionary();
        }
        if let Some(Dictionary { ids, .. }) = &mut self.dictionary {
            ids.resize(ids.len() + count, ids[last]);
        }
        0
    }

    pub(super) fn memory_size(&self) -> usize {
        let ids = self
            .dictionary
            .as_ref()
            .map_or(0, |dictionary| size_of_val(dictionary.ids.as_slice()));
        self.strings.memory_size() + ids
    }

    pub(super) fn finish(&mut self) -> ArrayRef {
        if self.dictionary.is_some() && !self.dictionary_helps() {
            self.leave_dictionary();
        }
        let nulls = self.validity.finish(self.len());
        self.repeated = 0;
        match &mut self.dictionary {
            Some(dictionary) => {
                let ids = std::mem::take(&mut dictionary.ids);
                dictionary.table.clear();
                dictionary.last = Entry::default();
                dictionary.review = TRIAL;
                if self.kind == StringKind::Binary {
                    self.dictionary = None;
                }
                let ids = Int32Array::new(ids.into(), nulls);
                let strings = self.strings.finish(self.kind, None);
                Arc::new(DictionaryArray::<Int32Type>::new(ids, strings))
            }
            None => {
                let strings = self.strings.finish(self.kind, nulls);
                self.plain_batches = self.plain_batches.saturating_sub(1);
                if self.kind == StringKind::Utf8 && !self.plain && self.plain_batches == 0 {
                    self.dictionary = Some(Dictionary::new());
                }
                strings
            }
        }
    }

    /// Takes the memory of an array that [`finish`](Self::finish) made, if nobody else holds it.
    pub(super) fn recycle(&mut self, array: ArrayRef) {
        if let Some(typed) = array.as_dictionary_opt::<Int32Type>().cloned() {
            drop(array);
            let (ids, strings) = typed.into_parts();
            if let Some(dictionary) = &mut self.dictionary {
                recycle_vec(&mut dictionary.ids, ids.into_parts().1.into_inner());
            }
            self.strings.recycle(strings);
        } else {
            self.strings.recycle(array);
        }
    }

    #[cold]
    fn review(&mut self) {
        if let Some(dictionary) = &mut self.dictionary {
            dictionary.review *= 2;
            if !self.dictionary_helps() {
                self.leave_dictionary();
            }
        }
    }

    /// Whether the dictionary has less than two strings for three values, or saves many bytes although it
    /// has more: a few long strings among many short ones.
    fn dictionary_helps(&self) -> bool {
        let Some(dictionary) = &self.dictionary else {
            return false;
        };
        let (distinct, values) = (
            self.strings.len(),
            dictionary.ids.len() - self.validity.nulls(),
        );
        let is_null = |row| self.validity.is_null(row);
        distinct * 3 <= values * 2
            || values < 4
            || self.strings.is_expansion(&dictionary.ids, is_null)
    }

    /// Makes the strings of the rows those of a dictionary. None of them is looked up again.
    #[cold]
    fn enter_dictionary(&mut self) {
        let count = self.strings.len();
        let first = (count > 0).then(|| Entry {
            len: self.strings.get(0).len() as u32,
            ..Entry::default()
        });
        self.dictionary = Some(Dictionary {
            ids: (0..count as i32).collect(),
            last: first.unwrap_or_default(),
            review: TRIAL.max(2 * count),
            ..Dictionary::default()
        });
    }

    /// Writes out the strings that the ids stand for.
    fn leave_dictionary(&mut self) {
        let Some(dictionary) = self.dictionary.take() else {
            return;
        };
        let own = self.strings.bytes().len();
        let is_null = |row| self.validity.is_null(row);
        self.strings = self.strings.expand(&dictionary.ids, is_null);
        self.repeated = self.strings.bytes().len().saturating_sub(own);
        self.plain_batches = PLAIN_BATCHES;
    }
}

impl Dictionary {
    fn new() -> Dictionary {
        Dictionary {
            review: TRIAL,
            ..Dictionary::default()
        }
    }

    /// Appends a string, and returns the bytes that were stored for it: none if the dictionary has it.
    #[inline]
    fn push(&mut self, string: &[u8], strings: &mut Strings) -> usize {
        // Runs of one value are common, and comparing is cheaper than hashing.
        if self.last.bytes(strings) == string && strings.len() > 0 {
            self.ids.push(self.last.id);
            return 0;
        }
        let hash = hash_of(&self.hasher, string);
        let found = self
            .table
            .find(hash, |entry| entry.bytes(strings) == string);
        let (entry, stored) = match found {
            Some(entry) => (*entry, 0),
            None => (self.insert(hash, string, strings), string.len()),
        };
        self.last = entry;
        self.ids.push(entry.id);
        stored
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
}

/// Returns the hash of the bytes alone: `Hash` would mix in their length as well, which only a value of
/// several parts needs.
#[inline]
fn hash_of(hasher: &foldhash::fast::RandomState, bytes: &[u8]) -> u64 {
    let mut hasher = hasher.build_hasher();
    hasher.write(bytes);
    hasher.finish()
}

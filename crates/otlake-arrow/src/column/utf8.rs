use std::hash::{BuildHasher, Hasher};
use std::ops::Range;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use arrow_array::{ArrayRef, DictionaryArray, Int32Array, StringArray};
use arrow_buffer::{NullBuffer, OffsetBuffer, ScalarBuffer};
use hashbrown::HashTable;

use super::validity::Validity;
use super::{recycle_offsets, recycle_vec};

/// Strings: as ids into a dictionary as long as few of them are distinct, else one after the other.
pub(crate) struct Utf8Column {
    /// The strings of the dictionary, or those of the rows.
    strings: Strings,
    dictionary: Option<Dictionary>,
    validity: Validity,
    /// No dictionaries, because the caller wants none.
    plain: bool,
    /// Batches to begin without a dictionary, because the last one proved useless.
    plain_batches: u8,
}

/// From this many distinct strings on, and again each time they have doubled, a dictionary has to
/// show that it helps.
const TRIAL: usize = 1024;

/// A dictionary that proved useless is tried again after this many batches: data changes.
const PLAIN_BATCHES: u8 = 15;

#[derive(Default)]
struct Dictionary {
    ids: Vec<i32>,
    table: HashTable<Entry>,
    hasher: foldhash::fast::RandomState,
    /// The entry of the last value.
    last: Entry,
    /// The number of distinct strings at which the dictionary is looked at again.
    review: usize,
}

/// A string of the dictionary: its id, and where it stands, so that the offsets need not be asked.
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
        &strings.data.as_bytes()[start..start + self.len as usize]
    }
}

impl Utf8Column {
    pub(crate) fn new(plain: bool) -> Utf8Column {
        Utf8Column {
            strings: Strings::default(),
            dictionary: (!plain).then(Dictionary::new),
            validity: Validity::default(),
            plain,
            plain_batches: 0,
        }
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        match &self.dictionary {
            Some(dictionary) => dictionary.ids.len(),
            None => self.strings.len(),
        }
    }

    #[inline]
    pub(crate) fn push(&mut self, string: &str) {
        match &mut self.dictionary {
            None => self.strings.push(string),
            Some(dictionary) => {
                dictionary.push(string, &mut self.strings);
                if self.strings.len() >= dictionary.review {
                    self.review();
                }
            }
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

    pub(super) fn repeat_last(&mut self, count: usize) {
        match &mut self.dictionary {
            Some(dictionary) => {
                let last = dictionary.ids.last().copied().unwrap_or_default();
                dictionary.ids.resize(dictionary.ids.len() + count, last);
            }
            None => self.strings.repeat_last(count),
        }
    }

    pub(super) fn memory_size(&self) -> usize {
        let ids = self
            .dictionary
            .as_ref()
            .map_or(0, |d| size_of_val(d.ids.as_slice()));
        self.strings.memory_size() + ids
    }

    pub(super) fn finish(&mut self) -> ArrayRef {
        if let Some(dictionary) = &self.dictionary
            && !dictionary.helps(self.strings.len(), self.validity.nulls())
        {
            self.leave_dictionary();
        }
        let len = self.len();
        let nulls = self.validity.finish(len);
        match &mut self.dictionary {
            Some(dictionary) => {
                let ids = std::mem::take(&mut dictionary.ids);
                dictionary.table.clear();
                dictionary.last = Entry::default();
                dictionary.review = TRIAL;
                let ids = Int32Array::new(ids.into(), nulls);
                let strings = Arc::new(self.strings.finish(None));
                Arc::new(DictionaryArray::<Int32Type>::new(ids, strings))
            }
            None => {
                let strings = self.strings.finish(nulls);
                self.plain_batches = self.plain_batches.saturating_sub(1);
                if !self.plain && self.plain_batches == 0 {
                    self.dictionary = Some(Dictionary::new());
                }
                Arc::new(strings)
            }
        }
    }

    /// Takes the memory of an array that [`Self::finish`] made, if nobody else holds it.
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
            if !dictionary.helps(self.strings.len(), self.validity.nulls()) {
                self.leave_dictionary();
            }
        }
    }

    /// Writes out the strings that the ids stand for.
    fn leave_dictionary(&mut self) {
        let Some(dictionary) = self.dictionary.take() else {
            return;
        };
        // The bitmap is not asked: a null has id 0 and its string is never looked at, but the
        // strings of nulls would make the column longer, so nulls are taken from the validity.
        let nulls = self.validity.finish(dictionary.ids.len());
        let mut strings = Strings::with_capacity(dictionary.ids.len(), self.strings.data.len());
        match &nulls {
            None => {
                for &id in &dictionary.ids {
                    strings.push(self.strings.get(id as usize));
                }
            }
            Some(nulls) => {
                for (&id, valid) in dictionary.ids.iter().zip(nulls) {
                    if valid {
                        strings.push(self.strings.get(id as usize));
                    } else {
                        self.validity.push_nulls(strings.len(), 1);
                        strings.push_empty(1);
                    }
                }
            }
        }
        self.strings = strings;
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

    #[inline]
    fn push(&mut self, string: &str, strings: &mut Strings) {
        // Runs of one value are common, and comparing is cheaper than hashing.
        if self.last.bytes(strings) == string.as_bytes() && strings.len() > 0 {
            self.ids.push(self.last.id);
            return;
        }
        let hash = hash_of(&self.hasher, string.as_bytes());
        let found = self
            .table
            .find(hash, |entry| entry.bytes(strings) == string.as_bytes());
        self.last = match found {
            Some(entry) => *entry,
            None => self.insert(hash, string, strings),
        };
        self.ids.push(self.last.id);
    }

    fn insert(&mut self, hash: u64, string: &str, strings: &mut Strings) -> Entry {
        // BatchBuilder ends a batch long before 2 GiB.
        let (id, start) = (strings.len() as i32, strings.data.len() as u32);
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

    /// Whether the dictionary has less than two strings for three values.
    fn helps(&self, distinct: usize, nulls: usize) -> bool {
        let values = self.ids.len() - nulls;
        distinct * 3 <= values * 2 || values < 4
    }
}

/// The hash of the bytes alone: `Hash` would mix in their length as well, which only a value of
/// several parts needs.
#[inline]
fn hash_of(hasher: &foldhash::fast::RandomState, bytes: &[u8]) -> u64 {
    let mut hasher = hasher.build_hasher();
    hasher.write(bytes);
    hasher.finish()
}

/// Strings one after the other in one buffer.
struct Strings {
    data: String,
    /// Where each one ends; the first is 0, as Arrow has it.
    offsets: Vec<i32>,
}

impl Default for Strings {
    fn default() -> Self {
        Strings {
            data: String::new(),
            offsets: vec![0],
        }
    }
}

impl Strings {
    fn with_capacity(strings: usize, bytes: usize) -> Strings {
        let mut offsets = Vec::with_capacity(strings + 1);
        offsets.push(0);
        Strings {
            data: String::with_capacity(bytes),
            offsets,
        }
    }

    #[inline]
    fn len(&self) -> usize {
        self.offsets.len() - 1
    }

    #[inline]
    fn push(&mut self, string: &str) {
        self.data.push_str(string);
        // BatchBuilder ends a batch long before 2 GiB.
        self.offsets.push(self.data.len() as i32);
    }

    fn push_empty(&mut self, count: usize) {
        self.offsets
            .resize(self.offsets.len() + count, self.data.len() as i32);
    }

    fn repeat_last(&mut self, count: usize) {
        let Some(last) = self.len().checked_sub(1) else {
            return;
        };
        let range = self.range(last);
        self.data.reserve(range.len() * count);
        self.offsets.reserve(count);
        for _ in 0..count {
            self.data.extend_from_within(range.clone());
            self.offsets.push(self.data.len() as i32);
        }
    }

    #[inline]
    fn range(&self, index: usize) -> Range<usize> {
        self.offsets[index] as usize..self.offsets[index + 1] as usize
    }

    #[inline]
    fn get(&self, index: usize) -> &str {
        &self.data[self.range(index)]
    }

    fn recycle(&mut self, array: ArrayRef) {
        let Some(typed) = array.as_string_opt::<i32>().cloned() else {
            return;
        };
        drop(array);
        let (offsets, data, _) = typed.into_parts();
        recycle_offsets(&mut self.offsets, offsets);
        let mut bytes = std::mem::take(&mut self.data).into_bytes();
        recycle_vec(&mut bytes, data);
        self.data = String::from_utf8(bytes).unwrap_or_default();
    }

    fn memory_size(&self) -> usize {
        self.data.len() + size_of_val(self.offsets.as_slice())
    }

    fn finish(&mut self, nulls: Option<NullBuffer>) -> StringArray {
        let Strings { data, offsets } = std::mem::take(self);
        let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets));
        StringArray::new(offsets, data.into_bytes().into(), nulls)
    }
}

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use arrow_array::{ArrayRef, DictionaryArray, Int32Array};

use super::Extent;
use super::dictionary::Dictionary;
use super::strings::{FREE, StringKind, Strings};
use super::validity::Validity;

/// A column of texts or bytes. As long as few of them are distinct, it stores ids into a dictionary, and
/// otherwise the string of each row.
pub(crate) struct BytesColumn {
    kind: StringKind,
    /// The strings of the dictionary, or the string of each row if there is no dictionary.
    strings: Strings,
    dictionary: Option<Dictionary>,
    validity: Validity,
    /// Whether the caller wants no dictionaries.
    plain: bool,
    /// Number of record batches that still begin without a dictionary, because the last dictionary proved
    /// useless.
    plain_batches: u8,
    /// Number of bytes in [`Self::strings`] that repeat other strings, while there is no dictionary.
    repeated: usize,
}

/// Number of record batches after which a column gets another dictionary if its last one proved useless,
/// because data changes.
const PLAIN_BATCHES: u8 = 15;

impl BytesColumn {
    /// Returns a column of texts. It begins with a dictionary unless `plain` is true.
    pub(crate) fn texts(plain: bool) -> BytesColumn {
        BytesColumn::new(StringKind::Utf8, plain, !plain)
    }

    /// Returns a column of bytes. Bytes rarely repeat, so it begins without a dictionary.
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
            Some(dictionary) => dictionary.len(),
            None => self.strings.len(),
        }
    }

    /// Appends a string and returns the number of bytes stored for it.
    #[inline(always)]
    pub(crate) fn push(&mut self, string: &[u8]) -> usize {
        match &mut self.dictionary {
            None => {
                self.strings.push(string);
                string.len()
            }
            Some(dictionary) => {
                if !dictionary.push(string, &mut self.strings) {
                    return 0;
                }
                if dictionary.is_due(&self.strings) {
                    self.review();
                }
                string.len()
            }
        }
    }

    /// Appends a string that is new as far as the caller knows, and returns its id for
    /// [`push_id`](Self::push_id). Gives the column a dictionary if it has none.
    pub(super) fn push_new(&mut self, string: &[u8]) -> i32 {
        if self.dictionary.is_none() {
            self.dictionary = Some(Dictionary::of_rows(self.strings.len()));
        }
        let id = self.strings.len() as i32;
        self.strings.push(string);
        if let Some(dictionary) = &mut self.dictionary {
            dictionary.push_id(id);
        }
        id
    }

    /// Appends the string of the dictionary that has this id.
    pub(super) fn push_id(&mut self, id: i32) {
        if let Some(dictionary) = &mut self.dictionary {
            dictionary.push_id(id);
        }
    }

    #[inline(always)]
    pub(super) fn push_nulls(&mut self, count: usize) {
        match &mut self.dictionary {
            Some(dictionary) => {
                self.validity.push_nulls(dictionary.len(), count);
                dictionary.push_nulls(count);
            }
            None => {
                self.validity.push_nulls(self.strings.len(), count);
                self.strings.push_empty(count);
            }
        }
    }

    /// Appends the last value, which may be null, `count` more times. Returns the number of bytes stored
    /// for it.
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
            // Without a dictionary, a string that was sent once would take up many times its size.
            self.dictionary = Some(Dictionary::of_rows(self.strings.len()));
        }
        if let Some(dictionary) = &mut self.dictionary {
            dictionary.repeat_last(count);
        }
        0
    }

    pub(super) fn size(&self, extent: Extent) -> usize {
        let dictionary = self.dictionary.as_ref();
        let dictionary = dictionary.map_or(0, |dictionary| dictionary.size(extent));
        self.strings.size(extent) + self.validity.size(extent) + dictionary
    }

    /// Frees the memory that is kept for values to come. There are none.
    pub(super) fn release_memory(&mut self) {
        self.strings = Strings::default();
        if let Some(dictionary) = &mut self.dictionary {
            dictionary.release_memory();
        }
    }

    pub(super) fn finish(&mut self) -> ArrayRef {
        if self.dictionary.is_some() && !self.dictionary_helps() {
            self.leave_dictionary();
        }
        let nulls = self.validity.finish(self.len());
        self.repeated = 0;
        match &mut self.dictionary {
            Some(dictionary) => {
                let ids = dictionary.finish();
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

    /// Reuses the memory of an array that [`finish`](Self::finish) returned, if nothing else references it.
    pub(super) fn recycle(&mut self, array: ArrayRef) {
        if let Some(typed) = array.as_dictionary_opt::<Int32Type>().cloned() {
            drop(array);
            let (ids, strings) = typed.into_parts();
            if let Some(dictionary) = &mut self.dictionary {
                dictionary.recycle(ids.into_parts().1.into_inner());
            }
            self.strings.recycle(strings);
        } else {
            self.strings.recycle(array);
        }
    }

    #[cold]
    fn review(&mut self) {
        if !self.dictionary_helps() {
            self.leave_dictionary();
        }
    }

    /// Returns whether the dictionary has at most two strings for every three values, or saves many bytes
    /// although it has more: a few long strings among many short ones. A dictionary of fewer than four
    /// values always counts as helpful.
    fn dictionary_helps(&self) -> bool {
        let Some(dictionary) = &self.dictionary else {
            return false;
        };
        let (distinct, values) = (self.strings.len(), dictionary.len() - self.validity.nulls());
        let is_null = |row| self.validity.is_null(row);
        distinct * 3 <= values * 2
            || values < 4
            || self.strings.is_expansion(dictionary.ids(), is_null)
    }

    /// Replaces the dictionary and its ids with the string of each row.
    fn leave_dictionary(&mut self) {
        let Some(dictionary) = self.dictionary.take() else {
            return;
        };
        let own = self.strings.bytes().len();
        let is_null = |row| self.validity.is_null(row);
        self.strings = self.strings.expand(dictionary.ids(), is_null);
        self.repeated = self.strings.bytes().len().saturating_sub(own);
        self.plain_batches = PLAIN_BATCHES;
    }
}

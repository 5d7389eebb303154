use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, MapArray, StructArray};
use arrow_buffer::{NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow_schema::{DataType, Field};

use super::pool::Pool;
use super::validity::Validity;
use super::{Extent, recycle_offsets};

/// The entries of maps from names to texts, one map after the other.
pub(crate) struct MapEntries {
    data_type: DataType,
    names: Pool,
    texts: Pool,
    /// The validity of the texts. The text of an entry without one is null.
    validity: Validity,
    large: LargeMap,
}

/// Number of entries at which a map begins to find names by their hash.
const SMALL: usize = 32;

/// Size of an entry in bytes, in addition to its name and its text: the offsets or ids of both.
pub(crate) const ENTRY: usize = 16;

/// Approximate size of a name in a [`LargeMap`] in bytes: the name itself, on the heap, and its slot in the table.
const NUMBER: usize = 96;

/// The names of the last map, once it is large. Without them, a sender could make the search for a free
/// name take time quadratic in what it sent.
#[derive(Default)]
struct LargeMap {
    begin: usize,
    /// For each name of the map, the number to try next if the name occurs again.
    numbers: HashMap<Vec<u8>, usize, foldhash::fast::RandomState>,
}

/// The ids of an entry's name and text; see [`MapEntries::reorder`].
#[derive(Clone, Copy)]
pub(crate) struct EntryIds {
    pub(crate) name: i32,
    /// The id of the text; `None` if the text is null.
    pub(crate) text: Option<i32>,
}

impl MapEntries {
    /// Returns an empty list of entries. `data_type` is the type of a map from names to texts.
    pub(crate) fn new(data_type: &DataType) -> MapEntries {
        MapEntries {
            data_type: data_type.clone(),
            names: Pool::default(),
            texts: Pool::default(),
            validity: Validity::default(),
            large: LargeMap::default(),
        }
    }

    pub(crate) fn data_type(&self) -> &DataType {
        &self.data_type
    }

    pub(crate) fn len(&self) -> usize {
        self.names.len()
    }

    /// Adds an entry to the last map, which begins at entry `begin`, and returns the number of bytes stored
    /// for it. The names in a map are unique, so the second entry with a name is kept as `name#2`.
    pub(crate) fn push(&mut self, begin: usize, name: &str, text: Option<&str>) -> usize {
        if self.len() - begin < SMALL {
            let is_free = |name: &str| (begin..self.len()).all(|n| self.name(n) != name.as_bytes());
            let free = (!is_free(name)).then(|| numbered(name, is_free));
            self.names.push(free.as_deref().unwrap_or(name));
        } else {
            self.push_large(begin, name);
        }
        match text {
            Some(text) => self.texts.push(text),
            None => {
                self.validity.push_nulls(self.texts.len(), 1);
                self.texts.push("");
            }
        }
        ENTRY + name.len() + text.map_or(0, str::len)
    }

    #[cold]
    fn push_large(&mut self, begin: usize, name: &str) {
        let mut large = std::mem::take(&mut self.large);
        if large.begin != begin || large.numbers.is_empty() {
            large.begin = begin;
            large.numbers.clear();
            let names = (begin..self.len()).map(|entry| (self.name(entry).to_owned(), 2));
            large.numbers.extend(names);
        }
        self.names.push(&large.free_name(name));
        self.large = large;
    }

    /// Adds a copy of an earlier entry to the last map, which must not have its name yet.
    pub(crate) fn repeat(&mut self, entry: usize) {
        self.names.repeat(entry);
        if self.validity.is_null(entry) {
            self.validity.push_nulls(self.texts.len(), 1);
        }
        self.texts.repeat(entry);
    }

    fn name(&self, entry: usize) -> &[u8] {
        self.names.get(entry)
    }

    /// Stores a name for entries that are added later, and returns its id.
    pub(crate) fn add_name(&mut self, name: &str) -> i32 {
        self.names.add(name)
    }

    /// Stores a text for entries that are added later, and returns its id.
    pub(crate) fn add_text(&mut self, text: &str) -> i32 {
        self.texts.add(text)
    }

    /// Returns the ids of an entry's name and text.
    pub(crate) fn ids(&self, entry: usize) -> EntryIds {
        let text = (!self.validity.is_null(entry)).then(|| self.texts.id(entry));
        let name = self.names.id(entry);
        EntryIds { name, text }
    }

    /// Returns the id of a name that no entry of `map` has: the given name if it is free, or a new name
    /// with a number appended.
    pub(crate) fn free_name(&mut self, name: i32, map: &[EntryIds]) -> i32 {
        let is_free = |name: &[u8]| map.iter().all(|entry| self.names.text(entry.name) != name);
        let text = self.names.text(name);
        if is_free(text) {
            return name;
        }
        let text = String::from_utf8_lossy(text);
        let free = numbered(&text, |name| is_free(name.as_bytes()));
        self.names.add(&free)
    }

    /// Replaces all entries with others that have the same names and texts.
    pub(crate) fn reorder(&mut self, entries: &[EntryIds]) {
        self.large = LargeMap::default();
        self.validity = Validity::default();
        for (index, entry) in entries.iter().enumerate() {
            if entry.text.is_none() {
                self.validity.push_nulls(index, 1);
            }
        }
        let texts = entries.iter().map(|entry| entry.text.unwrap_or_default());
        self.names
            .replace(entries.iter().map(|entry| entry.name).collect());
        self.texts.replace(texts.collect());
    }

    pub(crate) fn size(&self, extent: Extent) -> usize {
        let of_names = match extent {
            Extent::Values => 0,
            Extent::Memory => self.large.numbers.capacity() * NUMBER,
        };
        self.names.size(extent) + self.texts.size(extent) + self.validity.size(extent) + of_names
    }

    /// Removes the entries and returns them as an array of maps. Map number n has the entries from offset n
    /// to offset n + 1. Names and texts are dictionaries if they are repeated so often that it matters,
    /// unless `plain` is true.
    pub(crate) fn finish(
        &mut self,
        offsets: Vec<i32>,
        nulls: Option<NullBuffer>,
        plain: bool,
    ) -> ArrayRef {
        self.large = LargeMap::default();
        let no_texts = self.validity.finish(self.texts.len());
        let names = self.names.finish(None, plain);
        let columns = vec![names, self.texts.finish(no_texts, plain)];
        let DataType::Map(field, sorted) = &self.data_type else {
            unreachable!("the type of a map is a map");
        };
        let DataType::Struct(fields) = field.data_type() else {
            unreachable!("the entries of a map are structs");
        };
        let with_type = |(field, array): (&Arc<Field>, &ArrayRef)| match field.data_type()
            == array.data_type()
        {
            true => Arc::clone(field),
            false => Arc::new(Field::clone(field).with_data_type(array.data_type().clone())),
        };
        let fields = fields.iter().zip(&columns).map(with_type).collect();
        let entries = StructArray::new(fields, columns, None);
        let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets));
        let field = with_type((field, &(Arc::new(entries.clone()) as ArrayRef)));
        Arc::new(MapArray::new(field, offsets, entries, nulls, *sorted))
    }
}

/// Returns the first of `name#2`, `name#3`, … that is free.
fn numbered(name: &str, is_free: impl Fn(&str) -> bool) -> String {
    let mut numbered = (2..).map(|number| format!("{name}#{number}"));
    numbered.find(|name| is_free(name)).unwrap_or_default()
}

impl LargeMap {
    /// Returns the name if it is free, or the name with a free number appended. Records the result as a
    /// name of the map.
    fn free_name(&mut self, name: &str) -> String {
        let Some(number) = self.numbers.get(name.as_bytes()).copied() else {
            self.numbers.insert(name.as_bytes().to_owned(), 2);
            return name.to_owned();
        };
        let mut number = number;
        let free = loop {
            let numbered = format!("{name}#{number}");
            number += 1;
            if !self.numbers.contains_key(numbered.as_bytes()) {
                break numbered;
            }
        };
        self.numbers.insert(name.as_bytes().to_owned(), number);
        self.numbers.insert(free.as_bytes().to_owned(), 2);
        free
    }
}

/// A column of maps in the record batch that is being built.
pub(crate) struct MapColumn {
    entries: MapEntries,
    offsets: Vec<i32>,
    validity: Validity,
}

impl MapColumn {
    pub(super) fn new(data_type: &DataType) -> MapColumn {
        MapColumn {
            entries: MapEntries::new(data_type),
            offsets: vec![0],
            validity: Validity::default(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Adds an entry to the map that [`close`](Self::close) ends, and returns the number of bytes stored
    /// for it.
    pub(super) fn push(&mut self, name: &str, text: Option<&str>) -> usize {
        let begin = self.offsets.last().copied().unwrap_or_default() as usize;
        self.entries.push(begin, name, text)
    }

    pub(super) fn close(&mut self) {
        self.offsets.push(self.entries.len() as i32);
    }

    pub(super) fn push_nulls(&mut self, count: usize) {
        self.validity.push_nulls(self.len(), count);
        let end = self.entries.len() as i32;
        self.offsets.resize(self.offsets.len() + count, end);
    }

    pub(super) fn size(&self, extent: Extent) -> usize {
        self.entries.size(extent) + extent.of(&self.offsets) + self.validity.size(extent)
    }

    pub(super) fn finish(&mut self) -> ArrayRef {
        let nulls = self.validity.finish(self.len());
        let offsets = std::mem::replace(&mut self.offsets, vec![0]);
        // Entries are not repeated in this column, so dictionaries would not help.
        self.entries.finish(offsets, nulls, true)
    }

    pub(super) fn release_memory(&mut self) {
        *self = MapColumn::new(&self.entries.data_type);
    }

    /// Reuses the memory of the offsets, but not that of the entries, because those are few.
    pub(super) fn recycle(&mut self, array: ArrayRef) {
        if let Some(map) = array.as_map_opt().cloned() {
            drop(array);
            recycle_offsets(&mut self.offsets, map.into_parts().1);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::column::field::overflow_type;

    #[test]
    fn names_are_unique_however_many_there_are() {
        let mut entries = MapEntries::new(&overflow_type());
        let begin = 3;
        for number in 0..begin {
            entries.push(0, &format!("of the map before {number}"), None);
        }
        // A name that was sent with a number collides with one that got the same number here.
        for _ in 0..20_000 {
            for name in ["a", "a#2", "b"] {
                entries.push(begin, name, Some("text"));
            }
        }
        let names: HashSet<&[u8]> = (begin..entries.len())
            .map(|entry| entries.name(entry))
            .collect();
        assert_eq!(names.len(), 60_000);
        assert!(names.contains(&b"b#20000"[..]));
    }
}

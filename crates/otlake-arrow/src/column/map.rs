use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::builder::{ArrayBuilder, StringBuilder};
use arrow_array::cast::AsArray;
use arrow_array::{ArrayRef, MapArray, StructArray};
use arrow_buffer::{NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow_schema::DataType;

use super::recycle_offsets;
use super::validity::Validity;

/// The entries of maps from names to texts, one map after the other.
pub(crate) struct MapEntries {
    data_type: DataType,
    names: StringBuilder,
    texts: StringBuilder,
    large: LargeMap,
}

/// In a map of more entries than this a name is looked up by its hash.
const SMALL: usize = 32;

/// The names of the last map, once it is large: a sender must not make the search for a free name
/// take the square of what it sent.
#[derive(Default)]
struct LargeMap {
    begin: usize,
    /// The number to be tried next for a name that is there already.
    numbers: HashMap<String, usize, foldhash::fast::RandomState>,
}

impl MapEntries {
    /// Maps of this type, which is one from names to texts.
    pub(crate) fn new(data_type: &DataType) -> MapEntries {
        MapEntries {
            data_type: data_type.clone(),
            names: StringBuilder::new(),
            texts: StringBuilder::new(),
            large: LargeMap::default(),
        }
    }

    pub(crate) fn data_type(&self) -> &DataType {
        &self.data_type
    }

    pub(crate) fn len(&self) -> usize {
        self.names.len()
    }

    /// Adds an entry to the last map, whose first entry is number `begin`. Names in a map are
    /// unique, so the second of a name is kept as `name#2`.
    pub(crate) fn push(&mut self, begin: usize, name: &str, text: Option<&str>) {
        if self.len() - begin < SMALL {
            self.push_small(begin, name);
        } else {
            self.push_large(begin, name);
        }
        self.texts.append_option(text);
    }

    fn push_small(&mut self, begin: usize, name: &str) {
        let is_free = |name: &str| (begin..self.len()).all(|entry| self.name(entry) != name);
        if is_free(name) {
            self.names.append_value(name);
            return;
        }
        let mut numbered = (2..).map(|number| format!("{name}#{number}"));
        let free = numbered.find(|name| is_free(name)).unwrap_or_default();
        self.names.append_value(free);
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
        self.names.append_value(large.free_name(name));
        self.large = large;
    }

    pub(crate) fn name(&self, entry: usize) -> &str {
        string(&self.names, entry)
    }

    pub(crate) fn text(&self, entry: usize) -> Option<&str> {
        let is_null = |bits: &[u8]| bits[entry / 8] & (1 << (entry % 8)) == 0;
        let null = self.texts.validity_slice().is_some_and(is_null);
        (!null).then(|| string(&self.texts, entry))
    }

    pub(crate) fn memory_size(&self) -> usize {
        let builders = [&self.names, &self.texts];
        let bytes = builders
            .map(|builder| builder.values_slice().len() + size_of_val(builder.offsets_slice()));
        bytes.iter().sum()
    }

    /// Takes the maps out: map number n has the entries from offset n to offset n + 1.
    pub(crate) fn finish(&mut self, offsets: Vec<i32>, nulls: Option<NullBuffer>) -> ArrayRef {
        self.large = LargeMap::default();
        let columns: Vec<ArrayRef> =
            vec![Arc::new(self.names.finish()), Arc::new(self.texts.finish())];
        let DataType::Map(field, sorted) = &self.data_type else {
            unreachable!("the type of a map is a map");
        };
        let DataType::Struct(fields) = field.data_type() else {
            unreachable!("the entries of a map are structs");
        };
        let entries = StructArray::new(fields.clone(), columns, None);
        let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets));
        let field = Arc::clone(field);
        Arc::new(MapArray::new(field, offsets, entries, nulls, *sorted))
    }
}

fn string(strings: &StringBuilder, index: usize) -> &str {
    let offsets = strings.offsets_slice();
    let range = offsets[index] as usize..offsets[index + 1] as usize;
    std::str::from_utf8(&strings.values_slice()[range]).unwrap_or_default()
}

impl LargeMap {
    /// A name that the map does not have yet; it has it from then on.
    fn free_name(&mut self, name: &str) -> String {
        let Some(number) = self.numbers.get(name).copied() else {
            self.numbers.insert(name.to_owned(), 2);
            return name.to_owned();
        };
        let mut number = number;
        let free = loop {
            let numbered = format!("{name}#{number}");
            number += 1;
            if !self.numbers.contains_key(&numbered) {
                break numbered;
            }
        };
        self.numbers.insert(name.to_owned(), number);
        self.numbers.insert(free.clone(), 2);
        free
    }
}

/// A column of maps while its batch is built.
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

    /// Adds an entry to the map that [`Self::close`] ends.
    pub(super) fn push(&mut self, name: &str, text: Option<&str>) {
        let begin = self.offsets.last().copied().unwrap_or_default() as usize;
        self.entries.push(begin, name, text);
    }

    pub(super) fn close(&mut self) {
        // BatchBuilder ends a batch long before 2^31 entries.
        self.offsets.push(self.entries.len() as i32);
    }

    pub(super) fn push_nulls(&mut self, count: usize) {
        self.validity.push_nulls(self.len(), count);
        let end = self.entries.len() as i32;
        self.offsets.resize(self.offsets.len() + count, end);
    }

    pub(super) fn memory_size(&self) -> usize {
        self.entries.memory_size() + size_of_val(self.offsets.as_slice())
    }

    pub(super) fn finish(&mut self) -> ArrayRef {
        let nulls = self.validity.finish(self.len());
        let offsets = std::mem::replace(&mut self.offsets, vec![0]);
        self.entries.finish(offsets, nulls)
    }

    /// Takes the memory of the offsets; entries are few.
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
        // Names with a number in them compete with those that are numbered here.
        for _ in 0..20_000 {
            for name in ["a", "a#2", "b"] {
                entries.push(begin, name, Some("text"));
            }
        }
        let names: HashSet<&str> = (begin..entries.len())
            .map(|entry| entries.name(entry))
            .collect();
        assert_eq!(names.len(), 60_000);
        assert!(names.contains("b#20000"));
    }
}

use std::ops::Range;

use arrow_array::{ArrayRef, new_null_array};
use arrow_buffer::NullBufferBuilder;

use crate::column::Extent;
use crate::column::field::overflow_type;
use crate::column::map::{EntryIds, MapEntries};

/// The overflow column of the record batch that is being built: a map for each row that needs one, and null
/// for the other rows.
pub(crate) struct OverflowColumn {
    entries: MapEntries,
    /// The rows that have a map, and the index of the first entry of each map.
    rows: Vec<(usize, i32)>,
}

impl OverflowColumn {
    pub(crate) fn new() -> OverflowColumn {
        OverflowColumn {
            entries: MapEntries::new(&overflow_type()),
            rows: Vec::new(),
        }
    }

    /// Returns the number of entries.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Adds an entry to the map of a row, which must be the last row that has a map or a later one. Returns
    /// the number of bytes stored for the entry.
    pub(crate) fn push(&mut self, row: usize, name: &str, text: Option<&str>) -> usize {
        let begin = self.begin(row);
        self.entries.push(begin, name, text)
    }

    /// Adds copies of the entries of an earlier row to a row that does not have their names yet.
    pub(crate) fn repeat(&mut self, row: usize, entries: Range<usize>) {
        if !entries.is_empty() {
            self.begin(row);
        }
        entries.for_each(|entry| self.entries.repeat(entry));
    }

    /// Returns the index of the first entry of a row, and begins a map for the row if it has none.
    fn begin(&mut self, row: usize) -> usize {
        match self.rows.last() {
            Some((last, begin)) if *last == row => *begin as usize,
            _ => {
                let begin = self.entries.len();
                self.rows.push((row, begin as i32));
                begin
            }
        }
    }

    /// Stores a name for entries that [`insert`](Self::insert) adds later, and returns its id.
    pub(crate) fn add_name(&mut self, name: &str) -> i32 {
        self.entries.add_name(name)
    }

    /// Stores a text for entries that [`insert`](Self::insert) adds later, and returns its id.
    pub(crate) fn add_text(&mut self, text: &str) -> i32 {
        self.entries.add_text(text)
    }

    /// Adds entries to any rows, including earlier ones. The entries must be in the order of their rows.
    pub(crate) fn insert(&mut self, added: Vec<(u32, EntryIds)>) {
        let mut all = Vec::with_capacity(self.len() + added.len());
        let mut rows = Vec::with_capacity(self.rows.len());
        let ends = self.rows.iter().skip(1).map(|(_, begin)| *begin as usize);
        let ends = ends.chain([self.len()]);
        let known: Vec<_> = self
            .rows
            .iter()
            .zip(ends)
            .map(|(row, end)| (*row, end))
            .collect();
        let mut known = known.into_iter().peekable();
        let added = added.into_iter().map(|(row, entry)| (row as usize, entry));
        let mut added = added.peekable();
        while let Some(row) = [
            known.peek().map(|((row, _), _)| *row),
            added.peek().map(|(row, _)| *row),
        ]
        .into_iter()
        .flatten()
        .min()
        {
            let map = all.len();
            rows.push((row, map as i32));
            if let Some(((_, begin), end)) = known.next_if(|((known, _), _)| *known == row) {
                all.extend((begin as usize..end).map(|entry| self.entries.ids(entry)));
            }
            while let Some((_, mut entry)) = added.next_if(|(added, _)| *added == row) {
                entry.name = self.entries.free_name(entry.name, &all[map..]);
                all.push(entry);
            }
        }
        self.entries.reorder(&all);
        self.rows = rows;
    }

    pub(crate) fn size(&self, extent: Extent) -> usize {
        self.entries.size(extent) + extent.of(&self.rows)
    }

    /// Removes the maps and returns them as the column of a record batch with `rows` rows. The column has
    /// no dictionaries if `plain` is true.
    pub(crate) fn finish(&mut self, rows: usize, plain: bool) -> ArrayRef {
        if self.rows.is_empty() {
            return new_null_array(self.entries.data_type(), rows);
        }
        let mut offsets = Vec::with_capacity(rows + 1);
        let mut nulls = NullBufferBuilder::new(rows);
        for (row, begin) in self.rows.drain(..) {
            // The rows since the last map end where this map begins.
            nulls.append_n_nulls(row - nulls.len());
            nulls.append_non_null();
            offsets.resize(row + 1, begin);
        }
        nulls.append_n_nulls(rows - nulls.len());
        offsets.resize(rows + 1, self.entries.len() as i32);
        self.entries.finish(offsets, nulls.finish(), plain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::Array;
    use arrow_array::cast::AsArray;

    type Entries = Vec<(String, Option<String>)>;

    #[test]
    fn entries_can_be_added_to_rows_that_have_passed() {
        let mut column = OverflowColumn::new();
        column.push(1, "a", Some("1"));
        column.push(3, "b", None);
        let text = Some(column.add_text("added"));
        let [a, x] = ["a", "x"].map(|name| EntryIds {
            name: column.add_name(name),
            text,
        });
        column.insert(vec![(0, x), (1, a), (2, x), (9, x)]);
        column.push(9, "y", None);
        let array = column.finish(10, false);
        let maps = array.as_map();
        let names: Vec<(usize, Vec<String>)> = (0..10)
            .filter(|row| maps.is_valid(*row))
            .map(|row| {
                let map = maps.value(row);
                let names = map.column(0).as_string::<i32>().iter();
                (row, names.flatten().map(str::to_owned).collect())
            })
            .collect();
        let expected = [
            (0, vec!["x"]),
            (1, vec!["a", "a#2"]),
            (2, vec!["x"]),
            (3, vec!["b"]),
            (9, vec!["x", "y"]),
        ];
        let expected = expected.map(|(row, names)| {
            (
                row,
                names.into_iter().map(str::to_owned).collect::<Vec<_>>(),
            )
        });
        assert_eq!(names, expected);
    }

    #[test]
    fn every_map_is_in_its_row_and_its_names_are_unique() {
        let mut column = OverflowColumn::new();
        column.push(1, "a", Some("1"));
        column.push(1, "a", Some("2"));
        column.push(1, "a", None);
        column.push(3, "a", Some("3"));
        let array = column.finish(5, false);
        let maps = array.as_map();
        let entries: Vec<Option<Entries>> = maps
            .iter()
            .map(|map| {
                map.map(|map| {
                    let (names, texts) = (map.column(0).as_string::<i32>(), map.column(1));
                    let texts = texts
                        .as_string::<i32>()
                        .iter()
                        .map(|t| t.map(str::to_owned));
                    names
                        .iter()
                        .map(|n| n.unwrap().to_owned())
                        .zip(texts)
                        .collect()
                })
            })
            .collect();
        let entry = |name: &str, text: Option<&str>| (name.to_owned(), text.map(str::to_owned));
        let second = vec![
            entry("a", Some("1")),
            entry("a#2", Some("2")),
            entry("a#3", None),
        ];
        assert_eq!(
            entries,
            [
                None,
                Some(second),
                None,
                Some(vec![entry("a", Some("3"))]),
                None
            ]
        );
        assert_eq!(
            column.finish(2, false).null_count(),
            2,
            "the next batch begins anew"
        );
    }
}

use arrow_array::{ArrayRef, new_null_array};
use arrow_buffer::NullBufferBuilder;

use crate::column::field::overflow_type;
use crate::column::map::MapEntries;

/// The overflow column while its batch is built: a map for each row that needs one, null for the
/// others.
pub(crate) struct OverflowColumn {
    entries: MapEntries,
    /// The rows that have a map, and where its entries begin.
    rows: Vec<(usize, i32)>,
}

impl OverflowColumn {
    pub(crate) fn new() -> OverflowColumn {
        OverflowColumn {
            entries: MapEntries::new(&overflow_type()),
            rows: Vec::new(),
        }
    }

    /// Adds an entry to the map of a row, which is the last that has one or a later one.
    pub(crate) fn push(&mut self, row: usize, name: &str, text: Option<&str>) {
        let begin = match self.rows.last() {
            Some((last, begin)) if *last == row => *begin as usize,
            _ => {
                let begin = self.entries.len();
                self.rows.push((row, begin as i32));
                begin
            }
        };
        self.entries.push(begin, name, text);
    }

    /// Adds entries to rows that may have passed already. They come in the order of the rows.
    pub(crate) fn insert(&mut self, added: Vec<(usize, String, Option<String>)>) {
        let mut merged = OverflowColumn::new();
        let mut added = added.into_iter().peekable();
        let ends = self.rows.iter().skip(1).map(|(_, begin)| *begin as usize);
        let ends = ends.chain([self.entries.len()]);
        for (&(row, begin), end) in self.rows.iter().zip(ends) {
            while let Some((row, name, text)) = added.next_if(|(added, _, _)| *added < row) {
                merged.push(row, &name, text.as_deref());
            }
            for entry in begin as usize..end {
                merged.push(row, self.entries.name(entry), self.entries.text(entry));
            }
            while let Some((row, name, text)) = added.next_if(|(added, _, _)| *added == row) {
                merged.push(row, &name, text.as_deref());
            }
        }
        for (row, name, text) in added {
            merged.push(row, &name, text.as_deref());
        }
        *self = merged;
    }

    pub(crate) fn memory_size(&self) -> usize {
        self.entries.memory_size() + size_of_val(self.rows.as_slice())
    }

    /// Takes the column of a batch of `rows` rows out.
    pub(crate) fn finish(&mut self, rows: usize) -> ArrayRef {
        if self.rows.is_empty() {
            return new_null_array(self.entries.data_type(), rows);
        }
        let mut offsets = Vec::with_capacity(rows + 1);
        let mut nulls = NullBufferBuilder::new(rows);
        for (row, begin) in self.rows.drain(..) {
            // Every row up to here ends where this one begins.
            nulls.append_n_nulls(row - nulls.len());
            nulls.append_non_null();
            offsets.resize(row + 1, begin);
        }
        nulls.append_n_nulls(rows - nulls.len());
        offsets.resize(rows + 1, self.entries.len() as i32);
        self.entries.finish(offsets, nulls.finish())
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
        let added = |row, name: &str| (row, name.to_owned(), Some("added".to_owned()));
        column.insert(vec![
            added(0, "x"),
            added(1, "a"),
            added(2, "x"),
            added(9, "x"),
        ]);
        column.push(9, "y", None);
        let array = column.finish(10);
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
    fn maps_stand_in_their_rows_and_their_names_are_unique() {
        let mut column = OverflowColumn::new();
        column.push(1, "a", Some("1"));
        column.push(1, "a", Some("2"));
        column.push(1, "a", None);
        column.push(3, "a", Some("3"));
        let array = column.finish(5);
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
            column.finish(2).null_count(),
            2,
            "the next batch begins anew"
        );
    }
}

use arrow_array::{ArrayRef, new_null_array};
use arrow_buffer::NullBufferBuilder;

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
            entries: MapEntries::new(),
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

    pub(crate) fn memory_size(&self) -> usize {
        self.entries.memory_size() + size_of_val(self.rows.as_slice())
    }

    /// Takes the column of a batch of `rows` rows out.
    pub(crate) fn finish(&mut self, rows: usize) -> ArrayRef {
        if self.rows.is_empty() {
            return new_null_array(&MapEntries::data_type(), rows);
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

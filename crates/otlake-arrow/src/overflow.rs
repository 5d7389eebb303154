use std::sync::Arc;

use arrow_array::builder::{ArrayBuilder, StringBuilder};
use arrow_array::{ArrayRef, MapArray, StructArray, new_null_array};
use arrow_buffer::{NullBufferBuilder, OffsetBuffer, ScalarBuffer};
use arrow_schema::{DataType, Field, Fields};

/// The overflow column while its batch is built: a map for each row that needs one, null for the
/// others.
pub(crate) struct OverflowColumn {
    names: StringBuilder,
    texts: StringBuilder,
    /// The rows that have a map, and where its entries begin.
    rows: Vec<(usize, i32)>,
}

impl OverflowColumn {
    pub(crate) fn new() -> OverflowColumn {
        let (names, texts) = (StringBuilder::new(), StringBuilder::new());
        OverflowColumn {
            names,
            texts,
            rows: Vec::new(),
        }
    }

    /// The type of the column. The names inside are those of the Parquet specification.
    pub(crate) fn data_type() -> DataType {
        let entries = Field::new("key_value", DataType::Struct(Self::entry_fields()), false);
        DataType::Map(Arc::new(entries), false)
    }

    fn entry_fields() -> Fields {
        Fields::from(vec![
            Field::new("key", DataType::Utf8, false),
            Field::new("value", DataType::Utf8, true),
        ])
    }

    /// Adds an entry to the map of a row, which is the last that has one or a later one. Names in
    /// a map are unique, so the second of a name is kept as `name#2`.
    pub(crate) fn push(&mut self, row: usize, name: &str, text: Option<&str>) {
        match self.rows.last() {
            Some((last, begin)) if *last == row => {
                let begin = *begin as usize;
                if (begin..self.names.len()).any(|entry| self.name(entry) == name) {
                    let free = (2..)
                        .map(|number| format!("{name}#{number}"))
                        .find(|numbered| {
                            (begin..self.names.len()).all(|entry| self.name(entry) != numbered)
                        });
                    self.names.append_value(free.as_deref().unwrap_or(name));
                } else {
                    self.names.append_value(name);
                }
            }
            _ => {
                self.rows.push((row, self.names.len() as i32));
                self.names.append_value(name);
            }
        }
        self.texts.append_option(text);
    }

    fn name(&self, entry: usize) -> &str {
        let offsets = self.names.offsets_slice();
        let range = offsets[entry] as usize..offsets[entry + 1] as usize;
        std::str::from_utf8(&self.names.values_slice()[range]).unwrap_or_default()
    }

    pub(crate) fn memory_size(&self) -> usize {
        self.names.values_slice().len()
            + self.texts.values_slice().len()
            + size_of_val(self.rows.as_slice())
    }

    /// Takes the column of a batch of `rows` rows out.
    pub(crate) fn finish(&mut self, rows: usize) -> ArrayRef {
        if self.rows.is_empty() {
            return new_null_array(&Self::data_type(), rows);
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
        offsets.resize(rows + 1, self.names.len() as i32);
        let columns: Vec<ArrayRef> =
            vec![Arc::new(self.names.finish()), Arc::new(self.texts.finish())];
        let entries = StructArray::new(Self::entry_fields(), columns, None);
        let DataType::Map(field, sorted) = Self::data_type() else {
            unreachable!("the type of the column is a map");
        };
        let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets));
        Arc::new(MapArray::new(
            field,
            offsets,
            entries,
            nulls.finish(),
            sorted,
        ))
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

use otlake_row::Location;
use otlake_schema::{Coercion, DatasetSchema, OverflowReason, ValueText};

use super::BatchBuilder;
use crate::column::map::{ENTRY, EntryIds};

impl BatchBuilder {
    /// Coerces the columns to the names and types that a dataset has published. Call this before a record
    /// batch is finished and written to the dataset. Values that do not fit the published type go to the
    /// `overflow` column, and so do all values of a column that is beyond the column budget of the dataset,
    /// or for which it has no free name.
    ///
    /// ```
    /// use otlake_arrow::BatchBuilder;
    /// use otlake_arrow::arrow_array::Array;
    /// use otlake_row::{Group, Keys, Location, Row, RowSink, Signal, Value};
    /// use otlake_schema::{DatasetColumn, DatasetSchema, Schema, Table};
    ///
    /// // Another writer has published the column as an integer.
    /// let code = DatasetColumn::new(10_000, "attr_code", "int64").with_full_name("attr.code");
    /// let dataset = DatasetSchema::from_columns(Table::Logs, 1, [code])?;
    ///
    /// let mut keys = Keys::new();
    /// let code = keys.intern(Location::Attribute, "code").expect("below the key limit");
    /// let mut builder = BatchBuilder::new(Schema::logs());
    /// for value in [Value::Int(200), Value::String("ok")] {
    ///     let mut row = Row::new(Signal::Logs, Group::new(&[]), Group::new(&[]));
    ///     row.set_keys(&keys);
    ///     row.push(code, value);
    ///     builder.row(&mut row)?;
    /// }
    /// builder.coerce(&dataset);
    /// assert_eq!(builder.overflow_counts().r#type, 2, "the column was text already");
    /// let batch = builder.finish_batch();
    /// assert_eq!(batch["attr_code"].null_count(), 2);
    /// assert_eq!(batch["overflow"].null_count(), 0, "each value is in the map of its row");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn coerce(&mut self, dataset: &DatasetSchema) {
        self.end_group(Location::Resource);
        self.end_group(Location::Scope);
        self.fit_columns();
        let mut rejected = Vec::new();
        let revision = self.schema.revision();
        for (id, coercion) in self.schema.coerce(dataset) {
            let (column_type, reason) = match coercion {
                Coercion::To(column_type) => (Some(column_type), OverflowReason::Type),
                Coercion::Overflow(reason) => (None, reason),
            };
            let full_name = self.schema.column(id).full_name().unwrap_or_default();
            let (counts, overflow) = (&mut self.counts, &mut self.overflow);
            let (mut name, mut stored) = (None, 0);
            // For each entry of the column's dictionary, the id of its text. The text is stored once,
            // however often it occurs.
            let mut texts: Vec<Option<i32>> = Vec::new();
            let plain = self.options.plain_strings;
            let values = &mut self.columns[id.index()].values;
            values.convert(
                column_type,
                plain,
                &mut self.scratch,
                |row, entry, value| {
                    let name = *name.get_or_insert_with(|| overflow.add_name(full_name));
                    let mut add = || {
                        let text = ValueText(value).to_string();
                        stored += text.len();
                        overflow.add_text(&text)
                    };
                    let text = match entry {
                        None => add(),
                        Some(entry) => {
                            if texts.len() <= entry {
                                texts.resize(entry + 1, None);
                            }
                            *texts[entry].get_or_insert_with(add)
                        }
                    };
                    stored += ENTRY;
                    let text = Some(text);
                    // A record batch has at most 2^30 rows.
                    rejected.push((row as u32, EntryIds { name, text }));
                    counts.count(reason, 1);
                },
            );
            self.scratch.bytes += stored;
        }
        if !rejected.is_empty() {
            // This keeps the order of a row's columns: each has a name with a higher id than those before it.
            rejected.sort_unstable_by_key(|(row, entry)| (*row, entry.name));
            self.overflow.insert(rejected);
        }
        if self.schema.revision() != revision {
            // Some keys have lost their column, or got one that another writer has published.
            self.slots.forget();
        }
    }
}

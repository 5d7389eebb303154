use arrow_array::ArrayRef;
use otlake_schema::{Absent, Column, FieldColumn};

use crate::column::field::values_of;
use crate::column::{Extent, Values};

/// A column of the record batch that is being built.
pub(crate) struct ColumnBuilder {
    pub(crate) values: Values,
    /// The first row that does not have a value or null yet. [`CLAIMED_BY_GROUP`] while the column belongs
    /// to an open group, which has the value of all its rows.
    pub(crate) claimed: usize,
    pub(crate) field: Option<FieldColumn>,
    /// Whether values are collected: for the column itself, or for a column that is computed from it.
    pub(crate) needed: bool,
    /// Whether record batches have the column.
    pub(crate) selected: bool,
}

pub(crate) const CLAIMED_BY_GROUP: usize = usize::MAX;

impl ColumnBuilder {
    pub(crate) fn new(
        column: &Column,
        plain_strings: bool,
        needed: bool,
        selected: bool,
    ) -> ColumnBuilder {
        let field = column.field().copied();
        let values = match field {
            // A derived column is computed when the record batch is finished.
            Some(field) if field.kind.is_derived() => Values::Empty(0),
            Some(field) => values_of(&field, plain_strings),
            None => Values::Empty(0),
        };
        ColumnBuilder {
            values,
            claimed: 0,
            field,
            needed,
            selected,
        }
    }

    /// Fills up the rows before `row` that have no value: with 0 if that is what an absent field means,
    /// otherwise with null.
    #[inline]
    pub(crate) fn fill_up(&mut self, row: usize) {
        let missing = row - self.claimed;
        self.claimed = row;
        match (&mut self.values, self.field) {
            (
                Values::Int64(column),
                Some(FieldColumn {
                    absent: Absent::Zero,
                    ..
                }),
            ) => {
                column.push_zeros(missing);
            }
            (values, _) => values.push_nulls(missing),
        }
    }

    /// Removes and returns the values of `rows` rows, or returns `None` for [`Values::Empty`].
    pub(crate) fn finish(&mut self, rows: usize) -> Option<ArrayRef> {
        if !self.needed {
            return None;
        }
        if self.claimed < rows {
            self.fill_up(rows);
        }
        self.claimed = 0;
        self.values.finish()
    }

    /// Returns the size of the column in bytes once it has a value for each of `rows` rows.
    pub(crate) fn size(&self, rows: usize, extent: Extent) -> usize {
        if !self.needed {
            return 0;
        }
        let missing = match (&self.values, &self.field) {
            // A column without a type is not in the record batch.
            (Values::Empty(_), None) => 0,
            // A derived column is computed when the record batch is finished.
            (Values::Empty(_), Some(_)) => rows,
            (values, _) => rows.saturating_sub(values.len()),
        };
        self.values.size(extent) + extent.of_items(missing, 0) * size_of::<u64>()
    }
}

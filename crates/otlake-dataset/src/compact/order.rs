//! The order of rows, across files.

use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use arrow_array::{ArrayRef, new_null_array};
use arrow_row::{RowConverter, Rows, SortField};
use arrow_schema::{ArrowError, FieldRef};
use arrow_select::take::take;
use otlake_parquet::SortingColumn;

use super::columns::Columns;
use super::rows::{Chunk, Position};
use crate::gather::sort::sort_options;

/// Compares rows by the columns of a sort order, as the writer does within a row group.
#[derive(Debug)]
pub(crate) struct RowOrder {
    /// The numbers of the columns.
    columns: Vec<usize>,
    fields: Vec<FieldRef>,
    converter: RowConverter,
}

impl RowOrder {
    /// Creates the order of the columns that exist. Columns that no file has are null in all rows, and lists, maps and
    /// structs have no order.
    pub(crate) fn new(order: &[SortingColumn], columns: &Columns) -> Result<Self, ArrowError> {
        let (mut numbers, mut fields, mut sort) = (Vec::new(), Vec::new(), Vec::new());
        for wanted in order {
            let Some(number) = columns.number(&wanted.name) else {
                continue;
            };
            let field = &columns.fields()[number];
            let Some(options) = sort_options(wanted, field.data_type()) else {
                continue;
            };
            numbers.push(number);
            sort.push(SortField::new_with_options(
                field.data_type().clone(),
                options,
            ));
            fields.push(field.clone());
        }
        Ok(Self {
            columns: numbers,
            fields,
            converter: RowConverter::new(sort)?,
        })
    }

    /// Returns whether there is nothing to compare, so that rows stay in the order of the files.
    pub(crate) fn is_empty(&self) -> bool {
        self.columns.is_empty()
    }

    /// Returns the keys of the rows of a chunk, which compare as the rows do.
    pub(crate) fn keys(&self, chunk: &Chunk) -> Result<Rows, ArrowError> {
        let mut arrays: Vec<ArrayRef> = Vec::with_capacity(self.columns.len());
        for (number, field) in self.columns.iter().zip(&self.fields) {
            arrays.push(match chunk.column(*number) {
                Some(array) => plain(array)?,
                None => new_null_array(field.data_type(), chunk.rows),
            });
        }
        if arrays.is_empty() {
            return Ok(self.converter.empty_rows(0, 0));
        }
        self.converter.convert_columns(&arrays)
    }

    /// Returns the positions of all rows of the chunks, in order. Equal rows stay in the order of their chunks.
    pub(crate) fn sort(&self, chunks: &[Chunk]) -> Result<Vec<Position>, ArrowError> {
        let numbered = chunks.iter().enumerate();
        let mut positions: Vec<Position> = numbered
            .flat_map(|(number, chunk)| (0..chunk.rows).map(move |row| (number, row)))
            .collect();
        if self.is_empty() {
            return Ok(positions);
        }
        let keys: Vec<Rows> = chunks
            .iter()
            .map(|chunk| self.keys(chunk))
            .collect::<Result<_, _>>()?;
        // This sort is stable, and fast for a few sorted sequences, such as the row groups of sorted files.
        positions.sort_by(|a, b| keys[a.0].row(a.1).cmp(&keys[b.0].row(b.1)));
        Ok(positions)
    }
}

/// Returns the values of a dictionary, and any other array as it is.
fn plain(array: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    match array.as_dictionary_opt::<Int32Type>() {
        Some(dictionary) => take(dictionary.values(), dictionary.keys(), None),
        None => Ok(ArrayRef::clone(array)),
    }
}

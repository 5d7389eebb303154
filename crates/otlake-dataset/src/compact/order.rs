//! The order of rows, across files.

use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use arrow_array::{ArrayRef, new_null_array};
use arrow_row::{RowConverter, Rows, SortField};
use arrow_schema::{ArrowError, FieldRef};
use arrow_select::take::take;
use otlake_parquet::SortingColumn;

use super::columns::Columns;
use super::rows::{Chunk, Stretch, push};
use super::sort_key;
use crate::gather::sort::sort_options;

/// Compares rows by the columns of a sort order, as the writer does within a row group.
#[derive(Debug)]
pub(crate) struct RowOrder {
    /// The numbers of the columns.
    columns: Vec<usize>,
    fields: Vec<FieldRef>,
    options: Vec<arrow_schema::SortOptions>,
    converter: RowConverter,
}

impl RowOrder {
    /// Creates the order of the columns that exist. Columns that no file has are null in all rows, and lists, maps and
    /// structs have no order.
    pub(crate) fn new(order: &[SortingColumn], columns: &Columns) -> Result<Self, ArrowError> {
        let (mut numbers, mut fields, mut options) = (Vec::new(), Vec::new(), Vec::new());
        for wanted in order {
            let Some(number) = columns.number(&wanted.name) else {
                continue;
            };
            let field = &columns.fields()[number];
            let Some(option) = sort_options(wanted, field.data_type()) else {
                continue;
            };
            numbers.push(number);
            options.push(option);
            fields.push(field.clone());
        }
        let sort = fields.iter().zip(&options).map(|(field, options)| {
            SortField::new_with_options(field.data_type().clone(), *options)
        });
        Ok(Self {
            converter: RowConverter::new(sort.collect())?,
            columns: numbers,
            fields,
            options,
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

    /// Returns all rows of the chunks, in order. Equal rows stay in the order of their chunks.
    pub(crate) fn sort(&self, chunks: &[Chunk]) -> Result<Vec<Stretch>, ArrowError> {
        let mut stretches = Vec::new();
        if self.is_empty() {
            for (number, chunk) in chunks
                .iter()
                .enumerate()
                .filter(|(_, chunk)| chunk.rows > 0)
            {
                push(&mut stretches, number as u32, 0, chunk.rows as u32);
            }
            return Ok(stretches);
        }
        let columns: Vec<sort_key::Column<'_>> = self
            .columns
            .iter()
            .zip(&self.options)
            .map(|(number, options)| sort_key::Column {
                arrays: chunks.iter().map(|chunk| chunk.column(*number)).collect(),
                options: *options,
            })
            .collect();
        let rows: Vec<usize> = chunks.iter().map(|chunk| chunk.rows).collect();
        if let Some(keys) = sort_key::sorted(&rows, &columns) {
            // The number of a row is the low half of its key; its chunk is the last that begins before it.
            let mut begin = 0;
            let begins: Vec<u32> = rows
                .iter()
                .map(|rows| {
                    let first = begin;
                    begin += *rows as u32;
                    first
                })
                .collect();
            let mut chunk = 0;
            for key in keys {
                let row = key as u32;
                let within =
                    |chunk: usize| (row.wrapping_sub(begins[chunk]) as usize) < chunks[chunk].rows;
                if !within(chunk) {
                    // Chunks without rows begin where the next one does.
                    chunk = begins.partition_point(|begin| *begin <= row) - 1;
                }
                push(&mut stretches, chunk as u32, row - begins[chunk], 1);
            }
            return Ok(stretches);
        }
        let numbered = chunks.iter().enumerate();
        let mut positions: Vec<(u32, u32)> = numbered
            .flat_map(|(number, chunk)| (0..chunk.rows).map(move |row| (number as u32, row as u32)))
            .collect();
        let keys: Vec<Rows> = chunks
            .iter()
            .map(|chunk| self.keys(chunk))
            .collect::<Result<_, _>>()?;
        let key = |(chunk, row): (u32, u32)| keys[chunk as usize].row(row as usize);
        // This sort is stable, and fast for a few sorted sequences, such as the row groups of sorted files.
        positions.sort_by(|a, b| key(*a).cmp(&key(*b)));
        for (chunk, row) in positions {
            push(&mut stretches, chunk, row, 1);
        }
        Ok(stretches)
    }
}

/// Returns the values of a dictionary, and any other array as it is.
fn plain(array: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    match array.as_dictionary_opt::<Int32Type>() {
        Some(dictionary) => take(dictionary.values(), dictionary.keys(), None),
        None => Ok(ArrayRef::clone(array)),
    }
}

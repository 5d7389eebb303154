//! The order of rows, across files.

use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use arrow_array::{ArrayRef, new_null_array};
use arrow_row::{RowConverter, Rows, SortField};
use arrow_schema::{ArrowError, FieldRef};
use arrow_select::take::take;
use otlake_parquet::SortingColumn;

use super::columns::Columns;
use super::rows::{RowBlock, RowRange, push};
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

    /// Returns the keys of the rows of a block, which compare as the rows do.
    pub(crate) fn keys(&self, block: &RowBlock) -> Result<Rows, ArrowError> {
        let mut arrays: Vec<ArrayRef> = Vec::with_capacity(self.columns.len());
        for (number, field) in self.columns.iter().zip(&self.fields) {
            arrays.push(match block.column(*number) {
                Some(array) => plain(array)?,
                None => new_null_array(field.data_type(), block.rows),
            });
        }
        if arrays.is_empty() {
            return Ok(self.converter.empty_rows(0, 0));
        }
        self.converter.convert_columns(&arrays)
    }

    /// Returns all rows of the blocks, in order. Equal rows stay in the order of their blocks.
    pub(crate) fn sort(&self, blocks: &[RowBlock]) -> Result<Vec<RowRange>, ArrowError> {
        let mut ranges = Vec::new();
        if self.is_empty() {
            for (number, block) in blocks
                .iter()
                .enumerate()
                .filter(|(_, block)| block.rows > 0)
            {
                push(&mut ranges, number as u32, 0, block.rows as u32);
            }
            return Ok(ranges);
        }
        let columns: Vec<sort_key::Column<'_>> = self
            .columns
            .iter()
            .zip(&self.options)
            .map(|(number, options)| sort_key::Column {
                arrays: blocks.iter().map(|block| block.column(*number)).collect(),
                options: *options,
            })
            .collect();
        let rows: Vec<usize> = blocks.iter().map(|block| block.rows).collect();
        match sort_key::sorted(&rows, &columns) {
            Some(keys) => Ok(ranges_of_keys(&keys, &rows)),
            None => self.sort_by_rows(blocks),
        }
    }

    /// Compares the rows in the row format of the arrow crate.
    fn sort_by_rows(&self, blocks: &[RowBlock]) -> Result<Vec<RowRange>, ArrowError> {
        let mut ranges = Vec::new();
        let numbered = blocks.iter().enumerate();
        let mut positions: Vec<(u32, u32)> = numbered
            .flat_map(|(number, block)| (0..block.rows).map(move |row| (number as u32, row as u32)))
            .collect();
        let keys: Vec<Rows> = blocks
            .iter()
            .map(|block| self.keys(block))
            .collect::<Result<_, _>>()?;
        let key = |(block, row): (u32, u32)| keys[block as usize].row(row as usize);
        // This sort is stable, and fast for a few sorted sequences, such as the row groups of sorted files.
        positions.sort_by(|a, b| key(*a).cmp(&key(*b)));
        for (block, row) in positions {
            push(&mut ranges, block, row, 1);
        }
        Ok(ranges)
    }
}

/// Returns the rows of sorted keys, in blocks with the given numbers of rows.
fn ranges_of_keys(keys: &[u128], rows: &[usize]) -> Vec<RowRange> {
    let mut ranges = Vec::new();
    // The number of a row is the low half of its key; its block is the last that begins before it.
    let mut begin = 0;
    let begins: Vec<u32> = rows
        .iter()
        .map(|rows| {
            let first = begin;
            begin += *rows as u32;
            first
        })
        .collect();
    let mut block = 0;
    for key in keys {
        let row = *key as u32;
        let within = |block: usize| (row.wrapping_sub(begins[block]) as usize) < rows[block];
        if !within(block) {
            // Blocks without rows begin where the next one does.
            block = begins.partition_point(|begin| *begin <= row) - 1;
        }
        push(&mut ranges, block as u32, row - begins[block], 1);
    }
    ranges
}

/// Returns the values of a dictionary, and any other array as it is.
fn plain(array: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    match array.as_dictionary_opt::<Int32Type>() {
        Some(dictionary) => take(dictionary.values(), dictionary.keys(), None),
        None => Ok(ArrayRef::clone(array)),
    }
}

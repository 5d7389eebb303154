//! Merges sorted runs.

use std::rc::Rc;

use arrow_row::{Row, Rows};
use bytes::Bytes;

use super::columns::Columns;
use super::error::CompactionError;
use super::input::{Decoder, Input};
use super::order::RowOrder;
use super::rows::{RowBlock, RowRange, push};

/// A merge of runs, each of which is sorted. Equal rows come in the order of their runs.
pub(crate) struct Merge<'a> {
    order: &'a RowOrder,
    columns: &'a Columns,
    decoder: &'a mut Decoder,
    /// The runs that have more rows.
    cursors: Vec<Cursor>,
}

/// The next row of a run.
struct Cursor {
    input: Input<'static>,
    block: Rc<RowBlock>,
    keys: Rows,
    row: usize,
    bytes: usize,
}

/// The rows of the next row group.
#[derive(Default)]
pub(crate) struct Selection {
    blocks: Vec<Rc<RowBlock>>,
    ranges: Vec<RowRange>,
    rows: usize,
    /// The bytes of memory of all rows of the blocks.
    bytes: usize,
}

impl<'a> Merge<'a> {
    pub(crate) fn new(
        order: &'a RowOrder,
        columns: &'a Columns,
        decoder: &'a mut Decoder,
        runs: Vec<Bytes>,
    ) -> Result<Self, CompactionError> {
        let mut cursors = Vec::with_capacity(runs.len());
        for run in runs {
            let mut input = Input::in_memory("a run of sorted rows", run, decoder)?;
            let Some(block) = input.next(columns, decoder)? else {
                continue;
            };
            cursors.push(Cursor {
                keys: order.keys(&block)?,
                row: 0,
                bytes: block.memory_size(),
                block: Rc::new(block),
                input,
            });
        }
        Ok(Self {
            order,
            columns,
            decoder,
            cursors,
        })
    }

    /// Returns the next rows in order, at most as many as given and about as many bytes; `None` after the last one.
    pub(crate) fn next_row_group(
        &mut self,
        (most_rows, most_bytes): (usize, usize),
    ) -> Result<Option<Selection>, CompactionError> {
        let mut selection = Selection::default();
        // The number of the block of each cursor in the selection.
        let mut numbers: Vec<Option<usize>> = vec![None; self.cursors.len()];
        while !self.cursors.is_empty() && selection.rows < most_rows && selection.bytes < most_bytes
        {
            let least = self.least();
            let end = self.end_of_range(least);
            let cursor = &mut self.cursors[least];
            let number = *numbers[least].get_or_insert_with(|| {
                selection.blocks.push(Rc::clone(&cursor.block));
                selection.blocks.len() - 1
            });
            let room = most_rows - selection.rows;
            let end = end.min(cursor.row.saturating_add(room));
            let (start, rows) = (cursor.row as u32, (end - cursor.row) as u32);
            push(&mut selection.ranges, number as u32, start, rows);
            selection.rows += rows as usize;
            cursor.row = end;
            if end < cursor.block.rows {
                continue;
            }
            // Only rows of blocks that are used up count, because those of the others stay in memory anyway.
            selection.bytes += cursor.bytes;
            numbers[least] = None;
            match cursor.input.next(self.columns, self.decoder)? {
                Some(block) => {
                    cursor.keys = self.order.keys(&block)?;
                    cursor.bytes = block.memory_size();
                    cursor.block = Rc::new(block);
                    cursor.row = 0;
                }
                None => {
                    self.cursors.remove(least);
                    numbers.remove(least);
                }
            }
        }
        if selection.ranges.is_empty() {
            return Ok(None);
        }
        Ok(Some(selection))
    }

    /// Returns the cursor whose row comes next.
    fn least(&self) -> usize {
        let mut least = 0;
        if !self.order.is_empty() {
            for number in 1..self.cursors.len() {
                if self.cursors[number].key() < self.cursors[least].key() {
                    least = number;
                }
            }
        }
        least
    }

    /// Returns the end of the rows of a cursor that come before the rows of all others, within its block. The first row
    /// is one of them.
    fn end_of_range(&self, least: usize) -> usize {
        let cursor = &self.cursors[least];
        let rows = cursor.block.rows;
        if self.order.is_empty() {
            return rows;
        }
        let others = (0..self.cursors.len()).filter(|other| *other != least);
        // The first of equal keys is the one that its own rows have to come before.
        let other = others.min_by_key(|other| (self.cursors[*other].key(), *other));
        let Some(other) = other else {
            return rows;
        };
        let bound = self.cursors[other].key();
        let is_before = |row: usize| {
            let key = cursor.keys.row(row);
            key < bound || key == bound && least < other
        };
        // Steps that double, and then halve: a range is one row or very many.
        let (mut end, mut step) = (cursor.row + 1, 1);
        while end + step <= rows && is_before(end + step - 1) {
            end += step;
            step *= 2;
        }
        let (mut left, mut right) = (end, rows.min(end + step - 1));
        while left < right {
            let middle = left + (right - left) / 2;
            if is_before(middle) {
                left = middle + 1;
            } else {
                right = middle;
            }
        }
        left
    }
}

impl Selection {
    pub(crate) fn blocks(&self) -> Vec<&RowBlock> {
        self.blocks.iter().map(AsRef::as_ref).collect()
    }

    pub(crate) fn ranges(&self) -> &[RowRange] {
        &self.ranges
    }
}

impl Cursor {
    fn key(&self) -> Row<'_> {
        self.keys.row(self.row)
    }
}

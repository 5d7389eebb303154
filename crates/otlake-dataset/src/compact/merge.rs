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
    /// The bytes of memory of the block.
    bytes: usize,
    /// The number of the block in the selection, if it is there.
    selected: Option<u32>,
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
            cursors.push(Cursor::new(input, block, order)?);
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
        for cursor in &mut self.cursors {
            cursor.selected = None;
        }
        while !self.cursors.is_empty() && selection.rows < most_rows && selection.bytes < most_bytes
        {
            let least = self.least();
            let end = self.end_of_range(least);
            let most = most_rows - selection.rows;
            let cursor = &mut self.cursors[least];
            cursor.select(end.min(cursor.row.saturating_add(most)), &mut selection);
            if cursor.row == cursor.block.rows {
                // Only rows of blocks that are used up count, because those of the others stay in memory anyway.
                selection.bytes += cursor.bytes;
                self.next_block(least)?;
            }
        }
        Ok((!selection.ranges.is_empty()).then_some(selection))
    }

    /// Moves a cursor to the next block of its run, or removes it after the last one.
    fn next_block(&mut self, number: usize) -> Result<(), CompactionError> {
        let mut input = self.cursors.remove(number).input;
        if let Some(block) = input.next(self.columns, self.decoder)? {
            let cursor = Cursor::new(input, block, self.order)?;
            self.cursors.insert(number, cursor);
        }
        Ok(())
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
    fn new(
        input: Input<'static>,
        block: RowBlock,
        order: &RowOrder,
    ) -> Result<Self, CompactionError> {
        Ok(Self {
            input,
            keys: order.keys(&block)?,
            row: 0,
            bytes: block.memory_size(),
            block: Rc::new(block),
            selected: None,
        })
    }

    /// Adds the rows before `end` to a selection.
    fn select(&mut self, end: usize, selection: &mut Selection) {
        let number = *self.selected.get_or_insert_with(|| {
            selection.blocks.push(Rc::clone(&self.block));
            selection.blocks.len() as u32 - 1
        });
        let rows = end - self.row;
        push(&mut selection.ranges, number, self.row as u32, rows as u32);
        selection.rows += rows;
        self.row = end;
    }

    fn key(&self) -> Row<'_> {
        self.keys.row(self.row)
    }
}

//! Sorts more rows than fit in memory: parts of them are sorted and encoded in memory, and then merged.
//!
//! ```text
//!  rows of files ──▶ blocks ──▶ sort ──▶ run: a Parquet file in memory ──┐
//!                                                        run ────────────┼─▶ merge ──▶ row groups
//!                                                        run ────────────┘
//! ```

use bytes::Bytes;
use otlake_parquet::{Encoder, FileWriter, SortingColumn};

use super::columns::Columns;
use super::error::CompactionError;
use super::input::Decoder;
use super::merge::Merge;
use super::order::RowOrder;
use super::rows::{RowBlock, RowGroup, RowRange, RowSizes, count, groups_of};

/// The bytes of memory for each purpose.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MemoryShares {
    /// The rows that are sorted at once, as long as there is no run.
    pub(crate) first_run: usize,
    /// The rows that are sorted at once.
    pub(crate) run: usize,
    /// A row group that is decoded as a whole.
    pub(crate) whole: usize,
    /// The files that are read before they are needed.
    pub(crate) read_ahead: u64,
    /// The rows of a row group.
    pub(crate) row_group: usize,
    /// The decoded rows of each run while runs are merged.
    pub(crate) cursor: usize,
}

/// The largest number of runs that are merged.
pub(crate) const MOST_RUNS: usize = 32;

/// The bytes of memory that sorting takes for each row: a key to compare, and a range of its own if it has no
/// neighbour.
const SORTING: usize = size_of::<u128>() + size_of::<RowRange>();

/// The largest share of a row group, whatever the limit. A row group may be twice as large, and a column of it has to
/// fit into an array of 2 GiB.
const MOST_ROW_GROUP: usize = 512 << 20;

/// The number of rows after which a run ends, whatever the limit: rows are numbered with 32 bits.
const MOST_ROWS: usize = 1 << 31;

impl MemoryShares {
    /// Divides a memory limit. Encoded runs take up to half of it; the first run may use that half, because there are no
    /// runs yet.
    pub(crate) fn of(limit: usize) -> Self {
        Self {
            first_run: limit / 2,
            run: limit / 4,
            whole: (limit / 16).min(MOST_ROW_GROUP),
            read_ahead: limit as u64 / 32,
            row_group: (limit / 16).min(MOST_ROW_GROUP),
            // Each has a decoder, and rows of the row group that is copied.
            cursor: (limit / 4 / MOST_RUNS / 2).min(MOST_ROW_GROUP),
        }
    }
}

/// Rows that are waiting to be sorted, and runs of sorted rows.
pub(crate) struct Sorter<'a> {
    order: &'a [SortingColumn],
    shares: MemoryShares,
    row_group_rows: usize,
    blocks: Vec<RowBlock>,
    /// The bytes of memory of the blocks.
    bytes: usize,
    rows: usize,
    runs: Vec<Bytes>,
}

impl<'a> Sorter<'a> {
    pub(crate) fn new(
        order: &'a [SortingColumn],
        shares: MemoryShares,
        row_group_rows: usize,
    ) -> Self {
        Self {
            order,
            shares,
            row_group_rows,
            blocks: Vec::new(),
            bytes: 0,
            rows: 0,
            runs: Vec::new(),
        }
    }

    /// Returns the number of runs, and the bytes that they take together.
    pub(crate) fn runs(&self) -> (usize, u64) {
        let bytes = self.runs.iter().map(|run| run.len() as u64).sum();
        (self.runs.len(), bytes)
    }

    /// Adds rows. Returns whether they are in a run now, together with all earlier ones.
    pub(crate) fn push(
        &mut self,
        block: RowBlock,
        columns: &Columns,
        encoder: &mut Encoder,
    ) -> Result<bool, CompactionError> {
        self.bytes += block.memory_size() + block.rows * SORTING;
        self.rows += block.rows;
        self.blocks.push(block);
        let most_bytes = match self.runs.is_empty() {
            true => self.shares.first_run,
            false => self.shares.run,
        };
        if self.bytes < most_bytes && self.rows < MOST_ROWS {
            return Ok(false);
        }
        self.end_run(columns, encoder)?;
        Ok(true)
    }

    /// Sorts the rows in memory and encodes them.
    fn end_run(&mut self, columns: &Columns, encoder: &mut Encoder) -> Result<(), CompactionError> {
        let mut file = FileWriter::new(Vec::new());
        let mut write = |group: RowGroup<'_>| group.write(&mut file, encoder);
        let blocks = std::mem::take(&mut self.blocks);
        let bytes = std::mem::take(&mut self.bytes);
        self.rows = 0;
        let limits = (usize::MAX, self.shares.cursor);
        write_sorted(self.order, columns, &blocks, bytes, limits, &mut write)?;
        drop(blocks);
        let (bytes, _) = file.finish(encoder, &[])?;
        self.runs.push(bytes.into());
        Ok(())
    }

    /// Passes all rows on in order, as row groups.
    pub(crate) fn finish(
        mut self,
        columns: &Columns,
        encoder: &mut Encoder,
        decoder: &mut Decoder,
        write: &mut dyn FnMut(RowGroup<'_>) -> Result<(), CompactionError>,
    ) -> Result<(), CompactionError> {
        let limits = (self.row_group_rows, self.shares.row_group);
        if self.runs.is_empty() {
            let (blocks, bytes) = (&self.blocks, self.bytes);
            return write_sorted(self.order, columns, blocks, bytes, limits, write);
        }
        if !self.blocks.is_empty() {
            self.end_run(columns, encoder)?;
        }
        let order = RowOrder::new(self.order, columns)?;
        let mut merge = Merge::new(&order, columns, decoder, self.runs)?;
        while let Some(selection) = merge.next_row_group(limits)? {
            let blocks = selection.blocks();
            write(RowGroup::new(columns.fields(), &blocks, selection.ranges()))?;
        }
        Ok(())
    }
}

/// Sorts rows that are in memory and passes them on in row groups of at most so many rows and about so many bytes.
fn write_sorted(
    order: &[SortingColumn],
    columns: &Columns,
    blocks: &[RowBlock],
    bytes: usize,
    (most_rows, most_bytes): (usize, usize),
    write: &mut dyn FnMut(RowGroup<'_>) -> Result<(), CompactionError>,
) -> Result<(), CompactionError> {
    let ranges = RowOrder::new(order, columns)?.sort(blocks)?;
    let blocks: Vec<&RowBlock> = blocks.iter().collect();
    let sizes = RowSizes::of(&blocks);
    let all = count(&ranges);
    let row = bytes / all.max(1);
    let rows = (most_bytes / row.max(1)).clamp(1, most_rows);
    // As many groups as necessary, all of the same size.
    let groups = all.div_ceil(rows).max(1);
    let rows = all.div_ceil(groups).max(1);
    let mut write = |ranges: &[RowRange]| write(RowGroup::new(columns.fields(), &blocks, ranges));
    for group in groups_of(&ranges, rows) {
        write_bounded(&sizes, &group, most_bytes, &mut write)?;
    }
    Ok(())
}

/// Passes rows on, in two halves if they are much larger than the average.
fn write_bounded(
    sizes: &RowSizes<'_>,
    ranges: &[RowRange],
    most_bytes: usize,
    write: &mut dyn FnMut(&[RowRange]) -> Result<(), CompactionError>,
) -> Result<(), CompactionError> {
    let rows = count(ranges);
    if rows <= 1 || sizes.bytes(ranges) <= 2 * most_bytes {
        return write(ranges);
    }
    for half in groups_of(ranges, rows.div_ceil(2)) {
        write_bounded(sizes, &half, most_bytes, write)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A column of a row group, which may be twice as large as its share, is an array of at most 2 GiB, however much
    /// memory there is.
    #[test]
    fn row_groups_fit_into_arrays_with_any_limit() {
        for limit in [1 << 20, 384 << 20, 16 << 30, 1 << 40, usize::MAX] {
            let shares = MemoryShares::of(limit);
            for share in [shares.row_group, shares.whole, shares.cursor] {
                assert!(2 * share < i32::MAX as usize, "{limit}: {shares:?}");
            }
            let most = shares.first_run.max(limit / 2 + shares.run)
                + 2 * shares.row_group
                + shares.whole
                + shares.read_ahead as usize;
            assert!(most <= limit, "{limit}: {shares:?}");
        }
    }
}

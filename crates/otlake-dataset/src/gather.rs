//! Gathers rows into the record batches of row groups.
//!
//! ```text
//!  without partitions:  Row ──────────────────────────────────▶ columns ──▶ RecordBatch
//!  with partitions:     Row ──▶ RowBuffer of its partition ──▶ columns ──▶ RecordBatch
//!                               (packed, one per partition)    (shared by all partitions)
//! ```

pub(crate) mod row_buffer;
pub(crate) mod row_groups;
pub(crate) mod sort;

use std::convert::Infallible;
use std::time::Instant;

use arrow_array::RecordBatch;
use otlake_arrow::{BatchError, BatchOptions};
use otlake_parquet::SortingColumn;
use otlake_row::{KeyLimits, Row, sink_fn};
use otlake_schema::{DatasetSchema, OverflowCounts, Schema};

use crate::error::LostRows;
use crate::gather::row_buffer::{RowBuffer, RowInterner};
use crate::gather::row_groups::{COLUMN, RowGroupLimits, RowGroups};
use crate::gather::sort::sorted;

/// The destination of row groups.
pub(crate) trait RowGroupSink {
    /// Returns how many more rows fit the open file.
    fn room(&self) -> u64;

    /// Writes the rows of a row group. Their values take up `size` bytes, and the first of them arrived at `since`.
    fn row_group(
        &mut self,
        rows: &RecordBatch,
        size: usize,
        since: Option<Instant>,
    ) -> Result<(), LostRows>;
}

/// Options for a [`Gather`].
#[derive(Clone, Debug)]
pub(crate) struct GatherOptions {
    /// The limits at which the rows that wait in a partition become a row group.
    pub(crate) limits: RowGroupLimits,
    pub(crate) key_limits: KeyLimits,
    /// The order to which the rows of a row group are sorted.
    pub(crate) order: Vec<SortingColumn>,
    pub(crate) partitioned: bool,
    /// Whether the arrival time of rows is recorded.
    pub(crate) keeps_age: bool,
    /// Whether attribute columns have the field ids of the published schema.
    pub(crate) field_ids: bool,
}

/// The rows of one table that are in no row group yet.
#[derive(Debug)]
pub(crate) struct Gather {
    row_groups: RowGroups,
    options: GatherOptions,
    /// The names, resources and scopes that the rows waiting in partitions share.
    interner: RowInterner,
    slots: Vec<Waiting>,
    /// The bytes of the rows that wait in partitions.
    waiting_bytes: usize,
}

/// The bytes of a slot without rows: its entries here, its partition, its files and their names. Measured as the
/// memory that 300 slots took up.
const SLOT: usize = 768;

/// The waiting rows of a slot.
#[derive(Debug, Default)]
struct Waiting {
    /// The packed rows. Empty without partitions, because rows then become columns at once.
    rows: RowBuffer,
    /// The time at which the first of the rows arrived.
    since: Option<Instant>,
}

impl Gather {
    /// Creates a gatherer. Its columns are full at `limits`.
    pub(crate) fn new(schema: Schema, options: GatherOptions, limits: RowGroupLimits) -> Self {
        let batches = BatchOptions::new().with_field_ids(options.field_ids);
        Self {
            row_groups: RowGroups::new(schema, batches, limits),
            interner: RowInterner::with_limits(options.key_limits),
            options,
            slots: Vec::new(),
            waiting_bytes: 0,
        }
    }

    pub(crate) fn schema(&self) -> &Schema {
        self.row_groups.schema()
    }

    pub(crate) fn overflow_counts(&self) -> OverflowCounts {
        self.row_groups.overflow_counts()
    }

    /// Sets the limits at which the columns of a row group are full.
    pub(crate) fn set_column_limits(&mut self, limits: RowGroupLimits) {
        self.row_groups.set_limits(limits);
    }

    /// Opens the next slot.
    pub(crate) fn open(&mut self) {
        self.slots.push(Waiting::default());
    }

    /// Removes a slot, which must have no rows. The last slot takes its number.
    pub(crate) fn remove(&mut self, slot: usize) {
        debug_assert_eq!(
            self.rows(slot),
            0,
            "rows are written before their slot goes"
        );
        self.slots.swap_remove(slot);
    }

    /// Returns the number of rows in a slot.
    pub(crate) fn rows(&self, slot: usize) -> usize {
        if self.options.partitioned {
            self.slots[slot].rows.rows()
        } else {
            self.row_groups.rows()
        }
    }

    /// Returns the bytes that the rows of a slot take up.
    pub(crate) fn bytes(&self, slot: usize) -> usize {
        if self.options.partitioned {
            self.slots[slot].rows.memory_size_alone()
        } else if self.row_groups.rows() > 0 {
            self.row_groups.memory_estimate()
        } else {
            0
        }
    }

    /// Returns when the first row of a slot arrived.
    pub(crate) fn since(&self, slot: usize) -> Option<Instant> {
        self.slots[slot].since
    }

    /// Appends a row to a slot, and returns whether the slot has enough rows for a row group. `room` is how
    /// many more rows fit the open file.
    #[inline]
    pub(crate) fn push(
        &mut self,
        slot: usize,
        row: &mut Row<'_>,
        room: u64,
    ) -> Result<bool, BatchError> {
        let waiting = &mut self.slots[slot];
        if self.options.keeps_age && waiting.since.is_none() {
            waiting.since = Some(Instant::now());
        }
        if !self.options.partitioned {
            return self.row_groups.push(row, room);
        }
        self.row_groups.infer(row);
        let before = waiting.rows.memory_size();
        waiting.rows.push(row, &mut self.interner);
        self.waiting_bytes = self.waiting_bytes + waiting.rows.memory_size() - before;
        let (rows, bytes) = (waiting.rows.rows(), waiting.rows.memory_size_alone());
        let limits = self.options.limits;
        Ok(rows >= limits.rows || bytes >= limits.bytes || rows as u64 >= room)
    }

    /// Returns whether rows must be [drained](Self::drain) before another one can be pushed.
    #[inline]
    pub(crate) fn is_full(&self) -> bool {
        self.row_groups.is_full()
    }

    /// Writes the rows of a slot to `to`, as one row group, or as several if the rows are larger as columns.
    /// The slot has no rows afterwards.
    ///
    /// # Errors
    ///
    /// Returns the rows that `to` has lost. All other rows are still passed to it.
    pub(crate) fn drain(
        &mut self,
        slot: usize,
        to: &mut impl RowGroupSink,
    ) -> Result<(), LostRows> {
        let Waiting { rows, since } = std::mem::take(&mut self.slots[slot]);
        let mut lost = None;
        if self.options.partitioned {
            self.waiting_bytes -= rows.memory_size();
            // The empty interner left in its place takes microseconds to create; a row group takes
            // milliseconds.
            let interner = std::mem::take(&mut self.interner);
            let Ok(()) = rows.replay(
                &interner,
                &mut sink_fn(|row: &mut Row<'_>| {
                    let error = match self.row_groups.push(row, to.room()) {
                        Ok(false) => return Ok(()),
                        Ok(true) => self.take_row_group(since, to).err(),
                        Err(error) => Some(LostRows::new("a row group", 1, error)),
                    };
                    lost = LostRows::both(lost.take(), error);
                    Ok::<_, Infallible>(())
                }),
            );
            self.interner = interner;
        }
        if self.row_groups.rows() > 0 {
            let taken = self.take_row_group(since, to);
            lost = LostRows::both(lost, taken.err());
        }
        lost.map_or(Ok(()), Err)
    }

    fn take_row_group(
        &mut self,
        since: Option<Instant>,
        to: &mut impl RowGroupSink,
    ) -> Result<(), LostRows> {
        let size = self.row_groups.size();
        let rows = self.row_groups.take();
        let in_order = sorted(&rows, &self.options.order);
        let taken = to.row_group(&in_order, size, since);
        drop(in_order);
        self.row_groups.recycle(rows);
        taken
    }

    /// Returns the rows of a record batch in the order to which rows are sorted.
    pub(crate) fn sorted(&self, rows: &RecordBatch) -> RecordBatch {
        sorted(rows, &self.options.order)
    }

    /// Drops all rows. Names and types that were learned from them are kept.
    pub(crate) fn discard(&mut self) {
        self.row_groups.discard();
        self.slots
            .iter_mut()
            .for_each(|slot| *slot = Waiting::default());
        self.waiting_bytes = 0;
    }

    /// Returns whether the rows have a column, type or name that is not published.
    pub(crate) fn has_unpublished_changes(&self, published: &DatasetSchema) -> bool {
        self.row_groups.has_unpublished_changes(published)
    }

    /// Coerces the columns to their published types.
    pub(crate) fn coerce(&mut self, published: &DatasetSchema) {
        self.row_groups.coerce(published);
    }

    /// Returns the bytes of memory that it takes to make row groups of the rows of a slot: the columns, if the rows
    /// have none yet, and what it takes to sort and to encode a row group. `encoding` returns the bytes for
    /// encoding, given the size of the values and the number of columns.
    pub(crate) fn memory_to_drain(
        &self,
        slot: usize,
        encoding: impl Fn(usize, usize) -> usize,
    ) -> usize {
        let rows = &self.slots[slot].rows;
        let columns = self.row_groups.columns();
        let (size, growth) = if self.options.partitioned {
            let most = self.row_groups.most_bytes(rows.largest());
            let numbers = rows.rows() * columns * size_of::<u64>();
            let size = most.min(rows.memory_size_alone() + numbers);
            (size, (2 * size).saturating_sub(self.buffers()))
        } else {
            (self.row_groups.size(), 0)
        };
        let sorted = if self.options.order.is_empty() {
            0
        } else {
            size
        };
        growth + sorted + encoding(size, columns)
    }

    /// Returns the bytes of the columns if they only have rows during a call. Their memory is kept for the next.
    pub(crate) fn buffers(&self) -> usize {
        match self.options.partitioned {
            true => self.row_groups.kept(),
            false => 0,
        }
    }

    /// Frees the memory that is kept for later row groups.
    pub(crate) fn release_memory(&mut self) {
        self.row_groups.release_memory();
    }

    /// Returns the bytes of memory that the rows take up. This measures every column.
    pub(crate) fn memory_size(&self) -> usize {
        match self.options.partitioned {
            true => self.row_groups.columns() * COLUMN + self.waiting_memory(),
            false => self.row_groups.memory_size() + self.waiting_memory(),
        }
    }

    /// Returns an upper estimate of the bytes of memory that the rows take up, without measuring every
    /// column.
    #[inline]
    pub(crate) fn memory_estimate(&self) -> usize {
        match self.options.partitioned {
            true => self.row_groups.columns() * COLUMN + self.waiting_memory(),
            false => self.row_groups.memory_estimate() + self.waiting_memory(),
        }
    }

    #[inline]
    fn waiting_memory(&self) -> usize {
        let slots = self.slots.len() * SLOT;
        slots + self.waiting_bytes + self.interner.memory_size() + self.interner.table_size()
    }

    /// Makes the estimate exact again, and frees resources and scopes that no row uses any more.
    pub(crate) fn measure(&mut self) {
        self.row_groups.measure();
        self.interner.release_unused();
    }
}

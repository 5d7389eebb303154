//! Gathers rows in columns until there are enough of them for a row group.

use arrow_array::RecordBatch;
use otlake_arrow::{BatchBuilder, BatchError, BatchOptions};
use otlake_row::{Row, RowSink};
use otlake_schema::{DatasetSchema, OverflowCounts, Schema};

/// The size at which a row group is full.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RowGroupLimits {
    pub(crate) rows: usize,
    pub(crate) bytes: usize,
}

/// The bytes of a column without values: its builder, its name, and its entries in the schemas of rows,
/// record batch and file. Measured with 1,000 partitions of 90 columns, as the memory they took up in addition
/// to values and footers.
pub(crate) const COLUMN: usize = 1_280;

/// The columns of the current row group.
#[derive(Debug)]
pub(crate) struct RowGroups {
    builder: BatchBuilder,
    limits: RowGroupLimits,
    /// The estimate at which the row group is measured again.
    review: usize,
    /// The bytes of memory when the columns were last measured, and the estimate of the values at that time.
    measured: (usize, usize),
    /// The version of the dataset and the revision of the schema when the columns were last coerced.
    coerced: Option<(u64, u64)>,
}

impl RowGroups {
    pub(crate) fn new(schema: Schema, options: BatchOptions, limits: RowGroupLimits) -> Self {
        let mut row_groups = Self {
            builder: BatchBuilder::with_options(schema, options),
            limits,
            review: 0,
            measured: (0, 0),
            coerced: None,
        };
        row_groups.schedule_review();
        row_groups
    }

    pub(crate) fn set_limits(&mut self, limits: RowGroupLimits) {
        self.limits = limits;
        self.schedule_review();
    }

    pub(crate) fn schema(&self) -> &Schema {
        self.builder.schema()
    }

    pub(crate) fn rows(&self) -> usize {
        self.builder.rows()
    }

    /// Returns whether the rows must be taken before another one can be pushed.
    #[inline]
    pub(crate) fn is_full(&self) -> bool {
        self.builder.is_full()
    }

    pub(crate) fn overflow_counts(&self) -> OverflowCounts {
        self.builder.overflow_counts()
    }

    /// Returns the bytes of memory of the gathered rows, and of the columns that hold them. This measures every
    /// column.
    pub(crate) fn memory_size(&self) -> usize {
        self.builder.memory_size() + self.columns() * COLUMN
    }

    /// Returns an approximate upper bound of [`Self::memory_size`]. Costs nothing.
    pub(crate) fn memory_estimate(&self) -> usize {
        let (memory, then) = self.measured;
        // Vectors double when they are full.
        memory + 2 * self.upper_estimate().saturating_sub(then)
    }

    /// Measures every column, so that the estimate is exact again.
    pub(crate) fn measure(&mut self) {
        self.measured = (self.memory_size(), self.upper_estimate());
    }

    fn upper_estimate(&self) -> usize {
        let columns = self.columns();
        let numbers = columns * size_of::<u64>();
        self.builder.stored_bytes() + self.builder.rows() * numbers + columns * COLUMN
    }

    /// Returns the bytes of memory that was kept for later row groups when the columns were last measured.
    pub(crate) fn kept(&self) -> usize {
        self.measured.0.saturating_sub(self.columns() * COLUMN)
    }

    /// Returns the number of columns.
    pub(crate) fn columns(&self) -> usize {
        self.builder.schema().columns().len()
    }

    /// Returns the size of the values of the rows in bytes.
    pub(crate) fn size(&self) -> usize {
        self.builder.batch_size()
    }

    /// Returns the largest size in bytes that the values of a row group can have. A row group can exceed its limit
    /// by what rows add between two measurements, and by `row`, the size of the last row.
    pub(crate) fn most_bytes(&self, row: usize) -> usize {
        self.limits
            .bytes
            .saturating_add(self.limits.bytes / 8)
            .saturating_add(row)
    }

    /// Frees the memory that is kept for later row groups.
    pub(crate) fn release_memory(&mut self) {
        self.builder.release_memory();
        self.measure();
    }

    /// Infers columns and types from a row that will be pushed later.
    #[inline]
    pub(crate) fn infer(&mut self, row: &Row<'_>) {
        self.builder.infer(row);
    }

    /// Appends a row and returns whether the row group is full. `room` is how many rows fit the file.
    #[inline]
    pub(crate) fn push(&mut self, row: &mut Row<'_>, room: u64) -> Result<bool, BatchError> {
        match self.builder.row(row) {
            // The row was appended. The value is in the overflow column and counted there.
            Ok(()) | Err(BatchError::ReservedName { .. }) => {}
            Err(error) => return Err(error),
        }
        let rows = self.builder.rows();
        // The last row group of a file is smaller, so that no row group has to be cut.
        if rows >= self.limits.rows || rows as u64 >= room || self.builder.is_full() {
            return Ok(true);
        }
        if self.upper_estimate() < self.review {
            return Ok(false);
        }
        self.schedule_review();
        self.measure();
        // Resource and scope are not counted: the next row group would contain them again, however small
        // it is.
        let own = self
            .builder
            .batch_size()
            .saturating_sub(self.builder.group_bytes());
        Ok(own >= self.limits.bytes)
    }

    /// Returns whether the schema has a column or a name that the dataset has not published.
    pub(crate) fn has_unpublished_changes(&self, dataset: &DatasetSchema) -> bool {
        self.coerced != Some((dataset.version(), self.schema_revision()))
            && self.builder.schema().has_unpublished_changes(dataset)
    }

    /// Coerces the columns to the types that the dataset has published.
    pub(crate) fn coerce(&mut self, dataset: &DatasetSchema) {
        if self.coerced != Some((dataset.version(), self.schema_revision())) {
            self.builder.coerce(dataset);
            self.coerced = Some((dataset.version(), self.schema_revision()));
        }
    }

    /// Takes the rows as a row group, and freezes the types of its columns.
    pub(crate) fn take(&mut self) -> RecordBatch {
        let batch = self.builder.finish_batch();
        self.builder.freeze();
        self.schedule_review();
        batch
    }

    /// Drops the rows. Names and types that were learned from them are kept.
    pub(crate) fn discard(&mut self) {
        if self.builder.rows() > 0 {
            self.builder.finish_batch();
            self.schedule_review();
            self.measure();
        }
    }

    /// Reuses the memory of a row group that was written.
    pub(crate) fn recycle(&mut self, batch: RecordBatch) {
        self.builder.recycle(batch);
        self.measure();
    }

    /// Schedules the next measurement for when the columns may have grown by an eighth of the limit. It is not
    /// done more often because it visits every column.
    fn schedule_review(&mut self) {
        self.review = self.upper_estimate() + self.limits.bytes / 8;
    }

    /// Returns a number that changes whenever a column is added, renamed or lost, or gets a type.
    pub(crate) fn schema_revision(&self) -> u64 {
        self.builder.schema().revision()
    }
}

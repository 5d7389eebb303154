//! Rows to the row groups of a file: gathered until there are enough of them, sorted if wanted.

use arrow_array::RecordBatch;
use otlake_arrow::{BatchBuilder, BatchError, BatchOptions};
use otlake_row::{Row, RowSink};
use otlake_schema::{DatasetSchema, OverflowCounts, Schema};

/// When a row group is full.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RowGroupLimits {
    pub(crate) rows: usize,
    pub(crate) bytes: usize,
}

/// Bytes of a column without values: its builder, its name, its place in the schemas of rows, batch and
/// file. Measured as what 1,000 partitions of 90 columns took up beyond their values and footers.
const COLUMN: usize = 1_280;

/// See the module.
#[derive(Debug)]
pub(crate) struct RowGroups {
    builder: BatchBuilder,
    limits: RowGroupLimits,
    /// The estimate at which the size of the row group is looked at again.
    review: usize,
    /// By how much the size was estimated too high when it was last measured.
    overestimate: usize,
    /// The version of the dataset and the revision of the schema when the columns were last coerced.
    coerced: Option<(u64, u64)>,
}

impl RowGroups {
    pub(crate) fn new(schema: Schema, options: BatchOptions, limits: RowGroupLimits) -> Self {
        let mut row_groups = Self {
            builder: BatchBuilder::with_options(schema, options),
            limits,
            review: 0,
            overestimate: 0,
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

    /// Returns whether no row can be pushed before the rows are taken out.
    #[inline]
    pub(crate) fn is_full(&self) -> bool {
        self.builder.is_full()
    }

    pub(crate) fn overflow_counts(&self) -> OverflowCounts {
        self.builder.overflow_counts()
    }

    /// Bytes of the rows gathered, and of what is kept to gather them.
    pub(crate) fn memory_size(&self) -> usize {
        self.builder.memory_size() + self.builder.schema().columns().len() * COLUMN
    }

    /// At least [`Self::memory_size`], more or less. Costs nothing.
    pub(crate) fn memory_estimate(&self) -> usize {
        self.upper_estimate().saturating_sub(self.overestimate)
    }

    /// Looks at every column, so that the estimate is right again.
    pub(crate) fn measure(&mut self) {
        self.overestimate = self.upper_estimate().saturating_sub(self.memory_size());
    }

    fn upper_estimate(&self) -> usize {
        let columns = self.builder.schema().columns().len();
        let numbers = columns * size_of::<u64>();
        self.builder.stored_bytes() + self.builder.rows() * numbers + columns * COLUMN
    }

    /// Finds the columns and types of a row that is pushed later.
    #[inline]
    pub(crate) fn infer(&mut self, row: &Row<'_>) {
        self.builder.infer(row);
    }

    /// Adds a row and says whether the row group is full; `room` rows fit the file.
    #[inline]
    pub(crate) fn push(&mut self, row: &mut Row<'_>, room: u64) -> Result<bool, BatchError> {
        match self.builder.row(row) {
            // The row was added, with the value in its overflow column, where it is counted.
            Ok(()) | Err(BatchError::ReservedName { .. }) => {}
            Err(error) => return Err(error),
        }
        let rows = self.builder.rows();
        // A file takes its last rows as a smaller row group, rather than a row group being cut.
        if rows >= self.limits.rows || rows as u64 >= room || self.builder.is_full() {
            return Ok(true);
        }
        if self.upper_estimate() < self.review {
            return Ok(false);
        }
        self.schedule_review();
        // What the groups of the row take up would be in the next row group too, however small that is.
        let own = self
            .builder
            .memory_size()
            .saturating_sub(self.builder.group_bytes());
        Ok(own >= self.limits.bytes)
    }

    /// Returns whether the dataset has to be told of a column or a name.
    pub(crate) fn has_unpublished_changes(&self, dataset: &DatasetSchema) -> bool {
        self.coerced != Some((dataset.version(), self.schema_revision()))
            && self.builder.schema().has_unpublished_changes(dataset)
    }

    /// Gives the columns the types that the dataset has published.
    pub(crate) fn coerce(&mut self, dataset: &DatasetSchema) {
        if self.coerced != Some((dataset.version(), self.schema_revision())) {
            self.builder.coerce(dataset);
            self.coerced = Some((dataset.version(), self.schema_revision()));
        }
    }

    /// Takes the rows out as a row group, after which the types of its columns are fixed.
    pub(crate) fn take(&mut self) -> RecordBatch {
        let batch = self.builder.finish_batch();
        self.builder.freeze();
        self.overestimate = 0;
        self.schedule_review();
        batch
    }

    /// Drops the rows. What was learned from them of names and types stays.
    pub(crate) fn discard(&mut self) {
        if self.builder.rows() > 0 {
            self.builder.finish_batch();
            self.overestimate = 0;
            self.schedule_review();
        }
    }

    /// Takes back the memory of a row group that was written.
    pub(crate) fn recycle(&mut self, batch: RecordBatch) {
        self.builder.recycle(batch);
    }

    /// The columns are measured again when they may have grown by an eighth of the limit: measuring looks at
    /// all of them.
    fn schedule_review(&mut self) {
        self.review = self.upper_estimate() + self.limits.bytes / 8;
    }

    /// Returns a number that is another one when columns were added, renamed or lost, or got a type.
    pub(crate) fn schema_revision(&self) -> u64 {
        self.builder.schema().revision()
    }
}

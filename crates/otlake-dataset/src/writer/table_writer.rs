//! Writes one table for one writer: connects the parts.

use std::sync::Arc;
use std::time::Instant;

use arrow_array::RecordBatch;
use otlake_parquet::{Encoder, EncoderError};
use otlake_row::{Group, Row};
use otlake_schema::{DatasetSchema, Schema};

use crate::dataset::Dataset;
use crate::dataset::shared_table::SharedTable;
use crate::error::{LostRows, RowError, StepError, TableSinkError, WriteError};
use crate::files::account::Account;
use crate::files::batch_files::BatchFiles;
use crate::files::column_names::ColumnNames;
use crate::files::{Files, Target};
use crate::gather::row_groups::RowGroupLimits;
use crate::gather::{Gather, GatherOptions, RowGroupSink};
use crate::memory_budget::{MemoryBudget, Share, Use};
use crate::report::TableStats;
use crate::route::Route;
use crate::route::batch_partitions::PartitionColumns;
use crate::writer::part::Part;
use crate::writer::published_types::{AttributeNames, PublishedTypes, find_new};
use crate::writer::row_sizes::RowSizes;

/// Writes the rows of one table to files. Its parts are independent of one another: `route` finds the slot of
/// a row, `gather` keeps the rows of each slot, and `files` has the files of each slot.
#[derive(Debug)]
pub(crate) struct TableWriter {
    dataset: Dataset,
    shared: Arc<SharedTable>,
    route: Route,
    gather: Gather,
    files: Files,
    column_names: ColumnNames,
    memory: CountedMemory,
    /// The types that record batches must have. `None` until the first record batch arrives.
    types: Option<PublishedTypes>,
    /// The attributes that partitions depend on.
    attributes: AttributeNames,
    /// The number of writers for which the size of row groups was chosen.
    writers: usize,
    /// The number of partitions that were opened and of row groups that became full. Each of them makes the
    /// writer begin a row group, with resource and scope again.
    begun: u64,
}

/// The memory of a writer that is counted in the budget.
#[derive(Debug)]
struct CountedMemory {
    rows: Share,
    /// The buffers for encoding, and with partitions the columns.
    buffers: Share,
    /// The number of bytes by which the counted rows may differ from the estimate.
    granule: usize,
}

impl CountedMemory {
    fn new(budget: &Arc<MemoryBudget>) -> Self {
        Self {
            rows: Share::new(budget, Use::Rows),
            buffers: Share::new(budget, Use::Buffers),
            granule: budget.granule(),
        }
    }

    /// Counts the rows anew if the estimate has changed noticeably, and returns whether it has.
    #[inline]
    fn update_rows(&mut self, estimate: usize) -> bool {
        let changed = estimate.abs_diff(self.rows.bytes()) > self.granule;
        if changed {
            self.rows.set(estimate);
        }
        changed
    }
}

/// The outcome of appending a row.
#[must_use]
pub(crate) struct Pushed {
    /// Whether the memory that the rows take up has changed noticeably.
    pub(crate) grown: bool,
    /// The slot of the row, if it has enough rows for a row group.
    pub(crate) full: Option<usize>,
}

/// Passes row groups to the files of a slot.
struct SlotFiles<'a> {
    files: &'a mut Files,
    slot: usize,
    target: Target<'a>,
    budget: &'a MemoryBudget,
}

impl RowGroupSink for SlotFiles<'_> {
    fn room(&self) -> u64 {
        self.files.room(self.slot)
    }

    fn row_group(
        &mut self,
        rows: &RecordBatch,
        size: usize,
        since: Option<Instant>,
    ) -> Result<(), LostRows> {
        let target = self.target.as_deref_mut();
        let encoding = self.budget.encoding_bytes(size, rows.num_columns());
        self.files.write(self.slot, rows, since, encoding, target)
    }
}

impl TableWriter {
    #[cold]
    pub(crate) fn new(
        dataset: &Dataset,
        index: usize,
        account: &Arc<Account>,
    ) -> Result<Self, EncoderError> {
        let options = dataset.options();
        let shared = Arc::clone(dataset.table(index));
        let encoder = Encoder::new(options.writer.clone())?;
        let mut schema = Schema::new(shared.table, options.schema.clone());
        schema.merge(&shared.catalog.current());
        let partitioning = &options.partitioning;
        let partitioner = (!partitioning.is_none()).then(|| partitioning.partitioner(shared.table));
        let cells = partitioner
            .iter()
            .flat_map(|partitioner| partitioner.cells());
        let cells = cells.map(|(location, name)| (location, name.to_owned()));
        let attributes = AttributeNames::new(shared.table, &options.schema, cells);
        let gather = GatherOptions {
            limits: options.row_groups,
            key_limits: options.key_limits,
            order: options.order.clone(),
            partitioned: partitioner.is_some(),
            keeps_age: options.max_age.is_some(),
            field_ids: shared.catalog.is_published(),
        };
        let limits = column_limits(dataset, gather.partitioned);
        let (files, ledger) = (Arc::clone(&shared.files), Arc::clone(&shared.ledger));
        Ok(Self {
            dataset: dataset.clone(),
            route: Route::new(partitioner),
            gather: Gather::new(schema, gather, limits),
            files: Files::new(encoder, files, ledger, Arc::clone(account)),
            column_names: ColumnNames::default(),
            memory: CountedMemory::new(dataset.budget()),
            types: None,
            attributes,
            writers: dataset.budget().writers(),
            begun: 0,
            shared,
        })
    }

    pub(crate) fn schema(&self) -> &Schema {
        self.gather.schema()
    }

    /// Returns how many times a row has opened a partition or filled a row group so far.
    #[inline]
    pub(crate) fn begun(&self) -> u64 {
        self.begun
    }

    pub(crate) fn stats(&self) -> TableStats {
        let counts = self.files.counts();
        TableStats {
            table: self.shared.table,
            rows: counts.rows,
            row_groups: counts.row_groups,
            files: counts.files,
            bytes: counts.bytes,
            encoding: counts.encoding,
            storing: counts.storing,
            overflow: self.gather.overflow_counts(),
        }
    }

    /// Appends a row. If that fills a row group, the caller has to write it.
    #[inline]
    pub(crate) fn row(
        &mut self,
        row: &mut Row<'_>,
        mut target: Target<'_>,
    ) -> Result<Pushed, RowError> {
        // After an error the row is accepted nevertheless, unless the columns are full.
        let mut result = Ok(());
        if self.gather.is_full() {
            result = self.empty_columns(target.as_deref_mut())?;
        }
        let slot = match self.route.find(row) {
            Some(slot) => slot,
            None => {
                let (slot, closed) = self.open(row, target.as_deref_mut());
                result = WriteError::both(result, closed);
                slot
            }
        };
        let mut full = None;
        match self.gather.push(slot, row, self.files.room(slot)) {
            Ok(false) => {}
            Ok(true) => {
                self.begun += 1;
                match result {
                    Ok(()) => full = Some(slot),
                    Err(_) => result = WriteError::both(result, self.write_row_group(slot, target)),
                }
            }
            Err(error) => {
                let lost = LostRows::new("a row group", 1, error);
                result = WriteError::both(result, Err(lost.into()));
            }
        }
        let grown = self.memory.update_rows(self.gather.memory_estimate());
        result?;
        Ok(Pushed { grown, full })
    }

    /// Writes the columns, which are full because an earlier write failed. The inner result counts rows that
    /// are lost.
    #[cold]
    fn empty_columns(
        &mut self,
        mut target: Target<'_>,
    ) -> Result<Result<(), WriteError>, RowError> {
        let mut result = Ok(());
        for slot in 0..self.route.slots() {
            match self.write_row_group(slot, target.as_deref_mut()) {
                Err(WriteError::Publish(error)) => return Err(RowError::Rejected(error)),
                written => result = WriteError::both(result, written),
            }
        }
        Ok(result)
    }

    /// Opens a slot for the partition of a row, and closes another slot if too many are open.
    #[cold]
    fn open(&mut self, row: &Row<'_>, mut target: Target<'_>) -> (usize, Result<(), WriteError>) {
        let mut result = Ok(());
        while self.route.is_partitioned()
            && self.route.slots() >= self.dataset.options().open_partitions
        {
            let closed = self.close_least_recently_used(target.as_deref_mut());
            // The types could not be published. The rows of the slot wait for the next attempt.
            let kept = matches!(closed, Err(WriteError::Publish(_)));
            result = WriteError::both(result, closed);
            if kept {
                break;
            }
        }
        self.begun += 1;
        let (slot, directory, values) = self.route.open(row);
        self.gather.open();
        self.files.open(directory, values);
        (slot, result)
    }

    fn close_least_recently_used(&mut self, target: Target<'_>) -> Result<(), WriteError> {
        let is_open =
            |slot| self.gather.rows(slot) > 0 || self.files.is_open(slot, target.as_deref());
        let Some(slot) = self.route.least_recently_used(is_open) else {
            return Ok(());
        };
        let closed = self.close_slot(slot, target);
        if self.gather.rows(slot) == 0 {
            self.route.remove(slot);
            self.gather.remove(slot);
            self.files.remove(slot);
        }
        closed
    }

    /// Writes the rows of a slot that are in no row group yet.
    pub(crate) fn write_row_group(
        &mut self,
        slot: usize,
        mut target: Target<'_>,
    ) -> Result<(), WriteError> {
        if self.gather.rows(slot) == 0 {
            return Ok(());
        }
        self.publish()?;
        let budget = Arc::clone(self.dataset.budget());
        let memory = self.memory_to_drain(slot);
        let made = self.make_room(slot, memory, target.as_deref_mut());
        let room = budget.reserve(memory + self.files.memory_to_append(slot, target.as_deref()));
        let mut to = SlotFiles {
            files: &mut self.files,
            slot,
            target,
            budget: &budget,
        };
        let drained = self.gather.drain(slot, &mut to);
        let writers = self.dataset.budget().writers();
        if writers != self.writers {
            self.writers = writers;
            let limits = column_limits(&self.dataset, self.route.is_partitioned());
            self.gather.set_column_limits(limits);
        }
        self.count_or_free_buffers();
        drop(room);
        WriteError::both(made, drained.map_err(WriteError::from))
    }

    /// Returns the bytes of memory that it takes to make row groups of the rows of a slot.
    fn memory_to_drain(&self, slot: usize) -> usize {
        let budget = self.dataset.budget();
        let encoding = |size, columns| budget.encoding_bytes(size, columns);
        self.gather.memory_to_drain(slot, encoding)
    }

    /// Returns whether the memory that it takes to write the rows of a slot fits the budget.
    pub(crate) fn fits(&self, slot: usize, target: Option<&BatchFiles>) -> bool {
        !self.dataset.budget().is_limited()
            || self.has_room(slot, self.memory_to_drain(slot), target)
    }

    /// Returns whether the budget has room for `memory` bytes and for a row group that is appended to the file of a
    /// slot.
    fn has_room(&self, slot: usize, memory: usize, target: Option<&BatchFiles>) -> bool {
        let budget = self.dataset.budget();
        budget.fits(memory + self.files.memory_to_append(slot, target))
    }

    /// Makes room for `memory` bytes and for a row group that is appended to the file of a slot. Frees the buffers for
    /// encoding, and then closes the largest files, until the budget has room.
    fn make_room(
        &mut self,
        slot: usize,
        memory: usize,
        mut target: Target<'_>,
    ) -> Result<(), WriteError> {
        if !self.dataset.budget().is_limited() || self.has_room(slot, memory, target.as_deref()) {
            return Ok(());
        }
        self.files.release_memory();
        // Measuring corrects estimates that were too high.
        self.measure();
        let least = self.dataset.budget().least_worth_closing();
        let mut result = Ok(());
        for (bytes, largest) in self.largest_files(target.as_deref_mut()) {
            if bytes < least || self.has_room(slot, memory, target.as_deref()) {
                break;
            }
            let closed = self.close_file(largest, target.as_deref_mut());
            result = WriteError::both(result, closed);
        }
        result
    }

    /// Writes a record batch, as at least one row group for each of its partitions.
    pub(crate) fn record_batch(
        &mut self,
        batch: &RecordBatch,
        mut target: Target<'_>,
    ) -> Result<(), TableSinkError> {
        let batch = self.published_types(batch)?.fit(batch)?;
        let (rows, most) = (batch.num_rows(), self.dataset.budget().rows_at_once());
        let mut result = Ok(());
        for start in (0..rows).step_by(most) {
            let rows = batch.slice(start, most.min(rows - start));
            let written = self.write_rows(&rows, target.as_deref_mut());
            result = TableSinkError::both(result, written);
        }
        result
    }

    /// Writes the rows of a record batch that has the published types.
    fn write_rows(
        &mut self,
        batch: &RecordBatch,
        mut target: Target<'_>,
    ) -> Result<(), TableSinkError> {
        let sizes = self
            .dataset
            .budget()
            .is_limited()
            .then(|| RowSizes::of(batch));
        let Some(mut partitioner) = self.route.partitioner().cloned() else {
            let row = Row::new(self.shared.table.signal(), Group::new(&[]), Group::new(&[]));
            return self.write_part(&row, &Part::All(batch), sizes.as_ref(), target);
        };
        let published = self.shared.catalog.current();
        let columns =
            PartitionColumns::new(batch, self.shared.table, &partitioner, |location, name| {
                self.attributes.column_of(&published, location, name)
            });
        let parts = columns.group(batch.num_rows(), &mut partitioner);
        let mut result = Ok(());
        for numbers in &parts {
            let part = match parts.len() {
                1 => Part::All(batch),
                _ => Part::Some(batch, numbers),
            };
            let written = columns.with_row(numbers[0] as usize, |row| {
                self.write_part(row, &part, sizes.as_ref(), target.as_deref_mut())
            });
            result = TableSinkError::both(result, written);
        }
        result
    }

    /// Returns the types of the published schema, after publishing the new columns of a record batch.
    fn published_types(&mut self, batch: &RecordBatch) -> Result<&PublishedTypes, TableSinkError> {
        // Names from earlier rows are published before names from the batch.
        let mut published = self.publish()?;
        let options = &self.dataset.options().schema;
        let mut found = Schema::from_dataset(&published, options.clone());
        if find_new(batch, &published, &self.attributes, &mut found)? {
            let extended = self.shared.catalog.publish(&found);
            published = extended.map_err(TableSinkError::Publish)?;
        }
        // From here on, files written from rows have these columns too.
        self.gather.coerce(&published);
        let version = published.version();
        let known = self.types.take().filter(|known| known.version() == version);
        let field_ids = self.shared.catalog.is_published();
        let types = known.unwrap_or_else(|| PublishedTypes::new(published, options, field_ids));
        Ok(self.types.insert(types))
    }

    /// Writes the rows of a record batch that are in the partition of `row`.
    fn write_part(
        &mut self,
        row: &Row<'_>,
        part: &Part<'_>,
        sizes: Option<&RowSizes>,
        mut target: Target<'_>,
    ) -> Result<(), TableSinkError> {
        let (slot, opened) = match self.route.find(row) {
            Some(slot) => (slot, Ok(())),
            None => self.open(row, target.as_deref_mut()),
        };
        // Earlier rows of the slot come first in the file.
        let written = self.write_row_group(slot, target.as_deref_mut());
        let mut result = WriteError::both(opened, written);
        self.update_column_names();
        let since = self.dataset.options().max_age.map(|_| Instant::now());
        let budget = Arc::clone(self.dataset.budget());
        let limits = column_limits(&self.dataset, self.route.is_partitioned());
        let (mut start, mut lost) = (0, None);
        while start < part.rows() {
            let end = part.rows().min(start + limits.rows);
            let (rows, size) = match sizes {
                Some(sizes) => sizes.until((start..end).map(|row| part.number(row)), limits.bytes),
                None => (end - start, 0),
            };
            let encoding = budget.encoding_bytes(size, part.columns());
            // The rows are copied if they are not all rows of the batch, and once more if they are sorted.
            let memory = 3 * size + encoding;
            let made = self.make_room(slot, memory, target.as_deref_mut());
            result = WriteError::both(result, made);
            let room =
                budget.reserve(memory + self.files.memory_to_append(slot, target.as_deref()));
            let rows = part.take(start..start + rows)?;
            start += rows.num_rows();
            let rows = self.gather.sorted(&rows);
            let written = self
                .files
                .write(slot, &rows, since, encoding, target.as_deref_mut());
            lost = LostRows::both(lost, written.err());
            self.count_or_free_buffers();
            drop(room);
            result = WriteError::both(result, self.close_largest(target.as_deref_mut()));
        }
        let lost = lost.map_or(Ok(()), |lost| Err(lost.into()));
        Ok(WriteError::both(result, lost)?)
    }

    /// Publishes columns and types that were found in the rows, and coerces the columns to the published
    /// types. This is done before any file has these columns.
    fn publish(&mut self) -> Result<Arc<DatasetSchema>, WriteError> {
        let mut published = self.shared.catalog.current();
        if self.gather.has_unpublished_changes(&published) {
            published = self.shared.catalog.publish(self.gather.schema())?;
        }
        self.gather.coerce(&published);
        self.update_column_names();
        Ok(published)
    }

    fn update_column_names(&mut self) {
        let published = self.shared.catalog.current();
        let names = self.column_names.of(self.gather.schema(), &published);
        self.files.set_key_values(names);
    }

    /// Writes the rows of a slot and closes its file.
    pub(crate) fn close_slot(
        &mut self,
        slot: usize,
        mut target: Target<'_>,
    ) -> Result<(), WriteError> {
        let written = self.write_row_group(slot, target.as_deref_mut());
        WriteError::both(written, self.close_file(slot, target))
    }

    /// Closes the file of a slot. Rows that are in no row group yet go to the next one.
    fn close_file(&mut self, slot: usize, target: Target<'_>) -> Result<(), WriteError> {
        self.update_column_names();
        let budget = Arc::clone(self.dataset.budget());
        let room = budget.reserve(self.files.memory_to_close(slot, target.as_deref()));
        let closed = self.files.close_slot(slot, target);
        self.count_or_free_buffers();
        drop(room);
        Ok(closed?)
    }

    /// Returns the slots and the bytes of memory of their open files, largest first.
    fn largest_files(&self, mut target: Target<'_>) -> Vec<(usize, usize)> {
        let mut files: Vec<(usize, usize)> = (0..self.slots())
            .map(|slot| (self.files.measure(slot, target.as_deref_mut()), slot))
            .collect();
        files.sort_unstable_by(|a, b| b.cmp(a));
        files
    }

    /// Closes the largest files while the budget is used up, between the row groups of one record batch.
    fn close_largest(&mut self, mut target: Target<'_>) -> Result<(), WriteError> {
        let budget = Arc::clone(self.dataset.budget());
        let mut result = Ok(());
        if !budget.is_used_up() {
            return result;
        }
        for (_, slot) in self.largest_files(target.as_deref_mut()) {
            if budget.used_by_rows_and_files() <= budget.for_rows_and_files() / 8 * 7 {
                break;
            }
            let closed = self.close_slot(slot, target.as_deref_mut());
            result = WriteError::both(result, closed);
        }
        result
    }

    /// Closes the files whose first row arrived at `time` or before. Outside a batch, this includes files that
    /// only other writers have written to.
    pub(crate) fn close_older_than(
        &mut self,
        time: Instant,
        mut target: Target<'_>,
    ) -> Result<(), WriteError> {
        let is_old = |since: Option<Instant>| since.is_some_and(|since| since <= time);
        let mut result = Ok(());
        for slot in 0..self.route.slots() {
            if is_old(self.gather.since(slot)) || is_old(self.files.since(slot, target.as_deref()))
            {
                let closed = self.close_slot(slot, target.as_deref_mut());
                result = WriteError::both(result, closed);
            }
        }
        if target.is_none() {
            self.update_column_names();
            let closed = self.files.close_older_than(time);
            result = WriteError::both(result, closed.map_err(WriteError::from));
        }
        self.set_memory();
        result
    }

    /// Forgets how full the open files are, because the next rows go to other files.
    pub(crate) fn forget_open(&mut self) {
        self.files.forget_open();
    }

    /// Drops all rows.
    pub(crate) fn discard(&mut self) {
        self.gather.discard();
        self.files.forget_open();
        self.set_memory();
    }

    /// Returns the number of slots.
    pub(crate) fn slots(&self) -> usize {
        self.route.slots()
    }

    /// Returns the number of partitions that have rows or files of this writer.
    pub(crate) fn open_partitions(&self, batch: Option<&BatchFiles>) -> usize {
        (0..self.route.slots())
            .filter(|slot| self.gather.rows(*slot) > 0 || self.files.is_open(*slot, batch))
            .count()
    }

    /// Returns the bytes that the rows of a slot take up.
    pub(crate) fn waiting_bytes(&self, slot: usize) -> usize {
        self.gather.bytes(slot)
    }

    /// Measures the open file of a slot and returns the bytes of memory that it takes up.
    pub(crate) fn measure_file(&self, slot: usize, target: Target<'_>) -> usize {
        self.files.measure(slot, target)
    }

    /// Frees the memory that is kept for later row groups.
    pub(crate) fn release_memory(&mut self) {
        self.gather.release_memory();
        self.files.release_memory();
        self.set_memory();
    }

    /// Measures the rows, so that the estimate of their memory is exact again.
    pub(crate) fn measure(&mut self) {
        self.gather.measure();
        self.set_memory();
    }

    /// Counts the buffers that were used for encoding, or frees them if memory is short.
    fn count_or_free_buffers(&mut self) {
        self.set_memory();
        if self.dataset.budget().is_short() {
            self.files.release_memory();
            self.set_memory();
        }
    }

    fn set_memory(&mut self) {
        let buffers = self.gather.buffers() + self.files.memory_of_encoder();
        self.memory.rows.set(self.gather.memory_estimate());
        self.memory.buffers.set(buffers);
    }

    /// Returns the bytes that rows take up. This measures every column.
    pub(crate) fn memory_size(&self) -> usize {
        self.gather.memory_size() + self.memory.buffers.bytes()
    }

    /// Returns the bytes that are counted for rows in the budget.
    #[inline]
    pub(crate) fn memory_counted(&self) -> usize {
        self.memory.rows.bytes()
    }
}

/// Returns the limits at which the columns of a row group are full.
fn column_limits(dataset: &Dataset, partitioned: bool) -> RowGroupLimits {
    let options = dataset.options();
    let RowGroupLimits { rows, bytes } = options.row_groups;
    let sorted = !options.order.is_empty();
    RowGroupLimits {
        rows,
        bytes: dataset.budget().row_group_bytes(bytes, partitioned, sorted),
    }
}

//! The part of a dataset that belongs to one worker. It accepts the rows of all signals.
//!
//! ```text
//!                       ┌──────────── TableWriter, one per table ────────────┐
//!  Row ──▶ which table? │ Route: which slot? ──▶ Gather: rows ──▶ row group  │ ──▶ Files ──▶ Commit
//!                       └─────────────────────────────────────────────────────┘
//! ```

pub(crate) mod input_budget;
mod part;
pub(crate) mod published_types;
mod row_sizes;
pub(crate) mod table_sink;
pub(crate) mod table_writer;

use std::cmp::Reverse;
use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use arrow_array::RecordBatch;
use otlake_parquet::EncoderError;
use otlake_row::{Row, RowSink};
use otlake_schema::{Schema, Table};

use crate::commit::batch_state::{BatchStart, BatchState, OpenBatch};
use crate::dataset::{Dataset, TableReport, index_of};
use crate::error::{
    BeginBatchError, FinishBatchError, FlushError, RowError, StepError, TableSinkError, WriteError,
};
use crate::files::Target;
use crate::files::account::Account;
use crate::files::batch_id::BatchId;
use crate::report::TableStats;
use crate::writer::input_budget::{InputUsage, RejectedRows};
use crate::writer::table_sink::TableSink;
use crate::writer::table_writer::{Pushed, TableWriter};

/// Writes to a [`Dataset`], for one thread: rows as a [`RowSink`], record batches through
/// [`table`](Self::table).
///
/// A writer gathers rows into row groups, infers their columns, and encodes them on the caller's thread.
/// Outside a batch, row groups are appended to the open file of their partition, which all writers of the
/// dataset share. In a batch, a writer has files of its own.
///
/// # Types
///
/// Types may widen while the first row group is gathered. When it is written, they are published: later
/// row groups and files may have more columns, but no column changes its type, and a value that does
/// not fit goes to the overflow column. This holds for all writers of the dataset, and across processes if
/// it was [opened](crate::DatasetBuilder::open) with documents.
///
/// # Partitions
///
/// With a [`Partitioning`](crate::Partitioning) each row goes to a file in the directory of its
/// partition. The rows of a partition wait, packed in a [`RowBuffer`](crate::RowBuffer), until there are
/// enough of them for a row group. Types are inferred when rows arrive, for all partitions together.
/// Without partitions, rows become columns at once.
///
/// # Losing rows
///
/// Rows that are in no visible file are lost when a writer is dropped: [flush](Self::flush) it, or
/// [write its row groups](Self::write_row_groups) and flush the dataset.
///
/// # Example
///
/// The loop of a worker:
///
/// ```
/// use std::sync::Arc;
/// use std::time::{Duration, Instant};
///
/// use otlake_dataset::{BatchId, BatchStart, Dataset, DatasetWriter};
/// use otlake_row::{Group, Row, RowSink, Signal, Value, fields};
/// use otlake_schema::Table;
/// use otlake_storage::InMemoryStorage;
///
/// fn write(writer: &mut DatasetWriter, body: &str) -> Result<(), otlake_dataset::RowError> {
///     let mut row = Row::new(Signal::Logs, Group::new(&[]), Group::new(&[]));
///     row.push(fields::BODY, Value::String(body));
///     writer.row(&mut row)
/// }
///
/// let storage = InMemoryStorage::new();
/// let dataset = Dataset::builder().max_age(Duration::from_secs(60)).open(Arc::new(storage.clone()))?;
/// let mut writer = dataset.writer();
///
/// // Rows become visible with a flush, or when their file is a minute old and the clock ticks.
/// write(&mut writer, "started")?;
/// writer.tick(Instant::now())?;
/// assert!(writer.memory_size() > 0);
/// assert!(writer.schema(Table::Logs).is_some());
/// assert_eq!(writer.open_partitions(), 1);
/// writer.flush()?;
/// assert_eq!(writer.open_partitions(), 0);
///
/// // The rows of a batch become visible together, or not at all.
/// let batch = BatchId::new("orders-3", 17)?;
/// assert_eq!(writer.begin_batch(&batch)?, BatchStart::Begun);
/// write(&mut writer, "half of it")?;
/// writer.discard_batch(); // the rest could not be read
/// assert_eq!(writer.begin_batch(&batch)?, BatchStart::Begun);
/// write(&mut writer, "all of it")?;
/// writer.finish_batch()?;
/// assert_eq!(writer.begin_batch(&batch)?, BatchStart::AlreadyFinished);
///
/// // Another part of the program needs the memory.
/// writer.release_memory(0)?;
/// let rows: u64 = writer.stats().iter().map(|table| table.rows).sum();
/// assert_eq!(rows, 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct DatasetWriter {
    dataset: Dataset,
    account: Arc<Account>,
    /// The writers of tables, in the order of [`Table::ALL`]. Each is created when its first row arrives.
    tables: [Option<Box<TableWriter>>; Table::ALL.len()],
    batch: BatchState,
    input: InputUsage,
}

impl DatasetWriter {
    pub(crate) fn new(dataset: Dataset) -> Self {
        dataset.budget().add_writer();
        Self {
            dataset,
            account: Arc::default(),
            tables: Default::default(),
            batch: BatchState::Idle,
            input: InputUsage::NONE,
        }
    }

    /// Returns the dataset.
    pub fn dataset(&self) -> &Dataset {
        &self.dataset
    }

    /// Returns a sink for record batches of one table.
    pub fn table(&mut self, table: Table) -> TableSink<'_> {
        TableSink::new(self, index_of(table))
    }

    /// Begins an input of this size in bytes, such as a payload. The rows until
    /// [`end_input`](Self::end_input) share the [budget](crate::DatasetBuilder::input_budget) of one input.
    /// Rows outside of inputs are not limited.
    pub fn begin_input(&mut self, bytes: usize) {
        self.input = InputUsage::new(self.dataset.options().input_budget, bytes);
    }

    /// Ends the input and returns how many of its rows were rejected, if any were. They are not written,
    /// although [`row`](RowSink::row) has returned `Ok` for them.
    #[must_use = "rejected rows are not written"]
    pub fn end_input(&mut self) -> Option<RejectedRows> {
        std::mem::replace(&mut self.input, InputUsage::NONE).rejected()
    }

    /// Begins a batch, or finds that an earlier attempt has already finished it: see [`BatchStart`]. The identity has
    /// to be the same for each attempt; see [`BatchId`]. Earlier rows are flushed first. A batch that is still open is
    /// abandoned: its rows are dropped, except those in closed files, which a retry of that batch deletes.
    ///
    /// The names of the files begin with the identity. With documents, each attempt has names of its own, so that it
    /// can't overwrite the files of another one. Without documents, an attempt overwrites the files of the previous one.
    ///
    /// # Errors
    ///
    /// Returns an error if the earlier rows can't be flushed (see [`Self::flush`]), or if the commit target can't
    /// say whether the batch is finished. No batch is open then.
    pub fn begin_batch(&mut self, batch: &BatchId) -> Result<BatchStart, BeginBatchError> {
        self.discard_batch();
        self.flush()?;
        if self.is_finished(batch).map_err(|source| {
            let batch = batch.clone();
            BeginBatchError::Unknown { batch, source }
        })? {
            self.batch = BatchState::Skipped;
            return Ok(BatchStart::AlreadyFinished);
        }
        self.batch = BatchState::Open(OpenBatch {
            id: batch.clone(),
            files: self.dataset.batch_files(batch),
        });
        // The batch has no files yet, however full the shared ones are.
        self.opened().for_each(|(_, table)| table.forget_open());
        Ok(BatchStart::Begun)
    }

    fn is_finished(&self, batch: &BatchId) -> Result<bool, Box<dyn Error + Send + Sync>> {
        match self.dataset.table(0).ledger.target() {
            Some(commit) => commit.is_finished(batch),
            None => Ok(false),
        }
    }

    /// Finishes the batch: closes its files, commits them, and deletes those of other attempts. If another attempt
    /// has committed the batch in the meantime, the files of this one are deleted instead. When this returns without
    /// an error, the rows of the batch are visible exactly once, however many attempts it took.
    ///
    /// Deleting needs a dataset with documents. Without them, an attempt that splits its rows differently from
    /// the previous one, for example because of other options, may leave rows of that one visible.
    ///
    /// # Errors
    ///
    /// Returns an error if no batch is open, if a call since [`Self::begin_batch`] has failed, or if
    /// files can't be written, deleted or committed. No batch is open afterwards: its rows that are in
    /// no closed file are dropped, and it has to be repeated from [`Self::begin_batch`] on.
    pub fn finish_batch(&mut self) -> Result<(), FinishBatchError> {
        let result = match &self.batch {
            BatchState::Idle => return Err(FinishBatchError::NoBatch),
            BatchState::Skipped => {
                self.batch = BatchState::Idle;
                return Ok(());
            }
            BatchState::Failed(_) => Err(FinishBatchError::Incomplete),
            BatchState::Open(_) => self.close_all().map_err(FinishBatchError::from),
        };
        let result = result.and_then(|()| self.commit_batch());
        match result {
            Ok(()) => {
                self.batch = BatchState::Idle;
                self.opened().for_each(|(_, table)| table.forget_open());
            }
            Err(_) => self.abandon(),
        }
        result
    }

    fn commit_batch(&mut self) -> Result<(), FinishBatchError> {
        let BatchState::Open(OpenBatch { id, files }) = &mut self.batch else {
            return Ok(());
        };
        let record = |source| {
            let batch = id.clone();
            FinishBatchError::Record { batch, source }
        };
        let target = self.dataset.table(0).ledger.target();
        // Another attempt may have finished the batch while this one was slow, and its manifests may be gone.
        if let Some(target) = target
            && target.is_finished(id).map_err(record)?
        {
            for (index, files) in files.iter().enumerate() {
                let deleted = self.dataset.table(index).delete_own(files);
                deleted.map_err(FinishBatchError::Leftovers)?;
            }
            return Ok(());
        }
        for (index, files) in files.iter_mut().enumerate() {
            self.dataset.table(index).finish_batch(id, files)?;
        }
        match target {
            Some(target) => target.finish(id).map_err(record),
            None => Ok(()),
        }
    }

    /// Abandons the open batch, if there is one: drops its rows, except those in closed files, which a retry
    /// of the batch deletes. Later rows belong to no batch.
    pub fn discard_batch(&mut self) {
        match self.batch {
            BatchState::Idle => {}
            BatchState::Skipped => self.batch = BatchState::Idle,
            BatchState::Open(_) | BatchState::Failed(_) => self.abandon(),
        }
    }

    /// Drops the rows of the batch that are in no closed file. Otherwise they would go to later files, and be
    /// visible twice once the batch is repeated.
    fn abandon(&mut self) {
        self.batch = BatchState::Idle;
        self.opened().for_each(|(_, table)| table.discard());
    }

    /// Writes the rows gathered so far, closes all files that have rows of this writer, so that all of its
    /// rows are visible, and commits the files. In a batch, this closes the files of the batch, which are
    /// committed when the batch is finished.
    ///
    /// # Errors
    ///
    /// Returns the first error, with the number of rows lost by all errors together. The files of other
    /// partitions are still closed. A file that can't be written is dropped, with its rows.
    pub fn flush(&mut self) -> Result<(), FlushError> {
        let closed = self.close_all();
        let closed = self.noted(closed).map_err(FlushError::from);
        FlushError::both(closed, self.settle_and_commit())
    }

    /// Closes the files whose first row is older than [`max_age`](crate::DatasetBuilder::max_age). Call it
    /// about every second, also when no rows arrive. Outside a batch it also closes files that other writers
    /// have written to, but it doesn't write the rows that they are gathering.
    ///
    /// # Errors
    ///
    /// Returns an error as [`Self::flush`] does.
    pub fn tick(&mut self, now: Instant) -> Result<(), FlushError> {
        let Some(max_age) = self.dataset.options().max_age else {
            return Ok(());
        };
        let mut closed = Ok(());
        if let Some(time) = now.checked_sub(max_age) {
            closed = self.for_all(|table, target| table.close_older_than(time, target));
        }
        let closed = self.noted(closed).map_err(FlushError::from);
        FlushError::both(closed, self.settle_and_commit())
    }

    /// Writes the rows gathered so far as row groups, and leaves files open. The rows become visible when
    /// a writer or [`Dataset::flush`] closes the files.
    ///
    /// # Errors
    ///
    /// Returns an error as [`Self::flush`] does.
    pub fn write_row_groups(&mut self) -> Result<(), FlushError> {
        let written = self.for_all_slots(TableWriter::write_row_group);
        Ok(self.noted(written)?)
    }

    /// Returns the work of this writer so far, for the tables that it has written rows of.
    pub fn stats(&self) -> Vec<TableStats> {
        let tables = self.tables.iter().flatten();
        tables.map(|table| table.stats()).collect()
    }

    /// Returns the files of the dataset that became visible since the last report, for the tables that have
    /// any and for the tables that this writer has written rows of.
    pub fn report(&mut self) -> Vec<TableReport> {
        let mut reports = Vec::new();
        for (index, table) in Table::ALL.into_iter().enumerate() {
            let mut report = self.dataset.table(index).report(table);
            let writer = self.tables[index].as_ref();
            if let Some(writer) = writer {
                report.overflow = writer.stats().overflow;
            }
            if writer.is_some() || !report.files.is_empty() || report.omitted_files > 0 {
                reports.push(report);
            }
        }
        reports
    }

    /// Returns the columns of a table that this writer has found so far, or `None` if it has written no row of
    /// the table.
    pub fn schema(&self, table: Table) -> Option<&Schema> {
        let writer = self.tables[index_of(table)].as_ref()?;
        Some(writer.schema())
    }

    /// Returns the number of partitions that have rows or open files of this writer, over all tables.
    pub fn open_partitions(&self) -> usize {
        let tables = self.tables.iter().enumerate();
        let open = tables.map(|(index, table)| {
            let batch = self.batch.files(index);
            table
                .as_ref()
                .map_or(0, |table| table.open_partitions(batch))
        });
        open.sum()
    }

    /// Returns the bytes of memory that the rows and buffers of this writer and the files of the dataset take
    /// up. This measures every column.
    pub fn memory_size(&self) -> usize {
        let tables = self.tables.iter().flatten();
        let rows: usize = tables.map(|table| table.memory_size()).sum();
        rows + self.dataset.budget().used_by_files()
    }

    /// Writes row groups early, and closes files, until the dataset takes up `target` bytes of memory at
    /// most, or this writer has nothing left to write.
    ///
    /// # Errors
    ///
    /// Returns an error as [`Self::flush`] does.
    pub fn release_memory(&mut self, target: usize) -> Result<(), FlushError> {
        let released = self.try_release_memory(target, None);
        Ok(self.noted(released)?)
    }

    /// Releases memory; `busy` is the table that needs its buffers again soon.
    fn try_release_memory(&mut self, target: usize, busy: Option<usize>) -> Result<(), WriteError> {
        let budget = Arc::clone(self.dataset.budget());
        for (index, table) in self.opened() {
            if budget.used() > target && busy.is_some_and(|busy| busy != index) {
                table.release_memory();
            }
        }
        let mut slots = Vec::new();
        let tables = self.tables.iter_mut().enumerate();
        for (index, table) in tables.filter_map(|(index, table)| Some((index, table.as_mut()?))) {
            table.measure();
            for slot in 0..table.slots() {
                table.measure_file(slot, self.batch.target(index));
                slots.push((table.waiting_bytes(slot), index, slot));
            }
        }
        let mut result = Ok(());
        for (bytes, index, slot) in largest_first(slots.clone()) {
            if budget.used() <= target {
                return result;
            }
            self.free_other_buffers(index, slot);
            let Some(table) = &mut self.tables[index] else {
                continue;
            };
            let mut written = table.write_row_group(slot, self.batch.target(index));
            // Every row group adds metadata to its file. It may take up more memory than the rows did,
            // and would leave too little for later rows. The file is closed now, because the slot has
            // no rows left to write.
            let file = table.measure_file(slot, self.batch.target(index));
            if budget.used_by_files() > target / 2 || file >= bytes {
                let closed = table.close_slot(slot, self.batch.target(index));
                written = WriteError::both(written, closed);
            }
            result = WriteError::both(result, written);
        }
        // The rows are written, so the remaining memory is taken up by open files.
        for (bytes, index, slot) in &mut slots {
            if let Some(table) = &self.tables[*index] {
                *bytes = table.measure_file(*slot, self.batch.target(*index));
            }
        }
        for (_, index, slot) in largest_first(slots) {
            if budget.used() <= target {
                return result;
            }
            if let Some(table) = &mut self.tables[index] {
                let closed = table.close_slot(slot, self.batch.target(index));
                result = WriteError::both(result, closed);
            }
        }
        // What is left are summaries of files that wait for a commit, and buffers.
        for index in 0..self.tables.len() {
            self.dataset.table(index).commit_if_many();
        }
        for (_, table) in self.opened() {
            if budget.used() > target {
                table.release_memory();
            }
        }
        result
    }

    /// Releases memory when the budget is used up by rows of the table with this index.
    #[cold]
    fn shed(&mut self, index: usize) -> Result<(), WriteError> {
        let budget = Arc::clone(self.dataset.budget());
        // Measuring corrects estimates that were too high.
        self.opened().for_each(|(_, table)| table.measure());
        let (own, used) = (self.memory_counted(), budget.used_by_rows_and_files());
        // Freeing an eighth lasts for a while, and still leaves the other partitions long row groups.
        let most = budget.for_rows_and_files();
        let over = used.saturating_sub(most - most / 8);
        let fair = budget.for_rows_of_a_writer();
        let over_fair = own.saturating_sub(fair - fair / 8);
        let over = match used >= most {
            true => over,
            false if own >= fair => over_fair,
            false => return Ok(()),
        };
        self.try_release_memory(budget.used().saturating_sub(over), Some(index))
    }

    /// Returns the bytes that are counted for this writer's rows in the budget.
    fn memory_counted(&self) -> usize {
        let tables = self.tables.iter().flatten();
        tables.map(|table| table.memory_counted()).sum()
    }

    fn close_all(&mut self) -> Result<(), WriteError> {
        self.for_all_slots(TableWriter::close_slot)
    }

    /// Waits for other writers to close files with rows of this writer, and commits the visible files.
    fn settle_and_commit(&mut self) -> Result<(), FlushError> {
        let mut result = self.account.settle().map_err(FlushError::from);
        // The files of a batch are committed when it is finished.
        if !self.batch.is_open() {
            for index in 0..self.tables.len() {
                let committed = self.dataset.table(index).commit();
                result = FlushError::both(result, committed.map_err(FlushError::from));
            }
        }
        result
    }

    /// Calls `act` for all tables, even if it fails for some of them.
    fn for_all(
        &mut self,
        mut act: impl FnMut(&mut TableWriter, Target<'_>) -> Result<(), WriteError>,
    ) -> Result<(), WriteError> {
        let mut result = Ok(());
        for (index, table) in self.tables.iter_mut().enumerate() {
            if let Some(table) = table {
                let acted = act(table, self.batch.target(index));
                result = WriteError::both(result, acted);
            }
        }
        result
    }

    /// Calls `act`, which writes the rows of a slot, for all slots, even if it fails for some of them.
    fn for_all_slots(
        &mut self,
        mut act: impl FnMut(&mut TableWriter, usize, Target<'_>) -> Result<(), WriteError>,
    ) -> Result<(), WriteError> {
        let mut result = Ok(());
        for index in 0..self.tables.len() {
            let slots = self.tables[index].as_ref().map_or(0, |table| table.slots());
            for slot in 0..slots {
                self.free_other_buffers(index, slot);
                if let Some(table) = &mut self.tables[index] {
                    let acted = act(table, slot, self.batch.target(index));
                    result = WriteError::both(result, acted);
                }
            }
        }
        result
    }

    fn opened(&mut self) -> impl Iterator<Item = (usize, &mut TableWriter)> {
        let tables = self.tables.iter_mut().enumerate();
        tables.filter_map(|(index, table)| Some((index, table.as_deref_mut()?)))
    }

    #[cold]
    fn open_table(&mut self, index: usize) -> Result<(), EncoderError> {
        let table = TableWriter::new(&self.dataset, index, &self.account)?;
        self.tables[index] = Some(Box::new(table));
        Ok(())
    }

    #[inline]
    fn try_row(&mut self, row: &mut Row<'_>) -> Result<(), RowError> {
        if self.batch.is_skipped() {
            return Ok(());
        }
        if self.input.is_used_up() {
            self.input.reject();
            return Ok(());
        }
        let index = self.dataset.table_of(row);
        if self.tables[index].is_none() {
            self.open_table(index)?;
        }
        if let Some(table) = &mut self.tables[index] {
            let begun = table.begun();
            let pushed = table.row(row, self.batch.target(index));
            let begun = table.begun() - begun;
            if begun > 0 {
                let columns = table.schema().columns().len();
                self.input.repeat(begun, row, columns);
            }
            let Pushed { grown, full } = pushed?;
            if let Some(slot) = full {
                self.write_full(index, slot)?;
            } else if grown
                && (self.dataset.budget().is_used_up()
                    || table.memory_counted() >= self.dataset.budget().for_rows_of_a_writer())
            {
                let columns = table.schema().columns().len();
                let written = self.row_groups();
                let shed = self.shed(index);
                self.input.repeat(self.row_groups() - written, row, columns);
                shed?;
            }
        }
        Ok(())
    }

    /// Writes the rows of a slot that has enough for a row group.
    fn write_full(&mut self, index: usize, slot: usize) -> Result<(), WriteError> {
        self.free_other_buffers(index, slot);
        match &mut self.tables[index] {
            Some(table) => table.write_row_group(slot, self.batch.target(index)),
            None => Ok(()),
        }
    }

    /// Frees the buffers of the other tables if the rows of a slot can't be written otherwise.
    fn free_other_buffers(&mut self, index: usize, slot: usize) {
        let Some(table) = &mut self.tables[index] else {
            return;
        };
        if table.fits(slot, self.batch.files(index)) {
            return;
        }
        // Measuring corrects estimates that were too high.
        table.measure();
        for other in 0..self.tables.len() {
            let table = self.tables[index].as_ref();
            if table.is_none_or(|table| table.fits(slot, self.batch.files(index))) {
                return;
            }
            if let Some(table) = self.tables[other].as_mut().filter(|_| other != index) {
                table.release_memory();
            }
        }
    }

    /// Returns the number of row groups that were written so far.
    fn row_groups(&self) -> u64 {
        let tables = self.tables.iter().flatten();
        tables.map(|table| table.stats().row_groups).sum()
    }

    /// Writes a record batch to a table.
    pub(crate) fn record_batch(
        &mut self,
        index: usize,
        batch: &RecordBatch,
    ) -> Result<(), TableSinkError> {
        let result = self.try_record_batch(index, batch);
        self.noted(result)
    }

    fn try_record_batch(
        &mut self,
        index: usize,
        batch: &RecordBatch,
    ) -> Result<(), TableSinkError> {
        if self.batch.is_skipped() {
            return Ok(());
        }
        let table = Table::ALL[index];
        if !self.dataset.options().writes(table) {
            return Err(TableSinkError::NoTable {
                table: table.name(),
            });
        }
        if self.tables[index].is_none() {
            self.open_table(index)?;
        }
        if let Some(table) = &mut self.tables[index] {
            table.record_batch(batch, self.batch.target(index))?;
            if self.dataset.budget().is_used_up() {
                self.shed(index)?;
            }
        }
        Ok(())
    }

    /// Records in the open batch that a call has failed.
    fn noted<T, E>(&mut self, result: Result<T, E>) -> Result<T, E> {
        if result.is_err() {
            self.batch.fail();
        }
        result
    }
}

/// Returns the entries with a size above 0, largest first.
fn largest_first(
    mut sizes: Vec<(usize, usize, usize)>,
) -> impl Iterator<Item = (usize, usize, usize)> {
    sizes.retain(|(size, ..)| *size > 0);
    sizes.sort_unstable_by_key(|(size, ..)| Reverse(*size));
    sizes.into_iter()
}

impl RowSink for DatasetWriter {
    type Error = RowError;

    /// Writes a row.
    ///
    /// # Errors
    ///
    /// Returns an error if a row group or a file can't be written, either because it is full or to release
    /// memory. The error says how many rows are lost, and whether this row was accepted.
    #[inline]
    fn row(&mut self, row: &mut Row<'_>) -> Result<(), RowError> {
        let result = self.try_row(row);
        self.noted(result)
    }

    /// Flushes the writer; see [`DatasetWriter::flush`].
    fn finish(&mut self) -> Result<(), RowError> {
        Ok(self.flush()?)
    }
}

impl Drop for DatasetWriter {
    fn drop(&mut self) {
        self.dataset.budget().remove_writer();
    }
}

impl fmt::Debug for DatasetWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DatasetWriter")
            .field("dataset", &self.dataset)
            .field("batch", &self.batch)
            .field("tables", &self.tables.iter().flatten().count())
            .finish_non_exhaustive()
    }
}

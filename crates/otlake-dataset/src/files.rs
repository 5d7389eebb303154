//! Writes row groups to files, and rolls the files.
//!
//! ```text
//!                         outside a batch: SharedFiles, one open file per partition for all writers
//!  RecordBatch ──▶ Files ─┤
//!                         inside a batch:  BatchFiles, files of its own, named after the batch
//! ```

pub(crate) mod account;
pub(crate) mod batch_files;
pub(crate) mod batch_id;
pub(crate) mod column_names;
pub(crate) mod file_names;
pub(crate) mod open_file;
pub(crate) mod read_ahead;
pub(crate) mod rolling_sink;
pub(crate) mod shared_files;

use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow_array::RecordBatch;
use otlake_parquet::Encoder;

use crate::commit::ledger::Ledger;
use crate::error::LostRows;
use crate::files::account::Account;
use crate::files::batch_files::{BatchFiles, ClosedFile};
use crate::files::open_file::{
    ClosingFile, NewRowGroup, NewRows, OpenFile, PartitionValues, append,
};
use crate::files::shared_files::{SharedFiles, SharedPartition};

/// The destination of row groups: the files that all writers share, or those of an open batch.
pub(crate) type Target<'a> = Option<&'a mut BatchFiles>;

/// The files of one table that one writer writes to.
#[derive(Debug)]
pub(crate) struct Files {
    encoder: Encoder,
    shared: Arc<SharedFiles>,
    ledger: Arc<Ledger>,
    account: Arc<Account>,
    slots: Vec<Slot>,
    key_values: Arc<[(String, String)]>,
    counts: FileCounts,
}

/// A partition that the writer has open.
#[derive(Debug)]
struct Slot {
    partition: Arc<SharedPartition>,
    /// The number of rows that still fit the open file, as of the last write of this writer. Other writers
    /// may have filled the file since.
    room: u64,
}

/// The work of one writer on the files of a table so far.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct FileCounts {
    pub(crate) rows: u64,
    pub(crate) row_groups: u64,
    pub(crate) files: u64,
    pub(crate) bytes: u64,
    pub(crate) encoding: Duration,
    pub(crate) storing: Duration,
}

impl Files {
    pub(crate) fn new(
        encoder: Encoder,
        shared: Arc<SharedFiles>,
        ledger: Arc<Ledger>,
        account: Arc<Account>,
    ) -> Self {
        Self {
            encoder,
            shared,
            ledger,
            account,
            slots: Vec::new(),
            key_values: Arc::default(),
            counts: FileCounts::default(),
        }
    }

    pub(crate) fn counts(&self) -> FileCounts {
        self.counts
    }

    /// Sets the key-value metadata of the files that are closed from here on.
    pub(crate) fn set_key_values(&mut self, key_values: Arc<[(String, String)]>) {
        self.key_values = key_values;
    }

    /// Opens the next slot, for a partition.
    pub(crate) fn open(&mut self, directory: String, values: PartitionValues) {
        self.slots.push(Slot {
            partition: self.shared.partition(directory, values),
            room: self.encoder.options().rows_per_file(),
        });
    }

    /// Removes a slot. The last slot takes its number.
    pub(crate) fn remove(&mut self, slot: usize) {
        self.shared.release(self.slots.swap_remove(slot).partition);
    }

    /// Returns how many more rows fit the open file of a slot.
    #[inline]
    pub(crate) fn room(&self, slot: usize) -> u64 {
        self.slots[slot].room
    }

    /// Returns whether a slot has an open file with rows of this writer.
    pub(crate) fn is_open(&self, slot: usize, target: Option<&BatchFiles>) -> bool {
        let partition = &self.slots[slot].partition;
        match target {
            Some(batch) => batch.open(&partition.directory).is_some(),
            None => {
                let open = partition.lock();
                open.as_ref()
                    .is_some_and(|open| open.has_rows_of(&self.account))
            }
        }
    }

    /// Returns when the first row in the open file of a slot arrived.
    pub(crate) fn since(&self, slot: usize, target: Option<&BatchFiles>) -> Option<Instant> {
        let partition = &self.slots[slot].partition;
        match target {
            Some(batch) => batch.open(&partition.directory)?.since(),
            None => partition.lock().as_ref()?.since(),
        }
    }

    /// Forgets how full the open files are, because their batch was abandoned.
    pub(crate) fn forget_open(&mut self) {
        let room = self.encoder.options().rows_per_file();
        self.slots.iter_mut().for_each(|slot| slot.room = room);
    }

    /// Measures the open file of a slot and returns the bytes of memory that it takes up.
    pub(crate) fn measure(&self, slot: usize, target: Target<'_>) -> usize {
        let partition = &self.slots[slot].partition;
        match target {
            Some(batch) => batch.measure(&partition.directory),
            None => partition.lock().as_mut().map_or(0, |open| open.measure()),
        }
    }

    /// Returns the bytes of memory, other than those for encoding, that it takes to append a row group to the open
    /// file of a slot and then to close the file.
    pub(crate) fn memory_to_append(&self, slot: usize, target: Option<&BatchFiles>) -> usize {
        let partition = &self.slots[slot].partition;
        let of = |open: Option<&OpenFile>| open.map_or(0, OpenFile::memory_to_append);
        match target {
            Some(batch) => of(batch.open(&partition.directory)),
            None => of(partition.lock().as_ref()),
        }
    }

    /// Returns the bytes of memory that it takes to close the open file of a slot.
    pub(crate) fn memory_to_close(&self, slot: usize, target: Option<&BatchFiles>) -> usize {
        let partition = &self.slots[slot].partition;
        let of = |open: Option<&OpenFile>| open.map_or(0, OpenFile::memory_to_close);
        match target {
            Some(batch) => of(batch.open(&partition.directory)),
            None => of(partition.lock().as_ref()),
        }
    }

    /// Returns the bytes of memory of the buffers that the encoder keeps.
    pub(crate) fn memory_of_encoder(&self) -> usize {
        self.encoder.memory_size()
    }

    /// Frees the buffers that the encoder keeps.
    pub(crate) fn release_memory(&mut self) {
        self.encoder.release_memory();
    }

    /// Writes rows as one row group to the open file of a slot, or to a new file if the open one would exceed
    /// its number of rows. Rows that exceed a whole file are split into several files, and rows whose encoding
    /// takes more than `encoding` bytes of memory into several row groups.
    ///
    /// # Errors
    ///
    /// Returns the rows of this writer that are lost. All other rows are written.
    pub(crate) fn write(
        &mut self,
        slot: usize,
        rows: &RecordBatch,
        since: Option<Instant>,
        encoding: usize,
        mut target: Target<'_>,
    ) -> Result<(), LostRows> {
        let most = self.encoder.options().rows_per_file();
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        if rows.num_rows() <= most {
            return self.write_parts(slot, rows, since, encoding, target);
        }
        let mut lost = None;
        for start in (0..rows.num_rows()).step_by(most) {
            let part = rows.slice(start, most.min(rows.num_rows() - start));
            let written = self.write_parts(slot, &part, since, encoding, target.as_deref_mut());
            lost = LostRows::both(lost, written.err());
        }
        lost.map_or(Ok(()), Err)
    }

    /// Writes rows as one row group, or its halves if encoding them all takes more than `encoding` bytes.
    fn write_parts(
        &mut self,
        slot: usize,
        rows: &RecordBatch,
        since: Option<Instant>,
        encoding: usize,
        mut target: Target<'_>,
    ) -> Result<(), LostRows> {
        let count = rows.num_rows();
        if count < 2 || !self.shared.budget().is_limited() {
            return self.write_row_group(slot, rows, since, target);
        }
        let needed = self.memory_to_encode(rows);
        let halves = [
            rows.slice(0, count / 2),
            rows.slice(count / 2, count - count / 2),
        ];
        // What a dictionary takes, all halves have.
        let is_less = |half| self.memory_to_encode(half) <= needed / 4 * 3;
        if needed <= encoding || !halves.iter().all(is_less) {
            return self.write_row_group(slot, rows, since, target);
        }
        let mut lost = None;
        for part in halves {
            let written = self.write_parts(slot, &part, since, encoding, target.as_deref_mut());
            lost = LostRows::both(lost, written.err());
        }
        lost.map_or(Ok(()), Err)
    }

    fn memory_to_encode(&self, rows: &RecordBatch) -> usize {
        match self.shared.budget().writers() {
            0 | 1 => self.encoder.memory_to_write(rows),
            _ => self.encoder.memory_to_encode(rows),
        }
    }

    fn write_row_group(
        &mut self,
        slot: usize,
        rows: &RecordBatch,
        since: Option<Instant>,
        mut target: Target<'_>,
    ) -> Result<(), LostRows> {
        let started = Instant::now();
        let Self {
            encoder,
            shared,
            slots,
            account,
            ..
        } = self;
        let Slot { partition, room } = &mut slots[slot];
        let directory = &partition.directory;
        let rows_per_file = encoder.options().rows_per_file();
        let count = rows.num_rows() as u64;
        // If there are other writers, the file must not be locked while this one encodes. A single
        // writer encodes straight into the file, which takes less memory.
        let is_shared = target.is_none() && shared.budget().writers() > 1;
        let encoded = is_shared.then(|| encoder.encode_row_group(rows));
        let encoded = encoded
            .transpose()
            .map_err(|error| LostRows::new("a row group", count, error))?;
        let rows = encoded
            .as_ref()
            .map_or(NewRows::Batch(rows), NewRows::Encoded);
        let mut full = Vec::new();
        let group = NewRowGroup {
            rows,
            since,
            account,
        };
        let appended = match &mut target {
            Some(batch) => {
                batch
                    .count_row_group(directory)
                    .map_err(|exceeded| LostRows::new(&**directory, count, exceeded))?;
                let mut place = batch.take(directory);
                let before = place.as_ref().map_or(0, OpenFile::bytes);
                let create = || batch.create(directory, shared);
                let appended = append(&mut place, &mut full, &group, encoder, create);
                let files = place.as_ref().map(OpenFile::bytes);
                let files = files.into_iter().chain(full.iter().map(ClosingFile::bytes));
                batch.count_bytes(files.sum::<u64>().saturating_sub(before));
                *room = rows_per_file - place.as_ref().map_or(0, |open| open.rows());
                batch.put(directory, place);
                appended
            }
            None => {
                let mut place = partition.lock();
                let create = || shared.create(directory);
                let appended = append(&mut place, &mut full, &group, encoder, create);
                *room = rows_per_file - place.as_ref().map_or(0, |open| open.rows());
                appended
            }
        };
        self.counts.encoding += started.elapsed();
        if appended.is_ok() {
            self.counts.rows += count;
            self.counts.row_groups += 1;
        }
        let mut lost = appended.err();
        for file in full {
            let closed = self.close(slot, file, target.as_deref_mut());
            lost = LostRows::both(lost, closed.err());
        }
        lost.map_or(Ok(()), Err)
    }

    /// Closes the open file of a slot, if it has rows of this writer.
    ///
    /// # Errors
    ///
    /// Returns the rows of this writer that are lost with the file.
    pub(crate) fn close_slot(
        &mut self,
        slot: usize,
        mut target: Target<'_>,
    ) -> Result<(), LostRows> {
        let partition = &self.slots[slot].partition;
        let account = &self.account;
        let file = match &mut target {
            Some(batch) => batch
                .take(&partition.directory)
                .map(|open| open.into_closing(Some(account))),
            None => {
                let mut open = partition.lock();
                let open = open.take_if(|open| open.has_rows_of(account));
                open.map(|open| open.into_closing(Some(account)))
            }
        };
        self.slots[slot].room = self.encoder.options().rows_per_file();
        file.map_or(Ok(()), |file| self.close(slot, file, target))
    }

    /// Closes the shared files whose first row arrived at `time` or before, whichever writer wrote them.
    ///
    /// # Errors
    ///
    /// Returns the rows of this writer that are lost with the files.
    pub(crate) fn close_older_than(&mut self, time: Instant) -> Result<(), LostRows> {
        let mut lost = None;
        for partition in self.shared.partitions() {
            let file = {
                let mut open = partition.lock();
                let open = open.take_if(|open| open.since().is_some_and(|since| since <= time));
                open.map(|open| open.into_closing(Some(&self.account)))
            };
            let Some(file) = file else { continue };
            let slot = self.slots.iter_mut();
            let mut slot = slot.filter(|slot| Arc::ptr_eq(&slot.partition, &partition));
            if let Some(slot) = slot.next() {
                slot.room = self.encoder.options().rows_per_file();
            }
            let room = self.shared.budget().reserve(file.memory_to_close());
            let closed = self.close_shared(&partition, file);
            drop(room);
            lost = LostRows::both(lost, closed.err());
            self.shared.release(partition);
        }
        lost.map_or(Ok(()), Err)
    }

    fn close(
        &mut self,
        slot: usize,
        file: ClosingFile,
        target: Target<'_>,
    ) -> Result<(), LostRows> {
        let partition = Arc::clone(&self.slots[slot].partition);
        let Some(batch) = target else {
            return self.close_shared(&partition, file);
        };
        let (started, written) = (Instant::now(), file.bytes());
        let counts = &mut self.counts;
        let closed = file.close(&mut self.encoder, &self.key_values, |summary| {
            counts.files += 1;
            counts.bytes += summary.bytes;
            batch.count_bytes(summary.bytes - written);
            batch.push_closed(ClosedFile {
                summary,
                partition: partition.values.clone(),
            });
        });
        self.counts.storing += started.elapsed();
        closed
    }

    fn close_shared(
        &mut self,
        partition: &SharedPartition,
        file: ClosingFile,
    ) -> Result<(), LostRows> {
        let started = Instant::now();
        let (counts, ledger) = (&mut self.counts, &self.ledger);
        let closed = file.close(&mut self.encoder, &self.key_values, |summary| {
            counts.files += 1;
            counts.bytes += summary.bytes;
            ledger.push(ClosedFile {
                summary,
                partition: partition.values.clone(),
            });
        });
        self.counts.storing += started.elapsed();
        closed
    }
}

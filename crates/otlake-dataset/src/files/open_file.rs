//! A file that row groups are appended to, from its first row to its commit.
//!
//! ```text
//!  create ──▶ OpenFile ──append──▶ OpenFile ──full, old, flushed──▶ ClosingFile ──▶ visible
//!                 │                                                     │
//!                 └── a write failed ──▶ rows lost ◀── finish failed ───┘
//! ```

use std::sync::Arc;
use std::time::Instant;

use arrow_array::RecordBatch;
use otlake_parquet::{EncodedRowGroup, Encoder, FileError, FileSummary, FileWriter};
use otlake_storage::{Storage, StorageError, StorageFile};

use crate::error::LostRows;
use crate::files::account::{Account, Contributions, Unsettled};
use crate::memory_budget::{MemoryBudget, Share, Use};
use crate::route::partition_value::PartitionValue;

/// The partition columns of a file and their values, which all files of a partition share.
pub(crate) type PartitionValues = Arc<[PartitionValue]>;

/// The maximum number of row groups in a file: Parquet numbers them with 16 bits.
const MOST_ROW_GROUPS: usize = i16::MAX as usize;

#[derive(Debug)]
pub(crate) struct OpenFile {
    name: String,
    writer: FileWriter<Box<dyn StorageFile>>,
    rows: Contributions,
    memory: Share,
    /// The time of the file's first row, if the dataset closes files by age.
    since: Option<Instant>,
}

impl OpenFile {
    /// Creates the file in the storage.
    pub(crate) fn create(
        storage: &dyn Storage,
        name: &str,
        budget: &Arc<MemoryBudget>,
    ) -> Result<Self, StorageError> {
        Ok(Self {
            name: name.to_owned(),
            writer: FileWriter::new(storage.create(name)?),
            rows: Contributions::default(),
            memory: Share::new(budget, Use::Files),
            since: None,
        })
    }

    pub(crate) fn rows(&self) -> u64 {
        self.writer.rows_written()
    }

    /// Returns the bytes that were written.
    pub(crate) fn bytes(&self) -> u64 {
        self.writer.bytes_written()
    }

    pub(crate) fn since(&self) -> Option<Instant> {
        self.since
    }

    pub(crate) fn has_rows_of(&self, account: &Arc<Account>) -> bool {
        self.rows.has(account)
    }

    /// Returns whether the file is full, either by the options of the encoder or because another row group or
    /// closing the file would take too much memory. The file must have been measured.
    fn is_full(&self, encoder: &Encoder) -> bool {
        let budget = self.memory.budget();
        // What the storage buffers was reserved before the row group was written.
        let buffered = self.writer.destination().memory_size();
        let is_worth_closing =
            self.memory.bytes() >= budget.least_worth_closing() && budget.is_exceeded(buffered);
        is_worth_closing
            || self.rows() >= encoder.options().rows_per_file()
            || self.memory_to_close() > budget.for_closing()
            || self.writer.destination().memory_size() > budget.for_storage_of_a_file()
            || self.writer.bytes_written() >= encoder.options().bytes_per_file()
    }

    /// Returns whether a row group of `rows` rows fits the file.
    fn takes(&self, rows: u64, encoder: &Encoder) -> bool {
        self.rows() + rows <= encoder.options().rows_per_file()
            && self.writer.row_groups_written() < MOST_ROW_GROUPS
    }

    /// Returns the bytes of memory that it takes to append a row group, other than those of the row group, because
    /// buffers double, and then to close the file.
    pub(crate) fn memory_to_append(&self) -> usize {
        self.writer.memory_size() + self.writer.destination().memory_size() + self.memory_to_close()
    }

    /// Returns the bytes of memory that it takes to close the file.
    pub(crate) fn memory_to_close(&self) -> usize {
        self.writer.memory_to_finish()
    }

    /// Measures the bytes of memory that the file takes up now. They also change without a write, because parts
    /// of the file are being sent to the storage.
    pub(crate) fn measure(&mut self) -> usize {
        let bytes = self.writer.memory_size() + self.writer.destination().memory_size();
        self.memory.set(bytes);
        bytes
    }
}

/// A row group to append to a file.
pub(crate) struct NewRowGroup<'a> {
    pub(crate) rows: NewRows<'a>,
    /// The time of the first row.
    pub(crate) since: Option<Instant>,
    /// The account of the writer whose rows they are.
    pub(crate) account: &'a Arc<Account>,
}

/// The rows of a row group.
pub(crate) enum NewRows<'a> {
    /// Rows that are encoded piece by piece while they are written, for a file that no other writer waits for.
    Batch(&'a RecordBatch),
    /// Rows that were encoded beforehand, so that the file is locked only while they are copied.
    Encoded(&'a EncodedRowGroup),
}

impl NewRows<'_> {
    fn len(&self) -> u64 {
        match self {
            Self::Batch(rows) => rows.num_rows() as u64,
            Self::Encoded(group) => group.rows() as u64,
        }
    }
}

/// Appends a row group to the file in `place`, or to a new file if the row group does not fit that one. Files
/// that are full are moved to `full`.
///
/// # Errors
///
/// Returns the rows of this writer that are lost: the rows of the row group, and if the file is broken, also
/// its earlier rows in the file. Other writers are told of their own lost rows.
pub(crate) fn append(
    place: &mut Option<OpenFile>,
    full: &mut Vec<ClosingFile>,
    group: &NewRowGroup<'_>,
    encoder: &mut Encoder,
    create: impl FnOnce() -> (String, Result<OpenFile, StorageError>),
) -> Result<(), LostRows> {
    let rows = group.rows.len();
    if let Some(open) = place.take_if(|open| !open.takes(rows, encoder)) {
        full.push(open.into_closing(Some(group.account)));
    }
    let mut open = match place.take() {
        Some(open) => open,
        None => match create() {
            (_, Ok(open)) => open,
            (name, Err(error)) => return Err(LostRows::new(name, rows, error)),
        },
    };
    let written = match group.rows {
        NewRows::Batch(rows) => open.writer.write_row_group(encoder, rows),
        NewRows::Encoded(encoded) => open.writer.append(encoded),
    };
    match written {
        Ok(()) => {}
        Err(error) if open.writer.is_broken() => {
            open.rows.add(group.account, rows);
            return Err(open.into_closing(Some(group.account)).lose(error));
        }
        Err(error) => {
            let lost = LostRows::new(&*open.name, rows, error);
            // A file whose first row group was rejected has no rows and is dropped.
            *place = (open.rows() > 0).then_some(open);
            return Err(lost);
        }
    }
    open.rows.add(group.account, rows);
    open.since = match (open.since, group.since) {
        (Some(first), Some(since)) => Some(first.min(since)),
        (first, since) => first.or(since),
    };
    open.measure();
    if open.is_full(encoder) {
        full.push(open.into_closing(Some(group.account)));
    } else {
        *place = Some(open);
    }
    Ok(())
}

/// A file that accepts no more rows. The writers with rows in it wait for its outcome.
#[derive(Debug)]
pub(crate) struct ClosingFile {
    name: String,
    writer: FileWriter<Box<dyn StorageFile>>,
    unsettled: Unsettled,
    /// The share of the memory budget, which is given back when the file is closed.
    _memory: Share,
}

impl OpenFile {
    /// Begins to close the file. `own` is the account of the writer that closes it. This is called while the
    /// file is locked, so that no writer with rows in the file can miss it.
    pub(crate) fn into_closing(self, own: Option<&Arc<Account>>) -> ClosingFile {
        ClosingFile {
            name: self.name,
            writer: self.writer,
            unsettled: self.rows.close(own),
            _memory: self.memory,
        }
    }
}

impl ClosingFile {
    /// Returns the bytes that were written.
    pub(crate) fn bytes(&self) -> u64 {
        self.writer.bytes_written()
    }

    /// Returns the bytes of memory that closing the file takes.
    pub(crate) fn memory_to_close(&self) -> usize {
        self.writer.memory_to_finish()
    }

    /// Writes the footer, commits the file, and passes its summary to `visible`.
    ///
    /// # Errors
    ///
    /// Returns the rows of the writer that closes the file. Other writers are told of their own lost rows.
    pub(crate) fn close(
        self,
        encoder: &mut Encoder,
        key_values: &[(String, String)],
        visible: impl FnOnce(FileSummary),
    ) -> Result<(), LostRows> {
        let Self {
            name,
            writer,
            unsettled,
            _memory,
        } = self;
        let lose = |unsettled: Unsettled, error: crate::error::LossCause| {
            let lost = LostRows::new(&*name, unsettled.rows(), error);
            unsettled.lost(&name, lost.cause());
            Err(lost)
        };
        let (file, mut summary) = match writer.finish(encoder, key_values) {
            Ok(finished) => finished,
            Err(error) => return lose(unsettled, error.into()),
        };
        if let Err(error) = file.commit() {
            return lose(unsettled, error.into());
        }
        summary.name.clone_from(&name);
        visible(summary);
        unsettled.visible();
        Ok(())
    }

    fn lose(self, error: FileError) -> LostRows {
        let lost = LostRows::new(&*self.name, self.unsettled.rows(), error);
        self.unsettled.lost(&self.name, lost.cause());
        lost
    }
}

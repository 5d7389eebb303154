//! The files of an open batch. Only the writer of the batch appends to them.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use otlake_parquet::FileSummary;
use otlake_storage::StorageError;

use crate::commit::batch_budget::{BatchBudget, BatchUsage, BudgetExceeded};
use crate::files::batch_id::BatchId;
use crate::files::file_names::{FileNames, is_of_attempt};
use crate::files::open_file::{OpenFile, PartitionValues};
use crate::files::shared_files::SharedFiles;
use crate::memory_budget::{MemoryBudget, Share, Use};
use crate::route::partition_value::PartitionValue;

/// The files that a batch has written to one table so far.
#[derive(Debug)]
pub(crate) struct BatchFiles {
    names: FileNames,
    /// The names that begin as those of all attempts of the batch do.
    of_batch: FileNames,
    /// The names of all files that were created.
    created: BTreeSet<String>,
    /// The common beginning of the file names, for each directory that the batch has files in.
    beginnings: BTreeSet<String>,
    open: HashMap<String, OpenFile>,
    budget: BatchBudget,
    /// The part of the budget that the batch has used, over all tables.
    usage: Arc<Mutex<BatchUsage>>,
    closed: ClosedFiles,
}

/// A file that is visible.
#[derive(Clone, Debug)]
pub(crate) struct ClosedFile {
    pub(crate) summary: FileSummary,
    pub(crate) partition: PartitionValues,
}

/// The bytes of the entries of a file's names, in addition to the text of the names.
const NAMES: usize = 128;

/// The visible files of a batch.
#[derive(Debug)]
pub(crate) struct ClosedFiles {
    pub(crate) files: VecDeque<ClosedFile>,
    /// The number of files whose summaries were dropped, because only a report needs them.
    pub(crate) omitted: u64,
    /// The maximum number of bytes that the kept summaries take up.
    keep_bytes: usize,
    /// The bytes of the kept summaries.
    bytes: usize,
    /// The bytes of the names of all files.
    names: usize,
    memory: Share,
}

impl BatchFiles {
    /// Creates a list without files. If the files of other attempts `can_be_found`, the files have names that no
    /// other attempt uses. Otherwise the names follow from the identity of the batch, so that an attempt
    /// overwrites the files of the previous one.
    pub(crate) fn new(
        names: FileNames,
        batch: &BatchId,
        can_be_found: bool,
        budget: BatchBudget,
        usage: &Arc<Mutex<BatchUsage>>,
        closed: ClosedFiles,
    ) -> Self {
        Self {
            budget,
            usage: Arc::clone(usage),
            names: match can_be_found {
                true => names.clone().with_attempt(batch),
                false => names.clone().with_batch(batch),
            },
            of_batch: names.with_batch(batch),
            created: BTreeSet::new(),
            beginnings: BTreeSet::new(),
            open: HashMap::new(),
            closed,
        }
    }

    /// Counts a row group that is about to be written to a directory.
    ///
    /// # Errors
    ///
    /// Returns an error if the batch has used up its budget.
    pub(crate) fn count_row_group(&self, directory: &str) -> Result<(), BudgetExceeded> {
        let mut usage = self.usage.lock().unwrap_or_else(PoisonError::into_inner);
        let is_new = !self
            .beginnings
            .contains(&self.of_batch.beginning_in(directory));
        usage.partitions += usize::from(is_new);
        usage.row_groups += 1;
        self.budget.check(*usage)
    }

    /// Counts bytes that were written.
    pub(crate) fn count_bytes(&self, bytes: u64) {
        let mut usage = self.usage.lock().unwrap_or_else(PoisonError::into_inner);
        usage.bytes += bytes;
    }

    /// Returns the open file of a directory.
    pub(crate) fn open(&self, directory: &str) -> Option<&OpenFile> {
        self.open.get(directory)
    }

    /// Removes and returns the open file of a directory.
    pub(crate) fn take(&mut self, directory: &str) -> Option<OpenFile> {
        self.open.remove(directory)
    }

    /// Puts the open file of a directory back, if there is one.
    pub(crate) fn put(&mut self, directory: &str, file: Option<OpenFile>) {
        if let Some(file) = file {
            self.open.insert(directory.to_owned(), file);
        }
    }

    /// Measures the open file of a directory and returns the bytes of memory that it takes up.
    pub(crate) fn measure(&mut self, directory: &str) -> usize {
        self.open
            .get_mut(directory)
            .map_or(0, |open| open.measure())
    }

    /// Creates the next file of a directory.
    pub(crate) fn create(
        &mut self,
        directory: &str,
        files: &SharedFiles,
    ) -> (String, Result<OpenFile, StorageError>) {
        let beginning = self.of_batch.beginning_in(directory);
        let name = self.names.next_name_in(directory);
        let file = OpenFile::create(files.storage(), &name, files.budget());
        // The name is also recorded after an error, because the file may exist.
        self.closed.names += name.len() + beginning.len() + NAMES;
        self.created.insert(name.clone());
        self.beginnings.insert(beginning);
        self.closed.count();
        (name, file)
    }

    /// Adds a file that was closed.
    pub(crate) fn push_closed(&mut self, file: ClosedFile) {
        let closed = &mut self.closed;
        closed.bytes += file.memory_size();
        closed.files.push_back(file);
        while closed.bytes > closed.keep_bytes
            && let Some(oldest) = closed.files.pop_front()
        {
            closed.bytes -= oldest.memory_size();
            closed.omitted += 1;
        }
        closed.count();
    }

    /// Returns the common beginning of the file names in each directory.
    pub(crate) fn beginnings(&self) -> impl Iterator<Item = &str> {
        self.beginnings.iter().map(String::as_str)
    }

    /// Returns whether a file was written by another attempt of the batch.
    pub(crate) fn is_of_other_attempt(&self, name: &str, beginning: &str) -> bool {
        is_of_attempt(name, beginning) && !self.created.contains(name)
    }

    /// Returns the names of all files that this attempt has created.
    pub(crate) fn created(&self) -> impl Iterator<Item = &str> {
        self.created.iter().map(String::as_str)
    }

    /// Returns the closed files.
    pub(crate) fn closed(&mut self) -> &mut ClosedFiles {
        &mut self.closed
    }
}

impl ClosedFiles {
    /// Creates an empty list that keeps at most `keep_bytes` bytes of summaries.
    pub(crate) fn new(budget: &Arc<MemoryBudget>, keep_bytes: usize) -> Self {
        Self {
            files: VecDeque::new(),
            omitted: 0,
            keep_bytes,
            bytes: 0,
            names: 0,
            memory: Share::new(budget, Use::Files),
        }
    }

    fn count(&mut self) {
        self.memory.set(self.bytes + self.names);
    }
}

impl ClosedFile {
    /// Returns the bytes of memory of the file's summary and its partition values.
    pub(crate) fn memory_size(&self) -> usize {
        let values = self.partition.iter();
        let values = values.map(|value| size_of::<PartitionValue>() + value.heap_size());
        self.summary.memory_size() + values.sum::<usize>()
    }
}

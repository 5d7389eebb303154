//! Replaces files of a table by creating a manifest.

use std::collections::{BTreeMap, HashSet};
use std::error::Error;

use otlake_schema::Table;
use otlake_storage::{PutIf, PutOutcome, Retries, StorageErrorKind, Version};

use crate::commit::manifest::Manifest;
use crate::commit::manifest::number_set::NumberSet;
use crate::commit::manifest_commit::{ManifestCommit, create};
use crate::commit::manifest_reader::ManifestReader;
use crate::commit::table_files::TableFiles;
use crate::files::read_ahead::read_ahead;

/// The beginning of the last part of the names of swaps.
const SWAP: &str = "swap-";

/// The largest number of a swap. In 20 digits, the first one is a zero, as in no manifest of a batch: its sequence number has
/// no leading zeros.
const MAX_NUMBER: u64 = 9_999_999_999_999_999_999;

/// The bytes of swaps that are read before they are needed.
const READ_AHEAD: u64 = 4 << 20;

/// Swaps by their numbers.
pub(crate) type Swaps = BTreeMap<u64, Manifest>;

/// The outcome of [`Commit::replace`](crate::Commit::replace).
///
/// ```
/// use std::sync::Arc;
///
/// use otlake_dataset::{Commit, Dataset, Manifest, ManifestCommit, ReplaceOutcome};
/// use otlake_row::{Group, Row, RowSink, Signal, Value, fields};
/// use otlake_schema::Table;
/// use otlake_storage::InMemoryStorage;
///
/// let storage = Arc::new(InMemoryStorage::new());
/// let mut writer = Dataset::builder().open(storage.clone())?.writer();
/// let mut row = Row::new(Signal::Logs, Group::new(&[]), Group::new(&[]));
/// row.push(fields::BODY, Value::String("a mistake"));
/// writer.row(&mut row)?;
/// writer.flush()?;
///
/// let commit = ManifestCommit::new(storage);
/// let names = commit.files(Table::Logs)?.into_iter().map(|file| file.name).collect();
/// let drop_all = Manifest::new(Table::Logs).with_replaces(names);
/// assert_eq!(commit.replace(&drop_all)?, ReplaceOutcome::Replaced);
/// assert!(commit.files(Table::Logs)?.is_empty());
/// assert_eq!(commit.replace(&drop_all)?, ReplaceOutcome::Conflict, "they are gone");
/// # Ok::<_, Box<dyn std::error::Error + Send + Sync>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "files that are not part of the table have to be deleted"]
pub enum ReplaceOutcome {
    /// The files of the manifest are part of the table, and those that it replaces are not.
    Replaced,
    /// Nothing has changed, because files are gone: others have replaced or dropped one that the manifest replaces, or a file
    /// of the manifest itself was removed as a leftover.
    Conflict,
}

impl ManifestCommit {
    /// Creates a swap that replaces files of the table, unless one of them is no longer part of it.
    pub(crate) fn put_swap(
        &self,
        manifest: &Manifest,
    ) -> Result<ReplaceOutcome, Box<dyn Error + Send + Sync>> {
        let merged = manifest.files().iter().map(|file| &file.name);
        let table = manifest.table();
        let files: HashSet<&str> = merged
            .chain(manifest.replaces())
            .map(String::as_str)
            .collect();
        let mut manifests = ManifestReader::skimming(&*self.documents, table);
        self.put_next_swap(manifest, |swaps| {
            let mut replaced = swaps.values().flat_map(Manifest::replaces);
            if replaced.any(|name| files.contains(name.as_str())) {
                return Ok(false);
            }
            // The swap that has replaced a file may be gone.
            if manifest.files().is_empty() {
                Ok(are_listed(&manifests.read()?, &files))
            } else {
                // A merged file that waited too long may have been removed as a leftover, too.
                self.are_stored(&files)
            }
        })
    }

    /// Creates the next swap if `may_put` returns true for all that exist.
    ///
    /// The numbers of swaps are consecutive, each swap is created on the condition that its number is free, and the number
    /// of a swap that was deleted is retired. So if others put a swap after the check, even if that was deleted since, ours
    /// has the number of theirs: either it is not created, or it does not count. Then the check is repeated.
    ///
    /// If two processes create equal swaps at once, they share one, and both have created it.
    pub(crate) fn put_next_swap(
        &self,
        manifest: &Manifest,
        mut may_put: impl FnMut(&Swaps) -> Result<bool, Box<dyn Error + Send + Sync>>,
    ) -> Result<ReplaceOutcome, Box<dyn Error + Send + Sync>> {
        let table = manifest.table();
        let json = manifest.to_json().into();
        let mut swaps = Swaps::new();
        let mut next = self.read_swaps(table, &mut swaps)?;
        let mut conflicts = self.retries(swap_document(table, next));
        loop {
            if !may_put(&swaps)? {
                return Ok(ReplaceOutcome::Conflict);
            }
            let name = swap_document(table, next);
            let retries = self.retries(name.clone());
            if create(&*self.documents, &name, &json, retries)?.is_none() {
                let (retired, _) = self.retired_swaps(table)?;
                if !retired.contains(next) {
                    return Ok(ReplaceOutcome::Replaced);
                }
                // If this fails, the next clean-up deletes it.
                let _ = self.documents.delete(&name);
            }
            conflicts.pause_after_conflict()?;
            next = self.read_swaps(table, &mut swaps)?;
        }
    }

    /// Reads the swaps of a table that count and are not in `swaps` yet, and returns the number of the next one.
    fn read_swaps(
        &self,
        table: Table,
        swaps: &mut Swaps,
    ) -> Result<u64, Box<dyn Error + Send + Sync>> {
        let mut retries = self.retries(swap_prefix(table));
        loop {
            match self.try_read_swaps(table, swaps) {
                Err(error) if error.is::<MissingSwap>() => {
                    retries.pause_after_conflict().map_err(|_| error)?;
                }
                result => return result,
            }
        }
    }

    /// Reads swaps once. Returns [`MissingSwap`] if one was created or deleted while they were listed, so that the list may
    /// have a later one without it.
    fn try_read_swaps(
        &self,
        table: Table,
        swaps: &mut Swaps,
    ) -> Result<u64, Box<dyn Error + Send + Sync>> {
        // Read before the list: a number that is retired after that must not be skipped, because we have not seen the swaps
        // before it.
        let (retired, _) = self.retired_swaps(table)?;
        let listed = self.documents.list(&swap_prefix(table))?;
        let listed: Vec<_> = listed
            .iter()
            .filter_map(|document| Some((number_of(&document.name)?, document)))
            .collect();
        let mut used = retired.clone();
        used.extend(listed.iter().map(|(number, _)| *number));
        let next = used.first_absent().filter(|next| *next <= MAX_NUMBER);
        let next = next.ok_or(NoNumberLeft(table.name()))?;
        if used.last().is_some_and(|last| last > next) {
            return Err(MissingSwap(swap_document(table, next)).into());
        }
        let is_new =
            |(number, _): &(u64, _)| !retired.contains(*number) && !swaps.contains_key(number);
        let new: Vec<_> = listed.into_iter().filter(is_new).collect();
        let read = |position: usize| self.documents.get(&new[position].1.name);
        let sizes = new.iter().map(|(_, document)| document.bytes).enumerate();
        read_ahead(sizes, READ_AHEAD, &read, |ahead| {
            for (position, (number, document)) in new.iter().enumerate() {
                let Some(found) = ahead.take(position)? else {
                    return Err(MissingSwap(document.name.clone()).into());
                };
                swaps.insert(*number, Manifest::skim_json(&found.bytes)?);
            }
            Ok(next)
        })
    }

    /// Begins to write a document.
    fn retries(&self, document: String) -> Retries {
        Retries::new(document, self.retry).with_observer(self.observer.clone())
    }

    /// Returns the numbers of swaps that were deleted, and the version of the document that has them.
    fn retired_swaps(
        &self,
        table: Table,
    ) -> Result<(NumberSet, Option<Version>), Box<dyn Error + Send + Sync>> {
        let Some(found) = self.documents.get(&retired_document(table))? else {
            return Ok((NumberSet::default(), None));
        };
        let manifest = Manifest::from_json(&found.bytes)?;
        Ok((manifest.retired_swaps().clone(), Some(found.version)))
    }

    /// Retires the numbers of swaps that are going to be deleted, so that a swap which a stalled process creates with one of
    /// them does not count.
    pub(crate) fn retire_swaps(
        &self,
        table: Table,
        numbers: &[u64],
    ) -> Result<(), Box<dyn Error + Send + Sync>> {
        let document = retired_document(table);
        let mut retries = self.retries(document.clone());
        loop {
            let (mut retired, version) = self.retired_swaps(table)?;
            if numbers.iter().all(|number| retired.contains(*number)) {
                return Ok(());
            }
            retired.extend(numbers.iter().copied());
            let json = Manifest::new(table).with_retired_swaps(retired).to_json();
            let condition = version.map_or(PutIf::Absent, PutIf::Matches);
            match self.documents.put(&document, json.into(), condition) {
                Ok(PutOutcome::Stored(_)) => return Ok(()),
                Ok(PutOutcome::Conflict) => retries.pause_after_conflict()?,
                Err(error) if error.kind() == StorageErrorKind::InDoubt => {
                    retries.pause_in_doubt(error)?;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Returns whether all of the files are in the storage. A file that is not was replaced and cleaned up, and the
    /// manifest that has replaced it may be gone too: it is deleted after the file.
    fn are_stored(&self, names: &HashSet<&str>) -> Result<bool, Box<dyn Error + Send + Sync>> {
        let directory = |name: &&str| name.rfind('/').map_or(0, |slash| slash + 1);
        let directories: HashSet<&str> =
            names.iter().map(|name| &name[..directory(name)]).collect();
        let mut missing = names.clone();
        for directory in directories {
            for file in self.documents.list(directory)? {
                missing.remove(file.name.as_str());
            }
        }
        Ok(missing.is_empty())
    }
}

/// Returns whether all of the files are part of the table. A file that a manifest lists is, even if it is missing in the
/// storage.
fn are_listed(table: &TableFiles, names: &HashSet<&str>) -> bool {
    let listed: HashSet<&str> = table.files().map(|file| file.name.as_str()).collect();
    names.is_subset(&listed)
}

/// The error of a number of a swap that is neither listed nor retired, although a later one is.
#[derive(Debug, thiserror::Error)]
#[error("{0} is missing, and its number is not retired: restore it")]
struct MissingSwap(String);

/// The error of a table for which no more swaps can be created.
#[derive(Debug, thiserror::Error)]
#[error("no number is left for another swap of the table {0}: is one of its documents damaged?")]
struct NoNumberLeft(&'static str);

/// Returns the beginning of the names of swaps. A number of 20 digits follows.
fn swap_prefix(table: Table) -> String {
    format!("{}{SWAP}", ManifestCommit::directory(table))
}

/// Returns the name of a swap.
fn swap_document(table: Table, number: u64) -> String {
    format!("{}{number:020}.json", swap_prefix(table))
}

/// Returns the name of the manifest that has the numbers of deleted swaps. It is never deleted.
pub(crate) fn retired_document(table: Table) -> String {
    format!("{}retired-swaps.json", ManifestCommit::directory(table))
}

/// Returns the number of a swap, or `None` for another manifest.
pub(crate) fn number_of(document: &str) -> Option<u64> {
    let (_, name) = document.rsplit_once('/')?;
    let digits = name.strip_prefix(SWAP)?.strip_suffix(".json")?;
    // It is not greater than `MAX_NUMBER`.
    (digits.len() == 20 && digits.starts_with('0')).then(|| digits.parse().ok())?
}

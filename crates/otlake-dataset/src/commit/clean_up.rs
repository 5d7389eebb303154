//! Deletes files that were replaced, and manifests that are not needed any more.

use std::collections::HashSet;
use std::error::Error;
use std::time::{Duration, SystemTime};

use otlake_schema::Table;
use otlake_storage::{PutIf, PutOutcome, StorageErrorKind};

use crate::commit::manifest::Manifest;
use crate::commit::manifest_commit::ManifestCommit;
use crate::commit::replacement::number_of;
use crate::commit::table_files::{NamedManifest, TableFiles};
use crate::compact::leftovers::is_merged;

/// The outcome of [`ManifestCommit::clean_up`].
///
/// ```
/// use std::sync::Arc;
/// use std::time::Duration;
///
/// use otlake_dataset::{CleanUp, Dataset, ManifestCommit, drop_older_than};
/// use otlake_row::{Group, Row, RowSink, Signal, Value, fields};
/// use otlake_schema::Table;
/// use otlake_storage::InMemoryStorage;
///
/// let storage = InMemoryStorage::new();
/// let mut writer = Dataset::builder().open(Arc::new(storage.clone()))?.writer();
/// let mut row = Row::new(Signal::Logs, Group::new(&[]), Group::new(&[]));
/// row.push(fields::TIME_UNIX_NANO, Value::Int(1_600_000_000_000_000_000));
/// writer.row(&mut row)?;
/// writer.flush()?;
///
/// let commit = ManifestCommit::new(Arc::new(storage.clone()));
/// drop_older_than(&commit, Table::Logs, Duration::from_secs(30 * 86_400))?;
/// // No reader is at work here, so nothing is kept for any.
/// let deleted: CleanUp = commit.clean_up(Table::Logs, Duration::ZERO)?;
/// assert_eq!(deleted.files, 1);
/// assert!(storage.files().keys().all(|name| !name.ends_with(".parquet")));
/// # Ok::<_, Box<dyn std::error::Error + Send + Sync>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CleanUp {
    /// The files that were deleted because they were replaced or dropped before the grace period. Merged files that
    /// [`remove_leftovers`](ManifestCommit::remove_leftovers) has left are not counted.
    pub files: usize,
    /// The manifests that were deleted: those that list no files and hide none any more, and swaps that came too late.
    pub manifests: usize,
}

impl ManifestCommit {
    /// Deletes the files of a table that were replaced or dropped more than `grace` ago, and their entries in manifests. Then it
    /// deletes manifests that list no files and hide none, swaps that came too late, and merged files that
    /// [`remove_leftovers`](Self::remove_leftovers) has found and not deleted.
    ///
    /// The grace period has to be longer than any reader takes from reading the manifests to reading the last file,
    /// and longer than a writer may be late with a commit, or a compactor with a replacement. A day is a good choice.
    /// Any number of processes may clean up at once, while others write and replace. If a process is killed, the next
    /// call continues. Files of a batch that is not finished stay until it is.
    ///
    /// # Errors
    ///
    /// Returns an error if files can't be listed, read or deleted. No file of the table is affected.
    pub fn clean_up(
        &self,
        table: Table,
        grace: Duration,
    ) -> Result<CleanUp, Box<dyn Error + Send + Sync>> {
        let Some(before) = SystemTime::now().checked_sub(grace) else {
            return Ok(CleanUp::default());
        };
        let files = TableFiles::load(&*self.documents, table)?;
        let mut cleaner = Cleaner {
            commit: self,
            before,
            expired: expired_files(files.manifests(), before),
            references: files.references(),
            done: CleanUp::default(),
        };
        let mut needless_swaps = Vec::new();
        for named in files.manifests() {
            let Some(gone) = cleaner.delete_files(named)? else {
                continue;
            };
            if cleaner.is_needed(named, &gone) {
                cleaner.remove_entries(named, &gone)?;
                continue;
            }
            match number_of(&named.document) {
                Some(number) => needless_swaps.push((number, named)),
                None => cleaner.delete_manifest(&named.document)?,
            }
            cleaner.forget(&gone);
        }
        cleaner.delete_swaps(table, &needless_swaps, &files.references())?;
        for document in files.late_swaps() {
            cleaner.delete_manifest(document)?;
        }
        Ok(cleaner.done)
    }
}

/// The work of cleaning up a table.
struct Cleaner<'a> {
    commit: &'a ManifestCommit,
    /// The beginning of the grace period.
    before: SystemTime,
    /// The files that were replaced or dropped before the grace period.
    expired: HashSet<&'a str>,
    /// The files that manifests still list.
    references: HashSet<&'a str>,
    done: CleanUp,
}

impl<'a> Cleaner<'a> {
    /// Deletes the expired files of a manifest and returns their names, or `None` if they have to stay because their batch is not
    /// finished.
    fn delete_files(
        &mut self,
        named: &'a NamedManifest,
    ) -> Result<Option<Vec<&'a str>>, Box<dyn Error + Send + Sync>> {
        let files = named.manifest.files().iter();
        let gone: Vec<&str> = files
            .map(|file| file.name.as_str())
            .filter(|name| self.expired.contains(name))
            .collect();
        if let Some(batch) = named.manifest.batch()
            && !gone.is_empty()
            && !self.commit.watermarks().is_finished(batch)?
        {
            // The manifest is what recognises the next attempt.
            return Ok(None);
        }
        // First the files: as long as the manifest lists them, the next call deletes them.
        for name in &gone {
            self.commit.documents.delete(name)?;
            self.done.files += 1;
        }
        Ok(Some(gone))
    }

    /// Returns whether a manifest lists files that are not `gone`, is in the grace period, or hides files that other
    /// manifests still list.
    fn is_needed(&self, named: &NamedManifest, gone: &[&str]) -> bool {
        let is_listed = |name: &String| self.references.contains(name.as_str());
        gone.len() < named.manifest.files().len()
            || named.modified > self.before
            || named.manifest.replaces().iter().any(is_listed)
    }

    /// Replaces a manifest by one without the files that are gone, unless somebody else has changed it.
    fn remove_entries(
        &mut self,
        named: &NamedManifest,
        gone: &[&str],
    ) -> Result<(), Box<dyn Error + Send + Sync>> {
        if gone.is_empty() {
            return Ok(());
        }
        let mut manifest = Manifest::clone(&named.manifest);
        manifest.retain_files(|file| !self.expired.contains(&*file.name));
        let json = manifest.to_json().into();
        let condition = PutIf::Matches(named.version.clone());
        match self.commit.documents.put(&named.document, json, condition) {
            Ok(PutOutcome::Stored(_)) => self.forget(gone),
            Ok(PutOutcome::Conflict) => {}
            // The next call finds out.
            Err(error) if error.kind() == StorageErrorKind::InDoubt => {}
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    /// Notes that no manifest lists these files any more.
    fn forget(&mut self, gone: &[&str]) {
        for name in gone {
            self.references.remove(*name);
        }
    }

    fn delete_manifest(&mut self, document: &str) -> Result<(), Box<dyn Error + Send + Sync>> {
        self.commit.documents.delete(document)?;
        self.done.manifests += 1;
        Ok(())
    }

    /// Deletes swaps after their numbers were retired, and before that the merged files that they name and no manifest has
    /// `listed`: a process that removes leftovers may have ended between creating its swap and deleting the files.
    fn delete_swaps(
        &mut self,
        table: Table,
        swaps: &[(u64, &NamedManifest)],
        listed: &HashSet<&str>,
    ) -> Result<(), Box<dyn Error + Send + Sync>> {
        if swaps.is_empty() {
            return Ok(());
        }
        let names = swaps
            .iter()
            .flat_map(|(_, named)| named.manifest.replaces());
        for name in names.filter(|name| is_merged(name, table) && !listed.contains(name.as_str())) {
            self.commit.documents.delete(name)?;
        }
        let numbers: Vec<u64> = swaps.iter().map(|(number, _)| *number).collect();
        self.commit.retire_swaps(table, &numbers)?;
        for (_, named) in swaps {
            self.delete_manifest(&named.document)?;
        }
        Ok(())
    }
}

/// Returns the files that manifests of the time `before`, or earlier ones, have replaced.
fn expired_files(manifests: &[NamedManifest], before: SystemTime) -> HashSet<&str> {
    let old = manifests.iter().filter(|named| named.modified <= before);
    let replaced = old.flat_map(|named| named.manifest.replaces());
    replaced.map(String::as_str).collect()
}

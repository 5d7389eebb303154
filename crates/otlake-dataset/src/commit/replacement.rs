//! Replaces files of a table by creating a manifest, and cleans up after that.

use std::collections::HashSet;
use std::error::Error;
use std::time::{Duration, SystemTime};

use otlake_schema::Table;
use otlake_storage::{PutIf, PutOutcome, Retries, StorageErrorKind, StoredFile};

use crate::commit::manifest::Manifest;
use crate::commit::manifest_commit::{ManifestCommit, create};
use crate::commit::table_files::{NamedManifest, TableFiles};

/// The beginning of the names of manifests that replace files. A number of 20 digits follows.
const SWAP: &str = "swap-";

/// The outcome of [`Commit::replace`](crate::Commit::replace).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "files that are not part of the table have to be deleted"]
pub enum ReplaceOutcome {
    /// The files of the manifest are part of the table, and those that it replaces are not.
    Replaced,
    /// One of the files that the manifest replaces was replaced by others in the meantime. Nothing has changed.
    Conflict,
}

/// The outcome of [`ManifestCommit::clean_up`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CleanUp {
    /// The files that were deleted because they were replaced before the grace period.
    pub files: usize,
    /// The manifests that were deleted, because all of their files were.
    pub manifests: usize,
}

impl ManifestCommit {
    /// Creates the next swap manifest. Their numbers are consecutive, and each is created on the condition that it
    /// does not exist. So if two callers replace the same files at once, one of them finds the manifest of the
    /// other.
    pub(crate) fn put_swap(
        &self,
        manifest: &Manifest,
    ) -> Result<ReplaceOutcome, Box<dyn Error + Send + Sync>> {
        let prefix = format!("{}{SWAP}", Self::directory(manifest.table()));
        let ours: HashSet<&str> = manifest.replaces().iter().map(String::as_str).collect();
        let overlaps = |other: &Manifest| {
            let mut replaces = other.replaces().iter();
            replaces.any(|name| ours.contains(name.as_str()))
        };
        let json = manifest.to_json().into();
        let merged = manifest.files().iter().map(|file| file.name.as_str());
        let all: HashSet<&str> = ours.iter().copied().chain(merged).collect();
        let has_merged = !manifest.files().is_empty();
        let mut next = 0;
        for swap in self.documents.list(&prefix)? {
            next = next.max(number_of(&swap.name).map_or(0, |number| number + 1));
            if let Some(found) = self.documents.get(&swap.name)?
                && overlaps(&Manifest::from_json(&found.bytes)?)
            {
                return Ok(ReplaceOutcome::Conflict);
            }
        }
        // A merged file that waited too long may have been removed as a leftover.
        if has_merged && !self.are_stored(&all)? {
            return Ok(ReplaceOutcome::Conflict);
        }
        loop {
            let name = format!("{prefix}{next:020}.json");
            let retries = Retries::new(&*name, self.retry).with_observer(self.observer.clone());
            match create(&*self.documents, &name, &json, retries)? {
                None if has_merged && self.is_too_late(&prefix, &name, overlaps, &all)? => {
                    self.delete_swap(&name)?;
                    return Ok(ReplaceOutcome::Conflict);
                }
                None => return Ok(ReplaceOutcome::Replaced),
                Some(found) if overlaps(&Manifest::from_json(&found)?) => {
                    return Ok(ReplaceOutcome::Conflict);
                }
                Some(_) => next += 1,
            }
        }
    }

    /// Deletes a swap manifest that came too late. As long as it exists, it is in force, so this is tried again like
    /// creating it.
    fn delete_swap(&self, swap: &str) -> Result<(), Box<dyn Error + Send + Sync>> {
        let mut retries = Retries::new(swap, self.retry).with_observer(self.observer.clone());
        while let Err(error) = self.documents.delete(swap) {
            retries.pause_in_doubt(error)?;
        }
        Ok(())
    }

    /// Returns whether a swap manifest has a number that was used and cleaned up before, which shows when a higher
    /// number has an earlier time. Since our checks, another process may then have replaced our files or removed the
    /// merged ones.
    fn is_too_late(
        &self,
        prefix: &str,
        swap: &str,
        overlaps: impl Fn(&Manifest) -> bool,
        files: &HashSet<&str>,
    ) -> Result<bool, Box<dyn Error + Send + Sync>> {
        let swaps = self.documents.list(prefix)?;
        let Some(own) = swaps.iter().find(|other| other.name == swap) else {
            return Ok(false);
        };
        let is_late =
            |other: &StoredFile| other.name.as_str() > swap && other.modified < own.modified;
        if !swaps.iter().any(is_late) {
            return Ok(false);
        }
        for other in swaps.iter().filter(|other| other.name != swap) {
            if let Some(found) = self.documents.get(&other.name)?
                && overlaps(&Manifest::from_json(&found.bytes)?)
            {
                return Ok(true);
            }
        }
        Ok(!self.are_stored(files)?)
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

    /// Deletes the files of a table that were replaced more than `grace` ago, and their entries in manifests.
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
        let mut done = CleanUp::default();
        let Some(before) = SystemTime::now().checked_sub(grace) else {
            return Ok(done);
        };
        let files = TableFiles::load(&*self.documents, table)?;
        let manifests = files.manifests();
        let old_swaps = manifests.iter().filter(|named| named.modified <= before);
        let expired: HashSet<&str> = old_swaps
            .flat_map(|named| named.manifest.replaces())
            .map(String::as_str)
            .collect();
        let mut references = files.references();
        let last = manifests.iter().filter_map(NamedManifest::number).max();
        for named in manifests {
            let manifest = &named.manifest;
            let gone = manifest.files().iter();
            let gone: Vec<&str> = gone
                .map(|file| file.name.as_str())
                .filter(|name| expired.contains(name))
                .collect();
            if let Some(batch) = manifest.batch()
                && !gone.is_empty()
                && !self.watermarks().is_finished(batch)?
            {
                // The manifest is what recognises the next attempt.
                continue;
            }
            // First the files: as long as the manifest lists them, the next call deletes them.
            for name in &gone {
                self.documents.delete(name)?;
                done.files += 1;
            }
            let is_empty = gone.len() == manifest.files().len();
            let hides = manifest.replaces().iter();
            let mut hides = hides.filter(|name| references.contains(name.as_str()));
            // A manifest that hides files of others is needed as long as they list them. The last number stays in use.
            let is_needed = hides.next().is_some()
                || named.modified > before
                || named.number().is_some() && named.number() == last;
            if is_empty && !is_needed {
                self.documents.delete(&named.document)?;
                done.manifests += 1;
            } else if gone.is_empty() || !self.put_without(named, &expired)? {
                continue;
            }
            for name in gone {
                references.remove(name);
            }
        }
        Ok(done)
    }

    /// Replaces a manifest by one without the files that are gone, and returns whether nobody else has changed it.
    fn put_without(
        &self,
        named: &NamedManifest,
        gone: &HashSet<&str>,
    ) -> Result<bool, Box<dyn Error + Send + Sync>> {
        let mut manifest = Manifest::clone(&named.manifest);
        manifest.retain_files(|file| !gone.contains(&*file.name));
        let condition = PutIf::Matches(named.version.clone());
        match self
            .documents
            .put(&named.document, manifest.to_json().into(), condition)
        {
            Ok(outcome) => Ok(matches!(outcome, PutOutcome::Stored(_))),
            // The next call finds out.
            Err(error) if error.kind() == StorageErrorKind::InDoubt => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

impl NamedManifest {
    /// Returns the number of a swap manifest.
    fn number(&self) -> Option<u64> {
        number_of(&self.document)
    }
}

fn number_of(document: &str) -> Option<u64> {
    let (_, name) = document.rsplit_once('/')?;
    let digits = name.strip_prefix(SWAP)?.strip_suffix(".json")?;
    (digits.len() == 20).then(|| digits.parse().ok())?
}

//! Writes manifests next to the data.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use otlake_schema::Table;
use otlake_storage::{
    Documents, PutIf, PutOutcome, Retries, RetryObserver, RetryPolicy, StorageErrorKind,
};

use crate::commit::manifest::Manifest;
use crate::commit::manifest::file::ManifestFile;
use crate::commit::manifest_reader::ManifestReader;
use crate::commit::replacement::{ReplaceOutcome, number_of, retired_document};
use crate::commit::watermarks::Watermarks;
use crate::commit::{Commit, CommitOutcome};
use crate::files::batch_id::BatchId;

/// The commit of a dataset whose documents are next to the data: writes each manifest as
/// `_otlake/manifests/TABLE/NAME.json`.
///
/// The name of a manifest is the identity of its batch, or unique to its flush. The first attempt of a batch that
/// commits creates the manifest, and no other attempt changes it. [`Watermarks`] next to the data say which batches are
/// finished.
///
/// ```
/// use std::sync::Arc;
/// use std::time::Duration;
///
/// use otlake_dataset::{BatchId, Commit, CommitOutcome, Manifest, ManifestCommit};
/// use otlake_schema::Table;
/// use otlake_storage::{InMemoryStorage, RetryPolicy};
///
/// let storage = InMemoryStorage::new();
/// let commit = ManifestCommit::new(Arc::new(storage.clone()))
///     .with_retry(RetryPolicy::default().with_deadline(Duration::from_secs(60)))
///     .with_retry_observer(None);
///
/// // What a dataset does for a batch.
/// let batch = BatchId::new("orders-3", 17)?;
/// let manifest = Manifest::new(Table::Logs).with_batch(batch.clone());
/// let outcome = commit.commit(&batch.to_string(), &manifest)?;
/// assert_eq!(outcome, CommitOutcome::Committed);
/// commit.finish(&batch)?;
///
/// assert!(commit.is_finished(&batch)?);
/// let name = ManifestCommit::document_name(Table::Logs, &batch.to_string());
/// assert!(storage.files().contains_key(&name));
/// # Ok::<_, Box<dyn std::error::Error + Send + Sync>>(())
/// ```
pub struct ManifestCommit {
    pub(crate) documents: Arc<dyn Documents>,
    pub(crate) retry: RetryPolicy,
    pub(crate) observer: Option<Arc<dyn RetryObserver>>,
}

impl ManifestCommit {
    /// Creates a commit that writes to `documents`.
    pub fn new(documents: Arc<dyn Documents>) -> Self {
        Self {
            documents,
            retry: RetryPolicy::default(),
            observer: None,
        }
    }

    /// Sets the observer that is called when writing a manifest is retried. Default: none.
    #[must_use]
    pub fn with_retry_observer(mut self, observer: Option<Arc<dyn RetryObserver>>) -> Self {
        self.observer = observer;
        self
    }

    /// Sets how long writing a manifest is retried after conflicts and writes in doubt. Default: 10 seconds.
    #[must_use]
    pub fn with_retry(mut self, retry: RetryPolicy) -> Self {
        self.retry = retry;
        self
    }

    /// Returns the name of a manifest in the storage.
    pub fn document_name(table: Table, name: &str) -> String {
        format!("{}{name}.json", Self::directory(table))
    }

    /// Returns the beginning of the names of a table's manifests.
    pub(crate) fn directory(table: Table) -> String {
        format!("_otlake/manifests/{}/", table.name())
    }

    pub(crate) fn watermarks(&self) -> Watermarks {
        Watermarks::new(Arc::clone(&self.documents))
            .with_retry(self.retry)
            .with_retry_observer(self.observer.clone())
    }
}

impl Commit for ManifestCommit {
    fn commit(
        &self,
        name: &str,
        manifest: &Manifest,
    ) -> Result<CommitOutcome, Box<dyn Error + Send + Sync>> {
        let document = Self::document_name(manifest.table(), name);
        if number_of(&document).is_some() || document == retired_document(manifest.table()) {
            return Err(ReservedName(document).into());
        }
        let retries = Retries::new(&*document, self.retry).with_observer(self.observer.clone());
        let found = create(
            &*self.documents,
            &document,
            &manifest.to_json().into(),
            retries,
        )?;
        // The name of a flush is its own, so a manifest of this name is that of an earlier attempt, and
        // cleaning up may have changed it.
        let (Some(found), Some(_)) = (found, manifest.batch()) else {
            return Ok(CommitOutcome::Committed);
        };
        let found = Manifest::from_json(&found)?;
        let files = found.files().iter().map(|file| file.name.clone());
        Ok(CommitOutcome::AlreadyCommitted {
            files: Some(files.collect()),
        })
    }

    fn is_finished(&self, batch: &BatchId) -> Result<bool, Box<dyn Error + Send + Sync>> {
        Ok(self.watermarks().is_finished(batch)?)
    }

    fn finish(&self, batch: &BatchId) -> Result<(), Box<dyn Error + Send + Sync>> {
        Ok(self.watermarks().raise(batch)?)
    }

    /// Returns the files of a table without their columns, except for `timestamp`. [`TableFiles`](crate::TableFiles) has all columns.
    fn files(&self, table: Table) -> Result<Vec<ManifestFile>, Box<dyn Error + Send + Sync>> {
        let mut manifests = ManifestReader::skimming(&*self.documents, table);
        let files = manifests.read()?;
        // It shares the manifests.
        drop(manifests);
        Ok(files.into_files())
    }

    fn replace(&self, manifest: &Manifest) -> Result<ReplaceOutcome, Box<dyn Error + Send + Sync>> {
        self.put_swap(manifest)
    }
}

/// The error of a commit whose manifest would have the name of a swap, or of the numbers of swaps.
#[derive(Debug, thiserror::Error)]
#[error("{0} is not a name for the manifest of a flush or a batch: choose another one")]
struct ReservedName(String);

/// Creates a document. If it exists with another content, that is returned.
pub(crate) fn create(
    documents: &dyn Documents,
    name: &str,
    bytes: &Bytes,
    mut retries: Retries,
) -> Result<Option<Bytes>, Box<dyn Error + Send + Sync>> {
    loop {
        let doubt = match documents.put(name, bytes.clone(), PutIf::Absent) {
            Ok(PutOutcome::Stored(_)) => return Ok(None),
            Ok(PutOutcome::Conflict) => None,
            Err(error) if error.kind() == StorageErrorKind::InDoubt => Some(error),
            Err(error) => return Err(error.into()),
        };
        let is_in_doubt = doubt.is_some();
        if let Some(error) = doubt {
            retries.pause_in_doubt(error)?;
        }
        match documents.get(name)? {
            // This write or an earlier one has succeeded, and its response was lost.
            Some(found) if found.bytes == bytes => return Ok(None),
            Some(found) => return Ok(Some(found.bytes)),
            None if is_in_doubt => {}
            None => retries.pause_after_conflict()?,
        }
    }
}

impl fmt::Debug for ManifestCommit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ManifestCommit").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use otlake_storage::{
        Document, InMemoryStorage, Storage, StorageError, StorageFile, StoredFile,
    };

    use super::*;

    /// A storage that stores nothing and reports a conflict for every write.
    #[derive(Debug, Default)]
    struct Conflicting(AtomicUsize);

    impl Storage for Conflicting {
        fn create(&self, name: &str) -> Result<Box<dyn StorageFile>, StorageError> {
            InMemoryStorage::new().create(name)
        }
    }

    impl Documents for Conflicting {
        fn get(&self, _name: &str) -> Result<Option<Document>, StorageError> {
            Ok(None)
        }

        fn put(&self, _: &str, _: Bytes, _: PutIf) -> Result<PutOutcome, StorageError> {
            self.0.fetch_add(1, Ordering::Relaxed);
            Ok(PutOutcome::Conflict)
        }

        fn list(&self, _: &str) -> Result<Vec<StoredFile>, StorageError> {
            Ok(Vec::new())
        }

        fn delete(&self, _name: &str) -> Result<(), StorageError> {
            Ok(())
        }
    }

    #[test]
    fn a_storage_that_always_reports_a_conflict_is_an_error_and_no_endless_loop() {
        let storage = Arc::new(Conflicting::default());
        let soon = RetryPolicy::default().with_deadline(Duration::from_millis(300));
        let commit = ManifestCommit::new(storage.clone()).with_retry(soon);
        let error = commit.commit("a", &Manifest::new(Table::Logs)).unwrap_err();
        assert!(error.to_string().contains("_otlake/manifests/logs/a.json"));
        assert!(storage.0.load(Ordering::Relaxed) < 50);
    }

    /// The first attempt of a batch that commits counts.
    #[test]
    fn the_manifest_of_a_batch_is_never_replaced() {
        let storage = InMemoryStorage::new();
        let commit = ManifestCommit::new(Arc::new(storage.clone()));
        let batch = BatchId::new("a", 1).unwrap();
        let first = Manifest::new(Table::Logs).with_batch(batch.clone());
        let second = first.clone().with_schema_version(2);
        let outcomes = [&first, &first, &second].map(|manifest| commit.commit("a-1", manifest));
        let already = CommitOutcome::AlreadyCommitted {
            files: Some(Vec::new()),
        };
        let expected = [CommitOutcome::Committed, CommitOutcome::Committed, already];
        assert_eq!(outcomes.map(Result::unwrap), expected);
        let stored = &storage.files()["_otlake/manifests/logs/a-1.json"];
        assert_eq!(Manifest::from_json(stored).unwrap(), first);
        assert!(!commit.is_finished(&batch).unwrap());
        commit.finish(&batch).unwrap();
        assert!(commit.is_finished(&batch).unwrap());
    }
}

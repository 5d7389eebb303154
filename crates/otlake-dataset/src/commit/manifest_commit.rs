//! Writes manifests next to the data.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use otlake_storage::{
    Documents, PutIf, PutOutcome, Retries, RetryObserver, RetryPolicy, StorageErrorKind,
};

use crate::commit::Commit;
use crate::commit::manifest::Manifest;

/// The commit of a dataset whose documents are next to the data: writes each manifest as
/// `_otlake/manifests/TABLE/NAME.json`.
///
/// The name of a manifest is the identity of its batch, or unique to its flush. Each attempt of a batch
/// replaces the manifest of the earlier ones.
pub struct ManifestCommit {
    documents: Arc<dyn Documents>,
    retry: RetryPolicy,
    observer: Option<Arc<dyn RetryObserver>>,
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
    pub fn document_name(table: otlake_schema::Table, name: &str) -> String {
        format!("_otlake/manifests/{}/{name}.json", table.name())
    }
}

impl Commit for ManifestCommit {
    fn commit(&self, name: &str, manifest: &Manifest) -> Result<(), Box<dyn Error + Send + Sync>> {
        let document = Self::document_name(manifest.table(), name);
        let retries = Retries::new(&*document, self.retry).with_observer(self.observer.clone());
        replace(
            &*self.documents,
            &document,
            &manifest.to_json().into(),
            retries,
        )
    }
}

/// Writes a document, whether it exists or not.
fn replace(
    documents: &dyn Documents,
    name: &str,
    bytes: &Bytes,
    mut retries: Retries,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    loop {
        let condition = match documents.get(name)? {
            // An earlier write has succeeded, and its response was lost.
            Some(found) if found.bytes == bytes => return Ok(()),
            Some(found) => PutIf::Matches(found.version),
            None => PutIf::Absent,
        };
        match documents.put(name, bytes.clone(), condition) {
            Ok(PutOutcome::Stored(_)) => return Ok(()),
            Ok(PutOutcome::Conflict) => retries.pause_after_conflict()?,
            // Reading the document shows whether it was written.
            Err(error) if error.kind() == StorageErrorKind::InDoubt => {
                retries.pause_in_doubt(error)?;
            }
            Err(error) => return Err(error.into()),
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

    use otlake_schema::Table;
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

    #[test]
    fn a_manifest_is_replaced_by_the_next_of_its_name() {
        let storage = InMemoryStorage::new();
        let commit = ManifestCommit::new(Arc::new(storage.clone()));
        let first = Manifest::new(Table::Logs);
        let second = Manifest::new(Table::Logs).with_schema_version(2);
        for manifest in [&first, &first, &second] {
            commit.commit("a", manifest).unwrap();
        }
        let stored = &storage.files()["_otlake/manifests/logs/a.json"];
        assert_eq!(Manifest::from_json(stored).unwrap(), second);
    }
}

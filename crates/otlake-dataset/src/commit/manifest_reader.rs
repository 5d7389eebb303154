//! Reads the manifests of a table, again if necessary.

use std::collections::HashMap;
use std::sync::Arc;

use otlake_schema::Table;
use otlake_storage::{Documents, StoredFile};

use crate::commit::manifest::{Manifest, ManifestError};
use crate::commit::manifest_commit::ManifestCommit;
use crate::commit::replacement::retired_document;
use crate::commit::retired_swaps::RetiredSwaps;
use crate::commit::table_files::{NamedManifest, TableFiles, TableFilesError};
use crate::files::read_ahead::read_ahead;

/// The bytes of manifests that are read before they are needed.
const READ_AHEAD: u64 = 4 << 20;

/// How often manifests are listed because one of them was deleted in between.
const ATTEMPTS: u32 = 10;

/// Reads the files of a table, as often as necessary. A manifest is read once, and again only if it has changed.
///
/// A manifest changes when files that were replaced are removed from it, so it has another size then.
pub(crate) struct ManifestReader<'d> {
    documents: &'d dyn Documents,
    table: Table,
    read: fn(&[u8]) -> Result<Manifest, ManifestError>,
    /// The manifests of the last list that were read, by the names of their documents.
    known: HashMap<String, KnownManifest>,
    retired: RetiredSwaps,
}

struct KnownManifest {
    /// The size of the document when it was listed.
    bytes: u64,
    named: NamedManifest,
}

impl<'d> ManifestReader<'d> {
    /// Creates a reader of whole manifests.
    pub(crate) fn new(documents: &'d dyn Documents, table: Table) -> Self {
        Self {
            documents,
            table,
            read: Manifest::from_json,
            known: HashMap::new(),
            retired: RetiredSwaps::default(),
        }
    }

    /// Creates a reader that leaves out the columns of files, except for `timestamp`.
    pub(crate) fn skimming(documents: &'d dyn Documents, table: Table) -> Self {
        Self {
            read: Manifest::skim_json,
            ..Self::new(documents, table)
        }
    }

    /// Returns the files of the table as they are now.
    pub(crate) fn read(&mut self) -> Result<TableFiles, TableFilesError> {
        for _ in 0..ATTEMPTS {
            if let Some(files) = self.try_read()? {
                return Ok(files);
            }
        }
        Err(TableFilesError::Changing {
            table: self.table.name(),
            attempts: ATTEMPTS,
        })
    }

    /// Returns `None` if a manifest was deleted after it was listed: what replaces its files may have been missed. The same
    /// holds for a swap that is going to be deleted, whose number was not retired before the list, and for one that is missing.
    fn try_read(&mut self) -> Result<Option<TableFiles>, TableFilesError> {
        let listed = self
            .documents
            .list(&ManifestCommit::directory(self.table))?;
        let is_known = |listed: &StoredFile| {
            let known = self.known.get(&listed.name);
            known.is_some_and(|known| {
                known.bytes == listed.bytes && known.named.modified == listed.modified
            })
        };
        // The retired numbers have to be as new as the list, so they are always read.
        let retired_document = retired_document(self.table);
        let new: Vec<&StoredFile> = listed
            .iter()
            .filter(|listed| listed.name == retired_document || !is_known(listed))
            .collect();
        let has_known = new.len() < listed.len();
        // The first numbers may have been retired after the list passed their place.
        if has_known
            && !new.iter().any(|new| new.name == retired_document)
            && self.documents.get(&retired_document)?.is_some()
        {
            return Ok(None);
        }
        if !self.read_all(&new)? {
            return Ok(None);
        }
        let mut known = std::mem::take(&mut self.known);
        let found = known.remove(&retired_document);
        let found = found.map(|retired| RetiredSwaps::from(&*retired.named.manifest));
        let found = found.unwrap_or_default();
        // Manifests that no longer exist are forgotten.
        let manifests = listed.iter();
        self.known = manifests
            .filter_map(|listed| known.remove_entry(&listed.name))
            .collect();
        // A swap that is not in the list may have been deleted while it was made, and before that the entries of the files that
        // it has replaced. A manifest that is read after the list lacks these entries; a known one may still have them.
        let is_old = has_known && found != self.retired;
        let documents = listed.iter().map(|listed| listed.name.as_str());
        if !self.retired.update(found, documents) || is_old {
            return Ok(None);
        }
        let mut manifests: Vec<NamedManifest> = Vec::with_capacity(listed.len());
        manifests.extend(listed.iter().filter_map(|listed| {
            let known = self.known.get(&listed.name)?;
            Some(known.named.clone())
        }));
        let late = manifests.extract_if(.., |named| self.retired.contains(&named.document));
        let late = late.map(|named| named.document).collect();
        Ok(Some(TableFiles::new(manifests, late)))
    }

    /// Reads manifests. Returns false if one of them does not exist any more.
    fn read_all(&mut self, listed: &[&StoredFile]) -> Result<bool, TableFilesError> {
        let (documents, read_json, known) = (self.documents, self.read, &mut self.known);
        let read = |number: usize| documents.get(&listed[number].name);
        let sizes = listed.iter().map(|listed| listed.bytes).enumerate();
        read_ahead(sizes, READ_AHEAD, &read, |ahead| {
            for (number, listed) in listed.iter().enumerate() {
                let Some(document) = ahead.take(number)? else {
                    return Ok(false);
                };
                let name = &listed.name;
                let manifest = read_json(&document.bytes).map_err(|source| {
                    let name = name.clone();
                    TableFilesError::Manifest { name, source }
                })?;
                let named = NamedManifest {
                    document: name.clone(),
                    modified: listed.modified,
                    version: document.version,
                    manifest: Arc::new(manifest),
                };
                let bytes = listed.bytes;
                known.insert(name.clone(), KnownManifest { bytes, named });
            }
            Ok(true)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::ops::Range;
    use std::sync::Mutex;
    use std::time::Duration;

    use bytes::Bytes;
    use otlake_storage::{
        Document, InMemoryStorage, PutIf, PutOutcome, Storage, StorageError, StorageFile,
    };

    use super::*;
    use crate::commit::Commit;

    /// A storage whose next list has manifests as they were some time ago, and swaps as they are.
    #[derive(Debug, Default)]
    struct SlowList {
        inner: InMemoryStorage,
        before: Mutex<Vec<StoredFile>>,
        reads: Mutex<Vec<String>>,
    }

    impl Storage for SlowList {
        fn create(&self, name: &str) -> Result<Box<dyn StorageFile>, StorageError> {
            self.inner.create(name)
        }
    }

    impl Documents for SlowList {
        fn get(&self, name: &str) -> Result<Option<Document>, StorageError> {
            self.reads.lock().unwrap().push(name.to_owned());
            self.inner.get(name)
        }

        fn read_range(&self, name: &str, range: Range<u64>) -> Result<Option<Bytes>, StorageError> {
            self.inner.read_range(name, range)
        }

        fn put(&self, name: &str, bytes: Bytes, to: PutIf) -> Result<PutOutcome, StorageError> {
            self.inner.put(name, bytes, to)
        }

        fn list(&self, prefix: &str) -> Result<Vec<StoredFile>, StorageError> {
            let mut listed = std::mem::take(&mut *self.before.lock().unwrap());
            listed.retain(|file| !file.name.contains("swap"));
            let mut now = self.inner.list(prefix)?;
            now.retain(|file| !listed.iter().any(|old| old.name == file.name));
            listed.extend(now);
            Ok(listed)
        }

        fn delete(&self, name: &str) -> Result<(), StorageError> {
            self.inner.delete(name)
        }
    }

    /// Returns the manifest of a file, whose bytes are in the storage, that replaces another one.
    fn manifest(storage: &InMemoryStorage, file: &str, replaces: &[&str]) -> Manifest {
        let _stored = storage.put(file, "".into(), PutIf::Absent).unwrap();
        let json = format!(
            r#"{{"format": "otlake.manifest/2", "table": "logs",
                "totals": {{"files": 1, "rows": 1, "bytes": 1, "row_groups": 1}},
                "files": [{{"name": "{file}", "partition": [], "rows": 1, "bytes": 1, "row_groups": 1, "columns": []}}]}}"#
        );
        let replaces = replaces.iter().map(|name| (*name).to_owned()).collect();
        let manifest = Manifest::from_json(json.as_bytes()).unwrap();
        manifest.with_replaces(replaces)
    }

    fn files(reader: &mut ManifestReader<'_>) -> Vec<String> {
        let files = reader.read().unwrap().into_files().into_iter();
        files.map(|file| file.name).collect()
    }

    /// While a list is made, another process removes a file that was replaced from its manifest, and deletes the swap that has
    /// replaced it. The list has the manifest as it was, which is known, and lacks the swap, so manifests are listed again.
    #[test]
    fn known_manifests_are_not_used_with_a_list_that_lacks_a_swap() {
        let storage = SlowList::default();
        let inner = &storage.inner;
        let commit = crate::ManifestCommit::new(Arc::new(inner.clone()));
        let mut reader = ManifestReader::new(&storage, Table::Logs);
        let _first = commit.commit("first", &manifest(inner, "a", &[])).unwrap();
        let _other = commit.commit("other", &manifest(inner, "z", &[])).unwrap();
        assert_eq!(files(&mut reader), ["a", "z"]);
        let before = inner.list("_otlake/manifests/logs/").unwrap();
        for (file, replaced) in [("b", "a"), ("c", "b")] {
            let _replaced = commit.replace(&manifest(inner, file, &[replaced])).unwrap();
        }
        commit.clean_up(Table::Logs, Duration::ZERO).unwrap();
        assert_eq!(inner.list("_otlake/manifests/logs/swap-").unwrap().len(), 1);
        *storage.before.lock().unwrap() = before;
        assert_eq!(files(&mut reader), ["z", "c"]);
        let reads = storage.reads.lock().unwrap();
        let reads = reads.iter().filter(|name| name.ends_with("other.json"));
        assert_eq!(reads.count(), 1);
    }
}

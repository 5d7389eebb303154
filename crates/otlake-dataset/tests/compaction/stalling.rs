//! Processes that stall, or read, while others replace files, remove leftovers and clean up.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use otlake_dataset::{
    Commit, CompactionOptions, Compactor, Manifest, ManifestCommit, ReplaceOutcome,
};
use otlake_schema::Table;
use otlake_storage::{
    Document, Documents, InMemoryStorage, PutIf, PutOutcome, Storage, StorageError, StorageFile,
    StoredFile,
};

use super::cells::{commit, files, rows};
use super::interference::{
    clean_up, compactor, ends, interrupted, interrupted_with, leftovers, names, put_another_swap,
    run, write_to_one_partition,
};

/// A storage that lets others act right before a swap is created, when everything was checked. The first attempt to
/// delete a swap fails.
#[derive(Clone)]
struct Stalling<F> {
    inner: InMemoryStorage,
    act: Arc<F>,
    then: Then,
    has_failed: Arc<AtomicBool>,
}

/// What a process does after a swap was created.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Then {
    Continues,
    Ends,
}

impl<F> std::fmt::Debug for Stalling<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Stalling")
    }
}

impl<F: Fn() + Send + Sync> Storage for Stalling<F> {
    fn create(&self, name: &str) -> Result<Box<dyn StorageFile>, StorageError> {
        self.inner.create(name)
    }
}

impl<F: Fn() + Send + Sync> Documents for Stalling<F> {
    fn get(&self, name: &str) -> Result<Option<Document>, StorageError> {
        self.inner.get(name)
    }

    fn put(&self, name: &str, bytes: Bytes, condition: PutIf) -> Result<PutOutcome, StorageError> {
        if !name.contains("/swap-") {
            return self.inner.put(name, bytes, condition);
        }
        (self.act)();
        let outcome = self.inner.put(name, bytes, condition);
        assert!(self.then == Then::Continues, "the process ends");
        outcome
    }

    fn list(&self, prefix: &str) -> Result<Vec<StoredFile>, StorageError> {
        self.inner.list(prefix)
    }

    fn delete(&self, name: &str) -> Result<(), StorageError> {
        if name.contains("/swap-") && !self.has_failed.swap(true, Ordering::SeqCst) {
            return Err(StorageError::new("delete", name, "no connection"));
        }
        self.inner.delete(name)
    }
}

/// Merges files with a process that stalls after it has checked them, until `act` is done.
fn run_stalling(storage: &InMemoryStorage, then: Then, act: impl Fn() + Send + Sync + 'static) {
    let done = AtomicBool::new(false);
    let act = move || {
        if !done.swap(true, Ordering::SeqCst) {
            act();
        }
    };
    let stalling = Arc::new(Stalling {
        inner: storage.clone(),
        act: Arc::new(act),
        then,
        has_failed: Arc::default(),
    });
    let commit = Arc::new(ManifestCommit::new(stalling.clone()));
    let late = Compactor::new(stalling, commit, CompactionOptions::new());
    match then {
        Then::Continues => {
            let report = run(&late);
            assert!(report.errors.is_empty(), "{:?}", report.errors);
        }
        Then::Ends => assert!(ends(|| drop(run(&late)))),
    }
}

/// Asserts that the table has these rows, and goes on to have them when everything that is not needed was removed.
fn assert_rows(storage: &InMemoryStorage, expected: &BTreeMap<String, usize>) {
    assert_eq!(rows(storage, Table::Logs).as_ref(), Some(expected));
    clean_up(storage);
    leftovers(storage);
    for _ in 0..3 {
        clean_up(storage);
    }
    assert_eq!(rows(storage, Table::Logs).as_ref(), Some(expected));
    let parquet = storage.files().into_keys();
    let parquet: Vec<_> = parquet.filter(|name| name.ends_with(".parquet")).collect();
    assert_eq!(
        parquet.len(),
        files(storage, Table::Logs).len(),
        "{parquet:?}"
    );
}

/// A compactor stalls between its check and its swap. Meanwhile another one merges the files, and cleaning up deletes them
/// and the swap whose number the first one is about to use. Whether the first one then ends or continues, no row is visible
/// twice.
#[test]
fn a_compactor_that_stalls_after_its_check_does_not_double_rows() {
    for then in [Then::Continues, Then::Ends] {
        let storage = InMemoryStorage::new();
        write_to_one_partition(&storage, 0..4);
        let other = storage.clone();
        run_stalling(&storage, then, move || {
            run(&compactor(&other));
            clean_up(&other);
            write_to_one_partition(&other, 4..8);
            run(&compactor(&other));
            for _ in 0..3 {
                clean_up(&other);
            }
            let swaps = other.list("_otlake/manifests/logs/swap-").unwrap();
            assert_eq!(swaps.len(), 1, "the first number is free: {swaps:?}");
        });
        let expected = rows(&storage, Table::Logs).unwrap();
        assert_eq!(
            (expected.len(), expected.values().sum::<usize>()),
            (8, 8),
            "{then:?}"
        );
        assert_rows(&storage, &expected);
    }
}

/// A compactor stalls between its check and its swap until its merged file is removed as a leftover, and perhaps the swap
/// that says so is cleaned up. Whether it then ends or continues, no row is lost.
#[test]
fn a_merged_file_that_is_removed_after_the_check_replaces_nothing() {
    for (then, is_cleaned_up) in [
        (Then::Continues, false),
        (Then::Continues, true),
        (Then::Ends, false),
        (Then::Ends, true),
    ] {
        let storage = InMemoryStorage::new();
        write_to_one_partition(&storage, 0..4);
        let before = rows(&storage, Table::Logs).unwrap();
        let other = storage.clone();
        run_stalling(&storage, then, move || {
            assert_eq!(leftovers(&other).len(), 1);
            if is_cleaned_up {
                clean_up(&other);
                let swaps = other.list("_otlake/manifests/logs/swap-").unwrap();
                assert!(swaps.is_empty(), "{swaps:?}");
            }
        });
        assert_rows(&storage, &before);
    }
}

/// A merged file becomes part of the table after a process that removes leftovers has found it in no manifest: it stays.
#[test]
fn a_merged_file_that_becomes_part_of_the_table_is_no_leftover() {
    let storage = InMemoryStorage::new();
    write_to_one_partition(&storage, 0..4);
    let before = rows(&storage, Table::Logs).unwrap();
    let stopped = Arc::new(Mutex::new(None));
    let kept = Arc::clone(&stopped);
    let before_swap = move |manifest: &Manifest| {
        *kept.lock().unwrap() = Some(manifest.clone());
        panic!("stops here");
    };
    let slow = interrupted_with(&storage, before_swap);
    assert!(ends(|| drop(run(&slow))));
    let manifest = stopped
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .take();
    let manifest = manifest.unwrap();
    let other = storage.clone();
    let stalling = Stalling {
        inner: storage.clone(),
        act: Arc::new(move || {
            let outcome = commit(&other).replace(&manifest).unwrap();
            assert_eq!(outcome, ReplaceOutcome::Replaced);
        }),
        then: Then::Continues,
        has_failed: Arc::default(),
    };
    let removing = ManifestCommit::new(Arc::new(stalling));
    let removed = removing.remove_leftovers(Table::Logs, Duration::ZERO);
    assert_eq!(removed.unwrap(), [""; 0]);
    assert_eq!(files(&storage, Table::Logs).len(), 1);
    assert_rows(&storage, &before);
}

/// A storage in which others act after a reader has listed and read all manifests, except the one with retired numbers.
#[derive(Clone)]
struct ReadBefore<F> {
    inner: InMemoryStorage,
    act: Arc<F>,
    lists: Arc<AtomicUsize>,
    /// The documents before that.
    before: Arc<Mutex<BTreeMap<String, Document>>>,
}

impl<F> std::fmt::Debug for ReadBefore<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ReadBefore")
    }
}

impl<F: Fn() + Send + Sync> Storage for ReadBefore<F> {
    fn create(&self, name: &str) -> Result<Box<dyn StorageFile>, StorageError> {
        self.inner.create(name)
    }
}

impl<F: Fn() + Send + Sync> Documents for ReadBefore<F> {
    fn get(&self, name: &str) -> Result<Option<Document>, StorageError> {
        let before = self.before.lock().unwrap();
        match before.get(name) {
            Some(document) if !name.ends_with("/retired-swaps.json") => Ok(Some(document.clone())),
            _ => self.inner.get(name),
        }
    }

    fn put(&self, name: &str, bytes: Bytes, condition: PutIf) -> Result<PutOutcome, StorageError> {
        self.inner.put(name, bytes, condition)
    }

    fn list(&self, prefix: &str) -> Result<Vec<StoredFile>, StorageError> {
        let listed = self.inner.list(prefix)?;
        let mut before = self.before.lock().unwrap();
        before.clear();
        if self.lists.fetch_add(1, Ordering::SeqCst) == 0 {
            for file in &listed {
                let document = self.inner.get(&file.name)?;
                before.insert(file.name.clone(), document.unwrap());
            }
            (self.act)();
        }
        Ok(listed)
    }

    fn delete(&self, name: &str) -> Result<(), StorageError> {
        self.inner.delete(name)
    }
}

/// A reader has read manifests whose files were replaced. Then another process cleans up, and ends after it has retired the
/// swap that has replaced them, and before it deletes the swap: the reader begins again.
#[test]
fn a_reader_does_not_see_files_of_a_swap_that_is_retired_in_between() {
    let storage = InMemoryStorage::new();
    // There are retired numbers already.
    put_another_swap(&storage);
    clean_up(&storage);
    write_to_one_partition(&storage, 0..4);
    run(&compactor(&storage));
    write_to_one_partition(&storage, 4..8);
    run(&compactor(&storage));
    let before = rows(&storage, Table::Logs).unwrap();
    let expected = names(&storage);
    assert_eq!(expected.len(), 1);

    let other = storage.clone();
    let reading = ReadBefore {
        inner: storage.clone(),
        act: Arc::new(move || {
            let failing = Stalling {
                inner: other.clone(),
                act: Arc::new(|| {}),
                then: Then::Continues,
                has_failed: Arc::default(),
            };
            let commit = ManifestCommit::new(Arc::new(failing));
            assert!(commit.clean_up(Table::Logs, Duration::ZERO).is_err());
            let swaps = other.list("_otlake/manifests/logs/swap-").unwrap();
            assert_eq!(swaps.len(), 2, "the first one is retired: {swaps:?}");
        }),
        lists: Arc::default(),
        before: Arc::default(),
    };
    let seen = ManifestCommit::new(Arc::new(reading)).files(Table::Logs);
    let seen = seen.unwrap().into_iter().map(|file| file.name);
    assert_eq!(seen.collect::<Vec<_>>(), expected);
    assert_rows(&storage, &before);
}

/// A process dies after it has said that a merged file is a leftover, and before it has deleted it: cleaning up does so.
#[test]
fn cleaning_up_deletes_leftovers_that_a_swap_names() {
    let storage = InMemoryStorage::new();
    write_to_one_partition(&storage, 0..4);
    let before = rows(&storage, Table::Logs).unwrap();
    let failing = interrupted(&storage, || panic!("the process ends"));
    assert!(ends(|| drop(run(&failing))));
    let merged = storage.list("logs/compact-").unwrap();
    let names: Vec<String> = merged.into_iter().map(|file| file.name).collect();
    assert_eq!(names.len(), 1);
    let manifest = Manifest::new(Table::Logs).with_replaces(names);
    let swap = ManifestCommit::document_name(Table::Logs, "swap-00000000000000000000");
    let outcome = storage.put(&swap, manifest.to_json().into(), PutIf::Absent);
    assert!(matches!(outcome, Ok(PutOutcome::Stored(_))));
    clean_up(&storage);
    assert!(storage.list("logs/compact-").unwrap().is_empty());
    assert_rows(&storage, &before);
}

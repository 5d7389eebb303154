//! The numbers of swaps: names that look like theirs, lists without some of them, and the last one.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use otlake_dataset::{
    BatchId, Commit, CompactionOptions, Compactor, Manifest, ManifestCommit, ReplaceOutcome,
    drop_older_than,
};
use otlake_schema::Table;
use otlake_storage::{
    Document, Documents, InMemoryStorage, PutIf, PutOutcome, RetryPolicy, Storage, StorageError,
    StorageFile, StoredFile,
};

use super::cells::{commit, rows};
use super::interference::{
    Before, clean_up, compactor, names, put_another_swap, run, write_to_one_partition,
};
use super::records::{BEGIN, Records, dataset_writer, options};

fn soon() -> RetryPolicy {
    RetryPolicy::default().with_deadline(Duration::from_millis(100))
}

/// Returns a manifest that drops all files of a table.
fn drop_all(storage: &InMemoryStorage) -> Manifest {
    Manifest::new(Table::Logs).with_replaces(names(storage))
}

fn swap(number: u64) -> String {
    ManifestCommit::document_name(Table::Logs, &format!("swap-{number:020}"))
}

/// Stores a manifest without files that has a member more.
fn put_with(storage: &InMemoryStorage, name: &str, member: &str) {
    let json = String::from_utf8(Manifest::new(Table::Logs).to_json()).unwrap();
    let json = json.replacen('{', &format!("{{{member},"), 1);
    let stored = storage.put(name, json.into(), PutIf::Absent).unwrap();
    assert!(matches!(stored, PutOutcome::Stored(_)));
}

fn retire(storage: &InMemoryStorage, ranges: &str) {
    let name = ManifestCommit::document_name(Table::Logs, "retired-swaps");
    put_with(storage, &name, &format!(r#""retired_swaps":{ranges}"#));
}

/// The manifest of a batch whose source is `swap` is no swap, however large its sequence number is.
#[test]
fn a_batch_with_the_name_of_a_swap_is_a_batch() {
    let storage = InMemoryStorage::new();
    write_to_one_partition(&storage, 0..1);
    let mut writer = dataset_writer(&storage, options());
    for (number, sequence) in [7, 10_u64.pow(19), u64::MAX].into_iter().enumerate() {
        let batch = BatchId::new("swap", sequence).unwrap();
        let _begun = writer.begin_batch(&batch).unwrap();
        Records::new().push(&mut writer, number as i64 + 1, BEGIN, &[]);
        writer.finish_batch().unwrap();
    }
    put_another_swap(&storage);
    assert!(storage.get(&swap(0)).unwrap().is_some());
    retire(&storage, "[[0,18446744073709551615]]");
    assert_eq!(rows(&storage, Table::Logs).unwrap().len(), 5);
}

/// The manifests of flushes and batches can't have the names of documents that belong to swaps.
#[test]
fn names_of_swaps_are_reserved() {
    let storage = InMemoryStorage::new();
    let commit = commit(&storage);
    for (name, is_reserved) in [
        ("swap-00000000000000000003", true),
        ("swap-09999999999999999999", true),
        ("retired-swaps", true),
        ("swap-10000000000000000000", false),
        ("swap-3", false),
    ] {
        let outcome = commit.commit(name, &Manifest::new(Table::Logs));
        assert_eq!(outcome.is_err(), is_reserved, "{name}: {outcome:?}");
    }
}

/// When all numbers are used, or a damaged document says so, replacing files is an error.
#[test]
fn the_last_number_is_followed_by_an_error() {
    for (retired, is_listed) in [
        ("[[0,18446744073709551615]]", false),
        ("[[0,9999999999999999999]]", false),
        ("[[0,9999999999999999998]]", true),
    ] {
        let storage = InMemoryStorage::new();
        write_to_one_partition(&storage, 0..1);
        retire(&storage, retired);
        if is_listed {
            put_with(
                &storage,
                &swap(9_999_999_999_999_999_999),
                r#""replaces":["a"]"#,
            );
        }
        let error = commit(&storage).replace(&drop_all(&storage)).unwrap_err();
        assert!(error.to_string().contains("no number is left"), "{error}");
        assert_eq!(names(&storage).len(), 1);
    }
}

/// A storage that others change while it lists swaps, or before it stores one.
#[derive(Clone, Debug, Default)]
struct Busy {
    inner: InMemoryStorage,
    /// A swap that is missing in the first list that should have it.
    unlisted: Option<String>,
    has_listed: Arc<AtomicBool>,
    /// The number of swaps that lose to those of another process.
    losing: usize,
    lost: Arc<AtomicUsize>,
    read: Arc<Mutex<Vec<String>>>,
    deleted: Arc<Mutex<Vec<String>>>,
}

impl Storage for Busy {
    fn create(&self, name: &str) -> Result<Box<dyn StorageFile>, StorageError> {
        self.inner.create(name)
    }
}

impl Documents for Busy {
    fn get(&self, name: &str) -> Result<Option<Document>, StorageError> {
        self.read.lock().unwrap().push(name.to_owned());
        self.inner.get(name)
    }

    fn put(&self, name: &str, bytes: Bytes, condition: PutIf) -> Result<PutOutcome, StorageError> {
        if name.contains("/swap-") && self.lost.load(Ordering::SeqCst) < self.losing {
            put_another_swap(&self.inner);
            let lost = self.lost.fetch_add(1, Ordering::SeqCst);
            assert!(lost < 1_000, "the conflicts have no end");
        }
        self.inner.put(name, bytes, condition)
    }

    fn list(&self, prefix: &str) -> Result<Vec<StoredFile>, StorageError> {
        let mut listed = self.inner.list(prefix)?;
        let unlisted = listed
            .iter()
            .position(|file| Some(&file.name) == self.unlisted.as_ref());
        if let Some(position) = unlisted
            && !self.has_listed.swap(true, Ordering::SeqCst)
        {
            listed.remove(position);
        }
        Ok(listed)
    }

    fn delete(&self, name: &str) -> Result<(), StorageError> {
        self.deleted.lock().unwrap().push(name.to_owned());
        self.inner.delete(name)
    }
}

/// Another compactor merges the files, and a further swap is created, while a compactor lists the swaps. Its list has the
/// later swap only: it lists again, and no row is there twice.
#[test]
fn a_list_without_an_earlier_swap_is_read_again() {
    let storage = InMemoryStorage::new();
    write_to_one_partition(&storage, 0..4);
    let before: BTreeMap<String, usize> = rows(&storage, Table::Logs).unwrap();
    let busy = Busy {
        inner: storage.clone(),
        unlisted: Some(swap(0)),
        ..Busy::default()
    };
    let other = storage.clone();
    let act = move |_: &Manifest| {
        run(&compactor(&other));
        put_another_swap(&other);
    };
    let slow = Before(Arc::new(ManifestCommit::new(Arc::new(busy.clone()))), act);
    let slow = Compactor::new(Arc::new(busy), Arc::new(slow), CompactionOptions::new());
    let report = run(&slow);
    assert!(report.errors.is_empty(), "{:?}", report.errors);
    assert_eq!((report.conflicts, report.files_written), (1, 0), "{report}");
    assert_eq!(rows(&storage, Table::Logs), Some(before));
}

/// The same for a reader: it lists again, and sees no file that the earlier swap has replaced.
#[test]
fn a_reader_whose_list_lacks_an_earlier_swap_lists_again() {
    let storage = InMemoryStorage::new();
    write_to_one_partition(&storage, 0..4);
    run(&compactor(&storage));
    put_another_swap(&storage);
    let busy = Busy {
        inner: storage.clone(),
        unlisted: Some(swap(0)),
        ..Busy::default()
    };
    let has_listed = Arc::clone(&busy.has_listed);
    let files = ManifestCommit::new(Arc::new(busy))
        .files(Table::Logs)
        .unwrap();
    let files: Vec<String> = files.into_iter().map(|file| file.name).collect();
    assert!(has_listed.load(Ordering::SeqCst));
    assert_eq!(files, names(&storage));
}

/// A swap was deleted by hand: replacing files is an error that names it, and so is reading the table.
#[test]
fn a_swap_that_is_missing_is_an_error() {
    let storage = InMemoryStorage::new();
    write_to_one_partition(&storage, 0..1);
    put_another_swap(&storage);
    put_another_swap(&storage);
    storage.delete(&swap(0)).unwrap();
    let commit = ManifestCommit::new(Arc::new(storage.clone())).with_retry(soon());
    let drop = Manifest::new(Table::Logs).with_replaces(vec!["any.parquet".to_owned()]);
    let error = commit.replace(&drop).unwrap_err();
    assert!(error.to_string().starts_with(&swap(0)), "{error}");
    let error = commit.files(Table::Logs).unwrap_err().to_string();
    assert!(error.contains("was a manifest deleted by hand?"), "{error}");
}

/// Other processes are always faster: there is a pause after each conflict, and an error at the deadline.
#[test]
fn conflicts_end_at_the_deadline() {
    let storage = InMemoryStorage::new();
    write_to_one_partition(&storage, 0..1);
    let busy = Busy {
        inner: storage.clone(),
        losing: usize::MAX,
        ..Busy::default()
    };
    let lost = Arc::clone(&busy.lost);
    let commit = ManifestCommit::new(Arc::new(busy)).with_retry(soon());
    let error = commit.replace(&drop_all(&storage)).unwrap_err();
    assert!(
        error.to_string().contains("could not be written"),
        "{error}"
    );
    assert!(lost.load(Ordering::SeqCst) < 60);
    assert_eq!(names(&storage).len(), 1);
}

/// Other processes write files and replace some, again and again between the checks of a drop and its swap. The manifests are
/// read once to find the old files, and once for all checks.
#[test]
fn a_drop_reads_each_manifest_once_for_all_checks() {
    let storage = InMemoryStorage::new();
    write_to_one_partition(&storage, 0..20);
    let busy = Busy {
        inner: storage.clone(),
        losing: 6,
        ..Busy::default()
    };
    let (lost, read) = (Arc::clone(&busy.lost), Arc::clone(&busy.read));
    let commit = ManifestCommit::new(Arc::new(busy));
    let dropped = drop_older_than(&commit, Table::Logs, Duration::ZERO).unwrap();
    assert_eq!((dropped.len(), lost.load(Ordering::SeqCst)), (20, 6));
    assert_eq!(names(&storage), [""; 0]);
    let mut reads: BTreeMap<String, usize> = BTreeMap::new();
    for name in read.lock().unwrap().drain(..) {
        *reads.entry(name).or_default() += 1;
    }
    reads.retain(|name, _| !name.contains("swap"));
    let mut reads: Vec<usize> = reads.into_values().collect();
    reads.sort_unstable();
    assert_eq!(reads, [vec![1; 6], vec![2; 20]].concat());
}

/// Files are merged and cleaned up, and the swap that has replaced them as well, before a process drops them: it finds the
/// merged file and drops that.
#[test]
fn a_late_drop_finds_the_merged_file() {
    let storage = InMemoryStorage::new();
    write_to_one_partition(&storage, 0..4);
    let small = drop_all(&storage);
    let other = storage.clone();
    let done = AtomicBool::new(false);
    let act = move |_: &Manifest| {
        if done.swap(true, Ordering::SeqCst) {
            return;
        }
        run(&compactor(&other));
        write_to_one_partition(&other, 4..8);
        run(&compactor(&other));
        for _ in 0..3 {
            clean_up(&other);
        }
        assert!(other.get(&swap(0)).unwrap().is_none());
    };
    let late = Before(commit(&storage), act);
    let dropped = drop_older_than(&late, Table::Logs, Duration::ZERO).unwrap();
    assert_eq!(dropped.len(), 1);
    assert_eq!(rows(&storage, Table::Logs), Some(BTreeMap::new()));
    let outcome = commit(&storage).replace(&small).unwrap();
    assert_eq!(outcome, ReplaceOutcome::Conflict);
}

/// A file that is missing in the storage is part of the table as long as a manifest lists it, so it can be dropped.
#[test]
fn a_file_that_is_missing_can_be_dropped() {
    let storage = InMemoryStorage::new();
    write_to_one_partition(&storage, 0..2);
    storage.delete(&names(&storage)[0]).unwrap();
    let dropped = drop_older_than(&*commit(&storage), Table::Logs, Duration::ZERO).unwrap();
    assert_eq!(dropped.len(), 2);
    assert_eq!(names(&storage), [""; 0]);
}

/// Files are merged twice and dropped. Then one clean-up deletes everything, with one request for each file.
#[test]
fn cleaning_up_deletes_each_file_once() {
    let storage = InMemoryStorage::new();
    for numbers in [0..4, 4..8] {
        write_to_one_partition(&storage, numbers);
        run(&compactor(&storage));
    }
    let outcome = commit(&storage).replace(&drop_all(&storage)).unwrap();
    assert_eq!(outcome, ReplaceOutcome::Replaced);
    let parquet = storage.list("logs/").unwrap().len();
    let counting = Busy {
        inner: storage.clone(),
        ..Busy::default()
    };
    let deleted = Arc::clone(&counting.deleted);
    let commit = ManifestCommit::new(Arc::new(counting));
    let done = commit.clean_up(Table::Logs, Duration::ZERO).unwrap();
    // Eight small files and two merged ones; eight manifests of flushes and three swaps.
    assert_eq!((parquet, done.files, done.manifests), (10, 10, 11));
    assert_eq!(deleted.lock().unwrap().len(), 21);
    assert!(storage.list("logs/").unwrap().is_empty());
}

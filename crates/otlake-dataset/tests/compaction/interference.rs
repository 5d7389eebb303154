//! What happens in between: other compactors, writers, retries, damaged files, faults, and processes that end.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use otlake_dataset::{
    BatchId, BatchStart, Commit, CommitOutcome, CompactionError, CompactionOptions, Compactor,
    DatasetWriter, Manifest, ManifestCommit, ManifestFile, ReplaceOutcome,
};
use otlake_row::Value;
use otlake_schema::Table;
use otlake_storage::{
    Document, Documents, InMemoryStorage, PutIf, PutOutcome, RetryPolicy, Storage, StorageError,
    StorageFile, StoredFile,
};

use super::cells::{commit, files, rows};
use super::faulty::{FaultyStorage, Plan};
use super::random::Random;
use super::records::{BEGIN, HOUR, Records, by_hour, dataset_writer, options};

pub(super) fn compactor(storage: &InMemoryStorage) -> Compactor {
    let options = CompactionOptions::new();
    Compactor::new(Arc::new(storage.clone()), commit(storage), options)
}

/// Writes files with a row each, in two partitions.
fn write(storage: &InMemoryStorage, numbers: std::ops::Range<i64>) {
    let mut writer = dataset_writer(storage, options().partitioning(by_hour()));
    for number in numbers {
        Records::new().push(&mut writer, number, BEGIN + number % 2 * HOUR, &[]);
        writer.flush().unwrap();
    }
}

/// Writes files with a row each, in one partition.
pub(super) fn write_to_one_partition(storage: &InMemoryStorage, numbers: std::ops::Range<i64>) {
    let mut writer = dataset_writer(storage, options());
    for number in numbers {
        Records::new().push(&mut writer, number, BEGIN, &[]);
        writer.flush().unwrap();
    }
}

/// Puts a swap that others don't need: it drops a file that was just written.
pub(super) fn put_another_swap(storage: &InMemoryStorage) {
    let before: BTreeSet<String> = names(storage).into_iter().collect();
    write_to_one_partition(storage, 100..101);
    let mut new = names(storage);
    new.retain(|name| !before.contains(name));
    assert_eq!(new.len(), 1);
    let manifest = Manifest::new(Table::Logs).with_replaces(new);
    let outcome = commit(storage).replace(&manifest).unwrap();
    assert_eq!(outcome, ReplaceOutcome::Replaced);
}

/// The names of the files of a table, for a reader of manifests.
pub(super) fn names(storage: &InMemoryStorage) -> Vec<String> {
    let files = files(storage, Table::Logs).into_iter();
    files.map(|file| file.name).collect()
}

fn leftovers(storage: &InMemoryStorage) -> Vec<String> {
    commit(storage)
        .remove_leftovers(Table::Logs, Duration::ZERO)
        .unwrap()
}

/// A commit that lets another process act before each replacement.
pub(super) struct Before<F>(pub(super) Arc<ManifestCommit>, pub(super) F);

impl<F> std::fmt::Debug for Before<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Before")
    }
}

impl<F: Fn(&Manifest) + Send + Sync> Commit for Before<F> {
    fn commit(
        &self,
        name: &str,
        manifest: &Manifest,
    ) -> Result<CommitOutcome, Box<dyn Error + Send + Sync>> {
        self.0.commit(name, manifest)
    }

    fn files(&self, table: Table) -> Result<Vec<ManifestFile>, Box<dyn Error + Send + Sync>> {
        self.0.files(table)
    }

    fn replace(&self, manifest: &Manifest) -> Result<ReplaceOutcome, Box<dyn Error + Send + Sync>> {
        (self.1)(manifest);
        self.0.replace(manifest)
    }
}

fn interrupted(storage: &InMemoryStorage, act: impl Fn() + Send + Sync + 'static) -> Compactor {
    interrupted_with(storage, move |_| act())
}

fn interrupted_with(
    storage: &InMemoryStorage,
    act: impl Fn(&Manifest) + Send + Sync + 'static,
) -> Compactor {
    let commit = Before(commit(storage), act);
    let options = CompactionOptions::new();
    Compactor::new(Arc::new(storage.clone()), Arc::new(commit), options)
}

pub(super) fn run(compactor: &Compactor) -> otlake_dataset::CompactionReport {
    let plan = compactor.plan(Table::Logs).unwrap();
    compactor.run(&plan, &mut |_| {}).unwrap()
}

/// A second compactor replaces the same files first: the first one deletes its file, and finds that nothing is left.
#[test]
fn the_second_compactor_plans_again() {
    let storage = InMemoryStorage::new();
    write(&storage, 0..10);
    let before = rows(&storage, Table::Logs);
    let other = storage.clone();
    let slow = interrupted(&storage, move || drop(run(&compactor(&other))));
    let report = run(&slow);
    assert!(report.errors.is_empty(), "{:?}", report.errors);
    // One for each partition.
    assert_eq!((report.conflicts, report.files_written), (2, 0), "{report}");
    assert_eq!(rows(&storage, Table::Logs), before);
    assert_eq!(files(&storage, Table::Logs).len(), 2);
    assert_eq!(
        leftovers(&storage),
        [""; 0],
        "the file of the loser is deleted"
    );
}

/// Files that were replaced and cleaned up by another process are no error.
#[test]
fn files_that_another_process_has_cleaned_up_are_skipped() {
    let storage = InMemoryStorage::new();
    write(&storage, 0..10);
    let slow = compactor(&storage);
    let plan = slow.plan(Table::Logs).unwrap();
    run(&compactor(&storage));
    commit(&storage)
        .clean_up(Table::Logs, Duration::ZERO)
        .unwrap();
    let before = rows(&storage, Table::Logs);
    let report = slow.run(&plan, &mut |_| {}).unwrap();
    assert!(report.errors.is_empty(), "{:?}", report.errors);
    assert_eq!(report.files_written, 0);
    assert_eq!(rows(&storage, Table::Logs), before);
}

/// A file that is gone or damaged is an error that names it, and all others are merged.
#[test]
fn damaged_files_are_named_and_stay() {
    let storage = InMemoryStorage::new();
    write(&storage, 0..12);
    let names = names(&storage);
    let good = storage.get(&names[1]).unwrap().unwrap().bytes;
    let put = |name: &str, bytes: Bytes| {
        let mut file = storage.create(name).unwrap();
        file.write_all(&bytes).unwrap();
        file.commit().unwrap();
    };
    storage.delete(&names[0]).unwrap();
    put(&names[1], good.slice(..good.len() - 1));
    let mut flipped = storage.get(&names[2]).unwrap().unwrap().bytes.to_vec();
    for byte in &mut flipped[4..40] {
        *byte = !*byte;
    }
    put(&names[2], flipped.into());
    let report = run(&compactor(&storage));
    let mut found: Vec<&str> = report
        .errors
        .iter()
        .map(|error| error.file().unwrap())
        .collect();
    found.sort_unstable();
    let mut expected: Vec<&str> = names[..3].iter().map(String::as_str).collect();
    expected.sort_unstable();
    assert_eq!(found, expected);
    assert!(matches!(
        &report.errors[..],
        [CompactionError::Missing { .. }, ..]
    ));
    assert_eq!(report.files_merged, 9, "{report}");
    assert_eq!(files(&storage, Table::Logs).len(), 5);
}

/// Files with random damage: an error that names the file, or the same rows as before. Never a panic of ours.
#[test]
fn random_damage_is_an_error_or_harmless() {
    for sequence in 0..Random::rounds(60) {
        let mut random = Random::of_sequence(sequence);
        let storage = InMemoryStorage::new();
        let mut writer = dataset_writer(&storage, options());
        for number in 0..3 {
            for row in 0..20 {
                let value = format!("{row}");
                let attributes = [("a", Value::String(&value)), ("d", Value::Double(0.5))];
                Records::new().push(&mut writer, number * 20 + row, BEGIN, &attributes);
            }
            writer.flush().unwrap();
        }
        let name = files(&storage, Table::Logs)[random.below(3)].name.clone();
        let mut bytes = storage.get(&name).unwrap().unwrap().bytes.to_vec();
        for _ in 0..random.below(4) + 1 {
            let place = random.below(bytes.len());
            bytes[place] = random.number() as u8;
        }
        let mut file = storage.create(&name).unwrap();
        file.write_all(&bytes).unwrap();
        file.commit().unwrap();
        let report = run(&compactor(&storage));
        match &report.errors[..] {
            [] => assert_eq!(report.rows, 60, "{sequence}"),
            [error] => {
                assert_eq!(error.file(), Some(&*name), "{sequence}: {error:?}");
                assert_eq!(report.rows, 40, "{sequence}: {error:?}");
            }
            errors => panic!("{sequence}: {errors:?}"),
        }
    }
}

fn batch(number: u64) -> BatchId {
    BatchId::new("a", number).unwrap()
}

fn write_batch(writer: &mut DatasetWriter, number: u64) -> BatchStart {
    let start = writer.begin_batch(&batch(number)).unwrap();
    for row in 0..3 {
        let row = number as i64 * 10 + row;
        Records::new().push(writer, row, BEGIN + row % 2 * HOUR, &[]);
    }
    writer.finish_batch().unwrap();
    start
}

/// Late retries of batches whose files were merged, and deleted after that, write nothing.
#[test]
fn a_retry_does_not_bring_rows_back() {
    let storage = InMemoryStorage::new();
    let mut writer = dataset_writer(&storage, options().partitioning(by_hour()));
    for number in 0..8 {
        assert_eq!(write_batch(&mut writer, number), BatchStart::Begun);
    }
    let before = rows(&storage, Table::Logs);
    let report = run(&compactor(&storage));
    assert_eq!(report.files_merged, 16, "{report}");
    let retry = |number| {
        // Another process has no memory of the first attempt.
        let mut writer = dataset_writer(&storage, options().partitioning(by_hour()));
        assert_eq!(
            write_batch(&mut writer, number),
            BatchStart::AlreadyFinished
        );
        assert_eq!(rows(&storage, Table::Logs), before);
    };
    retry(7);
    let done = commit(&storage)
        .clean_up(Table::Logs, Duration::ZERO)
        .unwrap();
    assert_eq!(done.files, 16);
    retry(0);
    retry(7);
}

/// A batch is committed and its files are merged before it is finished: a retry recognises it.
#[test]
fn an_unfinished_batch_may_be_merged() {
    let storage = InMemoryStorage::new();
    let mut writer = dataset_writer(&storage, options().partitioning(by_hour()));
    for number in 0..4 {
        write_batch(&mut writer, number);
    }
    let before = rows(&storage, Table::Logs);
    storage.delete("_otlake/watermarks/a.json").unwrap();
    run(&compactor(&storage));
    for _ in 0..2 {
        let done = commit(&storage)
            .clean_up(Table::Logs, Duration::ZERO)
            .unwrap();
        assert_eq!(done.files, 0, "the manifests of unfinished batches stay");
        for number in 0..4 {
            let mut writer = dataset_writer(&storage, options().partitioning(by_hour()));
            let start = writer.begin_batch(&batch(number)).unwrap();
            assert_eq!(start, BatchStart::Begun, "{number} was not finished");
            for row in 0..3 {
                let row = number as i64 * 10 + row;
                Records::new().push(&mut writer, row, BEGIN + row % 2 * HOUR, &[]);
            }
            writer.finish_batch().unwrap();
            assert_eq!(rows(&storage, Table::Logs), before, "{number}");
        }
        storage.delete("_otlake/watermarks/a.json").unwrap();
    }
}

/// Merged files that no manifest lists are removed once they are old enough, and no others.
#[test]
fn leftovers_are_removed_after_the_grace_period() {
    let storage = InMemoryStorage::new();
    write(&storage, 0..10);
    let failing = interrupted(&storage, || panic!("the process ends"));
    assert!(ends(|| drop(run(&failing))));
    let before = rows(&storage, Table::Logs);
    run(&compactor(&storage));
    write(&storage, 10..20);
    run(&compactor(&storage));
    let day = Duration::from_secs(86_400);
    let commit = commit(&storage);
    assert!(
        commit
            .remove_leftovers(Table::Logs, day)
            .unwrap()
            .is_empty()
    );
    assert!(
        commit
            .remove_leftovers(Table::Traces, Duration::ZERO)
            .unwrap()
            .is_empty()
    );
    let removed = leftovers(&storage);
    assert_eq!(removed.len(), 1, "{removed:?}");
    assert!(removed[0].contains("/compact-logs-"), "{removed:?}");
    let after = rows(&storage, Table::Logs).unwrap();
    assert!(before.unwrap().keys().all(|row| after.contains_key(row)));
    assert_eq!(after.len(), 20);
}

/// Calls to the storage fail at random, as if a process ended there and another one went on. At every moment a reader
/// sees each row once, and in the end nothing is left over.
#[test]
fn merging_may_fail_anywhere() {
    for sequence in 0..Random::rounds(10) {
        let mut random = Random::of_sequence(sequence);
        let storage = FaultyStorage::new(InMemoryStorage::new(), Plan::Never);
        let inner = storage.inner.clone();
        let count = random.below(12) as i64 + 4;
        write(&inner, 0..count);
        let all = rows(&inner, Table::Logs).unwrap();
        let check = || {
            let seen = rows(&inner, Table::Logs);
            let seen = seen.unwrap_or_else(|| panic!("{sequence}: a file is gone"));
            assert_eq!(seen, all, "{sequence}");
        };
        storage.set_plan(Plan::Often(random.one_of(&[15, 50]), random.clone()));
        let soon = RetryPolicy::default().with_deadline(Duration::from_millis(20));
        let commit = Arc::new(ManifestCommit::new(Arc::new(storage.clone())).with_retry(soon));
        let options = CompactionOptions::new();
        let compactor = Compactor::new(Arc::new(storage.clone()), commit.clone(), options);
        loop {
            check();
            let Ok(plan) = compactor.plan(Table::Logs) else {
                continue;
            };
            if plan.is_empty() {
                break;
            }
            // Errors are expected.
            let mut written = 0;
            let _ = compactor.run(&plan, &mut |progress| {
                if std::mem::replace(&mut written, progress.files_written) < progress.files_written
                {
                    check();
                }
            });
            if random.below(3) == 0 {
                let _ = commit.clean_up(Table::Logs, Duration::ZERO);
                check();
            }
            if random.below(3) == 0 {
                let _ = commit.remove_leftovers(Table::Logs, Duration::ZERO);
            }
        }
        storage.set_plan(Plan::Never);
        // A merged file may be replaced as well, and its entry goes first.
        for _ in 0..4 {
            commit.clean_up(Table::Logs, Duration::ZERO).unwrap();
            commit
                .remove_leftovers(Table::Logs, Duration::ZERO)
                .unwrap();
            check();
        }
        let parquet = inner.files().into_keys();
        let parquet: Vec<_> = parquet.filter(|name| name.ends_with(".parquet")).collect();
        assert_eq!(
            parquet.len(),
            files(&inner, Table::Logs).len(),
            "{sequence}: {parquet:?}"
        );
    }
}

/// Two compactors and two writers work at once while a reader looks: each row that was written is seen once.
#[test]
fn readers_and_writers_do_not_notice() {
    const BATCHES: u64 = 40;
    let storage = InMemoryStorage::new();
    let done = AtomicBool::new(false);
    let merge = || {
        while !done.load(Ordering::SeqCst) {
            let report = run(&compactor(&storage));
            assert!(report.errors.is_empty(), "{:?}", report.errors);
        }
    };
    let expected = |source: i64| (0..BATCHES as i64 * 2).map(move |row| source * 1_000 + row);
    std::thread::scope(|scope| {
        let compactors = [scope.spawn(merge), scope.spawn(merge)];
        let reading = scope.spawn(|| {
            let mut most = 0;
            while !done.load(Ordering::SeqCst) {
                let seen: BTreeMap<String, usize> = rows(&storage, Table::Logs).unwrap();
                assert!(seen.values().all(|times| *times == 1), "{seen:?}");
                assert!(seen.len() >= most, "rows are missing");
                most = seen.len();
            }
        });
        let writers: Vec<_> = (0..2)
            .map(|source| {
                let storage = &storage;
                scope.spawn(move || {
                    let mut writer = dataset_writer(storage, options().partitioning(by_hour()));
                    let mut records = Records::new();
                    let numbers: Vec<i64> = expected(source).collect();
                    for (number, part) in numbers.chunks(2).enumerate() {
                        let id = BatchId::new(format!("s{source}"), number as u64).unwrap();
                        let start = writer.begin_batch(&id).unwrap();
                        assert_eq!(start, BatchStart::Begun);
                        for row in part {
                            records.push(&mut writer, *row, BEGIN + row % 3 * HOUR, &[]);
                        }
                        writer.finish_batch().unwrap();
                    }
                })
            })
            .collect();
        for writer in writers {
            writer.join().unwrap();
        }
        done.store(true, Ordering::SeqCst);
        reading.join().unwrap();
        for compactor in compactors {
            compactor.join().unwrap();
        }
    });
    run(&compactor(&storage));
    let seen = rows(&storage, Table::Logs).unwrap();
    assert_eq!(seen.len(), BATCHES as usize * 4);
    assert!(seen.values().all(|times| *times == 1));
    let left = files(&storage, Table::Logs).len();
    assert!(left <= 3 * 8, "{left} files are left");
    commit(&storage)
        .clean_up(Table::Logs, Duration::ZERO)
        .unwrap();
    assert_eq!(rows(&storage, Table::Logs).unwrap(), seen);
}

/// A compactor has read files, which are dropped and cleaned up before it replaces them, and a later swap keeps the last number, so
/// nothing says any more that they were dropped: its file does not become part of the table.
#[test]
fn a_late_compactor_does_not_bring_dropped_rows_back() {
    let storage = InMemoryStorage::new();
    write_to_one_partition(&storage, 0..4);
    let other = storage.clone();
    let late = interrupted(&storage, move || {
        let commit = commit(&other);
        let names = names(&other);
        if names.is_empty() {
            return;
        }
        let manifest = Manifest::new(Table::Logs).with_replaces(names);
        assert_eq!(commit.replace(&manifest).unwrap(), ReplaceOutcome::Replaced);
        put_another_swap(&other);
        for _ in 0..3 {
            commit.clean_up(Table::Logs, Duration::ZERO).unwrap();
        }
    });
    let report = run(&late);
    assert!(report.errors.is_empty(), "{:?}", report.errors);
    assert_eq!(rows(&storage, Table::Logs), Some(BTreeMap::new()));
}

/// The same with another compactor, whose merged file was merged again: no row is there twice.
#[test]
fn a_late_compactor_does_not_double_rows() {
    let storage = InMemoryStorage::new();
    write_to_one_partition(&storage, 0..4);
    let before = rows(&storage, Table::Logs);
    let other = storage.clone();
    let done = AtomicBool::new(false);
    let late = interrupted(&storage, move || {
        if done.swap(true, Ordering::SeqCst) {
            return;
        }
        run(&compactor(&other));
        // The merged file is replaced too, so the manifest that hides the files is of no use after cleaning up.
        let again = || {
            commit(&other)
                .clean_up(Table::Logs, Duration::ZERO)
                .unwrap()
        };
        again();
        write_to_one_partition(&other, 4..8);
        run(&compactor(&other));
        assert_eq!(files(&other, Table::Logs).len(), 1);
        put_another_swap(&other);
        for _ in 0..3 {
            commit(&other)
                .clean_up(Table::Logs, Duration::ZERO)
                .unwrap();
        }
    });
    let report = run(&late);
    assert!(report.errors.is_empty(), "{:?}", report.errors);
    assert_eq!(before.unwrap().len(), 4);
    let rows = rows(&storage, Table::Logs).unwrap();
    assert_eq!((rows.len(), rows.values().sum::<usize>()), (8, 8));
}

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

/// Returns whether a process ends in between.
fn ends(process: impl FnOnce()) -> bool {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(process)).is_err()
}

pub(super) fn clean_up(storage: &InMemoryStorage) {
    commit(storage)
        .clean_up(Table::Logs, Duration::ZERO)
        .unwrap();
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

/// A compactor stalls so long that its merged file is removed as a leftover: its rows stay where they were.
#[test]
fn a_merged_file_that_was_removed_replaces_nothing() {
    let storage = InMemoryStorage::new();
    write_to_one_partition(&storage, 0..4);
    let before = rows(&storage, Table::Logs);
    let other = storage.clone();
    let done = AtomicBool::new(false);
    let late = interrupted(&storage, move || {
        if !done.swap(true, Ordering::SeqCst) {
            assert_eq!(leftovers(&other).len(), 1);
        }
    });
    let report = run(&late);
    assert_eq!((report.conflicts, report.files_written), (1, 1), "{report}");
    assert_eq!(rows(&storage, Table::Logs), before);
}

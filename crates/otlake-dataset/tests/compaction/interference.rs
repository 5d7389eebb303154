//! What happens in between: other compactors, writers, retries, damaged files, faults, and processes that end.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use otlake_dataset::{
    BatchId, BatchStart, Commit, CommitOutcome, CompactionError, CompactionOptions, Compactor,
    DatasetWriter, Manifest, ManifestCommit, ManifestFile, ReplaceOutcome,
};
use otlake_row::Value;
use otlake_schema::Table;
use otlake_storage::{Documents, InMemoryStorage, RetryPolicy, Storage};

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

pub(super) fn clean_up(storage: &InMemoryStorage) {
    commit(storage)
        .clean_up(Table::Logs, Duration::ZERO)
        .unwrap();
}

/// Returns whether a process ends in between.
pub(super) fn ends(process: impl FnOnce()) -> bool {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(process)).is_err()
}

/// The names of the files of a table, for a reader of manifests.
pub(super) fn names(storage: &InMemoryStorage) -> Vec<String> {
    let files = files(storage, Table::Logs).into_iter();
    files.map(|file| file.name).collect()
}

pub(super) fn leftovers(storage: &InMemoryStorage) -> Vec<String> {
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

pub(super) fn interrupted(
    storage: &InMemoryStorage,
    act: impl Fn() + Send + Sync + 'static,
) -> Compactor {
    interrupted_with(storage, move |_| act())
}

pub(super) fn interrupted_with(
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
        storage.set_plan(Plan::Often(random.one_of(&[15, 50]), random.fork()));
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

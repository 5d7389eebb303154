//! Partitions that are dropped: readers of manifests see all of their rows or none, whatever fails in between, and what
//! was dropped stays away.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod faulty;
mod random;
mod records;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use otlake_dataset::{
    BatchId, BatchStart, Commit, CommitOutcome, DatasetWriter, Manifest, ManifestCommit,
    ReplaceOutcome, ReplaceUnsupported, TableFiles, TableFilesError, drop_older_than,
};
use otlake_parquet::WriterOptions;
use otlake_schema::Table;
use otlake_storage::{Documents, InMemoryStorage, RetryPolicy};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use self::faulty::{FaultyStorage, Plan};
use self::random::Random;
use self::records::{HOUR, Records, by_hour, dataset_writer, numbers, options};

const DAY: Duration = Duration::from_secs(86_400);
/// 2020-09-13, 12:26.
const LONG_AGO: i64 = 1_600_000_000_000_000_000;

fn now() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    i64::try_from(since.unwrap().as_nanos()).unwrap()
}

fn commit(storage: &InMemoryStorage) -> ManifestCommit {
    ManifestCommit::new(Arc::new(storage.clone()))
}

fn batch(number: u64) -> BatchId {
    BatchId::new("a", number).unwrap()
}

/// Writes a batch with a row long ago, whose number is even, and a row of today, whose number is odd. Returns false if
/// the batch is finished already.
fn write_batch(writer: &mut DatasetWriter, number: u64) -> bool {
    if writer.begin_batch(&batch(number)).unwrap() == BatchStart::AlreadyFinished {
        return false;
    }
    let mut records = Records::new();
    let even = i64::try_from(number).unwrap() * 2;
    records.push(writer, even, LONG_AGO + even % 3 * HOUR, &[]);
    records.push(writer, even + 1, now(), &[]);
    writer.finish_batch().unwrap();
    true
}

/// Returns the numbers of the rows that a reader of manifests sees, or `None` if a file is gone.
fn seen(storage: &InMemoryStorage) -> Option<Vec<i64>> {
    let files = TableFiles::load(storage, Table::Logs).unwrap();
    let mut seen = Vec::new();
    for file in files.files() {
        let bytes: Bytes = storage.get(&file.name).unwrap()?.bytes;
        let reader = ParquetRecordBatchReaderBuilder::try_new(bytes).unwrap();
        let batches: Vec<_> = reader.build().unwrap().map(Result::unwrap).collect();
        seen.extend(numbers(&batches));
    }
    seen.sort_unstable();
    Some(seen)
}

fn odd(batches: u64) -> Vec<i64> {
    (0..batches as i64).map(|batch| batch * 2 + 1).collect()
}

/// Old partitions are dropped in one step, their files after the grace period, and a late retry of a batch does not
/// bring its rows back.
#[test]
fn old_partitions_are_dropped_and_stay_away() {
    let storage = InMemoryStorage::new();
    let mut writer = dataset_writer(&storage, options().partitioning(by_hour()));
    for number in 0..4 {
        assert!(write_batch(&mut writer, number));
    }
    // And files of a flush.
    Records::new().push(&mut writer, 100, LONG_AGO, &[]);
    Records::new().push(&mut writer, 101, now(), &[]);
    writer.flush().unwrap();
    let commit = commit(&storage);
    let files = storage.files();
    let ages = [2_000 * 365 * DAY, DAY];
    let dropped = ages.map(|age| drop_older_than(&commit, Table::Logs, age).unwrap());
    assert_eq!(dropped.map(|files| files.len()), [0, 5]);
    let mut expected = odd(4);
    expected.push(101);
    assert_eq!(seen(&storage), Some(expected.clone()));
    assert!(
        drop_older_than(&commit, Table::Logs, DAY)
            .unwrap()
            .is_empty()
    );

    // Within the grace period everything can still be read.
    let done = commit.clean_up(Table::Logs, DAY).unwrap();
    assert_eq!((done.files, done.manifests), (0, 0));
    assert!(files.keys().all(|name| storage.files().contains_key(name)));
    let done = commit.clean_up(Table::Logs, Duration::ZERO).unwrap();
    // The swap is not needed any more.
    assert_eq!((done.files, done.manifests), (5, 1));
    assert_eq!(seen(&storage), Some(expected.clone()));
    let stored = storage.files().into_keys();
    let stored = stored.filter(|name| name.ends_with(".parquet")).count();
    assert_eq!(stored, 5);
    let done = commit.clean_up(Table::Logs, Duration::ZERO).unwrap();
    assert_eq!(
        (done.files, done.manifests),
        (0, 0),
        "nothing is left to do"
    );

    for number in 0..4 {
        assert!(!write_batch(&mut writer, number), "{number} is finished");
    }
    assert_eq!(seen(&storage), Some(expected));
}

/// Without partitions, a file is dropped when all of its rows are old. A file with a row that has no time is kept.
#[test]
fn files_without_partitions_are_dropped_by_their_latest_row() {
    let storage = InMemoryStorage::new();
    let mut writer = dataset_writer(&storage, options());
    for times in [[LONG_AGO, LONG_AGO + HOUR], [LONG_AGO, now()]] {
        for time in times {
            Records::new().push(&mut writer, time, time, &[]);
        }
        writer.flush().unwrap();
    }
    let dropped = drop_older_than(&commit(&storage), Table::Logs, DAY).unwrap();
    let ranges: Vec<_> = dropped.iter().map(|file| file.time_range()).collect();
    assert_eq!(
        ranges,
        [Some((LONG_AGO / 1_000, (LONG_AGO + HOUR) / 1_000))]
    );
}

/// When all files of a batch are dropped, its manifest goes too, and its identity stays known.
#[test]
fn manifests_go_with_their_last_file() {
    let storage = InMemoryStorage::new();
    let mut writer = dataset_writer(&storage, options().partitioning(by_hour()));
    let commit = commit(&storage);
    for number in 0..3 {
        let start = writer.begin_batch(&batch(number)).unwrap();
        assert_eq!(start, BatchStart::Begun);
        Records::new().push(&mut writer, 1, LONG_AGO, &[]);
        writer.finish_batch().unwrap();
        assert_eq!(drop_older_than(&commit, Table::Logs, DAY).unwrap().len(), 1);
    }
    let mut manifests = 0;
    for _ in 0..3 {
        manifests += commit
            .clean_up(Table::Logs, Duration::ZERO)
            .unwrap()
            .manifests;
    }
    // Those of the batches, and the swaps that have dropped them, whose numbers are retired.
    assert_eq!(manifests, 6);
    let left: Vec<_> = storage.files().into_keys().collect();
    let retired = "_otlake/manifests/logs/retired-swaps.json";
    let expected = [
        "_otlake/logs.schema.json",
        retired,
        "_otlake/watermarks/a.json",
    ];
    assert_eq!(left, expected);
    let document = storage.get(retired).unwrap().unwrap().bytes;
    let document = std::str::from_utf8(&document).unwrap().to_owned();
    assert!(
        document.contains(r#""retired_swaps":[[0,2]]"#),
        "{document}"
    );
    assert!(!write_batch(&mut writer, 2));
    assert!(write_batch(&mut writer, 3));
}

/// A batch that is committed in one table and not finished: its files can be dropped, but its manifest stays until a
/// retry has found it.
#[test]
fn an_unfinished_batch_is_still_recognised_by_its_manifest() {
    let storage = InMemoryStorage::new();
    let mut writer = dataset_writer(&storage, options().partitioning(by_hour()));
    assert!(write_batch(&mut writer, 0));
    let watermark = "_otlake/watermarks/a.json";
    storage.delete(watermark).unwrap();
    let commit = commit(&storage);
    assert_eq!(drop_older_than(&commit, Table::Logs, DAY).unwrap().len(), 1);
    for _ in 0..2 {
        let done = commit.clean_up(Table::Logs, Duration::ZERO).unwrap();
        assert_eq!((done.files, done.manifests), (0, 0));
    }
    assert!(write_batch(&mut writer, 0), "it was not finished");
    assert_eq!(seen(&storage), Some(odd(1)));
    assert_eq!(
        commit.clean_up(Table::Logs, Duration::ZERO).unwrap().files,
        1
    );
    assert!(!write_batch(&mut writer, 0));
    assert_eq!(seen(&storage), Some(odd(1)));
}

/// Two replacements of one file: the second one changes nothing.
#[test]
fn a_file_is_replaced_once() {
    let storage = InMemoryStorage::new();
    let commit = commit(&storage);
    let mut writer = dataset_writer(&storage, options());
    for number in 0..4 {
        Records::new().push(&mut writer, number, LONG_AGO, &[]);
        writer.flush().unwrap();
    }
    let files = commit.files(Table::Logs).unwrap();
    let replacing = |numbers: &[usize]| {
        let names = numbers.iter().map(|number| files[*number].name.clone());
        Manifest::new(Table::Logs).with_replaces(names.collect())
    };
    for (numbers, expected) in [
        (&[0, 1][..], ReplaceOutcome::Replaced),
        (&[2], ReplaceOutcome::Replaced),
        (&[3, 1], ReplaceOutcome::Conflict),
        (&[3], ReplaceOutcome::Replaced),
    ] {
        assert_eq!(
            commit.replace(&replacing(numbers)).unwrap(),
            expected,
            "{numbers:?}"
        );
    }
    let swaps = storage.list("_otlake/manifests/logs/swap-").unwrap();
    assert_eq!(swaps.len(), 3);
}

/// A commit target of one's own says that it can't drop anything.
#[test]
fn a_commit_target_may_not_support_replacing() {
    #[derive(Debug)]
    struct Plain;

    impl Commit for Plain {
        fn commit(
            &self,
            _: &str,
            _: &Manifest,
        ) -> Result<CommitOutcome, Box<dyn std::error::Error + Send + Sync>> {
            Ok(CommitOutcome::Committed)
        }
    }

    let error = drop_older_than(&Plain, Table::Logs, DAY).unwrap_err();
    assert!(error.is::<ReplaceUnsupported>());
}

/// Calls to the storage fail at random, as if a process ended there and another one went on. At every moment a reader
/// sees all old rows or none, and all new ones.
#[test]
fn dropping_and_cleaning_up_may_fail_anywhere() {
    for sequence in 0..Random::rounds(30) {
        let mut random = Random::of_sequence(sequence);
        let storage = FaultyStorage::new(InMemoryStorage::new(), Plan::Never);
        let inner = storage.inner.clone();
        let files = WriterOptions::new().with_rows_per_file(1);
        let options = options().writer_options(files).partitioning(by_hour());
        let mut writer = dataset_writer(&inner, options);
        let batches = random.below(4) as u64 + 1;
        for number in 0..batches {
            assert!(write_batch(&mut writer, number));
        }
        let all = seen(&inner).unwrap();
        let check = || {
            let seen = seen(&inner).unwrap_or_else(|| panic!("{sequence}: a file is gone"));
            assert!(seen == all || seen == odd(batches), "{sequence}: {seen:?}");
            seen.len() < all.len()
        };
        storage.set_plan(Plan::Often(random.one_of(&[3, 5, 10]), random.fork()));
        let soon = RetryPolicy::default().with_deadline(Duration::from_millis(20));
        let commit = ManifestCommit::new(Arc::new(storage.clone())).with_retry(soon);
        while drop_older_than(&commit, Table::Logs, DAY).is_err() {
            check();
        }
        assert!(check(), "{sequence}: nothing was dropped");
        // The last call finds nothing left to do.
        loop {
            match commit.clean_up(Table::Logs, Duration::ZERO) {
                Ok(done) if done.files == 0 && done.manifests == 0 => break,
                _ => assert!(check()),
            }
        }
        assert!(check());
        let rows = inner.files().into_keys();
        let rows = rows.filter(|name| name.ends_with(".parquet")).count();
        assert_eq!(rows as u64, batches, "{sequence}: only new files are left");
        for number in 0..batches {
            assert!(!write_batch(&mut writer, number));
        }
    }
}

/// Two processes drop, one cleans up, one writes, and one reads manifests, all at once: every new file is listed once.
#[test]
fn readers_and_writers_do_not_notice() {
    const BATCHES: u64 = 60;
    let storage = InMemoryStorage::new();
    let (done, written) = (AtomicBool::new(false), AtomicU64::new(0));
    let until_done = |act: &dyn Fn()| {
        while !done.load(Ordering::SeqCst) {
            act();
        }
    };
    let drop_old = || match drop_older_than(&commit(&storage), Table::Logs, DAY) {
        Ok(_) => {}
        Err(error) => assert_changing(&*error),
    };
    // Without a grace period, a reader may miss old files, but never a new one.
    let clean_up = || match commit(&storage).clean_up(Table::Logs, Duration::ZERO) {
        Ok(_) => {}
        Err(error) => assert_changing(&*error),
    };
    let look = || {
        let before = written.load(Ordering::SeqCst);
        let files = match TableFiles::load(&storage, Table::Logs) {
            Ok(files) => files,
            Err(error) => return assert_changing(&error),
        };
        let new = files
            .files()
            .filter(|file| file.time_range().unwrap().0 > LONG_AGO / 1_000 + 86_400_000_000);
        let new: Vec<&str> = new.map(|file| file.name.as_str()).collect();
        assert_eq!(new.iter().collect::<BTreeSet<_>>().len(), new.len());
        assert!(
            new.len() as u64 >= before,
            "{} of {before} are listed",
            new.len()
        );
    };
    std::thread::scope(|scope| {
        scope.spawn(|| until_done(&drop_old));
        scope.spawn(|| until_done(&drop_old));
        scope.spawn(|| until_done(&clean_up));
        let reading = scope.spawn(|| until_done(&look));
        let mut writer = dataset_writer(&storage, options().partitioning(by_hour()));
        for number in 0..BATCHES {
            assert!(write_batch(&mut writer, number));
            written.store(number + 1, Ordering::SeqCst);
        }
        done.store(true, Ordering::SeqCst);
        reading.join().unwrap();
    });
    drop_old();
    clean_up();
    assert_eq!(seen(&storage), Some(odd(BATCHES)));
}

/// The manifests may change all the time while they are read, because cleaning up runs in a loop.
fn assert_changing(error: &(dyn std::error::Error + 'static)) {
    let error = error.downcast_ref::<TableFilesError>();
    assert!(
        matches!(error, Some(TableFilesError::Changing { .. })),
        "{error:?}"
    );
}

//! Each batch and each flush is in the table exactly once, whatever fails.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use common::{entry, ingest, numbers, open, read};
use otlake::Pipeline;
use otlake_dataset::{BatchId, BatchStart, Commit, CommitOutcome, Dataset, Manifest};
use otlake_delta::DeltaCommit;
use otlake_schema::Table;
use otlake_storage::object_store::ObjectStore;
use otlake_storage::{
    Documents, InMemoryStorage, LocalDirectory, ObjectStorage, RetryEvent, RetryObserver,
    RetryPolicy,
};
use otlake_storage_tests::{
    FaultyStorage, Numbered, Random, S3Server, StorageFault, assert_there_once, try_batch,
};

/// Counts retries.
#[derive(Debug, Default)]
struct Retried(AtomicUsize);

impl RetryObserver for Retried {
    fn retry(&self, _retry: &RetryEvent<'_>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// Opens a dataset whose commit target may fail, which an open dataset can't.
fn open_until_it_succeeds(delta: Arc<DeltaCommit>, storage: &Arc<dyn Documents>) -> Dataset {
    loop {
        let dataset = Dataset::builder().commit(delta.clone());
        if let Ok(dataset) = dataset.open(storage.clone()) {
            return dataset;
        }
    }
}

/// 1,000 batches of four sources, each source with a commit target of its own, as in processes of their own. They
/// conflict all the time, one call in a hundred fails in some way, and every tenth batch is delivered again.
#[test]
fn a_thousand_batches_of_four_sources_are_there_once() {
    let batches = Random::rounds(250);
    let storage: Arc<dyn Documents> = Arc::new(InMemoryStorage::new());
    let retried = Arc::new(Retried::default());
    std::thread::scope(|scope| {
        for source in 0..4 {
            let (storage, retried) = (storage.clone(), retried.clone());
            scope.spawn(move || {
                let random = Random::from_env(&format!("source {source}"));
                let faulty = FaultyStorage::often(storage.clone(), 100, random);
                let delta = DeltaCommit::builder(Arc::new(faulty))
                    .checkpoint_interval(20)
                    .retry_observer(retried)
                    .build()
                    .unwrap();
                let dataset = open_until_it_succeeds(Arc::new(delta), &storage);
                let mut pipeline = Pipeline::on(&dataset).build();
                for sequence in 0..batches {
                    let id = BatchId::new(format!("source-{source}"), sequence).unwrap();
                    let record = Numbered::new(sequence * 4 + source);
                    let mut attempts = if sequence % 10 == 0 { 2 } else { 1 };
                    while attempts > 0 {
                        let done = match pipeline.begin_batch(&id) {
                            Ok(BatchStart::AlreadyFinished) => pipeline.finish_batch().is_ok(),
                            Ok(_) => {
                                ingest(&mut pipeline, std::slice::from_ref(&record));
                                pipeline.finish_batch().is_ok()
                            }
                            Err(_) => false,
                        };
                        attempts -= i32::from(done);
                    }
                }
            });
        }
    });
    assert!(retried.0.load(Ordering::Relaxed) > 0, "nothing conflicted");
    let expected: Vec<u64> = (0..batches * 4).collect();
    assert_eq!(numbers(&storage), expected);
}

/// A fault of each kind in every `step`th call to the storage, while two batches are written to two tables, over and over until they
/// succeed.
fn batches_survive_faults(new: impl Fn() -> Arc<dyn Documents>, step: usize) {
    for fault in StorageFault::ERRORS {
        let mut fail_at = 0;
        loop {
            let storage = new();
            let faulty = FaultyStorage::new(storage.clone(), fail_at, fault);
            let all: Arc<dyn Documents> = Arc::new(faulty.clone());
            // Without retries within a commit the next attempt has to find out what has happened.
            let seconds = [0, 10][fail_at / step % 2];
            let retry = RetryPolicy::default().with_deadline(Duration::from_secs(seconds));
            for batch in 0..2 {
                while !(|| {
                    // After an error, another process continues.
                    let delta = DeltaCommit::builder(all.clone()).retry(retry);
                    let delta = delta.build().unwrap();
                    let dataset = Dataset::builder().commit(Arc::new(delta));
                    let Ok(dataset) = dataset.open(all.clone()) else {
                        return false;
                    };
                    try_batch(&mut Pipeline::on(&dataset).build(), batch).is_ok()
                })() {}
            }
            let case = format!("{fault:?} in call {fail_at}");
            let files = read(&storage, &[Table::Logs, Table::Traces]);
            assert_there_once(&files, 0..2, &case);
            if faulty.failed() == 0 {
                assert!(fail_at > 30, "{fail_at} calls");
                break;
            }
            fail_at += step;
        }
    }
}

#[test]
fn batches_in_memory_survive_faults() {
    batches_survive_faults(|| Arc::new(InMemoryStorage::new()), 4);
}

#[test]
fn batches_in_a_directory_survive_faults() {
    let directories = tempfile::tempdir().unwrap();
    let count = AtomicUsize::new(0);
    let new = || -> Arc<dyn Documents> {
        let number = count.fetch_add(1, Ordering::Relaxed);
        Arc::new(LocalDirectory::new(
            directories.path().join(number.to_string()),
        ))
    };
    batches_survive_faults(new, 19);
}

/// Flushes outside batches are retried by the same object: no fault loses their rows or doubles them.
#[test]
fn flushes_survive_every_fault() {
    for fault in StorageFault::ERRORS {
        let mut fail_at = 0;
        loop {
            let storage: Arc<dyn Documents> = Arc::new(InMemoryStorage::new());
            let faulty = FaultyStorage::new(storage.clone(), fail_at, fault);
            let delta = DeltaCommit::builder(Arc::new(faulty.clone()))
                // No retries within a commit, so that the next flush has to find out.
                .retry(RetryPolicy::default().with_deadline(Duration::ZERO))
                .build()
                .unwrap();
            let dataset = open_until_it_succeeds(Arc::new(delta), &storage);
            let mut pipeline = Pipeline::on(&dataset).build();
            let mut other = Pipeline::on(&dataset).build();
            for number in 0..3 {
                ingest(&mut pipeline, &[Numbered::new(2 * number)]);
                if pipeline.flush().is_err() {
                    ingest(&mut other, &[Numbered::new(2 * number + 1)]);
                    while other.flush().is_err() {}
                    while pipeline.flush().is_err() {}
                } else {
                    ingest(&mut other, &[Numbered::new(2 * number + 1)]);
                    while other.flush().is_err() {}
                }
            }
            let case = format!("{fault:?} in call {fail_at}");
            assert_eq!(numbers(&storage), (0..6).collect::<Vec<_>>(), "{case}");
            // A table does not mind a file that is added twice, but a reader that follows the log does.
            let log = storage.list("logs/_delta_log/").unwrap();
            let mut added = std::collections::BTreeSet::new();
            for action in (0..log.len() as u64).flat_map(|version| entry(&storage, "logs", version))
            {
                if let Some(add) = action.get("add") {
                    assert!(
                        added.insert(add["path"].to_string()),
                        "{case}: {}",
                        add["path"]
                    );
                }
            }
            if faulty.failed() == 0 {
                break;
            }
            fail_at += 1;
        }
    }
}

/// Commits that come at once become one version, each gets its own outcome, and versions are apart by the group time,
/// while another process commits all the time.
///
/// ```text
/// OTLAKE_ROUNDS=250 OTLAKE_GROUP_MILLIS=1000 cargo test -p otlake-delta --test delivery -- commits_that_wait --nocapture
/// ```
#[test]
fn commits_that_wait_share_a_version() {
    let batches = Random::rounds(10);
    let millis = std::env::var("OTLAKE_GROUP_MILLIS").map_or(100, |millis| millis.parse().unwrap());
    let storage: Arc<dyn Documents> = Arc::new(InMemoryStorage::new());
    let retried = Arc::new(Retried::default());
    let (dataset, _) = open(&storage, |delta| {
        let delta = delta.group_time(Duration::from_millis(millis));
        delta.retry_observer(retried.clone())
    });
    let begin = Instant::now();
    let done = AtomicBool::new(false);
    let others = std::thread::scope(|scope| {
        let other = scope.spawn(|| {
            let (dataset, _) = open(&storage, |delta| delta);
            let mut pipeline = Pipeline::on(&dataset).build();
            let mut others = 0;
            while !done.load(Ordering::Relaxed) {
                ingest(&mut pipeline, &[Numbered::new(batches * 4 + others)]);
                pipeline.flush().unwrap();
                others += 1;
                std::thread::sleep(Duration::from_millis(millis / 20));
            }
            others
        });
        let sources: Vec<_> = (0..4)
            .map(|source| {
                let dataset = &dataset;
                scope.spawn(move || {
                    let mut pipeline = Pipeline::on(dataset).build();
                    for sequence in 0..batches {
                        let id = BatchId::new(format!("source-{source}"), sequence).unwrap();
                        pipeline.begin_batch(&id).unwrap();
                        ingest(&mut pipeline, &[Numbered::new(sequence * 4 + source)]);
                        pipeline.finish_batch().unwrap();
                    }
                })
            })
            .collect();
        sources
            .into_iter()
            .for_each(|source| source.join().unwrap());
        done.store(true, Ordering::Relaxed);
        other.join().unwrap()
    });
    let elapsed = begin.elapsed();
    assert_eq!(
        numbers(&storage),
        (0..batches * 4 + others).collect::<Vec<_>>()
    );
    let log = storage.list("logs/_delta_log/").unwrap();
    let entries = log.iter().filter(|file| file.name.ends_with(".json"));
    let times: Vec<i64> = (0..entries.count() as u64)
        .map(|version| entry(&storage, "logs", version))
        .filter(|entry| entry.iter().any(|action| action.get("txn").is_some()))
        .map(|entry| entry[0]["commitInfo"]["timestamp"].as_i64().unwrap())
        .collect();
    assert!(
        (times.len() as u64) < batches * 4,
        "{} versions",
        times.len()
    );
    for pair in times.windows(2) {
        // Both are cut to milliseconds.
        assert!(pair[1] - pair[0] >= millis as i64 - 1, "{pair:?}");
    }
    #[allow(
        clippy::print_stdout,
        reason = "the figures are the purpose of a longer run"
    )]
    {
        let retries = retried.0.load(Ordering::Relaxed);
        println!(
            "{} batches in {} versions, {elapsed:.1?}; {retries} retries; {others} versions of others",
            batches * 4,
            times.len()
        );
    }
}

/// A commit takes two requests to the storage: a read that finds no newer entry, and a write under a condition. The table is not
/// loaded again, and nothing is listed.
#[test]
fn a_commit_takes_two_requests() {
    let storage: Arc<dyn Documents> = Arc::new(InMemoryStorage::new());
    let counting = FaultyStorage::new(storage.clone(), usize::MAX, StorageFault::Error);
    let delta = DeltaCommit::builder(Arc::new(counting.clone()))
        .build()
        .unwrap();
    let dataset = Dataset::builder()
        .commit(Arc::new(delta))
        .open(storage)
        .unwrap();
    let mut pipeline = Pipeline::on(&dataset).build();
    let requests: Vec<usize> = (0..4)
        .map(|number| {
            let before = counting.calls();
            ingest(&mut pipeline, &[Numbered::new(number)]);
            pipeline.flush().unwrap();
            counting.calls() - before
        })
        .collect();
    assert_eq!(requests[1..], [2, 2, 2]);
}

/// Captures the manifests of a dataset instead of committing them.
#[derive(Debug, Default)]
struct Captured(std::sync::Mutex<Vec<(String, Manifest)>>);

impl Commit for Captured {
    fn commit(
        &self,
        name: &str,
        manifest: &Manifest,
    ) -> Result<CommitOutcome, Box<dyn std::error::Error + Send + Sync>> {
        let mut captured = self.0.lock().unwrap();
        captured.push((name.to_owned(), manifest.clone()));
        Ok(CommitOutcome::Committed)
    }
}

/// Two attempts of a batch at once, with files of their own: one of them is in the table, and the other one learns which
/// files that are, in one process and in another one.
#[test]
fn the_second_attempt_of_a_batch_learns_the_files_of_the_first() {
    let storage: Arc<dyn Documents> = Arc::new(InMemoryStorage::new());
    let captured = Arc::new(Captured::default());
    let dataset = Dataset::builder()
        .commit(captured.clone())
        .open(storage.clone())
        .unwrap();
    for _ in 0..2 {
        let mut pipeline = Pipeline::on(&dataset).build();
        pipeline
            .begin_batch(&BatchId::new("a", 7).unwrap())
            .unwrap();
        ingest(&mut pipeline, &[Numbered::new(1)]);
        pipeline.finish_batch().unwrap();
    }
    let attempts = captured.0.lock().unwrap().clone();
    let new = || DeltaCommit::builder(storage.clone()).build().unwrap();
    let delta = new();
    let commit = |delta: &DeltaCommit, attempt: usize| {
        let (name, manifest) = &attempts[attempt];
        delta.commit(name, manifest).unwrap()
    };
    assert_eq!(commit(&delta, 1), CommitOutcome::Committed);
    let already = CommitOutcome::AlreadyCommitted {
        files: Some(vec![attempts[1].1.files()[0].name.clone()]),
    };
    assert_eq!(commit(&delta, 0), already);
    assert_eq!(commit(&new(), 0), already);
    assert_eq!(delta.version(Table::Logs).unwrap(), Some(0));
    // An earlier batch of the source is finished, too, and its files are unknown.
    let earlier = attempts[0]
        .1
        .clone()
        .with_batch(BatchId::new("a", 6).unwrap());
    let already = CommitOutcome::AlreadyCommitted { files: None };
    assert_eq!(delta.commit("a-6", &earlier).unwrap(), already);
    let huge = attempts[0]
        .1
        .clone()
        .with_batch(BatchId::new("a", u64::MAX).unwrap());
    let error = delta.commit("a-huge", &huge).unwrap_err().to_string();
    assert!(error.contains("above 2^63 - 1"), "{error}");
}

/// The log and the data in a bucket, behind a real server, with a checkpoint.
#[test]
fn a_table_in_s3() {
    let server = S3Server::start();
    let client: Arc<dyn ObjectStore> = server.client();
    let storage: Arc<dyn Documents> = Arc::new(ObjectStorage::new(client, "some/lake").unwrap());
    let (dataset, delta) = open(&storage, |delta| delta.checkpoint_interval(2));
    let mut pipeline = Pipeline::on(&dataset).build();
    for number in 0..5 {
        ingest(&mut pipeline, &[Numbered::new(number)]);
        pipeline.flush().unwrap();
    }
    assert_eq!(delta.version(Table::Logs).unwrap(), Some(4));
    assert!(
        storage
            .get("logs/_delta_log/_last_checkpoint")
            .unwrap()
            .is_some()
    );
    assert_eq!(numbers(&storage), (0..5).collect::<Vec<_>>());
}

/// Called on a runtime with a single thread, which the kernel must not block.
#[test]
fn a_commit_on_the_thread_of_a_runtime() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(async {
        let storage: Arc<dyn Documents> = Arc::new(InMemoryStorage::new());
        let (dataset, delta) = open(&storage, |delta| delta.checkpoint_interval(1));
        let mut pipeline = Pipeline::on(&dataset).build();
        for number in 0..2 {
            ingest(&mut pipeline, &[Numbered::new(number)]);
            pipeline.flush().unwrap();
        }
        assert_eq!(delta.checkpoint(Table::Logs).unwrap(), Some(1));
        assert_eq!(numbers(&storage), [0, 1]);
    });
}

//! Batches and flushes are part of a table exactly once, whatever happens to its commits.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

mod kit;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use iceberg::Catalog;
use iceberg::spec::{DataContentType, DataFileBuilder, DataFileFormat};
use iceberg::transaction::{AddColumn, ApplyTransactionAction, Transaction};
use otlake_dataset::{BatchId, BatchStart, Commit, CommitOutcome, DatasetWriter, Manifest};
use otlake_row::Signal;
use otlake_schema::Table;
use otlake_storage::{Documents, RetryEvent, RetryObserver, RetryPolicy};

use self::kit::{BEGIN, Fate, FaultyCatalog, Lake, chain, push, push_to};

/// Numbers that look random and are the same in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

/// The snapshots of each table, and the times at which they were added.
type Times = HashMap<String, Vec<(i64, Instant)>>;

fn soon() -> RetryPolicy {
    let mut policy = RetryPolicy::default().with_deadline(Duration::from_secs(60));
    policy.longest_pause = Duration::from_millis(20);
    policy
}

#[derive(Debug, Default)]
struct Counter(AtomicUsize);

impl RetryObserver for Counter {
    fn retry(&self, _retry: &RetryEvent<'_>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// Another engine: appends a file, changes a property or adds a column, without knowing of watermarks.
async fn interfere(catalog: &FaultyCatalog, number: u64, path: &str, bytes: u64) {
    let ident = iceberg::TableIdent::from_strs(["otlake", "logs"]).unwrap();
    let table = catalog.inner.load_table(&ident).await.unwrap();
    let transaction = Transaction::new(&table);
    let transaction = match number % 3 {
        0 => {
            let mut file = DataFileBuilder::default();
            file.content(DataContentType::Data)
                .file_path(path.to_owned())
                .file_format(DataFileFormat::Parquet)
                .record_count(1)
                .file_size_in_bytes(bytes);
            let append = transaction.fast_append().with_check_duplicate(false);
            let append = append.add_data_files([file.build().unwrap()]);
            append.apply(transaction).unwrap()
        }
        1 => {
            let properties = transaction.update_table_properties();
            let properties = properties.set("comment".to_owned(), number.to_string());
            properties.apply(transaction).unwrap()
        }
        _ => {
            let kind = iceberg::spec::Type::Primitive(iceberg::spec::PrimitiveType::Date);
            let column = AddColumn::optional(format!("note_{number}"), kind);
            let schema = transaction.update_schema().add_column(column);
            schema.apply(transaction).unwrap()
        }
    };
    // If a writer was faster, the other engine tries again later.
    let _ = transaction.commit(&*catalog.inner).await;
}

/// Writes the three log records of a batch, and a span for one batch in five. A row's number is that of its batch and its
/// place there.
fn rows(writer: &mut DatasetWriter, source: i64, sequence: i64) {
    for place in 0..3 {
        let number = (source * 1_000 + sequence) * 10 + place;
        push(writer, number, BEGIN + sequence, &[]);
        if place == 0 && sequence % 5 == 0 {
            push_to(Signal::Traces, writer, number, BEGIN + sequence, &[]);
        }
    }
}

/// A thousand batches of four sources, with two tables. One of four commits meets a conflict, a lost request or a lost
/// response, attempts are repeated and come late, and another engine writes to the table in between: every row is in each
/// table exactly once, the watermarks are right, and snapshots of a table are at least the group time apart.
///
/// ```text
/// OTLAKE_GROUP_MILLIS=1000 cargo test -p otlake-iceberg --test exactly_once -- thousand --nocapture
/// ```
#[test]
fn a_thousand_batches_are_committed_exactly_once() {
    const SOURCES: i64 = 4;
    const BATCHES: i64 = 250;
    let millis = std::env::var("OTLAKE_GROUP_MILLIS").map_or(10, |millis| millis.parse().unwrap());
    let group_time = Duration::from_millis(millis);
    let lake = Lake::new();
    let observer = Arc::new(Counter::default());
    let numbers = Mutex::new(Numbers(0x9E37_79B9_7F4A_7C15));
    let is_faulty = Arc::new(AtomicBool::new(true));
    let faulty = Arc::clone(&is_faulty);
    lake.catalog.set_fates(move |_| {
        if !faulty.load(Ordering::Relaxed) {
            return Fate::Applied;
        }
        match numbers.lock().unwrap().below(12) {
            0 => Fate::Conflict,
            1 => Fate::Lost,
            2 => Fate::AppliedAndLost,
            _ => Fate::Applied,
        }
    });
    let times: Arc<Mutex<Times>> = Arc::default();
    let seen = Arc::clone(&times);
    *lake.catalog.applied.lock().unwrap() = Box::new(move |table| {
        let Some(snapshot) = table.metadata().current_snapshot_id() else {
            return;
        };
        let mut seen = seen.lock().unwrap();
        let times = seen
            .entry(table.identifier().name().to_owned())
            .or_default();
        if times.last().is_none_or(|(last, _)| *last != snapshot) {
            times.push((snapshot, Instant::now()));
        }
    });
    let commit = || {
        let commit = lake.commit().group_time(group_time);
        // Old snapshots go, so that the test is fast.
        let commit = commit.snapshot_age(Duration::from_secs(3));
        let commit = commit.retry(soon());
        commit.retry_observer(observer.clone()).build()
    };
    let dataset = lake.dataset(commit()).open();
    // The file of the other engine: one of ours, from another dataset.
    let foreign = {
        let other = Lake::new();
        let dataset = other.dataset(other.commit().build()).open();
        let mut writer = dataset.writer();
        push(&mut writer, -1, BEGIN, &[]);
        writer.flush().unwrap();
        other.bytes(other.data_files("logs")[0].file_path())
    };
    let (path, size) = (
        format!("{}/foreign.parquet", lake.root),
        foreign.len() as u64,
    );
    let stored = lake
        .storage
        .put("foreign.parquet", foreign, otlake_storage::PutIf::Absent);
    assert!(stored.is_ok());
    let batch = |source: i64, sequence: i64| {
        BatchId::new(format!("source-{source}"), sequence as u64).unwrap()
    };
    let begin = Instant::now();
    let committed = AtomicU64::new(0);
    let appended = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for source in 0..SOURCES {
            let (dataset, lake, committed, appended) = (&dataset, &lake, &committed, &appended);
            let path = &path;
            scope.spawn(move || {
                let mut numbers = Numbers(7 + source as u64);
                let mut writer = dataset.writer();
                for sequence in 0..BATCHES {
                    let batch = batch(source, sequence);
                    if numbers.below(20) == 0 {
                        // An attempt that dies.
                        writer.begin_batch(&batch).unwrap();
                        rows(&mut writer, source, sequence);
                        writer = dataset.writer();
                    }
                    while let BatchStart::Begun = writer.begin_batch(&batch).unwrap() {
                        rows(&mut writer, source, sequence);
                        if writer.finish_batch().is_ok() {
                            break;
                        }
                    }
                    if numbers.below(10) == 0 {
                        // An attempt that was thought dead: of this batch or an earlier one.
                        let late = BatchId::new(
                            batch.source(),
                            sequence as u64 - numbers.below(3).min(sequence as u64),
                        );
                        let mut writer = dataset.writer();
                        if writer.begin_batch(&late.unwrap()).unwrap() == BatchStart::Begun {
                            rows(&mut writer, source, sequence);
                            writer.finish_batch().unwrap();
                        }
                    }
                    let count = committed.fetch_add(1, Ordering::Relaxed);
                    if count % 40 == 0 {
                        let number = appended.fetch_add(1, Ordering::Relaxed);
                        lake.block_on(interfere(&lake.catalog, number, path, size));
                    }
                }
            });
        }
    });
    let elapsed = begin.elapsed();
    let times = std::mem::take(&mut *times.lock().unwrap());
    for (table, places, step) in [("logs", 3, 1), ("traces", 1, 5)] {
        let sequences = (0..BATCHES).step_by(step);
        let batches: Vec<i64> = (0..SOURCES)
            .flat_map(|source| sequences.clone().map(move |n| source * 1_000 + n))
            .collect();
        let rows = |batch: &i64| {
            (0..places)
                .map(move |place| batch * 10 + place)
                .collect::<Vec<_>>()
        };
        let expected: Vec<i64> = batches.iter().flat_map(rows).collect();
        let mut found = lake.numbers(table);
        found.retain(|number| *number != -1);
        assert_eq!(found, expected, "{table}");
        let times = &times[table];
        for pair in times.windows(2) {
            assert!(pair[1].1 - pair[0].1 >= group_time, "{table}: {pair:?}");
        }
        let (snapshots, batches) = (times.len(), batches.len());
        #[allow(
            clippy::print_stdout,
            reason = "the figures are the purpose of a longer run"
        )]
        {
            let retries = observer.0.load(Ordering::Relaxed);
            println!(
                "{table}: {batches} batches in {snapshots} snapshots, {elapsed:.1?}; {retries} retries"
            );
        }
        assert!(
            snapshots < batches,
            "{table}: {snapshots} snapshots for {batches} batches"
        );
    }
    assert!(
        observer.0.load(Ordering::Relaxed) > 100,
        "there were faults"
    );
    is_faulty.store(false, Ordering::Relaxed);
    // Another process, which has seen nothing of this.
    let later = commit();
    let dataset = lake.dataset(later).open();
    let snapshots = lake.table("logs").metadata().snapshots().len();
    for source in 0..SOURCES {
        let mut writer = dataset.writer();
        let start = writer.begin_batch(&batch(source, BATCHES - 2)).unwrap();
        assert_eq!(start, BatchStart::AlreadyFinished);
        writer.finish_batch().unwrap();
        // The last batch is recognised when it is committed.
        assert_eq!(
            writer.begin_batch(&batch(source, BATCHES - 1)).unwrap(),
            BatchStart::Begun
        );
        rows(&mut writer, source, BATCHES - 1);
        writer.finish_batch().unwrap();
    }
    assert_eq!(lake.table("logs").metadata().snapshots().len(), snapshots);
}

/// A manifest with one file, as a writer commits it.
fn manifest(lake: &Lake, number: i64) -> Manifest {
    #[derive(Debug, Default)]
    struct Last(
        Mutex<Option<Manifest>>,
        Option<otlake_iceberg::IcebergCommit>,
    );

    impl Commit for Last {
        fn commit(
            &self,
            _name: &str,
            manifest: &Manifest,
        ) -> Result<CommitOutcome, Box<dyn std::error::Error + Send + Sync>> {
            *self.0.lock().unwrap() = Some(manifest.clone());
            Ok(CommitOutcome::Committed)
        }

        fn published_schema(
            &self,
            table: Table,
        ) -> Result<Option<Box<dyn otlake_dataset::PublishedSchema>>, otlake_dataset::PublishError>
        {
            self.1.as_ref().unwrap().published_schema(table)
        }
    }

    let last = Arc::new(Last(Mutex::default(), Some(lake.commit().build())));
    let builder = otlake_dataset::Dataset::builder().commit(last.clone());
    let dataset = builder.open(Arc::new(lake.storage.clone())).unwrap();
    let mut writer = dataset.writer();
    push(&mut writer, number, BEGIN, &[]);
    writer.flush().unwrap();
    last.0.lock().unwrap().take().unwrap()
}

/// The response to a commit is lost and the caller repeats it, with the same files or with those of another attempt, at once
/// and after later commits of others and of a later batch.
#[test]
fn a_repeated_commit_gets_the_answer_that_is_true() {
    let lake = Lake::new();
    let commit = lake
        .commit()
        .retry(soon().with_deadline(Duration::ZERO))
        .build();
    let name = "flush-00000";
    let flush = manifest(&lake, 1);
    lake.catalog.set_fates(|_| Fate::AppliedAndLost);
    let error = commit.commit(name, &flush).unwrap_err();
    assert!(
        chain(&*error).contains("the connection was lost"),
        "{}",
        chain(&*error)
    );
    lake.catalog.set_fates(|_| Fate::Applied);
    assert_eq!(
        commit.commit(name, &flush).unwrap(),
        CommitOutcome::Committed
    );
    assert_eq!(lake.numbers("logs"), [1]);

    let batch = BatchId::new("orders-3", 7).unwrap();
    let name = batch.to_string();
    let (first, second) = (manifest(&lake, 2), manifest(&lake, 3));
    let (first, second) = (
        first.with_batch(batch.clone()),
        second.with_batch(batch.clone()),
    );
    lake.catalog.set_fates(|_| Fate::AppliedAndLost);
    assert!(commit.commit(&name, &first).is_err());
    lake.catalog.set_fates(|_| Fate::Applied);
    let files = vec![first.files()[0].name.clone()];
    let already = CommitOutcome::AlreadyCommitted { files: Some(files) };
    assert_eq!(commit.commit(&name, &second).unwrap(), already);
    assert_eq!(
        commit.commit(&name, &first).unwrap(),
        CommitOutcome::Committed
    );
    assert!(
        !commit.is_finished(&batch).unwrap(),
        "other tables may lack it"
    );

    let later = BatchId::new("orders-3", 9).unwrap();
    let third = manifest(&lake, 4).with_batch(later.clone());
    assert_eq!(
        commit.commit(&later.to_string(), &third).unwrap(),
        CommitOutcome::Committed
    );
    assert!(commit.is_finished(&batch).unwrap());
    assert_eq!(commit.commit(&name, &second).unwrap(), already, "very late");
    // A batch in between that was never committed here: it had no rows for this table.
    let between = BatchId::new("orders-3", 8).unwrap();
    let nothing = CommitOutcome::AlreadyCommitted { files: None };
    let late = second.clone().with_batch(between.clone());
    assert_eq!(commit.commit(&between.to_string(), &late).unwrap(), nothing);
    assert_eq!(lake.numbers("logs"), [1, 2, 4]);
    assert_eq!(commit.watermark(Table::Logs, "orders-3").unwrap(), Some(9));
    assert_eq!(commit.watermark(Table::Logs, "orders-4").unwrap(), None);

    let ident = lake.table("logs").identifier().clone();
    lake.block_on(lake.catalog.drop_table(&ident)).unwrap();
    assert_eq!(commit.watermark(Table::Logs, "orders-3").unwrap(), None);
}

/// The snapshots of old batches have expired: the watermark still recognises their retries.
#[test]
fn watermarks_outlive_snapshots() {
    let lake = Lake::new();
    let commit = lake.commit().snapshot_age(Duration::ZERO).build();
    let batch = |sequence| BatchId::new("a", sequence).unwrap();
    let first = manifest(&lake, 1).with_batch(batch(1));
    for sequence in 1..5 {
        let manifest = match sequence {
            1 => first.clone(),
            _ => manifest(&lake, sequence as i64).with_batch(batch(sequence)),
        };
        let committed = commit
            .commit(&batch(sequence).to_string(), &manifest)
            .unwrap();
        assert_eq!(committed, CommitOutcome::Committed);
        // Snapshots of the same millisecond are not old.
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(lake.table("logs").metadata().snapshots().len() <= 2);
    let other = manifest(&lake, 9).with_batch(batch(1));
    let unknown = CommitOutcome::AlreadyCommitted { files: None };
    assert_eq!(commit.commit("a-1", &other).unwrap(), unknown);
    // The response was lost long ago, but the files are there.
    assert_eq!(
        commit.commit("a-1", &first).unwrap(),
        CommitOutcome::Committed
    );
    assert_eq!(lake.numbers("logs"), [1, 2, 3, 4]);
}

/// Somebody has damaged a watermark: nothing is committed, since a batch might be added twice, until it is corrected.
#[test]
fn a_damaged_watermark_is_an_error_that_names_it() {
    let lake = Lake::new();
    let commit = lake.commit().build();
    let batch = BatchId::new("a", 1).unwrap();
    let first = manifest(&lake, 1).with_batch(batch.clone());
    let _committed = commit.commit("a-1", &first).unwrap();
    let set = |value: &str| {
        let table = lake.table("logs");
        let transaction = Transaction::new(&table);
        let properties = transaction.update_table_properties();
        let properties = properties.set("otlake.watermark.a".to_owned(), value.to_owned());
        let transaction = properties.apply(transaction).unwrap();
        let changed = transaction.commit(&*lake.catalog.inner);
        tokio::runtime::Runtime::new()
            .unwrap()
            .block_on(changed)
            .unwrap();
    };
    set("one");
    let other = manifest(&lake, 2).with_batch(batch);
    let error = lake.commit().build().commit("a-1", &other).unwrap_err();
    let message = chain(&*error);
    assert!(
        message.contains("otlake.watermark.a is \"one\""),
        "{message}"
    );
    set("1 0");
    let files = vec![first.files()[0].name.clone()];
    let already = CommitOutcome::AlreadyCommitted { files: Some(files) };
    assert_eq!(
        lake.commit().build().commit("a-1", &other).unwrap(),
        already
    );
    assert_eq!(lake.numbers("logs"), [1]);
}

/// A catalog that reports a conflict for ever: an error after the deadline that says so, and the observer sees every
/// attempt.
#[test]
fn endless_conflicts_are_an_error_after_the_deadline() {
    let lake = Lake::new();
    let flush = manifest(&lake, 1);
    let observer = Arc::new(Counter::default());
    let commit = lake
        .commit()
        .retry(soon().with_deadline(Duration::from_millis(200)));
    let commit = commit.retry_observer(observer.clone()).build();
    let attempts = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&attempts);
    lake.catalog.set_fates(move |_| {
        counted.fetch_add(1, Ordering::Relaxed);
        Fate::Conflict
    });
    let error = commit.commit("flush-00000", &flush).unwrap_err();
    let text = chain(&*error);
    assert!(
        text.contains("otlake.logs") && text.contains("other writers changed it"),
        "{text}"
    );
    // After the last attempt there is no retry.
    let retries = observer.0.load(Ordering::Relaxed);
    assert_eq!(attempts.load(Ordering::Relaxed), retries + 1);
    assert!(lake.table("logs").metadata().current_snapshot().is_none());
}

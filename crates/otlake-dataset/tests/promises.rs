//! What the calls of a writer promise, one broken promise at a time.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod faulty;
mod random;
mod records;

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use otlake_dataset::{
    BatchBudget, BatchId, BatchStart, BeginBatchError, BudgetExceeded, Commit, CommitOutcome,
    Dataset, DatasetWriter, FinishBatchError, FlushError, LossCause, Manifest, OpenError,
    Partitioning, PublishError, PublishedSchema, RowError, SchemaDocument, Transform,
};
use otlake_parquet::WriterOptions;
use otlake_row::{Group, Row, RowSink, Signal, Value, fields};
use otlake_schema::{SchemaOptions, Table};
use otlake_storage::{Documents, InMemoryStorage, PutIf, RetryEvent, RetryObserver, RetryReason};

use self::faulty::{Call, Fault, FaultyStorage, Plan};
use self::records::{BEGIN, HOUR, Records, by_hour, dataset_writer, numbers, options, read};

fn faulty() -> FaultyStorage {
    FaultyStorage::new(InMemoryStorage::new(), Plan::Never)
}

fn span() -> Row<'static> {
    let mut row = Row::new(Signal::Traces, Group::new(&[]), Group::new(&[]));
    row.push(fields::NAME, Value::String("GET /"));
    row
}

fn id(source: &str) -> BatchId {
    BatchId::new(source, 1).unwrap()
}

/// Begins a batch that is not finished.
fn begin(writer: &mut DatasetWriter, source: &str) {
    let start = writer.begin_batch(&id(source)).unwrap();
    assert_eq!(start, BatchStart::Begun);
}

/// Returns the numbers of all visible log records, sorted.
fn logs(storage: &InMemoryStorage) -> Vec<i64> {
    let files = read(storage).into_iter();
    let files = files.filter(|(name, _)| name.starts_with("logs/"));
    let mut all: Vec<i64> = files.flat_map(|(_, batches)| numbers(&batches)).collect();
    all.sort_unstable();
    all
}

fn manifests(storage: &InMemoryStorage) -> Vec<Manifest> {
    let files = storage.files().into_iter();
    let manifests = files.filter(|(name, _)| name.starts_with("_otlake/manifests/"));
    manifests
        .map(|(_, bytes)| Manifest::from_json(&bytes).unwrap())
        .collect()
}

/// A batch that fails to begin in one of two tables is open in neither, so the rows that come next are
/// not written over by its retry.
#[test]
fn a_batch_that_cannot_begin_is_open_in_no_table() {
    let storage = faulty();
    let mut writer = options().open(Arc::new(storage.clone())).unwrap().writer();
    let mut records = Records::new();
    records.push(&mut writer, 1, BEGIN, &[]);
    writer.row(&mut span()).unwrap();
    storage.set_plan(Plan::All(Call::Commit, Fault::Error));
    let error = writer.begin_batch(&id("a")).unwrap_err();
    assert!(matches!(error, BeginBatchError::Flush(FlushError::Lost(lost)) if lost.rows() == 2));
    storage.set_plan(Plan::Never);
    records.push(&mut writer, 2, BEGIN, &[]);
    writer.flush().unwrap();
    assert!(matches!(
        writer.finish_batch(),
        Err(FinishBatchError::NoBatch)
    ));
    begin(&mut writer, "a");
    records.push(&mut writer, 3, BEGIN, &[]);
    writer.finish_batch().unwrap();
    assert_eq!(logs(&storage.inner), [2, 3]);
}

/// A flush in which one table loses rows and another fails only at its manifest reports the rows.
#[test]
fn of_two_errors_the_one_that_cost_rows_is_returned() {
    let storage = faulty();
    let mut writer = options().open(Arc::new(storage.clone())).unwrap().writer();
    Records::new().push(&mut writer, 1, BEGIN, &[]);
    writer.flush().unwrap();
    // The manifest of a file that is visible already fails, and so does the file of the spans.
    Records::new().push(&mut writer, 2, BEGIN, &[]);
    storage.set_plan(Plan::All(Call::Put, Fault::Error));
    assert!(matches!(writer.flush(), Err(FlushError::Commit(_))));
    for _ in 0..5 {
        writer.row(&mut span()).unwrap();
    }
    storage.set_plan(Plan::Often(1, random::Random::of_sequence(0)));
    match writer.flush() {
        Err(FlushError::Lost(lost)) => assert_eq!(lost.rows(), 5),
        other => panic!("five spans are lost: {other:?}"),
    }
}

/// A manifest whose response was lost is written again under the same name, with the same files.
#[test]
fn a_file_is_in_one_manifest_after_a_lost_response() {
    for fault in [Fault::Error, Fault::AnswerLost, Fault::TimedOut] {
        let storage = faulty();
        let mut writer = options().open(Arc::new(storage.clone())).unwrap().writer();
        let mut records = Records::new();
        records.push(&mut writer, 1, BEGIN, &[]);
        // The schema is published before the storage fails.
        writer.write_row_groups().unwrap();
        storage.set_plan(Plan::All(Call::Put, fault));
        let first = writer.flush();
        records.push(&mut writer, 2, BEGIN, &[]);
        let _ = writer.flush();
        storage.set_plan(Plan::Never);
        writer.flush().unwrap();
        let mut listed = Vec::new();
        for manifest in manifests(&storage.inner) {
            listed.extend(manifest.files().iter().map(|file| file.name.clone()));
        }
        listed.sort_unstable();
        let visible: Vec<String> = read(&storage.inner).into_keys().collect();
        assert_eq!(listed, visible, "{fault:?}: {first:?}");
    }
}

/// Every attempt of a commit has the name and the files of the first, until one succeeds.
#[test]
fn a_commit_is_repeated_as_it_was() {
    #[derive(Debug, Default)]
    struct Failing(Mutex<Vec<(String, Manifest)>>);

    impl Commit for Failing {
        fn commit(
            &self,
            name: &str,
            manifest: &Manifest,
        ) -> Result<CommitOutcome, Box<dyn Error + Send + Sync>> {
            let mut attempts = self.0.lock().unwrap();
            attempts.push((name.to_owned(), manifest.clone()));
            if attempts.len() < 3 {
                Err("busy".into())
            } else {
                Ok(CommitOutcome::Committed)
            }
        }
    }

    let commit = Arc::new(Failing::default());
    let storage = InMemoryStorage::new();
    let mut writer = dataset_writer(&storage, options().commit(commit.clone()));
    for number in 0..3 {
        Records::new().push(&mut writer, number, BEGIN, &[]);
        assert_eq!(writer.flush().is_ok(), number == 2);
    }
    let attempts = commit.0.lock().unwrap();
    assert_eq!(
        attempts.len(),
        4,
        "three attempts of the first, and the two later files in the second"
    );
    assert!(attempts[..3].iter().all(|attempt| *attempt == attempts[0]));
    assert_ne!(attempts[3].0, attempts[0].0);
    assert_eq!((attempts[0].1.rows(), attempts[3].1.rows()), (1, 2));
}

/// pyarrow and Spark skip directories that begin with an underscore.
#[test]
fn no_directory_of_rows_is_hidden() {
    let storage = InMemoryStorage::new();
    let options = options().partitioning("{attr.x}/{date}".parse().unwrap());
    let mut writer = dataset_writer(&storage, options);
    let mut records = Records::new();
    records.push(&mut writer, 1, BEGIN, &[]);
    records.push(
        &mut writer,
        2,
        0,
        &[("x", Value::String("HIVE_DEFAULT_PARTITION__"))],
    );
    writer.flush().unwrap();
    let names: Vec<String> = read(&storage).into_keys().collect();
    assert!(names[0].starts_with("logs/%48IVE_DEFAULT_PARTITION__/HIVE_DEFAULT_PARTITION__/"));
    assert!(names[1].starts_with("logs/HIVE_DEFAULT_PARTITION__/2026-11-22/"));
}

/// A schema that can't be read is an error of opening, not of a row that is then nowhere.
#[test]
fn an_unreadable_schema_is_an_error_of_open() {
    let storage = InMemoryStorage::new();
    let name = SchemaDocument::document_name(Table::Traces);
    let _ = storage.put(&name, "[]".into(), PutIf::Absent).unwrap();
    let error = options().open(Arc::new(storage)).unwrap_err();
    assert!(matches!(
        error,
        OpenError::Schema(PublishError::Schema { .. })
    ));

    let failing = faulty();
    failing.set_plan(Plan::All(Call::Get, Fault::Error));
    assert!(options().open(Arc::new(failing)).is_err());
}

/// A commit target whose table of spans has other partition columns: the dataset can't be opened, and tables without rows
/// are not asked.
#[test]
fn a_partitioning_that_the_commit_target_rejects_is_an_error_of_open() {
    #[derive(Debug, Default)]
    struct ByDate(Mutex<Vec<Table>>);

    impl Commit for ByDate {
        fn commit(
            &self,
            _name: &str,
            _manifest: &Manifest,
        ) -> Result<CommitOutcome, Box<dyn Error + Send + Sync>> {
            Ok(CommitOutcome::Committed)
        }

        fn check_partitioning(
            &self,
            table: Table,
            partitioning: &Partitioning,
        ) -> Result<(), Box<dyn Error + Send + Sync>> {
            self.0.lock().unwrap().push(table);
            let mut columns = partitioning.columns();
            match table == Table::Traces && columns.any(|(_, by)| by != Transform::Date) {
                true => Err("only dates".into()),
                false => Ok(()),
            }
        }
    }

    let commit = Arc::new(ByDate::default());
    let open = |template: &str| {
        let options = Dataset::builder().partitioning(template.parse().unwrap());
        let options = options.commit(commit.clone());
        options.open(Arc::new(InMemoryStorage::new()))
    };
    let error = open("date={date}/hour={hour}").unwrap_err();
    assert!(matches!(
        error,
        OpenError::Partitioning {
            table: "traces",
            ..
        }
    ));
    assert_eq!(error.source().unwrap().to_string(), "only dates");
    commit.0.lock().unwrap().clear();
    assert!(open("lake/date={date}").is_ok());
    assert_eq!(
        *commit.0.lock().unwrap(),
        [Table::Logs, Table::Traces, Table::Metrics]
    );
}

/// A bucket that cannot be written to is an error when a dataset is opened, or within a second.
#[test]
fn a_storage_that_does_not_exist_is_an_error_within_a_second() {
    let storage = faulty();
    storage.set_plan(Plan::All(Call::List, Fault::Error));
    let error = options().open(Arc::new(storage)).unwrap_err();
    assert!(matches!(error, OpenError::Storage(_)));

    /// Finds nothing, and reports a conflict for everything.
    #[derive(Debug)]
    struct Nowhere(InMemoryStorage);

    impl otlake_storage::Storage for Nowhere {
        fn create(
            &self,
            name: &str,
        ) -> Result<Box<dyn otlake_storage::StorageFile>, otlake_storage::StorageError> {
            self.0.create(name)
        }
    }

    impl Documents for Nowhere {
        fn get(
            &self,
            _name: &str,
        ) -> Result<Option<otlake_storage::Document>, otlake_storage::StorageError> {
            Ok(None)
        }

        fn put(
            &self,
            _name: &str,
            _bytes: bytes::Bytes,
            _condition: PutIf,
        ) -> Result<otlake_storage::PutOutcome, otlake_storage::StorageError> {
            Ok(otlake_storage::PutOutcome::Conflict)
        }

        fn list(
            &self,
            _directory: &str,
        ) -> Result<Vec<otlake_storage::StoredFile>, otlake_storage::StorageError> {
            Ok(Vec::new())
        }

        fn delete(&self, _name: &str) -> Result<(), otlake_storage::StorageError> {
            Ok(())
        }
    }

    let storage = Arc::new(Nowhere(InMemoryStorage::new()));
    let mut writer = options().open(storage).unwrap().writer();
    Records::new().push(&mut writer, 1, BEGIN, &[]);
    let started = Instant::now();
    let error = writer.flush().unwrap_err();
    assert!(started.elapsed().as_secs() < 3, "{:?}", started.elapsed());
    assert!(matches!(
        error,
        FlushError::Publish(PublishError::NotWritten { .. })
    ));
}

/// Rows whose types can't be published wait, and are visible when they can.
#[test]
fn rows_wait_for_the_schema() {
    let storage = faulty();
    let options = options().row_group_rows(2);
    let mut writer = options.open(Arc::new(storage.clone())).unwrap().writer();
    let mut records = Records::new();
    records.push(&mut writer, 1, BEGIN, &[]);
    storage.set_plan(Plan::All(Call::Put, Fault::Error));
    let mut row = Row::new(Signal::Logs, Group::new(&[]), Group::new(&[]));
    row.push(fields::TIME_UNIX_NANO, Value::Int(BEGIN));
    let error = writer.row(&mut row).unwrap_err();
    assert!(matches!(error, RowError::Publish(_)), "{error:?}");
    assert!(matches!(writer.flush(), Err(FlushError::Publish(_))));
    storage.set_plan(Plan::Never);
    writer.flush().unwrap();
    assert_eq!(manifests(&storage.inner)[0].rows(), 2);
}

/// With a full column budget, promoted attributes are published before the file that has them; the
/// storage of this test checks every file when it becomes visible.
#[test]
fn a_promoted_column_is_published_before_its_file() {
    let storage = faulty();
    let open = |promoted: &[&str]| {
        let schema = SchemaOptions::new()
            .with_column_budget(2)
            .with_promoted(promoted.iter().copied());
        let options = options().schema_options(schema);
        options.open(Arc::new(storage.clone())).unwrap().writer()
    };
    let mut plain = open(&[]);
    let mut promoting = open(&["attr.promoted"]);
    let mut records = Records::new();
    let value = Value::String("x");
    records.push(
        &mut plain,
        1,
        BEGIN,
        &[("other", value), ("promoted", value)],
    );
    records.push(
        &mut promoting,
        2,
        BEGIN,
        &[("other", value), ("third", value), ("promoted", value)],
    );
    promoting.flush().unwrap();
    plain.flush().unwrap();
    records.push(&mut plain, 3, BEGIN, &[("promoted", Value::Int(1))]);
    plain.flush().unwrap();
    let published = SchemaDocument::load(Arc::new(storage.inner.clone()), Table::Logs).unwrap();
    assert!(published.schema().column("attr_promoted").is_some());
}

/// The leftovers of a batch are looked for by the beginning of the names of its files.
#[test]
fn finishing_a_batch_lists_only_the_names_of_its_own_files() {
    let storage = faulty();
    let options = options().partitioning(by_hour());
    let mut writer = options.open(Arc::new(storage.clone())).unwrap().writer();
    let mut records = Records::new();
    begin(&mut writer, "a");
    records.push(&mut writer, 1, BEGIN, &[]);
    records.push(&mut writer, 2, BEGIN + HOUR, &[]);
    writer.finish_batch().unwrap();
    let listed = storage.calls(Call::List);
    let prefixes = [
        "logs/date=2026-11-22/hour=07/part-a-1-",
        "logs/date=2026-11-22/hour=08/part-a-1-",
    ];
    assert_eq!(listed[1..], prefixes, "the first is that of opening");
}

/// Summaries of files do not pile up in a service that never asks for a report, and a report has no files
/// of a batch that was abandoned.
#[test]
fn summaries_are_bounded_and_of_visible_files() {
    let storage = faulty();
    let files = WriterOptions::new().with_rows_per_file(1);
    let options = options().writer_options(files).file_summaries(3);
    let mut writer = options.open(Arc::new(storage.clone())).unwrap().writer();
    let mut records = Records::new();
    for number in 0..10 {
        records.push(&mut writer, number, BEGIN, &[]);
    }
    writer.flush().unwrap();
    let report = writer.report().remove(0);
    assert_eq!((report.files.len(), report.omitted_files), (3, 7));
    assert_eq!(writer.report()[0].omitted_files, 0);

    begin(&mut writer, "a");
    records.push(&mut writer, 10, BEGIN, &[]);
    records.push(&mut writer, 11, BEGIN, &[]);
    storage.set_plan(Plan::All(Call::Put, Fault::Error));
    assert!(writer.finish_batch().is_err());
    assert!(
        writer.report()[0].files.is_empty(),
        "the batch is not finished"
    );
    storage.set_plan(Plan::Never);
    begin(&mut writer, "a");
    records.push(&mut writer, 10, BEGIN, &[]);
    records.push(&mut writer, 11, BEGIN, &[]);
    writer.finish_batch().unwrap();
    assert_eq!(writer.report()[0].files.len(), 2);
}

/// An error in a batch that the caller ignores keeps the batch from being finished, in all tables.
#[test]
fn a_batch_with_an_error_is_not_finished_in_any_table() {
    let storage = faulty();
    let files = WriterOptions::new().with_rows_per_file(1);
    let options = options().writer_options(files);
    let mut writer = options.open(Arc::new(storage.clone())).unwrap().writer();
    begin(&mut writer, "a");
    Records::new().push(&mut writer, 1, BEGIN, &[]);
    storage.set_plan(Plan::All(Call::Create, Fault::Error));
    assert!(matches!(writer.row(&mut span()), Err(RowError::Lost(_))));
    storage.set_plan(Plan::Never);
    assert!(matches!(
        writer.finish_batch(),
        Err(FinishBatchError::Incomplete)
    ));
    assert!(manifests(&storage.inner).is_empty());
}

/// A batch that would write more than its budget fails, and says which limit it exceeds.
#[test]
fn a_batch_does_not_exceed_its_budget() {
    let budget = BatchBudget::new();
    for (budget, exceeded) in [
        (budget.with_partitions(2), BudgetExceeded::Partitions(2)),
        (budget.with_row_groups(2), BudgetExceeded::RowGroups(2)),
        (budget.with_bytes(20_000), BudgetExceeded::Bytes(20_000)),
    ] {
        let storage = faulty();
        let options = options()
            .batch_budget(budget)
            .partitioning("{attr.tenant}".parse().unwrap());
        let mut writer = options.open(Arc::new(storage.clone())).unwrap().writer();
        let mut records = Records::new();
        let push = |records: &mut Records, writer: &mut _| {
            for number in 0..100 {
                let tenant = format!("t{number}");
                let tenant = [("tenant", Value::String(&tenant))];
                records.push(writer, number, BEGIN, &tenant);
            }
        };
        begin(&mut writer, "a");
        push(&mut records, &mut writer);
        match writer.finish_batch() {
            Err(FinishBatchError::Lost(lost)) => {
                assert!(matches!(lost.cause(), LossCause::Budget(found) if *found == exceeded));
            }
            other => panic!("{exceeded}: {other:?}"),
        }
        let files = read(&storage.inner).len();
        assert!(files <= 10, "{files} files: {exceeded}");
        assert!(manifests(&storage.inner).is_empty());
        // Outside a batch nothing is limited.
        push(&mut records, &mut writer);
        writer.flush().unwrap();
        assert_eq!(manifests(&storage.inner)[0].rows(), 100);
    }
}

/// Within a partition, the rows of a writer keep their order: within a file, and over the sequence numbers
/// of its files.
#[test]
fn rows_keep_their_order_within_a_partition() {
    let storage = InMemoryStorage::new();
    let options = options()
        .partitioning(by_hour())
        .open_partitions(1)
        .row_group_rows(3)
        .writer_options(WriterOptions::new().with_rows_per_file(7));
    let mut writer = dataset_writer(&storage, options);
    let mut records = Records::new();
    for number in 0..100 {
        let hour = number / 10 % 2;
        records.push(&mut writer, number, BEGIN + hour * HOUR, &[]);
    }
    writer.flush().unwrap();
    let mut of_hours = BTreeMap::<String, Vec<i64>>::new();
    for (name, batches) in read(&storage) {
        let (directory, _) = name.rsplit_once('/').unwrap();
        let rows = of_hours.entry(directory.to_owned()).or_default();
        rows.extend(numbers(&batches));
    }
    let hours = of_hours.values().map(Vec::len);
    assert!(hours.eq([50, 50]));
    for (hour, rows) in of_hours {
        assert!(rows.is_sorted(), "{hour}: {rows:?}");
    }
}

/// A commit target that knows no batches is asked again for each attempt. The files that it has are those of the
/// first attempt that it has accepted, and no other files are left.
#[test]
fn files_of_attempts_that_were_not_committed_are_deleted() {
    #[derive(Debug)]
    struct FirstCounts(Mutex<Option<Vec<String>>>);

    impl Commit for FirstCounts {
        fn commit(
            &self,
            _name: &str,
            manifest: &Manifest,
        ) -> Result<CommitOutcome, Box<dyn Error + Send + Sync>> {
            let mut first = self.0.lock().unwrap();
            if first.is_some() {
                return Ok(CommitOutcome::AlreadyCommitted { files: None });
            }
            let files = manifest.files().iter();
            *first = Some(files.map(|file| file.name.clone()).collect());
            Ok(CommitOutcome::Committed)
        }
    }

    let storage = InMemoryStorage::new();
    let commit = Arc::new(FirstCounts(Mutex::default()));
    for attempt in 0..4 {
        let files = WriterOptions::new().with_rows_per_file(attempt % 2 * 1_000 + 1);
        let options = options().commit(commit.clone()).writer_options(files);
        let mut writer = dataset_writer(&storage, options);
        begin(&mut writer, "a");
        for number in 0..5 {
            Records::new().push(&mut writer, number, BEGIN, &[]);
        }
        if attempt == 0 {
            // The process ends with five visible files.
            assert_eq!(read(&storage).len(), 5);
            continue;
        }
        writer.finish_batch().unwrap();
        let visible: Vec<String> = read(&storage).into_keys().collect();
        assert_eq!(commit.0.lock().unwrap().as_ref(), Some(&visible));
        assert_eq!(logs(&storage), [0, 1, 2, 3, 4]);
    }
}

/// Two attempts at once, because one of them was thought dead: whichever finishes first counts, and the other one
/// leaves nothing, also if it goes on when the batch is long finished.
#[test]
fn of_two_attempts_at_once_one_counts() {
    for slow_has_files in [false, true] {
        let storage = InMemoryStorage::new();
        let writer = || {
            let files = WriterOptions::new().with_rows_per_file(2);
            dataset_writer(&storage, options().writer_options(files))
        };
        let (mut slow, mut fast) = (writer(), writer());
        let mut records = Records::new();
        begin(&mut slow, "a");
        records.push(&mut slow, 1, BEGIN, &[]);
        slow.row(&mut span()).unwrap();
        if slow_has_files {
            slow.flush().unwrap();
        }
        begin(&mut fast, "a");
        for number in [1, 2, 3] {
            records.push(&mut fast, number, BEGIN, &[]);
        }
        fast.row(&mut span()).unwrap();
        fast.finish_batch().unwrap();
        let finished = storage.files();
        for number in [2, 3] {
            records.push(&mut slow, number, BEGIN, &[]);
        }
        slow.finish_batch().unwrap();
        assert_eq!(storage.files(), finished);
        assert_eq!(logs(&storage), [1, 2, 3]);
    }
}

/// A retry whose caller does not look at the outcome of its beginning writes nothing, and rows that follow the batch
/// are written.
#[test]
fn the_rows_of_a_finished_batch_are_skipped() {
    let storage = InMemoryStorage::new();
    let mut writer = dataset_writer(&storage, options());
    let mut records = Records::new();
    begin(&mut writer, "a");
    records.push(&mut writer, 1, BEGIN, &[]);
    writer.finish_batch().unwrap();
    let before = storage.files();
    for ends in [true, false] {
        let start = writer.begin_batch(&id("a")).unwrap();
        assert_eq!(start, BatchStart::AlreadyFinished);
        records.push(&mut writer, 1, BEGIN, &[("new", Value::Bool(true))]);
        writer.flush().unwrap();
        if ends {
            writer.finish_batch().unwrap();
            assert!(matches!(
                writer.finish_batch(),
                Err(FinishBatchError::NoBatch)
            ));
        } else {
            writer.discard_batch();
        }
        assert_eq!(storage.files(), before);
    }
    // Earlier batches of the source are finished, too.
    let earlier = BatchId::new("a", 0).unwrap();
    assert_eq!(
        writer.begin_batch(&earlier).unwrap(),
        BatchStart::AlreadyFinished
    );
    begin(&mut writer, "b");
    records.push(&mut writer, 2, BEGIN, &[]);
    writer.finish_batch().unwrap();
    records.push(&mut writer, 3, BEGIN, &[]);
    writer.flush().unwrap();
    assert_eq!(logs(&storage), [1, 2, 3]);
}

/// Each retry of a document is reported while the writer waits: that of a published schema, and that of a
/// manifest.
#[test]
fn retries_are_reported() {
    #[derive(Debug, Default)]
    struct Retried(Mutex<Vec<(String, u32)>>);

    impl RetryObserver for Retried {
        fn retry(&self, retry: &RetryEvent<'_>) {
            assert!(matches!(retry.reason, RetryReason::InDoubt(_)));
            assert!(!retry.pause.is_zero());
            let mut retried = self.0.lock().unwrap();
            retried.push((retry.name.to_owned(), retry.failed));
        }
    }

    let storage = faulty();
    let retried = Arc::new(Retried::default());
    let dataset = options()
        .retry_observer(retried.clone())
        .open(Arc::new(storage.clone()))
        .unwrap();
    let mut writer = dataset.writer();
    Records::new().push(&mut writer, 1, BEGIN, &[]);
    storage.set_plan(Plan::All(Call::Put, Fault::AnswerLost));
    writer.flush().unwrap();
    let retried = retried.0.lock().unwrap();
    let [schema, manifest] = &retried[..] else {
        panic!("{retried:?}");
    };
    assert_eq!(*schema, ("_otlake/logs.schema.json".to_owned(), 1));
    assert!(manifest.0.starts_with("_otlake/manifests/logs/"));
    assert_eq!(manifest.1, 1);
}

/// Options that are opened twice don't give two datasets the same file names.
#[test]
fn datasets_do_not_share_file_names() {
    let storage = InMemoryStorage::new();
    for number in 0..2 {
        let dataset = Dataset::builder().open(Arc::new(storage.clone())).unwrap();
        let mut writer = dataset.writer();
        Records::new().push(&mut writer, number, BEGIN, &[]);
        writer.flush().unwrap();
    }
    assert_eq!(read(&storage).len(), 2);
}

/// The text of an error does not repeat that of its source.
#[test]
fn errors_do_not_repeat_their_sources() {
    let storage = faulty();
    let mut writer = options().open(Arc::new(storage.clone())).unwrap().writer();
    Records::new().push(&mut writer, 1, BEGIN, &[]);
    storage.set_plan(Plan::All(Call::Commit, Fault::Error));
    let lost: Box<dyn Error> = writer.flush().unwrap_err().into();
    Records::new().push(&mut writer, 1, BEGIN, &[("new", Value::Int(1))]);
    storage.set_plan(Plan::All(Call::Put, Fault::Error));
    let published: Box<dyn Error> = writer.flush().unwrap_err().into();
    for error in [lost, published] {
        let source = error.source().unwrap().to_string();
        assert!(!error.to_string().contains(&source), "{error}: {source}");
    }
}

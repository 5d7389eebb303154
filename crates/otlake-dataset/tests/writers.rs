//! Several writers of one dataset, each on a thread of its own.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod faulty;
mod random;
mod records;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow_schema::DataType;
use otlake_dataset::{BatchId, Dataset, FlushError, LossCause, RowError};
use otlake_parquet::WriterOptions;
use otlake_row::{Group, Row, RowSink, Signal, Value, fields};
use otlake_storage::InMemoryStorage;

use self::faulty::{Call, Fault, FaultyStorage, Plan};
use self::records::{BEGIN, HOUR, Records, by_hour, numbers, options, read};

const WORKERS: [i64; 3] = [1, 2, 8];

/// Lets each of some workers write its part of `rows` records, and closes the files.
fn write(dataset: &Dataset, workers: i64, rows: i64) {
    std::thread::scope(|scope| {
        for worker in 0..workers {
            scope.spawn(move || {
                let mut writer = dataset.writer();
                let mut records = Records::new();
                for number in (worker..rows).step_by(workers as usize) {
                    let time = BEGIN + number % 3 * HOUR;
                    let text = format!("text {number}");
                    let attributes = [("text", Value::String(&text))];
                    records.push(&mut writer, number, time, &attributes);
                }
                writer.write_row_groups().unwrap();
            });
        }
    });
    dataset.flush().unwrap();
}

fn all(storage: &InMemoryStorage) -> Vec<i64> {
    let mut all: Vec<i64> = read(storage).values().flat_map(|b| numbers(b)).collect();
    all.sort_unstable();
    all
}

#[test]
fn files_do_not_depend_on_the_number_of_writers() {
    const ROWS: i64 = 12_000;
    let mut shapes = Vec::new();
    for workers in WORKERS {
        let storage = InMemoryStorage::new();
        // Row groups divide what a worker has of a partition, and files.
        let files = WriterOptions::new().with_rows_per_file(1_000);
        let options = options()
            .writer_options(files)
            .partitioning(by_hour())
            .row_group_rows(100);
        let dataset = options.open(Arc::new(storage.clone())).unwrap();
        write(&dataset, workers, ROWS);
        assert_eq!(
            all(&storage),
            (0..ROWS).collect::<Vec<_>>(),
            "{workers} workers"
        );
        let mut shape: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (name, batches) in read(&storage) {
            let directory = name.rsplit_once('/').unwrap().0.to_owned();
            let rows = batches.iter().map(|batch| batch.num_rows()).sum();
            shape.entry(directory).or_default().push(rows);
        }
        shapes.push(shape);
    }
    assert_eq!(shapes[0].values().map(Vec::len).sum::<usize>(), 12);
    assert!(shapes.iter().all(|shape| *shape == shapes[0]), "{shapes:?}");
}

#[test]
fn rows_of_all_writers_are_in_one_file() {
    for workers in WORKERS {
        let storage = InMemoryStorage::new();
        let dataset = options().open_files(Arc::new(storage.clone())).unwrap();
        write(&dataset, workers, 100);
        assert_eq!(read(&storage).len(), 1, "{workers} workers");
        assert_eq!(all(&storage), (0..100).collect::<Vec<_>>());
        let report = dataset.report();
        assert_eq!((report.len(), report[0].files[0].rows), (1, 100));
    }
}

#[test]
fn writers_agree_on_types_without_documents() {
    for round in 0..20 {
        let storage = InMemoryStorage::new();
        let files = WriterOptions::new().with_rows_per_file(10);
        let options = options().writer_options(files).row_group_rows(5);
        let dataset = options.open_files(Arc::new(storage.clone())).unwrap();
        let values = [
            Value::Int(1),
            Value::String("x"),
            Value::Bool(true),
            Value::Double(0.5),
        ];
        std::thread::scope(|scope| {
            for (worker, value) in values.iter().enumerate() {
                let dataset = &dataset;
                scope.spawn(move || {
                    let mut writer = dataset.writer();
                    for number in 0..20 {
                        let number = number * 4 + worker as i64;
                        Records::new().push(&mut writer, number, BEGIN, &[("shared", *value)]);
                    }
                    writer.flush().unwrap();
                });
            }
        });
        let mut types: Vec<DataType> = Vec::new();
        for batch in read(&storage).values().flatten() {
            types.extend(
                batch
                    .column_by_name("attr_shared")
                    .map(|c| c.data_type().clone()),
            );
        }
        assert!(
            types.iter().all(|found| *found == types[0]),
            "{round}: {types:?}"
        );
        assert_eq!(all(&storage).len(), 80);
    }
}

/// The bound of memory is one for all writers, however many there are.
#[test]
fn writers_share_one_memory_limit() {
    const LIMIT: usize = 8 << 20;
    for workers in WORKERS {
        let storage = InMemoryStorage::new();
        let options = options()
            .partitioning("{attr.tenant}".parse().unwrap())
            .memory_limit(LIMIT);
        let dataset = options.open(Arc::new(storage.clone())).unwrap();
        let rows = 16_000;
        std::thread::scope(|scope| {
            for worker in 0..workers {
                let dataset = &dataset;
                scope.spawn(move || {
                    let mut writer = dataset.writer();
                    let mut records = Records::new();
                    let text = "x".repeat(800);
                    for number in (worker..rows).step_by(workers as usize) {
                        let tenant = format!("t{}", number % 7);
                        let text = format!("{number}{text}");
                        let attributes = [
                            ("tenant", Value::String(&tenant)),
                            ("text", Value::String(&text)),
                        ];
                        records.push(&mut writer, number, BEGIN, &attributes);
                        let used = dataset.memory_estimate();
                        assert!(used <= LIMIT, "{used} bytes with {workers} workers");
                    }
                    writer.write_row_groups().unwrap();
                });
            }
        });
        dataset.flush().unwrap();
        // Takes the summaries of the files.
        dataset.report();
        assert_eq!(dataset.memory_estimate(), 0);
        assert_eq!(all(&storage), (0..rows).collect::<Vec<_>>());
    }
}

/// A writer can't close a file that also has rows of another writer, which learns that they are lost.
#[test]
fn a_writer_is_told_of_rows_that_another_has_lost() {
    let storage = FaultyStorage::new(InMemoryStorage::new(), Plan::Never);
    let dataset = options().open(Arc::new(storage.clone())).unwrap();
    let [mut ours, mut theirs] = [dataset.writer(), dataset.writer()];
    let mut records = Records::new();
    for number in 0..5 {
        records.push(&mut ours, number, BEGIN, &[]);
    }
    for number in 5..8 {
        records.push(&mut theirs, number, BEGIN, &[]);
    }
    theirs.write_row_groups().unwrap();
    storage.set_plan(Plan::All(Call::Commit, Fault::Error));
    match ours.flush() {
        Err(FlushError::Lost(lost)) => assert_eq!(lost.rows(), 5),
        other => panic!("the file can't be committed: {other:?}"),
    }
    storage.set_plan(Plan::Never);
    match theirs.flush() {
        Err(FlushError::Lost(lost)) => {
            assert_eq!(lost.rows(), 3);
            assert!(matches!(lost.cause(), LossCause::OtherWriter(_)));
        }
        other => panic!("three rows are lost: {other:?}"),
    }
    theirs.flush().unwrap();
    ours.flush().unwrap();
    assert!(read(&storage.inner).is_empty());
}

/// A batch has files of its own, next to the rows that others write at the same time.
#[test]
fn batches_of_several_writers_are_visible_exactly_once() {
    for workers in WORKERS {
        let storage = InMemoryStorage::new();
        let files = WriterOptions::new().with_rows_per_file(7);
        let options = options().writer_options(files).partitioning(by_hour());
        let dataset = options.open(Arc::new(storage.clone())).unwrap();
        let mut background = dataset.writer();
        std::thread::scope(|scope| {
            for worker in 0..workers {
                let dataset = &dataset;
                scope.spawn(move || {
                    let mut writer = dataset.writer();
                    for batch in 0..3 {
                        let batch_id = BatchId::new(format!("b-{worker}"), batch as u64).unwrap();
                        // The first attempt is abandoned after some of its files are closed.
                        for rows in [15, 20] {
                            let _ = writer.begin_batch(&batch_id).unwrap();
                            for row in 0..rows {
                                let number = (worker * 3 + batch) * 20 + row;
                                let time = BEGIN + row % 2 * HOUR;
                                Records::new().push(&mut writer, number, time, &[]);
                            }
                        }
                        writer.finish_batch().unwrap();
                    }
                });
            }
            for number in 10_000..10_050 {
                Records::new().push(&mut background, number, BEGIN, &[]);
            }
            background.flush().unwrap();
        });
        let expected = (0..workers * 60).chain(10_000..10_050);
        assert_eq!(
            all(&storage),
            expected.collect::<Vec<_>>(),
            "{workers} workers"
        );
    }
}

/// A writer closes files by age, also those that only others have written to.
#[test]
fn a_tick_closes_the_files_of_idle_writers() {
    let storage = InMemoryStorage::new();
    let age = Duration::from_secs(60);
    let dataset = options()
        .max_age(age)
        .open(Arc::new(storage.clone()))
        .unwrap();
    let [mut busy, mut idle] = [dataset.writer(), dataset.writer()];
    Records::new().push(&mut idle, 1, BEGIN, &[]);
    idle.write_row_groups().unwrap();
    Records::new().push(&mut busy, 2, BEGIN, &[]);
    busy.tick(Instant::now() + 2 * age).unwrap();
    assert_eq!(all(&storage), [1, 2]);
    idle.flush().unwrap();
}

/// Rows before a fault are delivered, whichever writer it hits.
#[test]
fn a_file_that_cannot_be_created_loses_only_its_row_group() {
    let storage = FaultyStorage::new(InMemoryStorage::new(), Plan::Never);
    let options = options().row_group_rows(2);
    let dataset = options.open(Arc::new(storage.clone())).unwrap();
    let [mut ours, mut theirs] = [dataset.writer(), dataset.writer()];
    Records::new().push(&mut theirs, 0, BEGIN, &[]);
    theirs.flush().unwrap();
    storage.set_plan(Plan::All(Call::Create, Fault::Error));
    Records::new().push(&mut ours, 1, BEGIN, &[]);
    let mut row = Row::new(Signal::Logs, Group::new(&[]), Group::new(&[]));
    row.push(fields::TIME_UNIX_NANO, Value::Int(BEGIN));
    match ours.row(&mut row) {
        Err(RowError::Lost(lost)) => assert_eq!(lost.rows(), 2),
        other => panic!("no file can be created: {other:?}"),
    }
    storage.set_plan(Plan::Never);
    Records::new().push(&mut ours, 3, BEGIN, &[]);
    ours.flush().unwrap();
    assert_eq!(all(&storage.inner), [0, 3]);
}

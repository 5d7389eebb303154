//! Rows that wait in partitions: they are written when they would be without partitions, and as what
//! they would be.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod records;

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use arrow_array::{Array, RecordBatch};
use arrow_schema::DataType;
use otlake_dataset::{FlushError, PublishedSchema, SchemaDocument};
use otlake_parquet::WriterOptions;
use otlake_row::{Location, Value};
use otlake_schema::{Resolved, Schema, SchemaOptions, Table};
use otlake_storage::{InMemoryStorage, Storage, StorageError, StorageFile};

use self::records::{BEGIN, HOUR, Records, by_hour, dataset_writer, options, read, writer};

/// Without partitions, and with one.
const PARTITIONINGS: [&str; 2] = ["", "date={date}"];

/// Text that does not compress.
fn noise(seed: u64, len: usize) -> String {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        char::from(b'!' + (state % 90) as u8)
    };
    (0..len).map(|_| next()).collect()
}

fn batches(storage: &InMemoryStorage) -> Vec<RecordBatch> {
    read(storage).into_values().flatten().collect()
}

fn types_of(storage: &InMemoryStorage, column: &str) -> Vec<Option<DataType>> {
    let batches = batches(storage);
    let column = |batch: &RecordBatch| Some(batch.column_by_name(column)?.data_type().clone());
    batches.iter().map(column).collect()
}

#[test]
fn rows_that_become_several_row_groups_and_files_are_closed_by_age() {
    let storage = InMemoryStorage::new();
    let options = options()
        .writer_options(WriterOptions::new().with_bytes_per_file(40 << 10))
        .partitioning(by_hour())
        .max_age(Duration::from_secs(1))
        .row_group_rows(1_000)
        .memory_limit(1 << 20);
    let mut sink = writer(&storage, options);
    let mut records = Records::new();
    for number in 0..1_000 {
        let text = noise(number as u64, 90);
        records.push(&mut sink, number, BEGIN, &[("text", Value::String(&text))]);
    }
    let stats = sink.stats()[0];
    assert!(stats.row_groups > 1, "{stats:?}");
    sink.tick(Instant::now() + Duration::from_secs(60)).unwrap();
    let rows: usize = batches(&storage).iter().map(RecordBatch::num_rows).sum();
    assert_eq!(rows, 1_000);
}

#[test]
fn resources_count_towards_the_size_of_a_row_group() {
    for partitioning in PARTITIONINGS {
        let options = options()
            .partitioning(partitioning.parse().unwrap())
            .row_group_bytes(1 << 20);
        let mut sink = writer(&InMemoryStorage::new(), options);
        let mut records = Records::new();
        let mut peak = 0;
        for number in 0..500 {
            let text = noise(number as u64, 10_000);
            let resource = [("text", Value::String(&text))];
            records.push_from(&resource, &mut sink, number, BEGIN, &[]);
            peak = peak.max(sink.memory_size());
        }
        // Columns that have doubled, and the buffers that they are encoded in. The resources have 5 MB.
        assert!(peak < 7 << 20, "{peak} bytes with {partitioning:?}");
    }
}

#[test]
fn memory_that_resources_take_up_is_released_no_further_than_asked_for() {
    let options = options().partitioning(by_hour());
    let mut sink = writer(&InMemoryStorage::new(), options);
    let mut records = Records::new();
    for number in 0..256 {
        let text = noise(number as u64, 20_000);
        let time = BEGIN + number % 64 * HOUR;
        let resource = [("text", Value::String(&text))];
        records.push_from(&resource, &mut sink, number, time, &[]);
    }
    let target = sink.memory_size() / 8 * 7;
    sink.release_memory(target).unwrap();
    let (stats, size) = (sink.stats()[0], sink.memory_size());
    assert!(size <= target, "{size} bytes, not {target}");
    assert!((5..32).contains(&stats.row_groups), "{stats:?}");
    sink.flush().unwrap();
    // Frees the buffers and takes the summaries.
    sink.release_memory(0).unwrap();
    sink.report();
    let size = sink.memory_size();
    assert!(size < 200_000, "{size} bytes with nothing open");
}

/// A storage whose files hold parts in memory that are on their way.
#[derive(Clone, Debug)]
struct Sending(InMemoryStorage, Arc<AtomicUsize>);

struct SendingFile(Box<dyn StorageFile>, Arc<AtomicUsize>);

impl Storage for Sending {
    fn create(&self, name: &str) -> Result<Box<dyn StorageFile>, StorageError> {
        let file = SendingFile(self.0.create(name)?, Arc::clone(&self.1));
        Ok(Box::new(file))
    }
}

impl Write for SendingFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.1.store(100_000, Ordering::Relaxed);
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl StorageFile for SendingFile {
    fn memory_size(&self) -> usize {
        self.1.load(Ordering::Relaxed)
    }

    fn commit(self: Box<Self>) -> Result<(), StorageError> {
        self.0.commit()
    }
}

#[test]
fn bytes_that_a_file_has_sent_are_no_longer_counted() {
    let in_flight = Arc::new(AtomicUsize::new(0));
    let storage = Sending(InMemoryStorage::new(), Arc::clone(&in_flight));
    let options = options().memory_limit(16 << 20).row_group_rows(10);
    let mut sink = options.open_files(Arc::new(storage)).unwrap().writer();
    let mut records = Records::new();
    for number in 0..2_000 {
        records.push(&mut sink, number, BEGIN, &[]);
        in_flight.store(0, Ordering::Relaxed);
    }
    sink.flush().unwrap();
    assert_eq!(sink.stats()[0].files, 1, "none was closed for memory");
    // Frees the buffers and takes the summaries.
    sink.release_memory(0).unwrap();
    sink.report();
    let size = sink.memory_size();
    assert!(size < 200_000, "{size} bytes with nothing open");
}

/// A storage in which no file can be created.
#[derive(Debug)]
struct Rejecting(InMemoryStorage);

impl Storage for Rejecting {
    fn create(&self, _name: &str) -> Result<Box<dyn StorageFile>, StorageError> {
        self.0.create("..")
    }
}

#[test]
fn an_error_counts_the_rows_of_all_lost_row_groups() {
    let storage = Rejecting(InMemoryStorage::new());
    let options = options().partitioning(by_hour()).memory_limit(1 << 20);
    let mut sink = options.open_files(Arc::new(storage)).unwrap().writer();
    let mut records = Records::new();
    for number in 0..1_000 {
        let text = noise(number as u64, 90);
        let time = BEGIN + number % 2 * HOUR;
        records.push(&mut sink, number, time, &[("text", Value::String(&text))]);
    }
    match sink.flush() {
        Err(FlushError::Lost(lost)) => assert_eq!(lost.rows(), 1_000),
        other => panic!("no file can be created: {other:?}"),
    }
    assert_eq!(sink.open_partitions(), 0);
}

#[test]
fn the_first_of_several_values_for_a_column_determines_its_type() {
    for partitioning in PARTITIONINGS {
        let storage = InMemoryStorage::new();
        let options = options().partitioning(partitioning.parse().unwrap());
        let mut sink = writer(&storage, options);
        let mut records = Records::new();
        let [int, text] = [Value::Int(1), Value::String("a")];
        for _ in 0..2 {
            records.push(&mut sink, 1, BEGIN, &[("x", int), ("x", text)]);
            records.push(&mut sink, 2, BEGIN, &[("user.id", int), ("user_id", text)]);
            records.push(&mut sink, 3, BEGIN, &[("y", Value::Empty), ("y", text)]);
        }
        sink.flush().unwrap();
        let types = |column| types_of(&storage, column);
        assert_eq!(types("attr_x"), [Some(DataType::Int64)], "{partitioning:?}");
        assert_eq!(
            types("attr_user_id"),
            [Some(DataType::Int64)],
            "{partitioning:?}"
        );
        assert_ne!(types("attr_y"), [None], "{partitioning:?}");
    }
}

#[test]
fn a_column_that_gets_a_type_later_is_published_with_it() {
    for partitioning in PARTITIONINGS {
        let storage = InMemoryStorage::new();
        let options = options().partitioning(partitioning.parse().unwrap());
        let mut sink = dataset_writer(&storage, options);
        let mut records = Records::new();
        for value in [Value::Empty, Value::Int(5)] {
            records.push(&mut sink, 0, BEGIN, &[("x", value)]);
            sink.flush().unwrap();
        }
        let published = SchemaDocument::load(Arc::new(storage.clone()), Table::Logs).unwrap();
        let published = published.schema().column("attr_x");
        let published = published.map(|column| column.type_name());
        assert_eq!(published, Some("int64"), "{partitioning:?}");
        assert_eq!(types_of(&storage, "attr_x"), [None, Some(DataType::Int64)]);
    }
}

#[test]
fn a_column_beyond_the_budget_of_the_dataset_is_in_no_file() {
    let schema_options = || SchemaOptions::new().with_column_budget(3);
    let schema = || Schema::new(Table::Logs, schema_options());
    for partitioning in PARTITIONINGS {
        let storage = InMemoryStorage::new();
        let options = options()
            .schema_options(schema_options())
            .partitioning(partitioning.parse().unwrap());
        let mut sink = dataset_writer(&storage, options);
        let mut records = Records::new();
        // The column is known before its type.
        records.push(&mut sink, 1, BEGIN, &[("x", Value::Empty)]);
        sink.flush().unwrap();
        // Another writer uses up the budget.
        let mut theirs = schema();
        for name in ["theirs", "theirs, too"] {
            let Resolved::Column(column) = theirs.resolve(Location::Attribute, name) else {
                panic!("there is room for {name}");
            };
            theirs.widen(column, &Value::Int(1));
        }
        let mut others = SchemaDocument::load(Arc::new(storage.clone()), Table::Logs).unwrap();
        others.publish(&theirs).unwrap();
        for value in [Value::Int(5), Value::Int(6), Value::String("seven")] {
            records.push(&mut sink, 2, BEGIN, &[("x", value)]);
            sink.flush().unwrap();
        }
        assert_eq!(
            types_of(&storage, "attr_x"),
            [None, None, None, None],
            "{partitioning:?}"
        );
        assert_eq!(sink.stats()[0].overflow.total(), 4, "{partitioning:?}");
    }
}

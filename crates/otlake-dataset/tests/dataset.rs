//! The sink over a whole dataset: partitions, shared types, rolling by age, memory.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod records;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow_array::Array;
use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_schema::DataType;
use otlake_dataset::{BatchId, DatasetWriter, Manifest, PublishedSchema, SchemaDocument};
use otlake_parquet::{SortingColumn, WriterOptions};
use otlake_row::{RowSink, Value};
use otlake_schema::Table;
use otlake_storage::InMemoryStorage;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use self::records::{
    BEGIN, HOUR, Records, by_hour, dataset_writer, numbers, options, read, writer,
};

#[test]
fn late_rows_go_to_the_partition_of_their_time() {
    let storage = InMemoryStorage::new();
    let options = options().partitioning(by_hour()).open_partitions(2);
    let mut sink = writer(&storage, options);
    let mut records = Records::new();
    for number in 0..100 {
        let hour = [0, 1, 17, 0, 30][number as usize % 5];
        records.push(&mut sink, number, BEGIN + hour * HOUR, &[]);
        assert!(sink.open_partitions() <= 2);
    }
    sink.finish().unwrap();
    let mut by_directory: BTreeMap<String, BTreeSet<i64>> = BTreeMap::new();
    for (name, batches) in read(&storage) {
        let (directory, _) = name.rsplit_once('/').unwrap();
        let numbers = numbers(&batches);
        let of_directory = by_directory.entry(directory.to_owned()).or_default();
        for number in numbers {
            assert!(of_directory.insert(number), "{number} occurs twice");
        }
    }
    let of = |places: &[i64]| (0..100).filter(|n| places.contains(&(n % 5))).collect();
    let expected = BTreeMap::from([
        ("logs/date=2026-11-22/hour=07".to_owned(), of(&[0, 3])),
        ("logs/date=2026-11-22/hour=08".to_owned(), of(&[1])),
        ("logs/date=2026-11-23/hour=00".to_owned(), of(&[2])),
        ("logs/date=2026-11-23/hour=13".to_owned(), of(&[4])),
    ]);
    assert_eq!(by_directory, expected);
    let closed = sink.report().remove(0).files;
    assert_eq!(closed.iter().map(|file| file.rows).sum::<u64>(), 100);
    assert_eq!(
        closed.len(),
        storage.files().len(),
        "no file was written over another"
    );
}

#[test]
fn partitions_have_one_type_for_a_column() {
    let storage = InMemoryStorage::new();
    let options = options().partitioning(by_hour()).row_group_rows(4);
    let mut sink = writer(&storage, options);
    let mut records = Records::new();
    let values = [
        Value::Int(1),
        Value::Double(0.5),
        Value::Int(2),
        Value::String("late"),
    ];
    for number in 0..40 {
        // The first hours see integers and doubles before a row group is written, text comes later.
        let value = values[if number < 12 { number % 2 } else { number % 4 } as usize];
        records.push(
            &mut sink,
            number,
            BEGIN + (number % 3) * HOUR,
            &[("ratio", value)],
        );
    }
    sink.finish().unwrap();
    let (mut texts, mut files) = (0, 0);
    for batch in read(&storage).values().flatten() {
        assert_eq!(batch["attr_ratio"].data_type(), &DataType::Float64);
        texts += batch["overflow"].len() - batch["overflow"].null_count();
        files += 1;
    }
    assert!(files >= 3);
    assert_eq!(texts as u64, sink.stats()[0].overflow.r#type);
    assert_eq!(texts, (12..40).filter(|number| number % 4 == 3).count());
}

#[test]
fn a_dataset_keeps_its_types_and_ids_from_writer_to_writer() {
    let storage = InMemoryStorage::new();
    let write = |attributes: &[(&str, Value<'_>)]| {
        let mut sink = dataset_writer(&storage, options());
        Records::new().push(&mut sink, 1, BEGIN, attributes);
        sink.finish().unwrap();
        sink.stats()[0].overflow.r#type
    };
    assert_eq!(write(&[("status", Value::Int(200))]), 0);
    assert_eq!(
        write(&[
            ("status", Value::String("ok")),
            ("user", Value::String("a"))
        ]),
        1
    );
    assert_eq!(
        write(&[("user", Value::Int(7)), ("status", Value::Int(404))]),
        0
    );
    let published = SchemaDocument::load(Arc::new(storage.clone()), Table::Logs).unwrap();
    assert_eq!(
        published.schema().version(),
        3,
        "two of the writers had news"
    );
    for bytes in storage
        .files()
        .into_values()
        .filter(|bytes| bytes.starts_with(b"PAR1"))
    {
        let reader = ParquetRecordBatchReaderBuilder::try_new(bytes).unwrap();
        for column in reader.parquet_schema().root_schema().get_fields() {
            let id = column.get_basic_info().id();
            let known = published.schema().column(column.name()).unwrap();
            assert_eq!(u32::try_from(id), Ok(known.id()), "{}", column.name());
        }
    }
}

#[test]
fn rows_are_sorted_within_row_groups_that_record_the_order() {
    let storage = InMemoryStorage::new();
    let by = |name: &str| SortingColumn {
        name: name.to_owned(),
        descending: false,
        nulls_first: false,
    };
    let options = options()
        .sorted_rows(vec![by("attr_service"), by("time_unix_nano")])
        .row_group_rows(50);
    let mut sink = writer(&storage, options);
    let mut records = Records::new();
    for number in 0..100 {
        let service = Value::String(["b", "c", "a"][number as usize % 3]);
        records.push(&mut sink, number, BEGIN - number, &[("service", service)]);
    }
    sink.finish().unwrap();
    let (_, bytes) = storage.files().into_iter().next().unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new(bytes).unwrap();
    for group in reader.metadata().row_groups() {
        let sorting = group.sorting_columns().unwrap();
        let names: Vec<_> = sorting
            .iter()
            .map(|column| {
                group
                    .column(column.column_idx as usize)
                    .column_path()
                    .string()
            })
            .collect();
        assert_eq!(names, ["attr_service", "time_unix_nano"]);
    }
    for batch in reader.with_batch_size(50).build().unwrap() {
        let batch = batch.unwrap();
        let services = batch["attr_service"].as_string::<i32>().iter();
        let times = batch["time_unix_nano"].as_primitive::<Int64Type>().iter();
        let rows: Vec<_> = services.zip(times).collect();
        assert!(rows.is_sorted(), "{rows:?}");
    }
}

#[test]
fn a_manifest_has_the_order_of_files_whose_row_groups_follow_one_another() {
    let by_time = SortingColumn {
        name: "time_unix_nano".to_owned(),
        descending: true,
        nulls_first: false,
    };
    // How far the time of each record is from that of the previous one.
    for (step, expected) in [(-1, vec![by_time.clone()]), (1, Vec::new())] {
        let storage = InMemoryStorage::new();
        let options = options()
            .sorted_rows(vec![by_time.clone()])
            .row_group_rows(50);
        let mut sink = dataset_writer(&storage, options);
        let mut records = Records::new();
        for number in 0..100 {
            records.push(&mut sink, number, BEGIN + step * number, &[]);
        }
        sink.finish().unwrap();
        let mut files = storage.files().into_iter();
        let (_, manifest) = files
            .find(|(name, _)| name.starts_with("_otlake/manifests/"))
            .unwrap();
        let manifest = Manifest::from_json(&manifest).unwrap();
        assert_eq!(manifest.row_groups(), 2);
        assert_eq!(manifest.files()[0].sort_order, expected, "{step}");
    }
}

#[test]
fn files_are_closed_by_age_when_nothing_arrives() {
    let storage = InMemoryStorage::new();
    let age = Duration::from_secs(60);
    let mut sink = writer(&storage, options().max_age(age));
    let mut records = Records::new();
    let before = Instant::now();
    records.push(&mut sink, 1, BEGIN, &[]);
    let after = Instant::now();
    sink.tick(before + age - Duration::from_millis(1)).unwrap();
    assert!(storage.files().is_empty(), "it is younger");
    sink.tick(after + age).unwrap();
    assert_eq!(storage.files().len(), 1);
    sink.tick(after + 10 * age).unwrap();
    assert_eq!(storage.files().len(), 1, "there are no rows");
    records.push(&mut sink, 2, BEGIN, &[]);
    sink.tick(Instant::now() + age).unwrap();
    assert_eq!(
        storage.files().len(),
        2,
        "the next file has an age of its own"
    );
}

#[test]
fn a_memory_limit_writes_row_groups_early() {
    let storage = InMemoryStorage::new();
    let limit = 2 << 20;
    let options = options()
        .partitioning("number={attr.tenant}".parse().unwrap())
        .memory_limit(limit);
    let mut sink = writer(&storage, options);
    let mut records = Records::new();
    let text = "x".repeat(500);
    for number in 0..20_000 {
        let tenant = format!("t{}", number % 20);
        let text = format!("{number}{text}");
        let attributes = [
            ("tenant", Value::String(&tenant)),
            ("text", Value::String(&text)),
        ];
        records.push(&mut sink, number, BEGIN, &attributes);
        if number % 97 == 0 {
            let size = sink.memory_size();
            assert!(size <= limit, "{size} bytes with {number} records");
        }
    }
    sink.finish().unwrap();
    let mut all: Vec<i64> = read(&storage).values().flat_map(|b| numbers(b)).collect();
    all.sort_unstable();
    assert_eq!(all, (0..20_000).collect::<Vec<_>>());
}

#[test]
fn a_repeated_batch_is_visible_exactly_once() {
    let storage = InMemoryStorage::new();
    let dataset = |rows_per_file: u64| {
        let files = WriterOptions::new().with_rows_per_file(rows_per_file);
        let options = options().writer_options(files).partitioning(by_hour());
        dataset_writer(&storage, options)
    };
    let push = |sink: &mut DatasetWriter, numbers: std::ops::Range<i64>| {
        let mut records = Records::new();
        for number in numbers {
            records.push(sink, number, BEGIN + (number % 3) * HOUR, &[]);
        }
    };
    let all = || {
        let mut all: Vec<i64> = read(&storage).values().flat_map(|b| numbers(b)).collect();
        all.sort_unstable();
        all
    };
    // Another batch, whose identity has that of the one below in front.
    let mut sink = dataset(1_000);
    sink.begin_batch(&BatchId::new("topic-1", 7).unwrap())
        .unwrap();
    push(&mut sink, 100..110);
    sink.finish_batch().unwrap();
    // An attempt that wrote all of its files and was never acknowledged.
    let identity = BatchId::new("topic", 1).unwrap();
    let mut sink = dataset(4);
    sink.begin_batch(&identity).unwrap();
    push(&mut sink, 0..50);
    sink.flush().unwrap();
    drop(sink);
    // The retry cuts its files otherwise.
    let mut sink = dataset(10);
    push(&mut sink, 200..205);
    sink.begin_batch(&identity).unwrap();
    push(&mut sink, 0..50);
    sink.finish_batch().unwrap();
    push(&mut sink, 205..210);
    sink.finish().unwrap();
    let batches = (0..50).chain(100..110).chain(200..210);
    assert_eq!(all(), batches.clone().collect::<Vec<_>>());

    // A batch that is abandoned for another leaves no rows outside closed files.
    sink.begin_batch(&BatchId::new("given-up", 1).unwrap())
        .unwrap();
    push(&mut sink, 300..305);
    sink.begin_batch(&BatchId::new("topic", 2).unwrap())
        .unwrap();
    push(&mut sink, 400..405);
    sink.finish_batch().unwrap();
    assert_eq!(all(), batches.chain(400..405).collect::<Vec<_>>());

    // The manifests list every file once; the manifest of the abandoned attempt was never written.
    let mut listed = BTreeSet::new();
    for (name, bytes) in storage.files() {
        if !name.starts_with("_otlake/manifests/logs/") {
            continue;
        }
        let manifest = Manifest::from_json(&bytes).unwrap();
        if name.ends_with("/topic-1.json") {
            assert_eq!((manifest.rows(), manifest.batch()), (50, Some(&identity)));
        }
        for file in manifest.files() {
            assert!(
                listed.insert(file.name.clone()),
                "{} is listed twice",
                file.name
            );
            assert_eq!(file.partition[0].name, "date");
        }
    }
    let files: BTreeSet<String> = read(&storage).into_keys().collect();
    assert_eq!(listed, files);
}

//! All cells of all rows survive, in the order that was asked for.

use std::sync::Arc;

use arrow_array::{ArrayRef, Int32Array, LargeStringArray, RecordBatch, StringArray};
use otlake_dataset::{Commit, CommitOutcome, CompactionOptions, Compactor, Manifest, MetricTables};
use otlake_otlp::{Format, OtlpDecoder};
use otlake_parquet::{Compression, Encoder, FileWriter, SortingColumn, WriterOptions};
use otlake_row::{Bytes, Signal, Value};
use otlake_schema::{SchemaOptions, Table, VerbatimNaming};
use otlake_storage::{Documents, InMemoryStorage, Storage};
use otlake_testkit::{
    MetricShape, Rng, Shape, TraceShape, arbitrary_logs_request, arbitrary_metrics_request,
    arbitrary_traces_request, logs_payload, metrics_payload, traces_payload,
};
use parquet::file::reader::{FileReader, SerializedFileReader};
use prost::Message;

use super::cells::{assert_sorted, commit, field_ids, files, rows};
use super::random::Random;
use super::records::{BEGIN, HOUR, Records, by_hour, dataset_writer, numbers, options, read};

pub fn by(name: &str) -> SortingColumn {
    SortingColumn {
        name: name.to_owned(),
        descending: false,
        nulls_first: false,
    }
}

/// Random requests of all signals, whose attributes change their names and types all the time, in random partitions,
/// files and row groups, are merged in random orders with little or much memory. The oracle is the multiset of all rows
/// with all cells before that.
#[test]
fn all_cells_of_random_requests_survive() {
    for sequence in 0..Random::rounds(40) {
        let mut random = Random::of_sequence(sequence);
        let mut rng = Rng::new(random.number());
        let storage = InMemoryStorage::new();
        let budget = random.one_of(&[3, 20, 256]);
        let order = random_order(&mut random);
        let mut options = options()
            .partitioning(
                random
                    .one_of(&["", "date={date}", "{signal}/hour={hour}", "{service}"])
                    .replace("{service}", "s={resource.service.name}")
                    .parse()
                    .unwrap(),
            )
            .schema_options(SchemaOptions::new().with_column_budget(budget))
            .row_group_rows(random.one_of(&[2, 5, 1_000]))
            .metric_tables(random.one_of(&[MetricTables::One, MetricTables::PerKind]))
            .writer_options(
                WriterOptions::new()
                    .with_compression(random.one_of(&[Compression::default(), Compression::None])),
            );
        if random.below(2) == 0 {
            options = options.sorted_rows(order.clone());
        }
        let dataset = options.open(Arc::new(storage.clone())).unwrap();
        let (mut writer, mut decoder) = (dataset.writer(), OtlpDecoder::new());
        for _ in 0..random.below(30) + 2 {
            let (signal, payload) = match random.below(3) {
                0 => (
                    Signal::Logs,
                    arbitrary_logs_request(&mut rng).encode_to_vec(),
                ),
                1 => (
                    Signal::Traces,
                    arbitrary_traces_request(&mut rng).encode_to_vec(),
                ),
                _ => (
                    Signal::Metrics,
                    arbitrary_metrics_request(&mut rng).encode_to_vec(),
                ),
            };
            let payload = Bytes::from(payload);
            // Rows before a fault are kept.
            let _ = decoder.decode(signal, Format::Protobuf, &payload, &mut writer);
            if random.below(2) == 0 {
                writer.flush().unwrap();
            }
        }
        writer.flush().unwrap();

        let options = CompactionOptions::new()
            .with_memory_limit(random.one_of(&[1 << 20, 384 << 20]))
            .with_target_bytes(random.one_of(&[100_000, 128 << 20]))
            .with_row_group_rows(random.one_of(&[3, 100, 1 << 17]))
            .with_sorted_rows(order.clone());
        let compactor = Compactor::new(Arc::new(storage.clone()), commit(&storage), options);
        for table in Table::ALL {
            let (before, ids) = (rows(&storage, table), field_ids(&storage, table));
            let files_before = files(&storage, table).len();
            let plan = compactor.plan(table).unwrap();
            let report = compactor.run(&plan, &mut |_| {}).unwrap();
            let case = format!("{sequence}: {table:?}");
            assert!(report.errors.is_empty(), "{case}: {:?}", report.errors);
            // If a group becomes several files, one that is left at the end stays.
            let left = plan.files() - report.files_merged as usize;
            assert!(left <= plan.groups().len(), "{case}");
            assert_eq!(rows(&storage, table), before, "{case}");
            assert_eq!(field_ids(&storage, table), ids, "{case}");
            assert_sorted(&storage, table, &order);
            let files = files(&storage, table).len();
            let expected = files_before + left - plan.files() + report.files_written as usize;
            assert_eq!(files, expected, "{case}");
        }
    }
}

fn random_order(random: &mut Random) -> Vec<SortingColumn> {
    let columns = [
        "resource_service_name",
        "timestamp",
        "severity_number",
        "body",
        "name",
        "value_double",
        "trace_id",
        "overflow",
        "attr_none",
    ];
    (0..random.below(4))
        .map(|_| SortingColumn {
            name: random.one_of(&columns).to_owned(),
            descending: random.below(2) == 0,
            nulls_first: random.below(2) == 0,
        })
        .collect()
}

/// More rows than the memory holds, in files whose rows interleave: they are sorted in many runs, and merged.
#[test]
fn rows_that_exceed_the_memory_are_merged_from_runs() {
    let storage = InMemoryStorage::new();
    let order = vec![by("attr_service"), by("timestamp")];
    let sorted = options()
        .partitioning(by_hour())
        .sorted_rows(order.clone())
        .row_group_rows(300);
    let mut writer = dataset_writer(&storage, sorted);
    let mut random = Random::of_sequence(1);
    for file in 0..40 {
        let mut records = Records::new();
        for row in 0..400 {
            let number = file * 400 + row;
            let text = format!("{number}-{}", "x".repeat(random.below(200)));
            let service = format!("service-{}", random.below(12));
            let attributes = [
                ("text", Value::String(&text)),
                ("service", Value::String(&service)),
            ];
            records.push(&mut writer, number, BEGIN + number * 1_000_000, &attributes);
        }
        writer.flush().unwrap();
    }
    let before = rows(&storage, Table::Logs);
    // No order is set: it is that of the files.
    let options = CompactionOptions::new().with_memory_limit(2 << 20);
    let compactor = Compactor::new(Arc::new(storage.clone()), commit(&storage), options);
    let plan = compactor.plan(Table::Logs).unwrap();
    assert_eq!((plan.files(), plan.groups().len()), (40, 1));
    let mut calls = 0;
    let report = compactor.run(&plan, &mut |_| calls += 1).unwrap();
    assert!(report.errors.is_empty(), "{:?}", report.errors);
    assert!(report.files_written < 4, "{report}");
    assert_eq!(calls, 40 + report.files_written);
    assert_eq!(rows(&storage, Table::Logs), before);
    assert_sorted(&storage, Table::Logs, &order);
    for file in files(&storage, Table::Logs) {
        // Row groups have disjoint ranges, so the whole file is known to be sorted.
        assert!(file.row_groups > 1);
        assert_eq!(file.sort_order[0], order[0], "{}", file.name);
    }
}

/// Files that are too large to be read at once are read by row group.
#[test]
fn large_files_are_read_by_row_group() {
    let storage = InMemoryStorage::new();
    let mut random = Random::of_sequence(2);
    let mut writer = dataset_writer(&storage, options().row_group_rows(400));
    for file in 0..2 {
        let mut records = Records::new();
        for row in 0..3_000 {
            // Text of 4 kB of which half is random.
            let text: String = (0..512)
                .map(|_| format!("{:08x}", random.number() as u32))
                .collect();
            let number = row * 2 + file;
            let attributes = [
                ("text", Value::String(&text)),
                ("even", Value::Bool(file == 0)),
            ];
            records.push(&mut writer, number, BEGIN + number * 1_000, &attributes);
        }
        writer.flush().unwrap();
    }
    // A third one without a column.
    Records::new().push(&mut writer, 10_000, BEGIN, &[]);
    writer.flush().unwrap();
    let sizes: Vec<u64> = files(&storage, Table::Logs)
        .iter()
        .map(|file| file.bytes)
        .collect();
    assert_eq!(
        sizes.iter().filter(|bytes| **bytes > 4 << 20).count(),
        2,
        "{sizes:?}"
    );
    let before = rows(&storage, Table::Logs);
    let options = CompactionOptions::new()
        .with_memory_limit(64 << 20)
        .with_sorted_rows(vec![by("attr_number")]);
    let compactor = Compactor::new(Arc::new(storage.clone()), commit(&storage), options);
    let report = compactor
        .run(&compactor.plan(Table::Logs).unwrap(), &mut |_| {})
        .unwrap();
    assert!(report.errors.is_empty(), "{:?}", report.errors);
    assert_eq!((report.files_merged, report.files_written), (3, 1));
    assert_eq!(rows(&storage, Table::Logs), before);
    assert_sorted(&storage, Table::Logs, &[by("attr_number")]);
}

/// Bloom filters, page index and the names of columns are as in other files of the dataset.
#[test]
fn merged_files_look_like_written_ones() {
    let storage = InMemoryStorage::new();
    let mut writer = dataset_writer(&storage, options());
    for number in 0..4 {
        let attributes = [("user.id", Value::String("u"))];
        Records::new().push(&mut writer, number, BEGIN, &attributes);
        writer.flush().unwrap();
    }
    let look = || {
        let file = &files(&storage, Table::Logs)[0];
        let bytes = storage.get(&file.name).unwrap().unwrap().bytes;
        let reader = SerializedFileReader::new(bytes).unwrap();
        let metadata = reader.metadata().clone();
        let blooms = metadata.row_group(0).columns().iter();
        let blooms: Vec<_> = blooms
            .filter(|chunk| chunk.bloom_filter_offset().is_some())
            .map(|chunk| chunk.column_path().string())
            .collect();
        let values = metadata.file_metadata().key_value_metadata().unwrap();
        let names = values.iter().find(|entry| entry.key == "otlake.columns");
        (
            blooms,
            names.and_then(|entry| entry.value.clone()),
            metadata.file_metadata().schema().clone(),
        )
    };
    let before = look();
    let compactor = Compactor::new(
        Arc::new(storage.clone()),
        commit(&storage),
        CompactionOptions::new(),
    );
    let plan = compactor.plan(Table::Logs).unwrap();
    compactor.run(&plan, &mut |_| {}).unwrap();
    assert_eq!(files(&storage, Table::Logs).len(), 1);
    assert_eq!(look(), before);
}

/// Files that another program has added: narrower types become the published ones, and a type that does not fit is an
/// error that names the file and the column, while the other files are merged.
#[test]
fn files_of_other_programs_are_widened_or_stay() {
    let storage = InMemoryStorage::new();
    let mut writer = dataset_writer(&storage, options());
    for number in 0..3 {
        let attributes = [("text", Value::String("x"))];
        Records::new().push(&mut writer, number, BEGIN + number * HOUR / 10, &attributes);
        writer.flush().unwrap();
    }
    let numbers: ArrayRef = Arc::new(Int32Array::from(vec![100, 101]));
    let texts: ArrayRef = Arc::new(LargeStringArray::from(vec![None, Some("wide")]));
    let narrow = [("attr_number", numbers), ("attr_text", texts)];
    let narrow = narrow.map(|(name, array)| (name, array, true));
    let narrow = RecordBatch::try_from_iter_with_nullable(narrow).unwrap();
    for name in ["logs/narrow-1.parquet", "logs/narrow-2.parquet"] {
        add(&storage, name, &narrow);
    }
    let text: ArrayRef = Arc::new(StringArray::from(vec!["102"]));
    add(
        &storage,
        "logs/wrong.parquet",
        &RecordBatch::try_from_iter([("attr_number", text)]).unwrap(),
    );

    let compactor = Compactor::new(
        Arc::new(storage.clone()),
        commit(&storage),
        CompactionOptions::new(),
    );
    let plan = compactor.plan(Table::Logs).unwrap();
    // Files without a time are in a window of their own.
    assert_eq!(plan.groups().len(), 2, "{plan}");
    let report = compactor.run(&plan, &mut |_| {}).unwrap();
    assert_eq!(report.errors.len(), 1);
    let error = &report.errors[0];
    assert_eq!(error.file(), Some("logs/wrong.parquet"));
    let source = std::error::Error::source(error).unwrap().to_string();
    assert!(source.contains("\"attr_number\" has type utf8"), "{source}");
    assert_eq!((report.files_merged, report.rows), (5, 7));
    let merged = rows(&storage, Table::Logs).unwrap();
    let wide = r#"logs {"attr_number": "101", "attr_text": "wide"}"#;
    assert_eq!(merged[wide], 2, "{merged:?}");
}

fn add(storage: &InMemoryStorage, name: &str, batch: &RecordBatch) {
    let mut encoder = Encoder::new(WriterOptions::new()).unwrap();
    let mut file = FileWriter::new(storage.create(name).unwrap());
    file.write_row_group(&mut encoder, batch).unwrap();
    let (file, mut summary) = file.finish(&mut encoder, &[]).unwrap();
    file.commit().unwrap();
    summary.name = name.to_owned();
    let mut manifest = Manifest::new(Table::Logs);
    manifest.add(&summary, Vec::new());
    let outcome = commit(storage)
        .commit(&name.replace('/', "-"), &manifest)
        .unwrap();
    assert_eq!(outcome, CommitOutcome::Committed);
}

/// The sort order of a dataset is changed twice: rows of all files are in the order of the latest one.
#[test]
fn files_with_other_sort_orders_are_sorted_again() {
    let storage = InMemoryStorage::new();
    let orders = [
        vec![by("attr_text")],
        vec![],
        vec![by("attr_service"), by("timestamp")],
    ];
    for (batch, order) in orders.iter().enumerate() {
        let mut writer = dataset_writer(&storage, options().sorted_rows(order.clone()));
        let mut records = Records::new();
        for row in 0..200 {
            let number = batch as i64 * 1_000 + row;
            let text = format!("{}", row * 7_919 % 200);
            let service = format!("service-{}", row % 5);
            let attributes = [
                ("text", Value::String(&text)),
                ("service", Value::String(&service)),
            ];
            let time = BEGIN + batch as i64 * 1_000_000 + row * 31 % 200 * 10_000;
            records.push(&mut writer, number, time, &attributes);
        }
        writer.flush().unwrap();
    }
    let before = rows(&storage, Table::Logs);
    let compactor = Compactor::new(
        Arc::new(storage.clone()),
        commit(&storage),
        CompactionOptions::new(),
    );
    let plan = compactor.plan(Table::Logs).unwrap();
    let report = compactor.run(&plan, &mut |_| {}).unwrap();
    assert!(report.errors.is_empty(), "{:?}", report.errors);
    assert_eq!((report.files_merged, report.files_written), (3, 1));
    assert_eq!(rows(&storage, Table::Logs), before);
    assert_sorted(&storage, Table::Logs, &orders[2]);
}

/// Files of all signals in the order of arrival: merged rows have the default order of their table, the footers say so, and
/// row groups have ranges that follow one another. A dataset with another naming is sorted by the same attribute.
#[test]
fn files_without_an_order_get_that_of_their_table() {
    let verbatim = SchemaOptions::new().with_naming(VerbatimNaming);
    for (schema, service) in [
        (SchemaOptions::new(), "resource_service_name"),
        (verbatim, "resource.service.name"),
    ] {
        let storage = InMemoryStorage::new();
        let mut writer = dataset_writer(&storage, options().schema_options(schema));
        let mut decoder = OtlpDecoder::new();
        for seed in 0..4 {
            let logs = Shape::small_groups().with_seed(seed);
            let spans = TraceShape::ten_thousand().with_seed(seed);
            let points = MetricShape::ten_thousand().with_seed(seed);
            let payloads = [
                (Signal::Logs, logs_payload(&logs)),
                (
                    Signal::Traces,
                    traces_payload(&TraceShape {
                        spans: 500,
                        ..spans
                    }),
                ),
                (
                    Signal::Metrics,
                    metrics_payload(&MetricShape {
                        points: 500,
                        ..points
                    }),
                ),
            ];
            for (signal, payload) in payloads {
                let payload = Bytes::from(payload);
                let format = Format::Protobuf;
                decoder
                    .decode(signal, format, &payload, &mut writer)
                    .unwrap();
            }
            writer.flush().unwrap();
        }
        // A small page is a part of a small row group.
        let options = CompactionOptions::new().with_row_group_rows(150);
        let compactor = Compactor::new(Arc::new(storage.clone()), commit(&storage), options);
        for table in [Table::Logs, Table::Traces, Table::Metrics] {
            let before = rows(&storage, table);
            let plan = compactor.plan(table).unwrap();
            let report = compactor.run(&plan, &mut |_| {}).unwrap();
            assert!(report.errors.is_empty(), "{:?}", report.errors);
            assert_eq!((report.files_written, report.rows), (1, 2_000), "{report}");
            assert_eq!(rows(&storage, table), before);
            let mut order = CompactionOptions::default_order(table);
            for column in &mut order {
                if column.name == "resource_service_name" {
                    column.name = service.to_owned();
                }
            }
            assert_sorted(&storage, table, &order);
            let [file] = &files(&storage, table)[..] else {
                panic!("{table:?} has several files");
            };
            assert_eq!(file.sort_order[0], order[0], "{table:?}");
            let ranges = ranges_of_row_groups(&storage, &file.name, &order[0].name);
            assert!(ranges.len() > 10, "{ranges:?}");
            for pair in ranges.windows(2) {
                assert!(pair[0].1 <= pair[1].0, "{table:?}: {pair:?}");
            }
        }
    }
}

/// The least and the greatest text of a column in each row group with rows.
fn ranges_of_row_groups(
    storage: &InMemoryStorage,
    file: &str,
    column: &str,
) -> Vec<(Vec<u8>, Vec<u8>)> {
    let bytes = storage.get(file).unwrap().unwrap().bytes;
    let reader = SerializedFileReader::new(bytes).unwrap();
    let groups = reader.metadata().row_groups().iter();
    groups
        .filter(|group| group.num_rows() > 0)
        .map(|group| {
            let mut chunks = group.columns().iter();
            let chunk = chunks.find(|chunk| chunk.column_path().parts() == [column]);
            let known = chunk.unwrap().statistics().unwrap();
            let (min, max) = (known.min_bytes_opt(), known.max_bytes_opt());
            (min.unwrap().to_vec(), max.unwrap().to_vec())
        })
        .collect()
}

/// An empty order is an order as well: rows stay in the order of the files.
#[test]
fn rows_are_not_sorted_if_the_options_say_so() {
    let storage = InMemoryStorage::new();
    let mut writer = dataset_writer(&storage, options());
    for (number, service) in ["b", "a", "b", "a"].into_iter().enumerate() {
        let number = number as i64;
        let resource = [("service.name", Value::String(service))];
        let mut records = Records::new();
        records.push_from(&resource, &mut writer, number, BEGIN + number * 1_000, &[]);
        writer.flush().unwrap();
    }
    let read_numbers = || {
        let mut batches = read(&storage);
        batches.retain(|name, _| name.contains("compact-"));
        batches
            .values()
            .flat_map(|batches| numbers(batches))
            .collect::<Vec<_>>()
    };
    let options = CompactionOptions::new().with_sorted_rows(Vec::new());
    let compactor = Compactor::new(Arc::new(storage.clone()), commit(&storage), options);
    let plan = compactor.plan(Table::Logs).unwrap();
    compactor.run(&plan, &mut |_| {}).unwrap();
    assert_eq!(read_numbers(), [0, 1, 2, 3]);
}

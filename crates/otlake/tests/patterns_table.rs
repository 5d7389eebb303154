//! The table of patterns, as a reader of its file finds it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, HashMap};

use otlake::arrow::arrow_array::cast::AsArray;
use otlake::arrow::arrow_array::types::{Int64Type, TimestampMicrosecondType};
use otlake::arrow::arrow_array::{Array, RecordBatch};
use otlake::fingerprint::{Fingerprint, Fingerprinter, PatternOptions, Patterns, Sighting};
use otlake::parquet::{Compression, WriterOptions};
use otlake::row::Bytes;
use otlake::storage::InMemoryStorage;
use otlake::{FingerprintStage, PatternsTable, PatternsTableError, Pipeline};
use otlake_testkit::{Shape, logs_payload};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

fn read(file: Bytes) -> RecordBatch {
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
    assert_eq!(reader.metadata().file_metadata().key_value_metadata(), None);
    let schema = reader.schema().clone();
    let mut batches = reader.with_batch_size(1 << 20).build().unwrap();
    let batch = batches.next().map(Result::unwrap);
    assert!(batches.next().is_none());
    batch.unwrap_or_else(|| RecordBatch::new_empty(schema))
}

fn written(table: &PatternsTable, compression: &str) -> RecordBatch {
    let storage = InMemoryStorage::new();
    let options = WriterOptions::new().with_compression(compression.parse().unwrap());
    let summary = table.write(&storage, "lake/p.parquet", options).unwrap();
    let file = storage.files()["lake/p.parquet"].clone();
    assert_eq!(
        (&*summary.name, summary.bytes),
        ("lake/p.parquet", file.len() as u64)
    );
    assert_eq!(summary.rows, table.batch().num_rows() as u64);
    read(file)
}

fn ints(batch: &RecordBatch, column: &str) -> Vec<Option<i64>> {
    let column = batch[column].as_primitive::<Int64Type>();
    column.iter().collect()
}

fn texts(batch: &RecordBatch, column: &str) -> Vec<Option<String>> {
    let column = batch[column].as_string::<i32>();
    column.iter().map(|text| text.map(str::to_owned)).collect()
}

fn times(batch: &RecordBatch, column: &str) -> Vec<Option<i64>> {
    let column = batch[column].as_primitive::<TimestampMicrosecondType>();
    assert_eq!(column.timezone(), Some("UTC"));
    column.iter().collect()
}

#[test]
fn every_row_describes_its_fingerprint() {
    let mut patterns = Patterns::default();
    let mut fingerprinter = Fingerprinter::new();
    let mut learn = |message: &[u8], time_unix_nano, severity_number| {
        let fingerprint = fingerprinter.fingerprint(message);
        let sighting = Sighting {
            time_unix_nano,
            severity_number,
        };
        patterns.learn_seen(fingerprint, message, sighting);
        fingerprint.as_i64()
    };
    let disk = learn(b"disk 17 is full", 2_000_999, 9);
    learn(b"disk 8 is full", 1_999, 18);
    learn(b"disk 1234 is full", u64::MAX, 0);
    let bytes = learn(b"WARN odd \xff end", 0, 0);
    learn(b"WARN odd \xff end", 0, 0);
    let plain = learn(b"nothing to say", 5_000, 0);
    let table = PatternsTable::new(&patterns);
    for compression in ["zstd:1", "snappy", "lz4", "none"] {
        let batch = written(&table, compression);
        assert_eq!(&batch, table.batch());
        assert_eq!(
            ints(&batch, "fingerprint"),
            [Some(disk), Some(bytes), Some(plain)]
        );
        assert_eq!(ints(&batch, "count"), [Some(3), Some(2), Some(1)]);
        assert_eq!(
            ints(&batch, "severity_number"),
            [Some(17), Some(13), None],
            "the most severe, the one in the text, none"
        );
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(texts(&batch, "level"), [text("ERROR"), text("WARN"), None]);
        assert_eq!(
            times(&batch, "first_seen"),
            [Some(1), None, Some(5)],
            "cut to microseconds"
        );
        let last = (u64::MAX / 1_000).cast_signed();
        assert_eq!(times(&batch, "last_seen"), [Some(last), None, Some(5)]);
        assert_eq!(
            texts(&batch, "template"),
            [
                text("disk <num> is full"),
                text("WARN odd \u{fffd} end"),
                text("nothing to say")
            ]
        );
        assert_eq!(
            texts(&batch, "example"),
            [
                text("disk 8 is full"),
                text("WARN odd \u{fffd} end"),
                text("nothing to say")
            ]
        );
    }
}

#[test]
fn fingerprints_of_one_pattern_share_its_template() {
    let mut patterns = Patterns::default();
    for user in ["ann", "bob", "carol", "dave", "erin"] {
        patterns.observe(format!("user {user} logged in from 10.0.0.7").as_bytes());
    }
    patterns.observe(b"user bob logged in from 10.0.0.7");
    patterns.observe(b"something else");
    let batch = written(&PatternsTable::new(&patterns), "none");
    assert_eq!(batch.num_rows(), 6);
    let mut by_pattern: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for (id, template) in ints(&batch, "pattern_id")
        .into_iter()
        .zip(texts(&batch, "template"))
    {
        by_pattern
            .entry(id.unwrap())
            .or_default()
            .push(template.unwrap());
    }
    let mut sizes: Vec<_> = by_pattern.values().map(Vec::len).collect();
    sizes.sort_unstable();
    assert_eq!(sizes, [1, 5]);
    assert!(
        by_pattern
            .values()
            .all(|templates| templates.iter().all(|t| *t == templates[0]))
    );
    // Busiest first, then by fingerprint.
    let rows: Vec<_> = ints(&batch, "count")
        .into_iter()
        .zip(ints(&batch, "fingerprint"))
        .map(|(count, fingerprint)| (-count.unwrap(), fingerprint.unwrap()))
        .collect();
    assert!(rows.is_sorted());
    assert_eq!(rows[0].0, -2);
}

#[test]
fn a_pipeline_reports_the_table_of_its_data() {
    let storage = InMemoryStorage::new();
    let stage = FingerprintStage::new().with_patterns(PatternOptions::default());
    let mut pipeline = Pipeline::builder()
        .stage(stage)
        .build_files(storage.clone())
        .unwrap();
    for seed in 1..4 {
        let payload = logs_payload(&Shape::small_groups().with_seed(seed));
        pipeline.ingest_logs(payload).unwrap();
    }
    let learned = PatternsTable::new(pipeline.patterns().unwrap());
    let report = pipeline.finish().unwrap();
    let table = report.patterns_table.unwrap();
    assert_eq!(table, learned);

    let mut counts: HashMap<i64, i64> = HashMap::new();
    for file in storage.files().into_values() {
        for fingerprint in ints(&read_data(file), "fingerprint") {
            *counts.entry(fingerprint.unwrap()).or_default() += 1;
        }
    }
    let rows: HashMap<i64, i64> = ints(table.batch(), "fingerprint")
        .into_iter()
        .zip(ints(table.batch(), "count"))
        .map(|(fingerprint, count)| (fingerprint.unwrap(), count.unwrap()))
        .collect();
    assert_eq!(rows, counts);
    let patterns = report.patterns.unwrap();
    for (fingerprint, template) in ints(table.batch(), "fingerprint")
        .into_iter()
        .zip(texts(table.batch(), "template"))
    {
        let fingerprint = Fingerprint::from_i64(fingerprint.unwrap());
        assert_eq!(patterns.template(fingerprint), template.as_deref());
    }
    for column in ["level", "first_seen", "last_seen", "pattern_id"] {
        assert_eq!(table.batch()[column].null_count(), 0, "{column}");
    }
}

/// The first row group is all there is.
fn read_data(file: Bytes) -> RecordBatch {
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
    let mut batches = reader.with_batch_size(1 << 20).build().unwrap();
    let batch = batches.next().unwrap().unwrap();
    assert!(batches.next().is_none());
    batch
}

#[test]
fn a_pipeline_that_learns_no_patterns_has_no_table() {
    let mut pipeline = Pipeline::builder()
        .fingerprint()
        .build_files(InMemoryStorage::new())
        .unwrap();
    assert!(pipeline.patterns().is_none());
    assert!(pipeline.report().patterns_table.is_none());
}

#[test]
fn nothing_learned_is_a_file_without_rows() {
    let batch = written(&PatternsTable::new(&Patterns::default()), "none");
    assert_eq!((batch.num_rows(), batch.num_columns()), (0, 9));
}

#[test]
fn a_name_that_leaves_the_storage_is_an_error_that_names_it() {
    let table = PatternsTable::new(&Patterns::default());
    let options = WriterOptions::new().with_compression(Compression::None);
    let error = table
        .write(&InMemoryStorage::new(), "../p.parquet", options)
        .unwrap_err();
    assert!(matches!(error, PatternsTableError::Storage(_)));
    assert!(error.to_string().contains("../p.parquet"), "{error}");
}

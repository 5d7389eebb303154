//! Batches of numbered records, and checks that each record exists exactly once.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use otlake::otlp::Format;
use otlake::row::Signal;
use otlake::schema::Table;
use otlake::{BatchError, Pipeline, PipelineBuilder};
use otlake_dataset::{BatchId, BatchStart, Manifest, PublishedSchema, SchemaDocument};
use otlake_storage::Documents;
use serde_json::json;

use crate::{Numbered, ReadFile};

/// Every batch has fewer records than this.
const ROOM: u64 = 1_000;

/// Returns the records of batch `batch`, the same on every call. The type of `status` alternates
/// between records.
pub fn records_of_batch(batch: u64) -> Vec<Numbered> {
    let records = 20 + batch * 7 % 30;
    (0..records)
        .map(|index| {
            let status = match (batch + index) % 3 {
                0 => json!({"stringValue": "ok"}),
                _ => json!({"intValue": "200"}),
            };
            Numbered::new(batch * ROOM + index)
                .with("status", status)
                .with(
                    format!("of.batch.{}", batch % 5),
                    json!({"boolValue": true}),
                )
        })
        .collect()
}

/// Returns a builder for a pipeline that writes to three partitions of each table, with several
/// files in each.
pub fn small_files(rows_per_file: u64) -> PipelineBuilder {
    let by_hour = "date={date}/hour={hour}".parse().expect("a template");
    Pipeline::builder()
        .partitioning(by_hour)
        .rows_per_file(rows_per_file)
}

/// Returns the identity of a batch. Up to eight batches that follow each other may be written at once, so
/// they are of different sources.
pub fn identity(batch: u64) -> BatchId {
    BatchId::new(format!("numbers-{}", batch % 8), batch / 8).expect("letters and numbers")
}

/// Makes one attempt at batch `batch`: writes its records as logs and as spans.
///
/// # Errors
///
/// Returns the first error.
pub fn try_batch(pipeline: &mut Pipeline, batch: u64) -> Result<(), BatchError> {
    let start = pipeline
        .begin_batch(&identity(batch))
        .map_err(BatchError::Begin)?;
    if start == BatchStart::AlreadyFinished {
        return pipeline.finish_batch().map_err(BatchError::Finish);
    }
    for records in records_of_batch(batch).chunks(16) {
        pipeline.ingest(Signal::Logs, Format::Json, Numbered::logs(records))?;
        pipeline.ingest(Signal::Traces, Format::Json, Numbered::spans(records))?;
    }
    pipeline.finish_batch().map_err(BatchError::Finish)
}

/// Reads all Parquet files of a storage, by name.
pub fn read_all(storage: &dyn Documents) -> BTreeMap<String, ReadFile> {
    let names = storage.list("").expect("a list").into_iter();
    names
        .filter(|file| file.name.ends_with(".parquet"))
        .map(|file| {
            let document = storage.get(&file.name).expect("it can be read");
            let bytes = document.expect("it is there").bytes;
            let read = ReadFile::read(&file.name, bytes);
            (file.name, read)
        })
        .collect()
}

/// Asserts that both tables contain each record of these batches once, with all its attributes, and
/// nothing else.
pub fn assert_there_once(files: &BTreeMap<String, ReadFile>, batches: Range<u64>, case: &str) {
    let expected: BTreeMap<u64, Numbered> = batches
        .flat_map(records_of_batch)
        .map(|record| (record.number, record))
        .collect();
    for table in ["logs/", "traces/"] {
        let mut found = BTreeMap::new();
        for (name, file) in files.iter().filter(|(name, _)| name.starts_with(table)) {
            for row in &file.rows {
                let other = found.insert(row.number, name);
                assert_eq!(other, None, "{case}: {} is in {name} as well", row.number);
                let record = expected.get(&row.number);
                let record = record.unwrap_or_else(|| {
                    panic!("{case}: {} in {name} belongs to no batch", row.number)
                });
                for (attribute, value) in &record.attributes {
                    let text = row.attributes.get(&format!("attr.{attribute}"));
                    let sent = value.as_object().and_then(|value| value.values().next());
                    let sent = sent.expect("one value").to_string();
                    assert_eq!(
                        text.map(String::as_str),
                        Some(sent.trim_matches('"')),
                        "{case}: {attribute} of {} in {name}",
                        row.number
                    );
                }
            }
        }
        let lost = expected.keys().find(|number| !found.contains_key(number));
        assert_eq!(lost, None, "{case}: lost from {table}");
    }
    assert!(
        files
            .keys()
            .all(|name| name.starts_with("logs/") || name.starts_with("traces/")),
        "{case}: {:?}",
        files.keys()
    );
}

/// Asserts that the manifests of these batches list all files, each of them once.
pub fn assert_manifests(
    storage: &dyn Documents,
    files: &BTreeMap<String, ReadFile>,
    batches: Range<u64>,
    case: &str,
) {
    let mut listed = BTreeMap::new();
    for (table, batch) in batches.flat_map(|batch| [("logs", batch), ("traces", batch)]) {
        let name = format!("_otlake/manifests/{table}/{}.json", identity(batch));
        let document = storage.get(&name).expect("it can be read");
        let document = document.unwrap_or_else(|| panic!("{case}: {name} is missing"));
        let manifest = Manifest::from_json(&document.bytes).expect("a manifest");
        for file in manifest.files() {
            let other = listed.insert(file.name.clone(), file.rows);
            assert_eq!(other, None, "{case}: {} is listed twice", file.name);
        }
    }
    let read = files.iter();
    let read: BTreeMap<String, u64> = read
        .map(|(name, file)| (name.clone(), file.rows.len() as u64))
        .collect();
    assert_eq!(listed, read, "{case}");
}

/// Asserts that all files have the published types and field ids.
pub fn assert_published(storage: Arc<dyn Documents>, files: &BTreeMap<String, ReadFile>) {
    for table in [Table::Logs, Table::Traces] {
        let published = SchemaDocument::load(storage.clone(), table).expect("a schema");
        let directory = format!("{}/", table.name());
        for (name, file) in files {
            if name.starts_with(&directory) {
                file.assert_published(name, published.schema());
            }
        }
    }
}

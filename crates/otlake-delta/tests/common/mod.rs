//! Datasets whose commit target is a Delta table.

use std::collections::BTreeMap;
use std::sync::Arc;

use otlake::Pipeline;
use otlake_dataset::{Commit, Dataset};
use otlake_delta::{DeltaCommit, DeltaCommitBuilder};
use otlake_row::Signal;
use otlake_schema::Table;
use otlake_storage::Documents;
use otlake_storage_tests::{Numbered, ReadFile};

/// Opens a dataset with three partitions for each table.
pub fn open(
    storage: &Arc<dyn Documents>,
    options: impl FnOnce(DeltaCommitBuilder) -> DeltaCommitBuilder,
) -> (Dataset, Arc<DeltaCommit>) {
    let delta = options(DeltaCommit::builder(storage.clone()));
    let delta = Arc::new(delta.build().unwrap());
    let dataset = Dataset::builder()
        .partitioning("date={date}/hour={hour}".parse().unwrap())
        .commit(delta.clone())
        .open(storage.clone())
        .unwrap();
    (dataset, delta)
}

/// Writes log records.
pub fn ingest(pipeline: &mut Pipeline, records: &[Numbered]) {
    let format = otlake::otlp::Format::Json;
    let ingested = pipeline.ingest(Signal::Logs, format, Numbered::logs(records));
    ingested.unwrap();
}

/// Reads the files of a table, as a process sees them that has just started.
pub fn read(storage: &Arc<dyn Documents>, tables: &[Table]) -> BTreeMap<String, ReadFile> {
    let delta = DeltaCommit::builder(storage.clone()).build().unwrap();
    let files = tables.iter().flat_map(|table| delta.files(*table).unwrap());
    files
        .map(|file| {
            let bytes = storage.get(&file.name).unwrap().unwrap().bytes;
            let read = ReadFile::read(&file.name, bytes);
            assert_eq!(read.rows.len() as u64, file.rows, "{}", file.name);
            (file.name, read)
        })
        .collect()
}

/// Returns the numbers of the records of a table, sorted.
pub fn numbers(storage: &Arc<dyn Documents>) -> Vec<u64> {
    let files = read(storage, &[Table::Logs]);
    let mut numbers: Vec<u64> = files
        .values()
        .flat_map(|file| file.rows.iter().map(|row| row.number))
        .collect();
    numbers.sort_unstable();
    numbers
}

/// Returns the actions of an entry of a log.
pub fn entry(storage: &Arc<dyn Documents>, table: &str, version: u64) -> Vec<serde_json::Value> {
    let name = format!("{table}/_delta_log/{version:020}.json");
    let entry = storage.get(&name).unwrap().expect("the entry").bytes;
    let lines = entry.split(|byte| *byte == b'\n');
    lines
        .map(|line| serde_json::from_slice(line).unwrap())
        .collect()
}

//! Runs arbitrary bytes through the pipeline into files, and reads the files with the parquet
//! crate. All rows must exist. If prost accepts the payload too, they must have every field and
//! attribute.
//!
//! The first four bytes choose the options: codec, signal and partitions, rows per row group, rows
//! per file, columns.

#![no_main]

#[path = "../../crates/otlake/tests/read_back/mod.rs"]
mod read_back;

use libfuzzer_sys::fuzz_target;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use otlake::otlp::Format;
use otlake::parquet::{Compression, FileSummary};
use otlake::schema::Table;
use otlake::storage::InMemoryStorage;
use otlake::{IngestError, Pipeline};
use otlake_testkit::Request;
use read_back::{Record, expected_record, read_file};

const CODECS: [&str; 4] = ["none", "snappy", "lz4", "zstd:1"];
const SIGNALS: usize = 3;
const PARTITIONINGS: [&str; 3] = ["", "{minute}", "{name}/{attr.k}"];

fuzz_target!(|input: &[u8]| {
    let Some((options, payload)) = input.split_first_chunk() else {
        return;
    };
    match usize::from(options[0]) / CODECS.len() % SIGNALS {
        0 => to_parquet::<ExportLogsServiceRequest>(*options, payload),
        1 => to_parquet::<ExportTraceServiceRequest>(*options, payload),
        _ => to_parquet::<ExportMetricsServiceRequest>(*options, payload),
    }
});

fn to_parquet<R: Request>(options: [u8; 4], payload: &[u8]) {
    let [number, row_group_rows, rows_per_file, columns] = options;
    let number = usize::from(number);
    let codec: Compression = CODECS[number % CODECS.len()].parse().unwrap();
    let partitioning = PARTITIONINGS[number / CODECS.len() / SIGNALS % PARTITIONINGS.len()];
    let storage = InMemoryStorage::new();
    let mut pipeline = Pipeline::builder()
        .compression(codec)
        .row_group_rows(1 + usize::from(row_group_rows))
        .rows_per_file(1 + u64::from(rows_per_file))
        .column_budget(usize::from(columns))
        .partitioning(partitioning.parse().unwrap())
        .open_partitions(4)
        // Close to the size of the columns without values, so that rows are written early.
        .memory_limit(150_000)
        .file_summaries(usize::MAX)
        .fingerprint()
        .build_files(storage.clone())
        .unwrap();

    let accepted = match pipeline.ingest(R::SIGNAL, Format::Protobuf, payload.to_vec()) {
        Ok(summary) => summary.accepted,
        Err(IngestError::Payload { records, .. }) => records.accepted,
        Err(error) => panic!("memory is never full: {error}"),
    };
    let report = pipeline.finish().unwrap();
    assert_eq!(report.records.accepted, accepted);
    // The storage has all files. A report has no summaries of files that the memory limit has no room for.
    let stored = storage.files();
    let listed: Vec<FileSummary> = report.files().cloned().collect();
    let omitted: u64 = report.tables.iter().map(|table| table.omitted_files).sum();
    assert_eq!(stored.len() as u64, listed.len() as u64 + omitted);
    let table = Table::from(R::SIGNAL);
    for file in &listed {
        let bytes = &stored[&file.name];
        assert_eq!(bytes.len() as u64, file.bytes);
        let records = read_file(bytes.clone(), table);
        assert_eq!(records.len() as u64, file.rows);
    }
    let most = 1 + u64::from(rows_per_file);
    let mut found = Vec::new();
    for bytes in stored.values() {
        let records = read_file(bytes.clone(), table);
        assert!(records.len() as u64 <= most);
        found.extend(records);
    }
    assert_eq!(found.len() as u64, accepted);

    // A name with a `#` of its own can't be told from a name that overflow has numbered.
    if report.records.rejected > 0 || payload.contains(&b'#') {
        return;
    }
    if let Ok(request) = R::decode(payload) {
        let rows = request.canonical_rows();
        let expected = rows.iter().map(|row| expected_record(table, row));
        let mut expected: Vec<Record> = expected.collect();
        if !partitioning.is_empty() {
            // Rows of a partition wait for each other, and rows of other partitions overtake them.
            found.sort_by_cached_key(|record| format!("{record:?}"));
            expected.sort_by_cached_key(|record| format!("{record:?}"));
        }
        assert_eq!(found, expected);
    }
}

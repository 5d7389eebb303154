//! Any bytes through the pipeline into files, read back with the parquet crate: all rows are there,
//! and where prost takes the payload too, with every field and attribute.
//!
//! The first four bytes choose the options: codec, rows of a row group, rows of a file, columns.

#![no_main]

#[path = "../../crates/otlake/tests/read_back/mod.rs"]
mod read_back;

use libfuzzer_sys::fuzz_target;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use otlake::parquet::{Compression, Memory};
use otlake::{IngestError, Pipeline};
use otlake_testkit::canonical_logs;
use prost::Message;
use read_back::{Record, expected_record, read_files};

const CODECS: [&str; 4] = ["none", "snappy", "lz4", "zstd:1"];

fuzz_target!(|input: &[u8]| {
    let Some((&[codec, row_group_rows, rows_per_file, columns], payload)) =
        input.split_first_chunk()
    else {
        return;
    };
    let codec: Compression = CODECS[usize::from(codec) % CODECS.len()].parse().unwrap();
    let storage = Memory::new();
    let mut pipeline = Pipeline::builder()
        .compression(codec)
        .row_group_rows(1 + usize::from(row_group_rows))
        .rows_per_file(1 + u64::from(rows_per_file))
        .column_budget(usize::from(columns))
        .build(storage.clone())
        .unwrap();

    let accepted = match pipeline.ingest_logs(payload.to_vec()) {
        Ok(summary) => summary.accepted,
        Err(IngestError::Payload { accepted, .. }) => accepted,
        Err(error) => panic!("memory is never full: {error}"),
    };
    let report = pipeline.finish().unwrap();
    assert_eq!(report.records.accepted, accepted);
    assert!(
        report
            .files
            .iter()
            .all(|file| file.rows <= 1 + u64::from(rows_per_file))
    );
    // Compares the rows of each file with its summary.
    let found = read_files(&storage, &report.files);
    assert_eq!(found.len() as u64, accepted);
    assert_eq!(
        storage.files().len(),
        report.files.len(),
        "no file but those reported"
    );

    // A name with a `#` of its own cannot be told from one that the overflow has numbered.
    if report.records.rejected > 0 || payload.contains(&b'#') {
        return;
    }
    if let Ok(request) = ExportLogsServiceRequest::decode(payload) {
        let rows = canonical_logs(&request);
        let expected: Vec<Record> = rows.iter().map(expected_record).collect();
        assert_eq!(found, expected);
    }
});

//! From payloads to files and back: every record, field and attribute of prost's decode stands in
//! the files that the pipeline writes.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod read_back;

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use otlake::parquet::{Compression, FileSummary, Memory};
use otlake::{IngestError, Pipeline, PipelineBuilder};
use otlake_testkit::{
    CanonicalRow, Rng, Shape, arbitrary_logs_request, canonical_logs, logs_payload,
};
use prost::Message;
use read_back::{Record, expected_record, read_files};

/// Runs payloads through a pipeline and compares its files with prost's decode.
fn assert_nothing_is_lost(builder: PipelineBuilder, payloads: &[Vec<u8>]) -> Vec<FileSummary> {
    let storage = Memory::new();
    let mut pipeline = builder.build(storage.clone()).unwrap();
    let mut rows: Vec<CanonicalRow> = Vec::new();
    for payload in payloads {
        let request = ExportLogsServiceRequest::decode(&payload[..]).unwrap();
        let summary = pipeline.ingest_logs(payload.clone()).unwrap();
        let before = rows.len();
        rows.extend(canonical_logs(&request));
        assert_eq!(summary.accepted, (rows.len() - before) as u64);
        assert_eq!(summary.rejected, 0, "{:?}", summary.first_rejection);
    }
    let report = pipeline.finish().unwrap();
    let expected: Vec<Record> = rows.iter().map(expected_record).collect();
    let found = read_files(&storage, &report.files);
    assert_eq!(found.len(), expected.len());
    for (index, (found, expected)) in found.iter().zip(&expected).enumerate() {
        assert_eq!(found, expected, "record {index}");
    }
    report.files
}

fn arbitrary_payloads(seeds: std::ops::Range<u64>) -> Vec<Vec<u8>> {
    seeds
        .map(|seed| arbitrary_logs_request(&mut Rng::new(seed)).encode_to_vec())
        .collect()
}

#[test]
fn arbitrary_payloads_in_one_file() {
    for first in (0..300).step_by(30) {
        assert_nothing_is_lost(Pipeline::builder(), &arbitrary_payloads(first..first + 30));
    }
}

#[test]
fn arbitrary_payloads_in_small_row_groups_and_files() {
    for (rows_per_file, row_group_rows) in [(7, 3), (50, 50), (1_000, 1)] {
        let builder = Pipeline::builder()
            .rows_per_file(rows_per_file)
            .row_group_rows(row_group_rows);
        let files = assert_nothing_is_lost(builder, &arbitrary_payloads(1_000..1_060));
        assert!(files.len() > 1 || rows_per_file == 1_000);
        assert!(files.iter().all(|file| file.rows <= rows_per_file));
    }
}

#[test]
fn arbitrary_payloads_beyond_the_column_budget() {
    for budget in [0, 3] {
        let builder = Pipeline::builder().column_budget(budget);
        assert_nothing_is_lost(builder, &arbitrary_payloads(2_000..2_020));
    }
}

#[test]
fn production_shapes_in_every_codec() {
    let payloads = [
        logs_payload(&Shape {
            records: 2_000,
            ..Shape::ten_thousand()
        }),
        logs_payload(&Shape::small_groups()),
    ];
    for compression in ["zstd:1", "zstd:9", "snappy", "lz4", "none"]
        .map(|name| name.parse::<Compression>().unwrap())
    {
        let builder = Pipeline::builder()
            .compression(compression)
            .row_group_rows(900);
        assert_nothing_is_lost(builder, &payloads);
    }
}

#[test]
fn the_payloads_recorded_from_sdks() {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/data/logs");
    let mut paths: Vec<_> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    let payloads: Vec<_> = paths
        .iter()
        .map(|path| {
            let extension = path.extension().and_then(|extension| extension.to_str());
            let encoding =
                otlake::otlp::ContentEncoding::from_extension(extension.unwrap_or_default());
            let bytes = std::fs::read(path).unwrap();
            encoding.inflate(&bytes.into(), 1 << 20).unwrap().to_vec()
        })
        .collect();
    let files = assert_nothing_is_lost(Pipeline::builder(), &payloads);
    assert_eq!(
        files.iter().map(|file| file.rows).sum::<u64>(),
        2_629,
        "as MANIFEST.json says"
    );
}

#[test]
fn the_bytes_of_a_row_group_bound_it() {
    let payload = logs_payload(&Shape::ten_thousand());
    let builder = Pipeline::builder().row_group_bytes(256 << 10);
    let files = assert_nothing_is_lost(builder, &[payload]);
    assert!(
        files[0].row_groups > 5,
        "{} row groups",
        files[0].row_groups
    );
}

#[test]
fn a_malformed_payload_costs_itself_and_no_other() {
    let good = logs_payload(&Shape {
        records: 50,
        ..Shape::ten_thousand()
    });
    let storage = Memory::new();
    let mut pipeline = Pipeline::builder().build(storage.clone()).unwrap();
    pipeline.ingest_logs(good.clone()).unwrap();
    let error = pipeline
        .ingest_logs(good[..good.len() - 10].to_vec())
        .unwrap_err();
    let IngestError::Payload { accepted, .. } = error else {
        panic!("{error}")
    };
    pipeline.ingest_logs(good.clone()).unwrap();
    let report = pipeline.finish().unwrap();
    assert_eq!(report.records.accepted, 100 + accepted);
    assert_eq!(
        report.files.iter().map(|file| file.rows).sum::<u64>(),
        100 + accepted
    );
}

#[test]
fn fingerprints_and_templates_stand_beside_the_body() {
    let storage = Memory::new();
    let mut pipeline = Pipeline::builder()
        .template(true)
        .build(storage.clone())
        .unwrap();
    pipeline
        .ingest_logs(logs_payload(&Shape::small_groups()))
        .unwrap();
    let report = pipeline.finish().unwrap();
    let patterns = report.patterns.unwrap();
    assert_eq!(
        patterns.iter().map(|pattern| pattern.count).sum::<u64>(),
        500
    );
    for record in read_files(&storage, &report.files) {
        assert!(record.fields.contains_key("fingerprint"));
        assert!(
            record
                .attributes
                .iter()
                .any(|(column, _)| column == "template")
        );
    }
}

#[test]
fn without_patterns_a_fingerprint_is_computed_all_the_same() {
    let fingerprints = |builder: PipelineBuilder| {
        let storage = Memory::new();
        let mut pipeline = builder.build(storage.clone()).unwrap();
        pipeline
            .ingest_logs(logs_payload(&Shape::small_groups()))
            .unwrap();
        let report = pipeline.finish().unwrap();
        let records = read_files(&storage, &report.files);
        records
            .iter()
            .map(|r| r.fields.get("fingerprint").cloned())
            .collect::<Vec<_>>()
    };
    let learned = fingerprints(Pipeline::builder().patterns(Default::default()));
    assert_eq!(fingerprints(Pipeline::builder()), learned);
    let none = fingerprints(Pipeline::builder().fingerprint(false));
    assert!(none.iter().all(Option::is_none) && learned.iter().all(Option::is_some));
}

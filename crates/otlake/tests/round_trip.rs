//! From payloads to files and back: every record, field and attribute of prost's decode is in
//! the files that the pipeline writes.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod read_back;

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use otlake::dataset::MetricTables;
use otlake::fingerprint::PatternOptions;
use otlake::otlp::{ContentEncoding, Format, Limits};
use otlake::parquet::{Compression, FileSummary};
use otlake::row::{Bytes, MetricKind};
use otlake::schema::Table;
use otlake::storage::InMemoryStorage;
use otlake::{EncodedPayload, FingerprintStage, IngestError, Pipeline, PipelineBuilder, Report};
use otlake_testkit::{CanonicalRow, CanonicalValue, Request, Rng, Shape, logs_payload};
use prost::Message;
use read_back::{Record, expected_record, read_file};

/// Runs payloads through a pipeline and compares its files with prost's decode, in the same order.
fn assert_nothing_is_lost<R: Request>(
    builder: PipelineBuilder,
    payloads: &[Vec<u8>],
) -> Vec<FileSummary> {
    let Written {
        found,
        expected,
        files,
    } = write::<R>(builder, payloads);
    assert_eq!(found.len(), expected.len());
    for (index, (found, expected)) in found.iter().zip(&expected).enumerate() {
        assert_eq!(found, expected, "record {index}");
    }
    files
}

/// What a pipeline has written, and what prost says of its payloads.
struct Written {
    found: Vec<Record>,
    expected: Vec<Record>,
    files: Vec<FileSummary>,
}

fn write<R: Request>(builder: PipelineBuilder, payloads: &[Vec<u8>]) -> Written {
    let storage = InMemoryStorage::new();
    let builder = builder.file_summaries(usize::MAX);
    let (report, expected) = ingest::<R>(builder, &storage, payloads);
    let table = Table::from(R::SIGNAL);
    let files: Vec<FileSummary> = report.files().cloned().collect();
    assert!(files.iter().all(|file| file.name.starts_with(table.name())));
    Written {
        found: read_files(&storage, table, &files),
        expected,
        files,
    }
}

/// Reads the files of a report, in its order.
fn read_files(storage: &InMemoryStorage, table: Table, files: &[FileSummary]) -> Vec<Record> {
    let stored = storage.files();
    let records = files.iter().flat_map(|file| {
        let bytes = stored[&file.name].clone();
        assert_eq!(bytes.len() as u64, file.bytes);
        let records = read_file(bytes, table);
        assert_eq!(records.len() as u64, file.rows);
        records
    });
    records.collect()
}

/// Runs payloads through a pipeline; returns its report and what prost says of the payloads.
fn ingest<R: Request>(
    builder: PipelineBuilder,
    storage: &InMemoryStorage,
    payloads: &[Vec<u8>],
) -> (Report, Vec<Record>) {
    let builder = builder.fingerprint();
    let mut pipeline = builder.build_files(storage.clone()).unwrap();
    let mut rows: Vec<CanonicalRow> = Vec::new();
    for payload in payloads {
        let request = R::decode(&payload[..]).unwrap();
        let summary = pipeline
            .ingest(R::SIGNAL, Format::Protobuf, payload.clone())
            .unwrap();
        let before = rows.len();
        rows.extend(request.canonical_rows());
        assert_eq!(summary.accepted, (rows.len() - before) as u64);
        assert_eq!(summary.rejected, 0, "{:?}", summary.first_rejection);
    }
    let table = Table::from(R::SIGNAL);
    let expected = rows.iter().map(|row| expected_record(table, row));
    (pipeline.finish().unwrap(), expected.collect())
}

fn assert_no_log_is_lost(builder: PipelineBuilder, payloads: &[Vec<u8>]) -> Vec<FileSummary> {
    assert_nothing_is_lost::<ExportLogsServiceRequest>(builder, payloads)
}

fn arbitrary_payloads<R: Request>(seeds: std::ops::Range<u64>) -> Vec<Vec<u8>> {
    seeds
        .map(|seed| R::arbitrary(&mut Rng::new(seed)).encode_to_vec())
        .collect()
}

fn arbitrary_payloads_in_one_file<R: Request>() {
    for first in (0..300).step_by(30) {
        let payloads = arbitrary_payloads::<R>(first..first + 30);
        assert_nothing_is_lost::<R>(Pipeline::builder(), &payloads);
    }
}

#[test]
fn arbitrary_logs_in_one_file() {
    arbitrary_payloads_in_one_file::<ExportLogsServiceRequest>();
}

#[test]
fn arbitrary_traces_in_one_file() {
    arbitrary_payloads_in_one_file::<ExportTraceServiceRequest>();
}

#[test]
fn arbitrary_metrics_in_one_file() {
    arbitrary_payloads_in_one_file::<ExportMetricsServiceRequest>();
}

fn arbitrary_payloads_in_small_row_groups_and_files<R: Request>() {
    for (rows_per_file, row_group_rows) in [(7, 3), (50, 50), (1_000, 1)] {
        let builder = Pipeline::builder()
            .rows_per_file(rows_per_file)
            .row_group_rows(row_group_rows);
        let payloads = arbitrary_payloads::<R>(1_000..1_060);
        let files = assert_nothing_is_lost::<R>(builder, &payloads);
        assert!(files.len() > 1 || rows_per_file == 1_000);
        assert!(files.iter().all(|file| file.rows <= rows_per_file));
    }
}

#[test]
fn arbitrary_logs_in_small_row_groups_and_files() {
    arbitrary_payloads_in_small_row_groups_and_files::<ExportLogsServiceRequest>();
}

#[test]
fn arbitrary_traces_in_small_row_groups_and_files() {
    arbitrary_payloads_in_small_row_groups_and_files::<ExportTraceServiceRequest>();
}

#[test]
fn arbitrary_metrics_in_small_row_groups_and_files() {
    arbitrary_payloads_in_small_row_groups_and_files::<ExportMetricsServiceRequest>();
}

/// Rows of a partition wait until they are a row group, so they come in another order than they were sent.
fn arbitrary_payloads_in_partitions<R: Request>(template: &str) {
    let payloads = arbitrary_payloads::<R>(4_000..4_060);
    let builder = || Pipeline::builder().partitioning(template.parse().unwrap());
    for builder in [
        builder(),
        builder().row_group_rows(3).rows_per_file(7),
        builder().row_group_bytes(5_000),
        builder().open_partitions(2),
        builder().memory_limit(400_000),
    ] {
        // The storage has all files. A report has no summaries of files that the memory limit has no room for.
        let storage = InMemoryStorage::new();
        let (_, mut expected) = ingest::<R>(builder, &storage, &payloads);
        let files = storage.files();
        let records = |bytes: &Bytes| read_file(bytes.clone(), Table::from(R::SIGNAL));
        let mut found: Vec<Record> = files.values().flat_map(records).collect();
        found.sort_by_cached_key(|record| format!("{record:?}"));
        expected.sort_by_cached_key(|record| format!("{record:?}"));
        assert!(
            found == expected,
            "{} records, {} expected",
            found.len(),
            expected.len()
        );
        assert!(files.len() > 5, "{} files", files.len());
    }
}

#[test]
fn arbitrary_logs_in_partitions() {
    arbitrary_payloads_in_partitions::<ExportLogsServiceRequest>("severity={severity_number}");
}

#[test]
fn arbitrary_traces_in_partitions() {
    arbitrary_payloads_in_partitions::<ExportTraceServiceRequest>("kind={kind}/{status_code}");
}

#[test]
fn arbitrary_metrics_in_partitions() {
    arbitrary_payloads_in_partitions::<ExportMetricsServiceRequest>("{kind}/{name}");
}

#[test]
fn arbitrary_payloads_beyond_the_column_budget() {
    for budget in [0, 3] {
        let builder = || Pipeline::builder().column_budget(budget);
        assert_no_log_is_lost(
            builder(),
            &arbitrary_payloads::<ExportLogsServiceRequest>(2_000..2_020),
        );
        assert_nothing_is_lost::<ExportTraceServiceRequest>(
            builder(),
            &arbitrary_payloads::<ExportTraceServiceRequest>(2_000..2_020),
        );
    }
}

#[test]
fn a_table_for_each_kind_of_metric_has_the_points_of_its_kind() {
    let payloads = arbitrary_payloads::<ExportMetricsServiceRequest>(3_000..3_060);
    let storage = InMemoryStorage::new();
    let builder = Pipeline::builder().metric_tables(MetricTables::PerKind);
    let builder = builder.fingerprint().file_summaries(usize::MAX);
    let mut pipeline = builder.build_files(storage.clone()).unwrap();
    let mut rows = Vec::new();
    for payload in payloads {
        rows.extend(
            ExportMetricsServiceRequest::decode(&payload[..])
                .unwrap()
                .canonical_rows(),
        );
        pipeline.ingest_metrics(payload).unwrap();
    }
    let report = pipeline.finish().unwrap();
    assert_eq!(report.tables.len(), 5);
    for (tables, kind) in report.tables.iter().zip(MetricKind::ALL) {
        let table = Table::MetricsOf(kind);
        assert_eq!(tables.table, table);
        let found = read_files(&storage, table, &tables.files);
        let name = (
            "kind".to_owned(),
            CanonicalValue::String(kind.name().to_owned()),
        );
        let of_kind = rows.iter().filter(|row| row.fields.contains(&name));
        let expected: Vec<_> = of_kind.map(|row| expected_record(table, row)).collect();
        assert!(found.len() > 20, "{} points of {table:?}", found.len());
        assert!(found == expected, "the points of {table:?} are others");
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
        assert_no_log_is_lost(builder, &payloads);
    }
}

#[test]
fn the_payloads_recorded_from_sdks() {
    // As MANIFEST.json says.
    assert_eq!(rows_recorded::<ExportLogsServiceRequest>(), 2_629);
    assert_eq!(rows_recorded::<ExportTraceServiceRequest>(), 756);
    assert_eq!(rows_recorded::<ExportMetricsServiceRequest>(), 363);
}

fn rows_recorded<R: Request>() -> u64 {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/data");
    let directory = std::path::Path::new(directory).join(R::SIGNAL.name());
    let mut paths: Vec<_> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_string_lossy().contains(".binpb"))
        .collect();
    paths.sort();
    let payloads: Vec<_> = paths
        .iter()
        .map(|path| {
            let extension = path.extension().and_then(|extension| extension.to_str());
            let encoding = ContentEncoding::from_extension(extension.unwrap_or_default());
            let bytes = std::fs::read(path).unwrap();
            encoding.inflate(&bytes.into(), 1 << 20).unwrap().to_vec()
        })
        .collect();
    let files = assert_nothing_is_lost::<R>(Pipeline::builder(), &payloads);
    files.iter().map(|file| file.rows).sum()
}

#[cfg(feature = "opentelemetry-proto")]
#[test]
fn requests_that_were_decoded_already_become_the_same_records() {
    let payload = logs_payload(&Shape::small_groups());
    let request = ExportLogsServiceRequest::decode(&payload[..]).unwrap();
    let storage = InMemoryStorage::new();
    let builder = Pipeline::builder().fingerprint();
    let mut pipeline = builder.build_files(storage.clone()).unwrap();
    let summary = pipeline.ingest_request(&request).unwrap();
    assert_eq!(summary.accepted, 500);
    let report = pipeline.finish().unwrap();
    let found = read_files(&storage, Table::Logs, &report.tables[0].files);
    let rows = request.canonical_rows();
    let expected = rows.iter().map(|row| expected_record(Table::Logs, row));
    assert!(found.into_iter().eq(expected));
}

#[test]
fn compressed_payloads_are_inflated_within_the_limits() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../examples/data/logs/payment-python-002.binpb.gz"
    );
    let payload = EncodedPayload::new(std::fs::read(path).unwrap(), ContentEncoding::Gzip);
    let storage = InMemoryStorage::new();
    let mut pipeline = Pipeline::builder().build_files(storage).unwrap();
    assert!(pipeline.ingest_logs(payload.clone()).unwrap().accepted > 0);

    let limits = Limits::default().with_payload_bytes(1_000);
    let builder = Pipeline::builder().limits(limits);
    let mut limited = builder.build_files(InMemoryStorage::new()).unwrap();
    let error = limited.ingest_logs(payload).unwrap_err();
    assert!(matches!(error, IngestError::Inflate { .. }), "{error:?}");
}

#[test]
fn row_groups_end_at_their_bytes() {
    let payload = logs_payload(&Shape::ten_thousand());
    let builder = Pipeline::builder().row_group_bytes(256 << 10);
    let files = assert_no_log_is_lost(builder, &[payload]);
    assert!(
        files[0].row_groups > 5,
        "{} row groups",
        files[0].row_groups
    );
}

#[test]
fn records_that_are_rejected_before_a_fault_are_counted() {
    let payload = logs_payload(&Shape {
        records: 50,
        ..Shape::ten_thousand()
    });
    let limits = Limits::default().with_records(20);
    let mut pipeline = Pipeline::builder()
        .limits(limits)
        .build_files(InMemoryStorage::new())
        .unwrap();
    let cut_off = [&payload, &payload[..payload.len() - 10]].concat();
    let error = pipeline.ingest_logs(cut_off).unwrap_err();
    let IngestError::Payload { records, .. } = error else {
        panic!("{error}")
    };
    assert_eq!((records.accepted, records.rejected), (20, 30));
    assert!(records.first_rejection.is_some());
    assert_eq!(pipeline.finish().unwrap().records, *records);
}

#[test]
fn a_malformed_payload_affects_no_other() {
    let good = logs_payload(&Shape {
        records: 50,
        ..Shape::ten_thousand()
    });
    let storage = InMemoryStorage::new();
    let mut pipeline = Pipeline::builder().build_files(storage.clone()).unwrap();
    pipeline.ingest_logs(good.clone()).unwrap();
    let error = pipeline
        .ingest_logs(good[..good.len() - 10].to_vec())
        .unwrap_err();
    let IngestError::Payload { records, .. } = error else {
        panic!("{error}")
    };
    let accepted = records.accepted;
    pipeline.ingest_logs(good.clone()).unwrap();
    let report = pipeline.finish().unwrap();
    assert_eq!(report.records.accepted, 100 + accepted);
    assert_eq!(
        report.files().map(|file| file.rows).sum::<u64>(),
        100 + accepted
    );
}

#[test]
fn fingerprints_and_templates_are_columns_next_to_the_body() {
    let storage = InMemoryStorage::new();
    let mut pipeline = Pipeline::builder()
        .stage(FingerprintStage::new().with_template(PatternOptions::default()))
        .build_files(storage.clone())
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
    for record in read_files(&storage, Table::Logs, &report.tables[0].files) {
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
fn fingerprints_are_computed_without_patterns() {
    let fingerprints = |stage: Option<FingerprintStage>| {
        let storage = InMemoryStorage::new();
        let builder = Pipeline::builder().stage(stage);
        let mut pipeline = builder.build_files(storage.clone()).unwrap();
        pipeline
            .ingest_logs(logs_payload(&Shape::small_groups()))
            .unwrap();
        let report = pipeline.finish().unwrap();
        let records = read_files(&storage, Table::Logs, &report.tables[0].files);
        records
            .iter()
            .map(|r| r.fields.get("fingerprint").cloned())
            .collect::<Vec<_>>()
    };
    let stage = FingerprintStage::new();
    let learned = fingerprints(Some(stage.with_patterns(PatternOptions::default())));
    assert_eq!(fingerprints(Some(FingerprintStage::new())), learned);
    let none = fingerprints(None);
    assert!(none.iter().all(Option::is_none) && learned.iter().all(Option::is_some));
}

//! The peers do their job: a peer that lost values would be too easy to beat.
#![cfg(feature = "peers")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type, TimestampNanosecondType};
use arrow_array::{Array, RecordBatch};
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use otlake_benches::floors::{column_chunks, walk};
use otlake_benches::{Bodies, Run, Workload, lineup, lineup_of_bodies, peers};
use otlake_row::Signal;
use otlake_testkit::{
    CanonicalValue, MetricShape, Rng, Shape, TraceShape, arbitrary_logs_request, canonical_metrics,
    logs_payload, logs_request, metrics_payload, traces_payload,
};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::{Compression, ZstdLevel};
use prost::Message;

fn read_back(file: Vec<u8>, rows: usize) -> RecordBatch {
    let reader = ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::from(file)).unwrap();
    let mut batches = reader.with_batch_size(rows.max(1)).build().unwrap();
    let batch = batches.next().unwrap().unwrap();
    assert_eq!(batch.num_rows(), rows);
    assert!(batches.next().is_none());
    batch
}

fn columns(payload: &[u8], compression: Compression) -> RecordBatch {
    let table = peers::Columns::read(payload).unwrap();
    read_back(table.to_parquet(compression).unwrap(), table.rows())
}

/// Returns the value of an attribute column in the form it has on the wire.
fn value(batch: &RecordBatch, name: &str, row: usize) -> Option<Value> {
    let column = batch
        .column_by_name(name)
        .unwrap_or_else(|| panic!("no column {name}"));
    if column.is_null(row) {
        return None;
    }
    Some(match column.data_type().to_string().as_str() {
        "Utf8" => Value::StringValue(column.as_string::<i32>().value(row).to_owned()),
        "Int64" => Value::IntValue(column.as_primitive::<Int64Type>().value(row)),
        "Float64" => Value::DoubleValue(column.as_primitive::<Float64Type>().value(row)),
        "Boolean" => Value::BoolValue(column.as_boolean().value(row)),
        other => panic!("{name} is {other}"),
    })
}

#[test]
fn columns_hold_every_value_of_a_generated_payload() {
    let request = logs_request(&Shape {
        records: 700,
        ..Shape::ten_thousand()
    });
    let level = ZstdLevel::try_new(1).unwrap();
    for compression in [
        Compression::ZSTD(level),
        Compression::SNAPPY,
        Compression::UNCOMPRESSED,
    ] {
        let batch = columns(&request.encode_to_vec(), compression);
        let times = batch.column_by_name("timestamp").unwrap();
        let times = times.as_primitive::<TimestampNanosecondType>();
        let mut row = 0;
        let mut attributes = 0;
        for resource_logs in &request.resource_logs {
            for record in resource_logs
                .scope_logs
                .iter()
                .flat_map(|scope| &scope.log_records)
            {
                assert_eq!(times.value(row) as u64, record.time_unix_nano);
                let body = record.body.as_ref().unwrap().value.clone();
                assert_eq!(value(&batch, "body", row), body);
                let id: String = record
                    .trace_id
                    .iter()
                    .map(|byte| format!("{byte:02x}"))
                    .collect();
                let id = (!id.is_empty()).then_some(Value::StringValue(id));
                assert_eq!(value(&batch, "trace_id", row), id);
                let resource = resource_logs.resource.as_ref().unwrap();
                let of_resource = resource.attributes.iter().map(|kv| ("resource", kv));
                for (place, kv) in
                    of_resource.chain(record.attributes.iter().map(|kv| ("attr", kv)))
                {
                    let name = format!("{place}_{}", kv.key.replace(['.', '-'], "_"));
                    let wanted = kv.value.as_ref().unwrap().value.clone();
                    assert_eq!(value(&batch, &name, row), wanted, "{name} in row {row}");
                    attributes += 1;
                }
                row += 1;
            }
        }
        // There are no other values.
        let values: usize = batch
            .schema()
            .fields()
            .iter()
            .zip(batch.columns())
            .filter(|(field, _)| {
                let name = field.name();
                name.starts_with("attr_")
                    || (name.starts_with("resource_") && name != "resource_schema_url")
            })
            .map(|(_, column)| column.len() - column.null_count())
            .sum();
        assert_eq!((row, values), (700, attributes));
    }
}

/// The generated shapes stand for measured payloads, and these are the sizes of the files that this
/// peer wrote for those. How well a payload compresses determines the cost of compression.
#[test]
fn files_are_as_large_as_those_of_the_measured_payloads() {
    let level = ZstdLevel::try_new(1).unwrap();
    for (shape, wanted) in [
        (Shape::ten_thousand(), 89.0),
        (Shape::small_groups(), 133.0),
    ] {
        let table = peers::Columns::read(&logs_payload(&shape)).unwrap();
        let file = table.to_parquet(Compression::ZSTD(level)).unwrap();
        let bytes = file.len() as f64 / shape.records as f64;
        eprintln!("{bytes:.1} should be about {wanted}");
        assert!(
            (bytes / wanted - 1.0).abs() < 0.05,
            "{bytes:.1} should be about {wanted}"
        );
    }
}

#[test]
fn a_column_of_two_types_becomes_text() {
    let record = |value| LogRecord {
        attributes: vec![KeyValue {
            key: "Mixed.Key".to_owned(),
            value: Some(AnyValue { value: Some(value) }),
            key_strindex: 0,
        }],
        ..LogRecord::default()
    };
    let log_records = vec![
        record(Value::IntValue(7)),
        LogRecord::default(),
        record(Value::StringValue("seven".to_owned())),
        record(Value::BoolValue(true)),
    ];
    let request = ExportLogsServiceRequest {
        resource_logs: vec![ResourceLogs {
            scope_logs: vec![ScopeLogs {
                log_records,
                ..ScopeLogs::default()
            }],
            ..ResourceLogs::default()
        }],
    };
    let batch = columns(&request.encode_to_vec(), Compression::UNCOMPRESSED);
    let read: Vec<_> = (0..4)
        .map(|row| value(&batch, "attr_mixed_key", row))
        .collect();
    let text = |text: &str| Some(Value::StringValue(text.to_owned()));
    assert_eq!(read, [text("7"), None, text("seven"), text("true")]);
}

#[test]
fn columns_take_any_request() {
    for seed in 0..300 {
        let payload = arbitrary_logs_request(&mut Rng::new(seed)).encode_to_vec();
        let table = peers::Columns::read(&payload).unwrap();
        assert_eq!(table.rows(), walk(Signal::Logs, &payload).unwrap().records);
        table.to_parquet(Compression::SNAPPY).unwrap();
    }
}

#[test]
fn otlp2records_reads_back() {
    let logs = logs_payload(&Shape {
        records: 300,
        ..Shape::ten_thousand()
    });
    let traces = traces_payload(&TraceShape {
        spans: 300,
        ..TraceShape::ten_thousand()
    });
    let metrics = metrics_payload(&MetricShape {
        points: 300,
        ..MetricShape::ten_thousand()
    });
    let request = ExportMetricsServiceRequest::decode(&metrics[..]).unwrap();
    let rows = canonical_metrics(&request);
    let kind = (
        "kind".to_owned(),
        CanonicalValue::String("summary".to_owned()),
    );
    let summaries = rows.iter().filter(|row| row.fields.contains(&kind)).count();
    assert!(summaries > 0);
    for (signal, payload, rows) in [
        (Signal::Logs, logs, 300),
        (Signal::Traces, traces, 300),
        (Signal::Metrics, metrics, 300 - summaries),
    ] {
        let batches = peers::to_arrow(signal, &payload).unwrap();
        let read: usize = batches.iter().map(|batch| batch.num_rows()).sum();
        assert_eq!(read, rows, "{signal:?}");
        for batch in batches {
            // Read with the other version of parquet: any reader has to accept the file.
            let read = read_back(peers::to_parquet(&batch).unwrap(), batch.num_rows());
            assert_eq!(read.num_columns(), batch.num_columns());
        }
    }
}

#[test]
fn column_chunks_are_the_file_without_its_footer() {
    let payload = logs_payload(&Shape {
        records: 300,
        ..Shape::ten_thousand()
    });
    let table = peers::Columns::read(&payload).unwrap();
    let file = bytes::Bytes::from(table.to_parquet(Compression::UNCOMPRESSED).unwrap());
    let chunks = column_chunks(&file).unwrap();
    let bytes: usize = chunks.iter().map(Vec::len).sum();
    assert!(chunks.len() > 30, "{} chunks", chunks.len());
    assert!(
        bytes < file.len() && bytes > file.len() / 2,
        "{bytes} of {}",
        file.len()
    );
}

#[test]
fn every_case_of_the_lineup_runs() {
    let logs = |seed| {
        logs_payload(&Shape {
            records: 60,
            seed,
            ..Shape::small_groups()
        })
    };
    let traces = |seed| {
        traces_payload(&TraceShape {
            spans: 60,
            seed,
            ..TraceShape::ten_thousand()
        })
    };
    let metrics = |seed| {
        metrics_payload(&MetricShape {
            points: 60,
            seed,
            ..MetricShape::ten_thousand()
        })
    };
    every_case_runs(Signal::Logs, [logs(1), logs(2)], &["peer_columns_snappy"]);
    every_case_runs(Signal::Traces, [traces(1), traces(2)], &[]);
    every_case_runs(Signal::Metrics, [metrics(1), metrics(2)], &[]);
}

fn every_case_runs(signal: Signal, payloads: [Vec<u8>; 2], more: &[&str]) {
    let payloads = payloads.map(bytes::Bytes::from).to_vec();
    let workload = Workload::new("two", signal, payloads).unwrap();
    let run = Run {
        rounds: 1,
        least: std::time::Duration::ZERO,
        count_allocations: false,
    };
    let figures = run
        .measure("two", workload.records(), &mut lineup(&workload).unwrap())
        .unwrap();
    let names: Vec<_> = figures.iter().map(|figure| figure.case).collect();
    let of_all = [
        "decode",
        "buffer",
        "shred",
        "parquet",
        "end_to_end_zstd1",
        "floor_walk",
        "floor_walk_utf8",
        "floor_zstd1",
        "peer_prost_decode",
        "peer_otlp2records_zstd1",
    ];
    for name in of_all.iter().chain(more) {
        assert!(names.contains(name), "no case {name} in {names:?}");
    }
    assert!(
        figures
            .iter()
            .all(|figure| figure.records == 120 && figure.ns_per_record > 0.0)
    );
}

#[test]
fn every_case_on_bodies_runs() {
    let lines = ["disk 1 is full", "", "user ann left\n\tat once"].map(str::to_owned);
    let bodies = Bodies::new(lines.to_vec()).unwrap();
    let run = Run {
        rounds: 1,
        least: std::time::Duration::ZERO,
        count_allocations: false,
    };
    let mut cases = lineup_of_bodies(&bodies).unwrap();
    let figures = run.measure(Bodies::NAME, 3, &mut cases).unwrap();
    let names: Vec<_> = figures.iter().map(|figure| figure.case).collect();
    assert_eq!(
        names,
        [
            "fingerprint",
            "pattern_known",
            "pattern_timestamped",
            "peer_logdrain",
            "peer_logdrain_masks",
            "peer_drain3"
        ]
    );
    assert!(figures.iter().all(|figure| figure.payload == "bodies"));
}

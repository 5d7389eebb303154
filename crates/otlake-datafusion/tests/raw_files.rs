//! Raw OTLP files as tables: every framing, every signal, every projection, faults, and object stores. The oracle is
//! the decoder with a `BatchBuilder` that infers its columns, without DataFusion.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod kit;

use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::compute::{cast, concat_batches};
use datafusion::prelude::{SessionConfig, SessionContext};
use otlake_arrow::{BatchBuilder, BatchOptions};
use otlake_datafusion::OtlpTable;
use otlake_otlp::{Format, OtlpDecoder, PayloadReader, signal_of_json, signal_of_protobuf};
use otlake_row::Signal;
use otlake_schema::{Schema, SchemaOptions};

use kit::{DATA, context, files_in, query, rows};

/// Decodes the payloads of a signal in files, without DataFusion.
fn decoded(paths: &[std::path::PathBuf], signal: Signal) -> RecordBatch {
    let schema = Schema::new(signal, SchemaOptions::new());
    let options = BatchOptions::new().with_plain_strings();
    let mut builder = BatchBuilder::with_options(schema, options);
    let mut decoder = OtlpDecoder::new();
    for path in paths {
        for payload in PayloadReader::new(std::fs::File::open(path).unwrap()) {
            let payload = payload.unwrap();
            let found = match payload.format {
                Format::Json => signal_of_json(&payload.bytes),
                _ => signal_of_protobuf(&payload.bytes),
            };
            if found.unwrap() == Some(signal) {
                let (format, bytes) = (payload.format, &payload.bytes);
                decoder.decode(signal, format, bytes, &mut builder).unwrap();
            }
        }
    }
    builder.finish_batch()
}

/// Returns the result of a query as one record batch.
async fn one_batch(context: &SessionContext, sql: &str) -> RecordBatch {
    let batches = query(context, sql).await;
    concat_batches(&batches[0].schema(), &batches).unwrap()
}

/// Asserts that a column has the same values in both.
fn assert_same(actual: &RecordBatch, expected: &RecordBatch, name: &str, what: &str) {
    let actual = actual.column_by_name(name).unwrap();
    let expected = expected.column_by_name(name).unwrap();
    let expected = cast(expected, actual.data_type()).unwrap();
    assert_eq!(actual, &expected, "{name} of {what}");
}

const SIGNALS: [Signal; 3] = [Signal::Logs, Signal::Traces, Signal::Metrics];

#[tokio::test]
async fn a_table_has_the_rows_that_the_decoder_produces_in_every_framing() {
    let mut inputs = Vec::new();
    for signal in SIGNALS {
        let name = signal.name();
        inputs.push((format!("{DATA}/{name}"), signal));
        inputs.push((format!("{DATA}/json/{name}"), signal));
        for file in files_in(&format!("{DATA}/collector")) {
            inputs.push((file.to_str().unwrap().to_owned(), signal));
        }
    }
    let context = context(1);
    let mut tables = 0;
    for (path, signal) in inputs {
        let expected = decoded(&files_in(&path), signal);
        let sql = format!("SELECT * FROM read_otlp('{path}', '{}')", signal.name());
        if expected.num_rows() == 0 {
            assert_eq!(rows(&query(&context, &sql).await), 0, "{path}");
            continue;
        }
        tables += 1;
        let actual = one_batch(&context, &sql).await;
        let names = |batch: &RecordBatch| -> Vec<String> {
            let schema = batch.schema();
            schema
                .fields()
                .iter()
                .map(|field| field.name().clone())
                .collect()
        };
        assert_eq!(names(&actual), names(&expected), "{path}");
        for name in names(&actual) {
            // The decoder alone computes no fingerprints.
            if name != "fingerprint" {
                assert_same(&actual, &expected, &name, &path);
            }
        }
    }
    // Two directories for each signal, four files of all signals, and thirteen of one.
    assert_eq!(tables, 2 * 3 + 4 * 3 + 13);
}

#[tokio::test]
async fn a_column_is_the_same_whatever_else_is_selected() {
    let context = context(1);
    for signal in SIGNALS {
        // One file of all signals: every column is a query.
        let path = format!("{DATA}/collector/all.jsonl.gz");
        let table = OtlpTable::builder(&path, signal)
            .open(&context.state())
            .await
            .unwrap();
        context
            .register_table(signal.name(), Arc::new(table))
            .unwrap();
        let all = one_batch(&context, &format!("SELECT * FROM {}", signal.name())).await;
        for field in all.schema().fields() {
            let (table, name) = (signal.name(), field.name());
            let one = one_batch(&context, &format!("SELECT \"{name}\" FROM {table}")).await;
            assert_same(&one, &all, name, &path);
        }
        let count = format!("SELECT count(*) AS n FROM {}", signal.name());
        let batch = one_batch(&context, &count).await;
        assert_eq!(kit::integers(&batch, "n"), [all.num_rows() as i64]);
    }
}

/// Writes the recorded payloads of a signal to a dataset in `lake`, with one worker.
fn write_dataset(lake: &std::path::Path, signal: Signal) {
    let storage = otlake::storage::LocalDirectory::new(lake);
    let mut pipeline = otlake::Pipeline::builder()
        .fingerprint()
        .build(storage)
        .unwrap();
    for path in files_in(&format!("{DATA}/{}", signal.name())) {
        for payload in PayloadReader::new(std::fs::File::open(path).unwrap()) {
            let payload = payload.unwrap();
            pipeline
                .ingest(signal, payload.format, payload.bytes)
                .unwrap();
        }
    }
    pipeline.flush().unwrap();
}

#[tokio::test]
async fn raw_files_with_a_published_schema_are_the_table_that_the_dataset_is() {
    for signal in SIGNALS {
        let (name, lake) = (signal.name(), tempfile::tempdir().unwrap());
        write_dataset(lake.path(), signal);
        let (context, lake) = (context(1), lake.path().display());
        let files = format!("{lake}/{name}/");
        context
            .register_parquet("dataset", files, Default::default())
            .await
            .unwrap();
        let schema = format!("schema={lake}/_otlake/{name}.schema.json");
        let raw = format!("read_otlp('{DATA}/{name}', '{name}', '{schema}')");
        let expected = one_batch(&context, "SELECT * FROM dataset").await;
        let actual = one_batch(&context, &format!("SELECT * FROM {raw}")).await;
        assert_eq!(actual.num_columns(), expected.num_columns(), "{name}");
        for field in expected.schema().fields() {
            let column = actual.column_by_name(field.name()).unwrap();
            let same_type = match field.data_type() {
                // Their inner fields have field ids here and none there.
                nested if nested.is_nested() => column.data_type().is_nested(),
                flat => column.data_type() == flat,
            };
            assert!(same_type, "{field} is {}", column.data_type());
            let column = cast(column, field.data_type()).unwrap();
            let of_dataset = expected.column_by_name(field.name()).unwrap();
            assert_eq!(&column, of_dataset, "{name}: {}", field.name());
        }
    }
}

#[tokio::test]
async fn record_batches_have_at_most_as_many_rows_as_the_session_says() {
    let config = SessionConfig::new()
        .with_target_partitions(1)
        .with_batch_size(50);
    let context = SessionContext::new_with_config(config);
    otlake_datafusion::register(&context);
    let file = format!("{DATA}/collector/logs.jsonl");
    for columns in ["*", "body", "count(*)"] {
        let sql = format!("SELECT {columns} FROM read_otlp('{file}', 'logs')");
        let batches = query(&context, &sql).await;
        let rows: Vec<usize> = batches.iter().map(RecordBatch::num_rows).collect();
        assert!(rows.iter().all(|rows| (1..=50).contains(rows)), "{rows:?}");
        assert!(columns == "count(*)" || rows.len() > 2, "{rows:?}");
    }
    let sql = format!("SELECT * FROM read_otlp('{file}', 'logs') LIMIT 60");
    assert_eq!(rows(&query(&context, &sql).await), 60);
}

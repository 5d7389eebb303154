//! Damaged files, records over a limit, and calls that cannot work: the query fails with an error that names the file
//! or the argument, or leaves out what cannot be read and counts it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod kit;

use std::path::Path;
use std::sync::Arc;

use datafusion::arrow::util::pretty::pretty_format_batches;
use datafusion::prelude::SessionContext;
use otlake_datafusion::{Faults, OtlpOptions, OtlpTable};
use otlake_otlp::Limits;
use otlake_row::Signal;
use otlake_schema::{DatasetSchema, Table};

use kit::{DATA, context, error, integers, query};

const GOOD: &str = "checkout-python-001.binpb";

/// Writes a good file of logs and another one, and returns the directory.
fn directory_with(name: &str, content: &[u8]) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    std::fs::copy(format!("{DATA}/logs/{GOOD}"), directory.path().join(GOOD)).unwrap();
    std::fs::write(directory.path().join(name), content).unwrap();
    directory
}

fn recorded(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(DATA).join(name)).unwrap()
}

async fn count(context: &SessionContext, table: &str) -> i64 {
    let batches = query(context, &format!("SELECT count(*) AS n FROM {table}")).await;
    integers(&batches[0], "n")[0]
}

/// Returns a metric of the scan from EXPLAIN ANALYZE.
async fn metric(context: &SessionContext, table: &str, name: &str) -> usize {
    let sql = format!("EXPLAIN ANALYZE SELECT count(*) FROM {table}");
    let plan = pretty_format_batches(&query(context, &sql).await)
        .unwrap()
        .to_string();
    let (_, value) = plan
        .split_once(&format!(" {name}="))
        .unwrap_or_else(|| panic!("{name} is not in {plan}"));
    let digits = value.split(|c: char| !c.is_ascii_digit()).next().unwrap();
    digits.parse().unwrap()
}

#[tokio::test]
async fn a_damaged_file_is_an_error_that_names_it_or_is_skipped_and_counted() {
    let gzip = recorded("logs/catalog-nodejs-001.binpb.gz");
    let protobuf = recorded("logs/frontend-nodejs-001.binpb");
    let lines = recorded("collector/logs.jsonl");
    let context = context(2);
    for (name, content, message) in [
        (
            "cut.binpb.gz",
            &gzip[..gzip.len() / 2],
            "gzip data is damaged or cut off",
        ),
        (
            "cut.binpb",
            &protobuf[..protobuf.len() - 9],
            "payload 1, at byte 0",
        ),
        ("cut.jsonl", &lines[..lines.len() - 9], "payload "),
        ("notes.txt", b"Meeting at noon.\n", "payload 1, at byte 0"),
        ("data.parquet", b"PAR1\x15\x04", "Parquet"),
    ] {
        let directory = directory_with(name, content);
        let path = directory.path().to_str().unwrap();
        for what in ["count(*)", "body", "*"] {
            let sql = format!("SELECT {what} FROM read_otlp('{path}', 'logs')");
            let error = error(&context, &sql).await;
            assert!(
                error.contains(name) && error.contains(message),
                "{name}: {error}"
            );
            assert!(!error.contains(GOOD), "{error}");
        }
        let good = count(&context, &format!("read_otlp('{path}/{GOOD}', 'logs')")).await;
        let skip = format!("read_otlp('{path}', 'logs', 'faults=skip')");
        assert!(count(&context, &skip).await >= good, "{name}");
        assert_eq!(metric(&context, &skip, "damaged_files").await, 1, "{name}");
        assert_eq!(metric(&context, &skip, "faults").await, 1, "{name}");
    }
}

#[tokio::test]
async fn records_over_a_limit_are_an_error_or_are_left_out_and_counted() {
    let path = format!("{DATA}/logs/{GOOD}");
    let context = context(1);
    let all = count(&context, &format!("read_otlp('{path}', 'logs')")).await;
    let state = context.state();
    let columns = OtlpTable::builder(&path, Signal::Logs)
        .open(&state)
        .await
        .unwrap();
    let columns = columns.dataset_schema();
    let limits = Limits::default().with_attributes(5);
    for (name, faults) in [("failing", Faults::Fail), ("skipping", Faults::Skip)] {
        let options = OtlpOptions::new().with_limits(limits).with_faults(faults);
        let table = OtlpTable::builder(&path, Signal::Logs).options(options);
        let table = table
            .columns(Arc::clone(columns))
            .open(&state)
            .await
            .unwrap();
        context.register_table(name, Arc::new(table)).unwrap();
    }
    let message = error(&context, "SELECT count(*) FROM failing").await;
    assert!(
        message.contains("more attributes than the limit of 5"),
        "{message}"
    );
    assert!(message.contains(GOOD), "{message}");
    let rejected = metric(&context, "skipping", "rejected_records").await;
    assert!(rejected > 0);
    assert_eq!(count(&context, "skipping").await + rejected as i64, all);
}

#[tokio::test]
async fn payloads_of_other_signals_are_skipped_and_counted() {
    let context = context(1);
    let all = format!("read_otlp('{DATA}/collector/all.jsonl', 'traces')");
    let traces = format!("read_otlp('{DATA}/collector/traces.jsonl', 'traces')");
    assert_eq!(count(&context, &all).await, count(&context, &traces).await);
    assert!(metric(&context, &all, "payloads_of_other_signals").await > 0);
    assert_eq!(metric(&context, &all, "damaged_files").await, 0);
}

#[tokio::test]
async fn a_call_that_cannot_work_says_what_is_wrong() {
    let context = context(1);
    let empty = tempfile::tempdir().unwrap();
    let empty = empty.path().to_str().unwrap();
    for (arguments, message) in [
        ("'x'".to_owned(), "needs a path and a signal"),
        ("'x', 'log'".to_owned(), "\"log\" is no signal"),
        ("'x', 7".to_owned(), "are texts"),
        ("'x', 'logs', 'files=none'".to_owned(), "no number of files"),
        ("'x', 'logs', 'skip'".to_owned(), "\"skip\" is no option"),
        (format!("'{empty}/', 'logs'"), "there is no file at"),
        (format!("'{empty}/missing', 'logs'"), "missing"),
        (
            "'s3://bucket/x', 'logs'".to_owned(),
            "No suitable object store",
        ),
        (
            format!("'{DATA}/logs', 'logs', 'schema={DATA}/MANIFEST.json'"),
            "MANIFEST.json",
        ),
    ] {
        let error = error(&context, &format!("SELECT * FROM read_otlp({arguments})")).await;
        assert!(error.contains(message), "{arguments}: {error}");
    }
    let columns = DatasetSchema::new(Table::Traces);
    let table = OtlpTable::builder(DATA, Signal::Logs).columns(columns);
    let error = table.open(&context.state()).await.unwrap_err().to_string();
    assert!(error.contains("columns of traces, not of logs"), "{error}");
}

#[tokio::test]
async fn values_without_a_column_are_in_overflow() {
    let context = context(1);
    let path = format!("{DATA}/logs");
    let all = format!("read_otlp('{path}', 'logs')");
    let first = format!("read_otlp('{path}', 'logs', 'files=1')");
    // The first file is of the catalog, the other services have attributes of their own.
    let sql = |table: &str, value: &str| {
        format!("SELECT count({value}) AS n FROM {table} WHERE {value} IS NOT NULL")
    };
    let columns = query(&context, &format!("SELECT * FROM {first} LIMIT 1")).await;
    let columns = columns[0].schema();
    let widest = query(&context, &format!("SELECT * FROM {all} LIMIT 1")).await;
    let mut compared = 0;
    for field in widest[0].schema().fields() {
        let Some(name) = field.name().strip_prefix("attr_") else {
            continue;
        };
        if columns.column_with_name(field.name()).is_some() || name.contains('_') {
            continue;
        }
        let expected = query(&context, &sql(&all, &format!("\"{}\"", field.name()))).await;
        let overflow = format!("map_extract(overflow, 'attr.{name}')[1]");
        let actual = query(&context, &sql(&first, &overflow)).await;
        assert_eq!(
            integers(&actual[0], "n"),
            integers(&expected[0], "n"),
            "{name}"
        );
        compared += 1;
    }
    assert!(compared > 0);
}

//! A backfill writes each file once, whatever happens to it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod kit;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use datafusion::arrow::array::{AsArray, RecordBatch};
use datafusion::arrow::datatypes::UInt64Type;
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::object_store::memory::InMemory;
use datafusion::prelude::SessionContext;
use futures_util::StreamExt;
use otlake_datafusion::{register_backfill, register_dataset};

use kit::{DATA, error, query};

fn context(partitions: usize) -> SessionContext {
    let context = kit::context(partitions);
    register_backfill(&context);
    context
}

/// The state, the records and the first fault of each file, by its name.
type Outcomes = BTreeMap<String, (String, u64, Option<String>)>;

fn outcomes(batches: &[RecordBatch]) -> Outcomes {
    let rows = |batch: &RecordBatch| {
        let text = |name: &str| {
            batch
                .column_by_name(name)
                .unwrap()
                .as_string::<i32>()
                .clone()
        };
        let (file, state, fault) = (text("file"), text("state"), text("first_fault"));
        let records = batch.column_by_name("records").unwrap();
        let records = records.as_primitive::<UInt64Type>().clone();
        let row = |row: usize| {
            // Files of different signals have the same names.
            let path: Vec<&str> = file.value(row).rsplitn(3, '/').collect();
            let name = format!("{}/{}", path[1], path[0]);
            let fault = fault.iter().nth(row).unwrap().map(str::to_owned);
            (
                name,
                (state.value(row).to_owned(), records.value(row), fault),
            )
        };
        (0..batch.num_rows()).map(row).collect::<Vec<_>>()
    };
    batches.iter().flat_map(rows).collect()
}

async fn backfill(context: &SessionContext, input: &str, lake: &str, options: &str) -> Outcomes {
    let sql = format!("SELECT * FROM otlp_to_dataset('{input}', '{lake}'{options})");
    outcomes(&query(context, &sql).await)
}

fn records(outcomes: &Outcomes) -> u64 {
    outcomes.values().map(|(_, records, _)| records).sum()
}

fn all_are(outcomes: &Outcomes, state: &str) -> bool {
    !outcomes.is_empty() && outcomes.values().all(|(found, ..)| found == state)
}

async fn count(context: &SessionContext, table: &str) -> u64 {
    let frame = context.table(table).await.unwrap();
    frame.count().await.unwrap() as u64
}

/// Copies the recorded files of a signal to a directory, and returns how many there are.
fn copy(signal: &str, to: &Path) -> usize {
    let directory = to.join(signal);
    std::fs::create_dir_all(&directory).unwrap();
    let files = kit::files_in(&format!("{DATA}/{signal}"));
    for file in &files {
        std::fs::copy(file, directory.join(file.file_name().unwrap())).unwrap();
    }
    files.len()
}

fn texts(batches: &[RecordBatch]) -> Vec<String> {
    let options = FormatOptions::default().with_null("null");
    let mut rows = Vec::new();
    for batch in batches {
        let columns = batch.columns().iter();
        let columns: Vec<_> = columns
            .map(|column| ArrayFormatter::try_new(column, &options).unwrap())
            .collect();
        rows.extend((0..batch.num_rows()).map(|row| {
            let cells: Vec<_> = columns.iter().map(|c| c.value(row).to_string()).collect();
            cells.join(" | ")
        }));
    }
    rows.sort_unstable();
    rows
}

/// All signals, framings and compressions: the dataset has the rows that `read_otlp` returns, in one run.
#[tokio::test(flavor = "multi_thread")]
async fn the_dataset_has_the_rows_of_the_files() {
    let directory = tempfile::tempdir().unwrap();
    let input = directory.path().join("otlp");
    for signal in ["logs", "traces", "metrics"] {
        copy(signal, &input);
    }
    let (input, lake) = (input.display(), directory.path().join("lake"));
    let lake = lake.to_str().unwrap();
    let context = context(3);
    let options = ", 'partitioning={table}/date={date}/app={resource.service.name}'";
    let written = backfill(&context, &input.to_string(), lake, options).await;
    assert!(all_are(&written, "written"), "{written:?}");
    assert_eq!(register_dataset(&context, lake).await.unwrap().len(), 3);
    let mut total = 0;
    for signal in ["logs", "traces", "metrics"] {
        let schema = format!("{lake}/_otlake/{signal}.schema.json");
        let raw = format!("read_otlp('{input}/{signal}', '{signal}', 'schema={schema}')");
        let plan = context.sql(&format!("SELECT * FROM {raw}")).await.unwrap();
        let columns: Vec<String> = plan
            .schema()
            .fields()
            .iter()
            .map(|field| format!("\"{}\"", field.name()))
            .collect();
        let columns = columns.join(", ");
        let expected = texts(&plan.collect().await.unwrap());
        let found = query(&context, &format!("SELECT {columns} FROM {signal}")).await;
        total += expected.len() as u64;
        let found = texts(&found);
        let first = found
            .iter()
            .zip(&expected)
            .find(|(found, expected)| found != expected);
        assert_eq!(first, None, "{signal}");
        assert_eq!(found.len(), expected.len(), "{signal}");
    }
    assert_eq!(records(&written), total);
}

/// A second run writes new files only, and the result says so.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_written_once() {
    let directory = tempfile::tempdir().unwrap();
    let input = directory.path().to_str().unwrap();
    // The dataset is in the directory of the files.
    let lake = format!("{input}/lake");
    let files = copy("logs", directory.path());
    let context = context(2);
    let first = backfill(&context, input, &lake, "").await;
    assert_eq!(first.len(), files);
    assert!(all_are(&first, "written"), "{first:?}");

    let again = backfill(&context, input, &lake, "").await;
    assert_eq!(again.len(), files);
    assert!(all_are(&again, "already written"), "{again:?}");
    assert_eq!(records(&again), 0);

    let new = copy("traces", directory.path());
    let third = backfill(&context, input, &lake, "").await;
    let written = third.values().filter(|(state, ..)| state == "written");
    assert_eq!((third.len(), written.count()), (files + new, new));
    register_dataset(&context, &lake).await.unwrap();
    assert_eq!(count(&context, "logs").await, records(&first));
    assert_eq!(count(&context, "traces").await, records(&third));
}

/// The files are in the directory of the dataset, or in that directory itself.
#[tokio::test(flavor = "multi_thread")]
async fn files_may_be_inside_the_dataset() {
    for inside in ["", "/otlp"] {
        let directory = tempfile::tempdir().unwrap();
        let lake = directory.path().to_str().unwrap();
        let input = format!("{lake}{inside}");
        let files = copy("logs", Path::new(&input));
        let context = context(2);
        for state in ["written", "already written"] {
            let outcomes = backfill(&context, &input, lake, "").await;
            assert_eq!(outcomes.len(), files, "{inside}");
            assert!(all_are(&outcomes, state), "{outcomes:?}");
        }
    }
}

/// Two runs at the same time, of which each is cancelled after its first file, and a third one that finishes the work.
#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_backfill_is_continued() {
    let directory = tempfile::tempdir().unwrap();
    let (input, lake) = (directory.path().join("otlp"), directory.path().join("lake"));
    let files = copy("logs", &input);
    let (input, lake) = (input.to_str().unwrap(), lake.to_str().unwrap());
    let context = context(2);
    let cancelled = || async {
        let sql = format!("SELECT file FROM otlp_to_dataset('{input}', '{lake}')");
        let frame = context.sql(&sql).await.unwrap();
        let mut rows = frame.execute_stream().await.unwrap();
        rows.next().await.unwrap().unwrap();
    };
    tokio::join!(cancelled(), cancelled());
    let (left, right) = tokio::join!(
        backfill(&context, input, lake, ""),
        backfill(&context, input, lake, "")
    );
    assert_eq!((left.len(), right.len()), (files, files));
    register_dataset(&context, lake).await.unwrap();
    let raw = format!("SELECT * FROM read_otlp('{input}', 'logs')");
    let expected = context.sql(&raw).await.unwrap().count().await.unwrap() as u64;
    assert_eq!(count(&context, "logs").await, expected);
}

/// A file with a fault is left out and named, and the others are written. With `faults=skip` the rest of it is
/// written, by the next run as well.
#[tokio::test(flavor = "multi_thread")]
async fn a_fault_costs_its_file_or_its_payload() {
    let directory = tempfile::tempdir().unwrap();
    let (input, lake) = (directory.path().join("otlp"), directory.path().join("lake"));
    let files = copy("logs", &input) + 2;
    let line =
        r#"{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":"ok"}}]}]}]}"#;
    let cut = format!("{line}\n{}\n{line}\n", &line[..60]);
    std::fs::write(input.join("logs/cut.jsonl"), cut).unwrap();
    std::fs::write(input.join("logs/note.txt"), "not OTLP at all\n").unwrap();
    let (input, lake) = (input.to_str().unwrap(), lake.to_str().unwrap());
    let context = context(2);

    let first = backfill(&context, input, lake, "").await;
    assert_eq!(first.len(), files);
    let left_out: Vec<_> = first
        .iter()
        .filter(|(_, (state, ..))| state == "left out")
        .collect();
    let names: Vec<_> = left_out.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["logs/cut.jsonl", "logs/note.txt"]);
    for (name, (_, records, fault)) in left_out {
        assert_eq!(*records, 0, "{name}");
        assert!(fault.is_some(), "{name}");
    }
    register_dataset(&context, lake).await.unwrap();
    assert_eq!(count(&context, "logs").await, records(&first));

    let second = backfill(&context, input, lake, ", 'faults=skip'").await;
    let (state, written, fault) = &second["logs/cut.jsonl"];
    assert_eq!((state.as_str(), *written), ("written", 2));
    assert!(
        fault.as_deref().unwrap().starts_with("payload 2, at byte "),
        "{fault:?}"
    );
    assert_eq!(records(&second), 2);
    assert_eq!(count(&context, "logs").await, records(&first) + 2);
}

/// Files and dataset in object stores, each in its own.
#[tokio::test(flavor = "multi_thread")]
async fn object_stores_hold_files_and_dataset() {
    let context = context(2);
    for bucket in ["mem://otlp", "mem://lake"] {
        let store = Arc::new(InMemory::new());
        for file in kit::files_in(&format!("{DATA}/traces")) {
            use datafusion::object_store::{ObjectStoreExt, path::Path};
            let name = file.file_name().unwrap().to_str().unwrap();
            let path = Path::from(format!("raw/traces/{name}"));
            store
                .put(&path, std::fs::read(&file).unwrap().into())
                .await
                .unwrap();
        }
        context.register_object_store(&bucket.parse().unwrap(), store);
    }
    let across = backfill(&context, "mem://otlp/raw/**", "mem://lake/a", "").await;
    assert!(all_are(&across, "written"), "{across:?}");
    register_dataset(&context, "mem://lake/a").await.unwrap();
    assert_eq!(count(&context, "traces").await, records(&across));
    // The same names in another bucket are other files.
    let within = backfill(&context, "mem://lake/raw/", "mem://lake/a", "").await;
    assert!(all_are(&within, "written"), "{within:?}");
    context.deregister_table("traces").unwrap();
    register_dataset(&context, "mem://lake/a").await.unwrap();
    assert_eq!(count(&context, "traces").await, 2 * records(&across));
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_say_what_to_change() {
    let context = context(1);
    let lake = tempfile::tempdir().unwrap();
    let lake = lake.path().to_str().unwrap();
    for (arguments, expected) in [
        ("'x'".to_owned(), "needs a path and a dataset"),
        (
            format!("'{DATA}/nothing/*.pb', '{lake}'"),
            "there is no file at file:///",
        ),
        (format!("'{DATA}/logs', '{lake}', 'sorted'"), "is no option"),
        (
            format!("'{DATA}/logs', '{lake}', 'compression=zip'"),
            "compression=zip",
        ),
        (
            format!("'{DATA}/logs', '{lake}', 'partitioning={{'"),
            "partitioning={",
        ),
        (
            format!("'{DATA}/logs', 's3://nowhere/lake'"),
            "s3://nowhere",
        ),
    ] {
        let sql = format!("SELECT * FROM otlp_to_dataset({arguments})");
        let error = error(&context, &sql).await;
        assert!(error.contains(expected), "{arguments}: {error}");
    }
    // A session does not have the function unless it is registered.
    let sql = format!("SELECT * FROM otlp_to_dataset('{DATA}/logs', '{lake}')");
    let error = error(&kit::context(1), &sql).await;
    assert!(error.contains("otlp_to_dataset"), "{error}");
}

//! The queries in `docs/query.md` run on the recorded data and return rows, and those of the example are in the document.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod kit;

use std::sync::Arc;

use datafusion::physical_plan::displayable;
use datafusion::prelude::SessionContext;
use otlake_datafusion::OtlpTable;
use otlake_row::Signal;

use kit::{DATA, context, query, rows};

const DOCUMENT: &str = include_str!("../../../docs/query.md");

/// Returns the names and texts of the queries over raw files.
fn queries() -> Vec<(&'static str, &'static str)> {
    let begins = DOCUMENT.split("<!-- query: ").skip(1);
    let query = |text: &'static str| {
        let (name, rest) = text.split_once(" -->\n```sql\n").unwrap();
        (name, rest.split_once("\n```").unwrap().0)
    };
    begins.map(query).collect()
}

/// Returns a session with a table of raw files for each signal.
async fn context_with_tables() -> SessionContext {
    let context = context(2);
    for signal in [Signal::Logs, Signal::Traces, Signal::Metrics] {
        let table = OtlpTable::builder(format!("{DATA}/{}", signal.name()), signal);
        let table = table.open(&context.state()).await.unwrap();
        context
            .register_table(signal.name(), Arc::new(table))
            .unwrap();
    }
    context
}

#[tokio::test]
async fn every_query_of_the_document_returns_rows() {
    let context = context_with_tables().await;
    let queries = queries();
    assert!(queries.len() >= 8);
    for (name, sql) in queries {
        let sql = sql.replace("'telemetry/", &format!("'{DATA}/"));
        assert!(rows(&query(&context, &sql).await) > 0, "{name}");
    }
}

/// Returns whether `text` is `pattern`, in which `…` stands for anything.
fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('…') {
        None => pattern == text,
        Some((start, rest)) => text.strip_prefix(start).is_some_and(|text| {
            let ends = text.char_indices().map(|(end, _)| end).chain([text.len()]);
            ends.into_iter().any(|end| matches(rest, &text[end..]))
        }),
    }
}

#[tokio::test]
async fn plans_in_the_document_are_those_of_their_queries() {
    let context = context_with_tables().await;
    let mut compared = 0;
    for block in DOCUMENT.split("```text\nEXPLAIN ").skip(1) {
        let (block, _) = block.split_once("\n```").unwrap();
        // Other blocks have no plan: their tables are not in the repository.
        let Some((sql, documented)) = block.split_once("\n\n") else {
            continue;
        };
        let frame = context.sql(sql).await.unwrap();
        let plan = frame.create_physical_plan().await.unwrap();
        let plan = displayable(&*plan).indent(false).to_string();
        assert!(matches(documented, plan.trim_end()), "{sql}\n{plan}");
        compared += 1;
    }
    assert_eq!(compared, 1);
}

#[test]
fn the_queries_of_the_example_are_in_the_document() {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/sql");
    let queries = queries();
    let mut compared = 0;
    for file in kit::files_in(directory) {
        if file.extension().is_some_and(|extension| extension == "sql") {
            let name = file.file_stem().unwrap().to_str().unwrap();
            let sql = std::fs::read_to_string(&file).unwrap();
            let documented = queries.iter().find(|(query, _)| *query == name);
            assert_eq!(documented.unwrap().1, sql.trim_end(), "{name}");
            compared += 1;
        }
    }
    assert_eq!(compared, 5);
}

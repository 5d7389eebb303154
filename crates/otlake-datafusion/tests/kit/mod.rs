//! Sessions, files and results that the tests share.

#![allow(dead_code, reason = "each test uses a part of it")]

use std::path::{Path, PathBuf};

use datafusion::arrow::array::{AsArray, RecordBatch};
use datafusion::arrow::datatypes::Int64Type;
use datafusion::prelude::{SessionConfig, SessionContext};

/// The recorded payloads.
pub const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/data");

/// Returns a session with the functions of this crate.
pub fn context(partitions: usize) -> SessionContext {
    let config = SessionConfig::new().with_target_partitions(partitions);
    let context = SessionContext::new_with_config(config);
    otlake_datafusion::register(&context);
    context
}

/// Returns the result of a query.
pub async fn query(context: &SessionContext, sql: &str) -> Vec<RecordBatch> {
    let frame = context.sql(sql).await;
    let frame = frame.unwrap_or_else(|error| panic!("{sql}: {error}"));
    let batches = frame.collect().await;
    batches.unwrap_or_else(|error| panic!("{sql}: {error}"))
}

/// Returns the error of a query.
pub async fn error(context: &SessionContext, sql: &str) -> String {
    match context.sql(sql).await {
        Err(error) => error.to_string(),
        Ok(frame) => match frame.collect().await {
            Err(error) => error.to_string(),
            Ok(batches) => panic!("{sql} succeeds with {} rows", rows(&batches)),
        },
    }
}

/// Returns the number of rows.
pub fn rows(batches: &[RecordBatch]) -> usize {
    batches.iter().map(RecordBatch::num_rows).sum()
}

/// Returns the integers of a column.
pub fn integers(batch: &RecordBatch, column: &str) -> Vec<i64> {
    let column = batch.column_by_name(column).unwrap();
    column.as_primitive::<Int64Type>().values().to_vec()
}

/// Returns a file, or the files in a directory and below it, in the order of their paths.
pub fn files_in(path: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    collect(Path::new(path), &mut files);
    files.sort();
    files
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) {
    if path.is_dir() {
        for entry in std::fs::read_dir(path).unwrap() {
            collect(&entry.unwrap().path(), files);
        }
    } else {
        files.push(path.to_owned());
    }
}

//! The tables of `otlake-datafusion`: the dataset by its manifests, and the raw requests that it was made from.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use datafusion::arrow::array::AsArray;
use datafusion::arrow::datatypes::Int64Type;
use datafusion::prelude::SessionContext;
use otlake::row::Signal;
use otlake::schema::DatasetSchema;
use otlake_datafusion::{OtlpTable, register_dataset};

use crate::truth::Truth;

/// Returns a session in which the signal is a table of the dataset, and one in which it is one of raw requests.
pub(crate) async fn open(directory: &Path, signal: Signal) -> [(&'static str, SessionContext); 2] {
    let lake = directory.join("lake");
    let dataset = SessionContext::new();
    register_dataset(&dataset, lake.to_str().unwrap())
        .await
        .unwrap();

    let published = lake.join(format!("_otlake/{}.schema.json", signal.name()));
    let published = DatasetSchema::from_json(&std::fs::read(published).unwrap()).unwrap();
    let raw = SessionContext::new();
    let payloads = directory.join("payloads").join(signal.name());
    let table = OtlpTable::builder(payloads.to_str().unwrap(), signal).columns(published);
    let table = table.open(&raw.state()).await.unwrap();
    raw.register_table(signal.name(), Arc::new(table)).unwrap();
    for context in [&dataset, &raw] {
        otlake_datafusion::register(context);
    }
    [("dataset", dataset), ("raw", raw)]
}

/// Asserts that a table has all records, and finds those with an attribute whether it has a column or is in `overflow`.
pub(crate) async fn check(
    (what, context): &(&str, SessionContext),
    signal: Signal,
    truth: &Truth,
    filters: &[(&str, &str)],
) {
    let table = signal.name();
    let all = numbers(context, &format!("SELECT attr_record_number FROM {table}")).await;
    assert_eq!(all, truth.numbers(), "{what}");
    for (name, text) in filters {
        let (surely, possibly) = truth.with(name, text);
        let key = name.strip_prefix("attr.").unwrap_or(name);
        let text = text.replace('\'', "''");
        let sql = format!("SELECT attr_record_number FROM {table} WHERE attr('{key}') = '{text}'");
        let found = numbers(context, &sql).await;
        let distinct: BTreeSet<i64> = found.iter().copied().collect();
        assert_eq!(found.len(), distinct.len(), "{what}, {sql}: found twice");
        assert!(
            surely.is_subset(&distinct),
            "{what}, {sql}: {surely:?}, found {found:?}"
        );
        assert!(
            distinct.is_subset(&possibly),
            "{what}, {sql}: {possibly:?}, found {found:?}"
        );
    }
}

/// Returns the first column of a query's result, sorted.
async fn numbers(context: &SessionContext, sql: &str) -> Vec<i64> {
    let frame = context.sql(sql).await;
    let frame = frame.unwrap_or_else(|error| panic!("{sql}: {error}"));
    let batches = frame.collect().await;
    let batches = batches.unwrap_or_else(|error| panic!("{sql}: {error}"));
    let columns = batches.iter().map(|batch| batch.column(0));
    let mut numbers: Vec<i64> = columns
        .flat_map(|column| column.as_primitive::<Int64Type>().values().to_vec())
        .collect();
    numbers.sort_unstable();
    numbers
}

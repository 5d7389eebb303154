//! DataFusion reads a drifted dataset as described in `docs/readers.md`: it finds every record,
//! every value, the published types, and for each filter the same records as in prost's messages. The tables of
//! `otlake-datafusion` find the same records, in the dataset and in the raw requests.
//!
//! `OTLAKE_DAYS` and `OTLAKE_RECORDS` set how many days and records per day the dataset has.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod sql_tables;
mod truth;

use std::collections::BTreeSet;
use std::path::Path;

use datafusion::arrow::array::{AsArray, RecordBatch};
use datafusion::arrow::datatypes::{DataType, Int64Type, TimeUnit};
use datafusion::prelude::SessionContext;
use otlake::row::Signal;
use otlake::schema::{ColumnType, DatasetColumn, DatasetSchema};
use otlake_reader_tests::{Drift, write};

use crate::truth::Truth;

const DOCUMENT: &str = include_str!("../../../../docs/readers.md");

/// Returns the drift of all tests.
fn drift() -> Drift {
    Drift::new(number("OTLAKE_DAYS", 60), records())
}

/// Returns the number of records of a day.
fn records() -> usize {
    number("OTLAKE_RECORDS", 12)
}

fn number(variable: &str, default: usize) -> usize {
    std::env::var(variable).map_or(default, |number| number.parse().unwrap())
}

/// Returns the SQL after a comment in the document.
fn snippet(kind: &str) -> &'static str {
    let comment = format!("<!-- {kind}: DataFusion -->\n```sql\n");
    let (_, sql) = DOCUMENT.split_once(&comment).unwrap();
    sql.split_once(";\n```").unwrap().0
}

struct Table {
    context: SessionContext,
    schema: DatasetSchema,
}

impl Table {
    async fn open(lake: &Path, signal: Signal, partitions: &str) -> Table {
        let published = lake.join(format!("_otlake/{}.schema.json", signal.name()));
        let schema = DatasetSchema::from_json(&std::fs::read(published).unwrap()).unwrap();
        let context = SessionContext::new();
        let create = snippet("reader")
            .replace("signal=logs", &format!("signal={}", signal.name()))
            .replace("(date)", &format!("({partitions})"))
            .replace("lake/", &format!("{}/", lake.display()));
        context.sql(&create).await.unwrap();
        Table { context, schema }
    }

    async fn query(&self, sql: &str) -> Vec<RecordBatch> {
        let frame = self.context.sql(sql).await;
        let frame = frame.unwrap_or_else(|error| panic!("{sql}: {error}"));
        frame
            .collect()
            .await
            .unwrap_or_else(|error| panic!("{sql}: {error}"))
    }

    /// Returns the first column of a query's result.
    async fn integers(&self, sql: &str) -> Vec<i64> {
        let batches = self.query(sql).await;
        let columns = batches.iter().map(|batch| batch.column(0).clone());
        columns
            .flat_map(|column| column.as_primitive::<Int64Type>().values().to_vec())
            .collect()
    }

    async fn numbers(&self, condition: &str) -> Vec<i64> {
        let sql = format!("SELECT attr_record_number FROM logs {condition}");
        let mut numbers = self.integers(&sql).await;
        numbers.sort_unstable();
        numbers
    }

    /// Returns the column for the values of an attribute.
    fn column_of(&self, name: &str) -> Option<&DatasetColumn> {
        self.schema.column_of(name)
    }

    fn attributes(&self) -> impl Iterator<Item = &DatasetColumn> {
        let columns = self.schema.columns().iter();
        columns.filter(|column| column.full_name().is_some())
    }

    async fn check_types(&self) {
        let frame = self.context.table("logs").await.unwrap();
        for column in self.schema.columns() {
            let field = frame
                .schema()
                .field_with_unqualified_name(column.name())
                .unwrap();
            let fits = match column.column_type() {
                Some(ColumnType::Boolean) => *field.data_type() == DataType::Boolean,
                Some(ColumnType::Int64) => *field.data_type() == DataType::Int64,
                Some(ColumnType::Float64) => *field.data_type() == DataType::Float64,
                Some(ColumnType::Utf8) => *field.data_type() == DataType::Utf8View,
                Some(ColumnType::Binary) => *field.data_type() == DataType::BinaryView,
                Some(_) => false,
                None => match field.data_type() {
                    DataType::Timestamp(TimeUnit::Microsecond, Some(zone)) => {
                        &**zone == "UTC" && column.type_name() == "timestamp[us, UTC]"
                    }
                    DataType::Map(..) => column.type_name() == "map<utf8, utf8>",
                    DataType::List(_) => column.type_name().starts_with("list<"),
                    _ => false,
                },
            };
            let (name, published) = (column.name(), column.type_name());
            assert!(
                fits,
                "{name} is published as {published}, and read as {field}"
            );
        }
    }

    /// Each attribute that was sent is in a column or in overflow, and there is nothing else.
    async fn check_values(&self, truth: &Truth) {
        let overflow = "CAST(sum(cardinality(overflow)) AS BIGINT)".to_owned();
        let columns = self.attributes();
        let columns = columns.map(|column| format!("count(\"{}\")", column.name()));
        let counts: Vec<String> = columns.chain([overflow]).collect();
        let sql = format!("SELECT {} FROM logs", counts.join(", "));
        let row = &self.query(&sql).await[0];
        let counts = row.columns().iter();
        let values: i64 = counts
            .map(|count| count.as_primitive::<Int64Type>().value(0))
            .sum();
        assert_eq!(values, truth.values as i64);
    }

    async fn check_filter(&self, truth: &Truth, name: &str, text: &str) {
        let (surely, possibly) = truth.with(name, text);
        let (_, condition) = snippet("filter").split_once("FROM logs ").unwrap();
        let literal = self.column_of(name).and_then(|column| {
            let literal = match column.column_type()? {
                ColumnType::Utf8 => format!("'{}'", text.replace('\'', "''")),
                ColumnType::Int64 => text.parse::<i64>().ok()?.to_string(),
                ColumnType::Float64 => format!("{:?}", text.parse::<f64>().ok()?),
                ColumnType::Boolean => text.parse::<bool>().ok()?.to_string(),
                _ => return None,
            };
            Some(format!("\"{}\" = {literal}", column.name()))
        });
        let condition = condition
            .replace("attr_user_id = 7", literal.as_deref().unwrap_or("false"))
            .replace("attr.user.id", name)
            .replace("'7'", &format!("'{}'", text.replace('\'', "''")));
        let found = self.numbers(&condition).await;
        let distinct: BTreeSet<i64> = found.iter().copied().collect();
        assert_eq!(
            found.len(),
            distinct.len(),
            "{condition} finds records twice"
        );
        assert!(
            !surely.is_empty(),
            "no record has the value {text:?} for {name}"
        );
        assert!(
            surely.is_subset(&distinct),
            "{condition}: {surely:?}, found {found:?}"
        );
        assert!(
            distinct.is_subset(&possibly),
            "{condition}: {possibly:?}, found {found:?}"
        );
    }
}

async fn check(directory: &Path, signal: Signal, partitions: &str, filters: &[(&str, &str)]) {
    let truth = Truth::of(drift(), signal);
    for table in sql_tables::open(directory, signal).await {
        sql_tables::check(&table, signal, &truth, filters).await;
    }
    let table = Table::open(&directory.join("lake"), signal, partitions).await;
    table.check_types().await;
    assert_eq!(table.numbers("").await, truth.numbers());
    table.check_values(&truth).await;
    for (name, text) in filters {
        table.check_filter(&truth, name, text).await;
    }
}

#[tokio::test]
async fn it_finds_what_was_sent() {
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    write(drift(), directory).unwrap();
    check(
        directory,
        Signal::Logs,
        "date",
        &[
            ("attr.drift.tenant", "t-1"),
            ("attr.late.promoted", "0.5"),
            ("attr.flip.0", "65536"),
            ("attr.flip.0", "O'Neil \"quoted\" \\ back"),
            ("attr.flip.1", "true"),
            ("attr.flip.2", "-2.75"),
            ("attr.flip.2", "true"),
            ("attr.flip.7", "200"),
            ("attr.flip.3", "false"),
            ("attr.größe.cm", "200"),
            ("attr.fleeting.795.value", "true"),
        ],
    )
    .await;
    check(
        directory,
        Signal::Traces,
        "year, month",
        &[("attr.flip.3", "true")],
    )
    .await;
    check(
        directory,
        Signal::Metrics,
        "date, hour",
        &[("attr.flip.0", "7")],
    )
    .await;

    let table = Table::open(&directory.join("lake"), Signal::Logs, "date").await;
    let of_the_day = table.numbers("WHERE date = '2025-01-06'").await;
    let of_the_time =
        "WHERE \"timestamp\" >= '2025-01-06T00:00:00Z' AND \"timestamp\" < '2025-01-07T00:00:00Z'";
    assert_eq!(of_the_day, table.numbers(of_the_time).await);
    assert!(of_the_day.len() > records() / 2, "{of_the_day:?}");
    let without_time = table
        .numbers("WHERE date = '__HIVE_DEFAULT_PARTITION__'")
        .await;
    assert_eq!(
        without_time,
        table.numbers("WHERE \"timestamp\" IS NULL").await
    );
    assert!(!without_time.is_empty());
}

//! The columns of the table.

use std::ffi::OsStr;
use std::path::Path;
use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field};
use datafusion::catalog::TableProvider;
use datafusion::datasource::file_format::parquet::ParquetFormat;
use datafusion::datasource::listing::{ListingOptions, ListingTableUrl};
use datafusion::prelude::SessionConfig;
use otlake::otlp::{ContentEncoding, Format};
use otlake::row::Signal;
use otlake::{EncodedPayload, Pipeline};
use otlake_datafusion::{DatasetFiles, DatasetTable};
use otlake_dataset::{Dataset, MetricTables};
use otlake_schema::Table;

use crate::lake::{BEGIN, Lake, OwnedValue, Record, URL, rows};

/// DataFusion finds the same types when it opens the files: in all tables, with a column of each attribute type.
#[tokio::test(flavor = "multi_thread")]
async fn types_are_those_that_datafusion_finds_in_files() {
    let lake = Arc::new(Lake::new());
    for metric_tables in [MetricTables::One, MetricTables::PerKind] {
        let lake = Arc::clone(&lake);
        let write = move || write_recorded(&lake, metric_tables);
        tokio::task::spawn_blocking(write).await.unwrap();
    }
    let context = lake.empty_session(SessionConfig::new());
    for table in Table::ALL {
        let ours = DatasetTable::open(&context.state(), URL, table)
            .await
            .unwrap();
        let url = ListingTableUrl::parse(format!("{URL}/{}/", table.name())).unwrap();
        let options = ListingOptions::new(Arc::new(ParquetFormat::default()));
        let theirs = options.infer_schema(&context.state(), &url).await.unwrap();
        assert!(theirs.fields().len() > 10, "{}", table.name());
        for field in theirs.fields() {
            let schema = ours.schema();
            let found = schema.field_with_name(field.name()).unwrap();
            let (found, field) = (without_metadata(found), without_metadata(field));
            assert_eq!(found, field, "{}", table.name());
        }
    }
}

/// Field ids are metadata of fields inside of others.
fn without_metadata(field: &Field) -> String {
    fn text(data_type: &DataType) -> String {
        match data_type {
            DataType::List(field) => format!("list of {}", without_metadata(field)),
            DataType::Map(field, sorted) => format!("map of {}, {sorted}", without_metadata(field)),
            DataType::Struct(fields) => fields
                .iter()
                .map(|field| without_metadata(field) + ", ")
                .collect(),
            other => other.to_string(),
        }
    }
    format!(
        "{}: {} {}",
        field.name(),
        text(field.data_type()),
        field.is_nullable()
    )
}

/// Writes the payloads that were recorded from SDKs.
fn write_recorded(lake: &Lake, metric_tables: MetricTables) {
    let options = Dataset::builder().metric_tables(metric_tables);
    let dataset = options.open(Arc::clone(&lake.storage) as _).unwrap();
    let mut pipeline = Pipeline::on(&dataset).fingerprint().build();
    for signal in [Signal::Logs, Signal::Traces, Signal::Metrics] {
        let data = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/data");
        for entry in std::fs::read_dir(Path::new(data).join(signal.name())).unwrap() {
            let path = entry.unwrap().path();
            let extension = path.extension().and_then(OsStr::to_str).unwrap();
            let encoding = ContentEncoding::from_extension(extension);
            let payload = EncodedPayload::new(std::fs::read(&path).unwrap(), encoding);
            pipeline.ingest(signal, Format::Protobuf, payload).unwrap();
        }
    }
    pipeline.flush().unwrap();
}

/// A file that lacks a column of the published schema has nulls there, in filters and in results.
#[test]
fn files_without_a_column_have_nulls() {
    let lake = Lake::new();
    let with = |name: &str, value: OwnedValue| {
        Record {
            time: BEGIN,
            ..Record::default()
        }
        .with(name, value)
    };
    let records = [
        with("a", OwnedValue::Int(7)),
        with("b", OwnedValue::Text("x".to_owned())),
        with("a", OwnedValue::Int(8)).with("c", OwnedValue::Bytes(vec![1])),
    ];
    for record in &records {
        lake.write(Dataset::builder(), [record]);
    }
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        for files in [DatasetFiles::Manifests, crate::lake::listing()] {
            let context = lake.session(files).await;
            for (sql, expected) in [
                (
                    "SELECT attr_a, attr_b, attr_c FROM logs ORDER BY attr_a",
                    vec!["7 | null | null", "8 | null | 01", "null | x | null"],
                ),
                ("SELECT attr_b FROM logs WHERE attr_a IS NULL", vec!["x"]),
                (
                    "SELECT attr_a FROM logs WHERE attr_b IS NULL AND attr_c IS NOT NULL",
                    vec!["8"],
                ),
                ("SELECT count(*) FROM logs WHERE attr_a <> 7", vec!["1"]),
                (
                    "SELECT count(attr_a), count(attr_c) FROM logs",
                    vec!["2 | 1"],
                ),
            ] {
                assert_eq!(rows(&context, sql).await, expected, "{sql}");
            }
        }
    });
}

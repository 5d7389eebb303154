//! Errors say what is wrong, and what to do.

use std::sync::Arc;

use datafusion::error::DataFusionError;
use datafusion::prelude::SessionConfig;
use otlake_datafusion::{DatasetTable, DatasetTableError};
use otlake_dataset::Dataset;
use otlake_schema::Table;
use otlake_storage::{Documents, PutIf};

use crate::lake::{BEGIN, Lake, Record, URL};

fn open(lake: &Lake, url: &str, table: Table) -> Result<DatasetTable, DataFusionError> {
    let context = lake.empty_session(SessionConfig::new());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(DatasetTable::open(&context.state(), url, table))
}

fn error(lake: &Lake, url: &str, table: Table) -> (DatasetTableError, String) {
    match open(lake, url, table).unwrap_err() {
        DataFusionError::External(error) => {
            let error = error.downcast::<DatasetTableError>().unwrap();
            let source = std::error::Error::source(&*error).map(ToString::to_string);
            (*error, source.unwrap_or_default())
        }
        other => panic!("{other}"),
    }
}

fn replace(lake: &Lake, name: &str, with: &str) {
    let condition = match lake.storage.get(name).unwrap() {
        Some(document) => PutIf::Matches(document.version),
        None => PutIf::Absent,
    };
    let _ = lake
        .storage
        .put(name, with.to_owned().into(), condition)
        .unwrap();
}

#[test]
fn a_dataset_that_is_not_there_is_an_error_that_names_the_document() {
    let lake = Lake::new();
    lake.write(
        Dataset::builder(),
        [&Record {
            time: BEGIN,
            ..Record::default()
        }],
    );
    for (url, table) in [
        ("memory://lake/elsewhere", Table::Logs),
        (URL, Table::Traces),
    ] {
        let (error, _) = error(&lake, url, table);
        assert!(
            matches!(error, DatasetTableError::NotFound { .. }),
            "{error}"
        );
        let document = format!("_otlake/{}.schema.json", table.name());
        assert!(error.to_string().contains(&document), "{error}");
    }
    let error = open(&lake, "s3://unknown/lake", Table::Logs).unwrap_err();
    assert!(error.to_string().contains("s3://unknown"), "{error}");
}

#[test]
fn damaged_documents_are_errors_that_name_them() {
    let schema = "_otlake/logs.schema.json";
    let manifest = "_otlake/manifests/logs/x.json";
    for (name, content, expected) in [
        (schema, "{", "damaged"),
        (manifest, "{}", "damaged"),
        (
            manifest,
            r#"{"format": "otlake.manifest/9"}"#,
            "update the reader",
        ),
    ] {
        let lake = Lake::new();
        lake.write(
            Dataset::builder(),
            [&Record {
                time: BEGIN,
                ..Record::default()
            }],
        );
        replace(&lake, name, content);
        let (error, source) = error(&lake, URL, Table::Logs);
        assert!(error.to_string().contains(name), "{error}");
        assert!(source.contains(expected), "{source}");
    }
    let lake = Lake::new();
    let service = Some("cart".to_owned());
    lake.write(
        Dataset::builder(),
        [&Record {
            time: BEGIN,
            service,
            ..Record::default()
        }],
    );
    let logs = lake.storage.get(schema).unwrap().unwrap();
    let name = "_otlake/traces.schema.json";
    let _ = lake.storage.put(name, logs.bytes, PutIf::Absent).unwrap();
    let (error, _) = error(&lake, URL, Table::Traces);
    assert!(
        error
            .to_string()
            .contains("is the schema of logs, not of traces"),
        "{error}"
    );
}

/// A file that is missing or damaged is an error that names it, not a smaller result.
#[test]
fn a_file_that_can_not_be_read_is_an_error() {
    for damage in ["delete", "overwrite"] {
        let lake = Lake::new();
        lake.write(
            Dataset::builder(),
            [&Record {
                time: BEGIN,
                ..Record::default()
            }],
        );
        let file = lake.storage.list("logs/").unwrap().remove(0).name;
        match damage {
            "delete" => lake.storage.delete(&file).unwrap(),
            _ => {
                let bytes = lake.storage.get(&file).unwrap().unwrap().bytes;
                replace(&lake, &file, &"x".repeat(bytes.len()));
            }
        }
        let table = Arc::new(open(&lake, URL, Table::Logs).unwrap());
        let context = lake.empty_session(SessionConfig::new());
        context.register_table("logs", table).unwrap();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let rows = runtime.block_on(crate::lake::try_rows(&context, "SELECT body FROM logs"));
        let error = rows.unwrap_err().to_string();
        assert!(damage == "overwrite" || error.contains(&file), "{error}");
    }
}

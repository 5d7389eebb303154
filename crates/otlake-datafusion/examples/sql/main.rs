//! Queries the recorded OTLP files in `examples/data` with SQL, then a dataset of the same records. To run your own queries
//! on the files, pass them: `-- "SELECT … FROM logs"`. The tables are `logs`, `traces` and `metrics`;
//! `read_otlp('path', 'logs')` reads other files.

#![allow(clippy::print_stdout, reason = "an example")]

use std::error::Error;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use datafusion::prelude::SessionContext;
use otlake::Pipeline;
use otlake_datafusion::OtlpTable;
use otlake_otlp::PayloadReader;
use otlake_row::Signal;
use otlake_storage::LocalDirectory;

const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/data");

const SIGNALS: [Signal; 3] = [Signal::Logs, Signal::Traces, Signal::Metrics];

/// Queries with their titles.
const QUERIES: [(&str, &str); 5] = [
    ("Errors by service", include_str!("errors_by_service.sql")),
    ("Slowest spans", include_str!("slowest_spans.sql")),
    (
        "Most frequent log patterns",
        include_str!("top_patterns.sql"),
    ),
    (
        "99th percentiles from histogram buckets",
        include_str!("p99_from_buckets.sql"),
    ),
    (
        "Logs of failed spans",
        include_str!("logs_of_failed_spans.sql"),
    ),
];

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let context = session();
    for signal in SIGNALS {
        let table = OtlpTable::builder(files(signal), signal)
            .open(&context.state())
            .await?;
        context.register_table(signal.name(), Arc::new(table))?;
    }
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if !arguments.is_empty() {
        for sql in &arguments {
            context.sql(sql).await?.show().await?;
        }
        return Ok(());
    }
    println!("Queries of the raw files:\n");
    answer_all(&context).await?;

    let lake = tempfile::tempdir()?;
    write_dataset(lake.path())?;
    let context = session();
    let url = lake
        .path()
        .to_str()
        .ok_or("the path of the temporary directory is not text")?;
    otlake_datafusion::register_dataset(&context, url).await?;
    println!("The same queries of a dataset:\n");
    answer_all(&context).await
}

fn session() -> SessionContext {
    let context = SessionContext::new();
    otlake_datafusion::register(&context);
    context
}

fn files(signal: Signal) -> String {
    format!("{DATA}/{}", signal.name())
}

async fn answer_all(context: &SessionContext) -> Result<(), Box<dyn Error>> {
    for (title, sql) in QUERIES {
        println!("# {title}\n\n{sql}");
        context.sql(sql).await?.show().await?;
        println!();
    }
    Ok(())
}

/// Converts the recorded files to a dataset.
fn write_dataset(directory: &Path) -> Result<(), Box<dyn Error>> {
    let storage = Arc::new(LocalDirectory::new(directory));
    let mut pipeline = Pipeline::builder().fingerprint().build(storage)?;
    for signal in SIGNALS {
        let paths = fs::read_dir(files(signal))?.map(|entry| Ok(entry?.path()));
        let mut paths: Vec<PathBuf> = paths.collect::<io::Result<_>>()?;
        paths.sort();
        for path in paths {
            for payload in PayloadReader::new(File::open(path)?) {
                let payload = payload?;
                pipeline.ingest(signal, payload.format, payload.bytes)?;
            }
        }
    }
    pipeline.flush()?;
    Ok(())
}

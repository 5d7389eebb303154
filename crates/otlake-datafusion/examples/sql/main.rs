//! Queries the recorded OTLP files in `examples/data` with SQL, or your own: `-- "SELECT … FROM logs"`. The tables are
//! `logs`, `traces` and `metrics`; `read_otlp('path', 'logs')` reads other files.

#![allow(clippy::print_stdout, reason = "an example")]

use std::error::Error;
use std::sync::Arc;

use datafusion::prelude::SessionContext;
use otlake_datafusion::OtlpTable;
use otlake_row::Signal;

const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/data");

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
    let context = SessionContext::new();
    otlake_datafusion::register(&context);
    for signal in [Signal::Logs, Signal::Traces, Signal::Metrics] {
        let files = format!("{DATA}/{}", signal.name());
        let table = OtlpTable::builder(files, signal)
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
    for (title, sql) in QUERIES {
        println!("# {title}\n\n{sql}");
        context.sql(sql).await?.show().await?;
        println!();
    }
    Ok(())
}

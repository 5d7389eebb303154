//! Renames attributes, so that those of two versions of the semantic conventions share a column.
//!
//! ```text
//! cargo run -p otlake-examples --example rename
//! ```

use anyhow::Context;
use otlake::otlp::Format;
use otlake::row::Signal;
use otlake::schema::Table;
use otlake::storage::LocalDirectory;
use otlake::{Pipeline, Rename};

/// One span with the names from before the HTTP conventions were stable, and one with those of today.
const SPANS: &str = r#"{"resourceSpans":[{
    "resource":{"attributes":[{"key":"deployment.environment","value":{"stringValue":"prod"}}]},
    "scopeSpans":[{"spans":[
        {"name":"GET /cart","attributes":[
            {"key":"http.method","value":{"stringValue":"GET"}},
            {"key":"http.status_code","value":{"intValue":"200"}}]},
        {"name":"GET /cart","attributes":[
            {"key":"http.request.method","value":{"stringValue":"GET"}},
            {"key":"http.response.status_code","value":{"intValue":"404"}}]}
    ]}]}]}"#;

fn main() -> anyhow::Result<()> {
    let rename = Rename::builder()
        .attributes([
            ("http.method", "http.request.method"),
            ("http.status_code", "http.response.status_code"),
            ("http.url", "url.full"),
        ])
        .resource("deployment.environment", "deployment.environment.name")
        .build()?;
    let mut pipeline = Pipeline::builder()
        .stage(rename)
        .build(LocalDirectory::new("target/otlake-rename"))?;
    pipeline.ingest(Signal::Traces, Format::Json, SPANS)?;
    pipeline.flush()?;

    let schema = pipeline.schema(Table::Traces).context("no spans")?;
    let names: Vec<&str> = schema
        .columns()
        .iter()
        .map(|column| column.name())
        .collect();
    for name in ["attr_http_request_method", "attr_http_response_status_code"] {
        assert!(names.contains(&name), "both spans have it");
        println!("{name}");
    }
    assert!(!names.contains(&"attr_http_method"));
    Ok(())
}

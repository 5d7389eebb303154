//! Drops records that nobody will query: debug logs, health checks, and those of a load test.
//!
//! ```text
//! cargo run -p otlake-examples --example filter
//! ```

use otlake::otlp::Format;
use otlake::row::{Row, Signal, Stage, Value, fields};
use otlake::storage::LocalDirectory;
use otlake::{Filter, HasAttribute, Pipeline};

const LOGS: &str = r#"{"resourceLogs":[
    {"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"cart"}}]},
     "scopeLogs":[{"logRecords":[
        {"severityNumber":5,"body":{"stringValue":"cache miss"}},
        {"severityNumber":9,"body":{"stringValue":"GET /healthz 200"}},
        {"severityNumber":17,"body":{"stringValue":"no stock left"}}]}]},
    {"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"load-test"}}]},
     "scopeLogs":[{"logRecords":[{"severityNumber":17,"body":{"stringValue":"too slow"}}]}]}]}"#;

/// Returns whether a row is the log of a health check. Any such function is a predicate.
fn is_health_check(row: &Row<'_>) -> bool {
    let body = row.get(fields::BODY).and_then(Value::as_str);
    body.is_some_and(|body| body.contains("/healthz"))
}

fn main() -> anyhow::Result<()> {
    let mut pipeline = Pipeline::builder()
        .stage(Filter::min_severity(9))
        .stage(Filter::drop(is_health_check).only(Signal::Logs))
        .stage(Filter::drop(
            HasAttribute::resource("service.name").with_value("load-test"),
        ))
        .build(LocalDirectory::new("target/otlake-filter"))?;
    pipeline.ingest(Signal::Logs, Format::Json, LOGS)?;
    pipeline.flush()?;

    let (severity, health, load_test) = pipeline.stages();
    for (what, dropped) in [
        ("below INFO", severity.dropped()),
        ("health checks", health.dropped()),
        ("of the load test", load_test.dropped()),
    ] {
        println!("{dropped} dropped: {what}");
    }
    let report = pipeline.finish()?;
    println!(
        "{} accepted, {} dropped",
        report.records.accepted, report.dropped
    );
    assert_eq!((report.records.accepted, report.dropped), (4, 3));
    Ok(())
}

//! Removes secrets and personal data before later stages see them, so that they get into no pattern either.
//!
//! ```text
//! cargo run -p otlake-examples --example redact
//! ```

use otlake::fingerprint::PatternOptions;
use otlake::otlp::Format;
use otlake::row::Signal;
use otlake::storage::LocalDirectory;
use otlake::{FingerprintStage, Pipeline, Redact, Sensitive};

const LOGS: &str = r#"{"resourceLogs":[{
    "resource":{"attributes":[{"key":"owner","value":{"stringValue":"ann@example.com"}}]},
    "scopeLogs":[{"logRecords":[
        {"body":{"stringValue":"login of ann@example.com from 10.0.0.17"}},
        {"body":{"stringValue":"login of bob@example.com from 192.0.2.4"}},
        {"body":{"stringValue":"employee E-104233 paid with 4111 1111 1111 1111"},
         "attributes":[{"key":"db.password","value":{"stringValue":"hunter2"}}]}
    ]}]}]}"#;

fn main() -> anyhow::Result<()> {
    let redact = Redact::builder()
        .key("http.request.header.authorization")
        .key_regex("(?i)password|secret|api[-_]?key")
        .sensitive(Sensitive::ALL)
        .regex(r"\bE-[0-9]{6}\b", "<employee>")
        .build()?;
    let mut pipeline = Pipeline::builder()
        .stage(redact)
        .stage(FingerprintStage::new().with_patterns(PatternOptions::default()))
        .build(LocalDirectory::new("target/otlake-redact"))?;
    pipeline.ingest(Signal::Logs, Format::Json, LOGS)?;

    let report = pipeline.finish()?;
    for pattern in report.patterns.iter().flat_map(|patterns| patterns.iter()) {
        println!("{} x {}", pattern.count, pattern.template);
        assert!(!pattern.template.contains("example.com"));
    }
    for file in report.files() {
        println!("{}: {} records", file.name, file.rows);
    }
    Ok(())
}

//! Runs the table in `data/dialect.txt`, whose cases are a record in JSON and its rows.

use std::fmt::Write;

use otlake_otlp::OtlpDecoder;
use otlake_testkit::CanonicalValue;

use crate::subject::{
    ExportLogsServiceRequest, ExportMetricsServiceRequest, ExportTraceServiceRequest, Subject,
    decode,
};

#[test]
fn every_case_of_the_table_gives_its_rows() {
    let table = include_str!("data/dialect.txt");
    let mut cases = 0;
    for (number, line) in table.lines().enumerate() {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let mut columns = line.split(" => ");
        let (Some(case), Some(expected), None) = (columns.next(), columns.next(), columns.next())
        else {
            panic!("line {}: not a case: {line}", number + 1);
        };
        let (form, json) = case.split_once(' ').unwrap();
        let ours = match form {
            "log" => one::<ExportLogsServiceRequest>(
                r#"{"resourceLogs":[{"scopeLogs":[{"logRecords":["#,
                json,
                "]}]}]}",
            ),
            "span" => one::<ExportTraceServiceRequest>(
                r#"{"resourceSpans":[{"scopeSpans":[{"spans":["#,
                json,
                "]}]}]}",
            ),
            "metric" => one::<ExportMetricsServiceRequest>(
                r#"{"resourceMetrics":[{"scopeMetrics":[{"metrics":["#,
                json,
                "]}]}]}",
            ),
            "logs" => one::<ExportLogsServiceRequest>("", json, ""),
            "spans" => one::<ExportTraceServiceRequest>("", json, ""),
            "metrics" => one::<ExportMetricsServiceRequest>("", json, ""),
            other => panic!("line {}: no such form: {other}", number + 1),
        };
        assert_eq!(ours, expected, "line {}: {json}", number + 1);
        cases += 1;
    }
    assert!(cases > 100, "{cases}");
}

/// Returns the rows as text, or the error without its position.
fn one<S: Subject>(before: &str, json: &str, after: &str) -> String {
    let mut decoder = OtlpDecoder::new();
    match decode::<S>(&mut decoder, format!("{before}{json}{after}").as_bytes()) {
        Err(error) => format!("error: {}", error.kind()),
        Ok((rows, summary)) => {
            let mut text = String::new();
            for row in rows {
                let mut cells = Vec::new();
                let mut of = |prefix: &str, entries: &[(String, CanonicalValue)]| {
                    for (name, value) in entries {
                        cells.push(format!("{prefix}{name}={}", show(value)));
                    }
                };
                of("", &row.fields);
                of("resource:", &row.resource);
                of("scope:", &row.scope);
                of("@", &row.attributes);
                let separator = if text.is_empty() { "" } else { " | " };
                write!(text, "{separator}{}", cells.join(" ")).unwrap();
            }
            if summary.replaced_strings > 0 {
                write!(text, " ({} replaced)", summary.replaced_strings).unwrap();
            }
            if let Some(rejection) = summary.first_rejection {
                write!(text, " (rejected: {})", rejection.reason()).unwrap();
            }
            if let Some(path) = summary.first_unknown_field {
                let last = path.rsplit('.').next().unwrap();
                write!(text, " (unknown: {last})").unwrap();
            }
            text.trim_start().to_owned()
        }
    }
}

fn show(value: &CanonicalValue) -> String {
    match value {
        CanonicalValue::Empty => "empty".to_owned(),
        CanonicalValue::Bool(bool) => bool.to_string(),
        CanonicalValue::Int(int) => int.to_string(),
        CanonicalValue::Double(bits) => format!("{:?}f", f64::from_bits(*bits)),
        CanonicalValue::String(string) => format!("{string:?}"),
        CanonicalValue::Bytes(bytes) => {
            let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("x{digits}")
        }
        CanonicalValue::Array(values) => {
            format!(
                "[{}]",
                values.iter().map(show).collect::<Vec<_>>().join(",")
            )
        }
        CanonicalValue::KvList(entries) => {
            let entries = entries
                .iter()
                .map(|(name, value)| format!("{name}:{}", show(value)));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(","))
        }
    }
}

//! A custom `RowSink`: counts the records of every service by severity, without Arrow and without
//! Parquet.
//!
//! ```text
//! cargo run --example custom_sink
//! ```

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::path::Path;

use otlake::otlp::{ContentEncoding, Format, Limits, OtlpDecoder};
use otlake::row::{GroupId, Row, RowSink, Signal, Value, fields};

/// The severity ranges of the OpenTelemetry log data model.
const RANGES: [&str; 7] = [
    "UNSPECIFIED",
    "TRACE",
    "DEBUG",
    "INFO",
    "WARN",
    "ERROR",
    "FATAL",
];

#[derive(Default)]
struct SeverityCounts {
    counts: BTreeMap<String, [u64; RANGES.len()]>,
    /// The resource of the previous row and its service, so that each resource is inspected only
    /// once, however many records it has.
    current: Option<(GroupId, String)>,
}

impl RowSink for SeverityCounts {
    type Error = Infallible;

    fn row(&mut self, row: &mut Row<'_>) -> Result<(), Infallible> {
        let resource = row.resource();
        if self
            .current
            .as_ref()
            .is_none_or(|(id, _)| *id != resource.id())
        {
            let service = row.service_name().unwrap_or("unknown");
            self.current = Some((resource.id(), service.to_owned()));
        }
        let severity = row
            .get(fields::SEVERITY_NUMBER)
            .and_then(Value::as_int)
            .unwrap_or(0);
        // 1 to 4 are TRACE, 5 to 8 are DEBUG, and so on up to 24.
        let range = usize::try_from((severity + 3) / 4)
            .unwrap_or(0)
            .min(RANGES.len() - 1);
        if let Some((_, service)) = &self.current {
            self.counts.entry(service.clone()).or_default()[range] += 1;
        }
        Ok(())
    }
}

fn main() -> anyhow::Result<()> {
    let mut decoder = OtlpDecoder::new();
    let mut sink = SeverityCounts::default();
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/logs");
    for entry in std::fs::read_dir(directory)? {
        let path = entry?.path();
        let extension = path.extension().and_then(|extension| extension.to_str());
        let encoding = ContentEncoding::from_extension(extension.unwrap_or_default());
        let body = std::fs::read(&path)?.into();
        let payload = encoding.inflate(&body, Limits::default().payload_bytes())?;
        decoder.decode(Signal::Logs, Format::Protobuf, &payload, &mut sink)?;
    }
    for (service, counts) in &sink.counts {
        let counts = RANGES.iter().zip(counts).filter(|(_, count)| **count > 0);
        let counts: Vec<String> = counts
            .map(|(range, count)| format!("{range} {count}"))
            .collect();
        println!("{service}: {}", counts.join(", "));
    }
    Ok(())
}

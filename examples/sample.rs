//! Keeps one trace in four with all of its spans and logs, and only the first log of each fingerprint per minute.
//!
//! ```text
//! cargo run -p otlake-examples --example sample
//! ```

use std::path::Path;
use std::time::Duration;

use otlake::otlp::{ContentEncoding, Format};
use otlake::row::Signal;
use otlake::storage::LocalDirectory;
use otlake::{EncodedPayload, Pipeline, Sample};

fn main() -> anyhow::Result<()> {
    let mut pipeline = Pipeline::builder()
        .stage(Sample::traces(0.25)?)
        .fingerprint()
        .stage(Sample::per_fingerprint(1, Duration::from_secs(60)))
        .build(LocalDirectory::new("target/otlake-sample"))?;

    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("data");
    for signal in [Signal::Logs, Signal::Traces] {
        let mut paths = std::fs::read_dir(data.join(signal.name()))?
            .map(|entry| Ok(entry?.path()))
            .collect::<std::io::Result<Vec<_>>>()?;
        paths.sort();
        for path in paths {
            let extension = path.extension().and_then(|extension| extension.to_str());
            let encoding = ContentEncoding::from_extension(extension.unwrap_or_default());
            let payload = EncodedPayload::new(std::fs::read(&path)?, encoding);
            pipeline.ingest(signal, Format::Protobuf, payload)?;
        }
    }
    let report = pipeline.finish()?;
    for table in &report.tables {
        let rows: u64 = table.files.iter().map(|file| file.rows).sum();
        println!("{}: {rows} kept", table.table.name());
    }
    println!("{} of {} dropped", report.dropped, report.records.accepted);
    Ok(())
}

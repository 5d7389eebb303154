//! OTLP in, Delta tables out: each payload is a batch of its own, and a version of its table. Run it twice: the second run
//! finds all batches in the tables.
//!
//! ```text
//! cargo run -p otlake-delta --example delta -- [DIRECTORY [PAYLOADS]]
//! ```
//!
//! The first argument is a directory for the tables, `target/delta` if it is missing; the second one is the number of
//! payloads of each signal, 6 if it is missing.

#![allow(clippy::print_stdout, reason = "an example shows its results")]

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use otlake::dataset::{BatchId, BatchStart, Commit, Dataset};
use otlake::otlp::{ContentEncoding, Format};
use otlake::row::Signal;
use otlake::schema::Table;
use otlake::{EncodedPayload, Pipeline};
use otlake_delta::DeltaCommit;

/// Returns the paths of the payloads of a signal, sorted.
fn payloads(signal: Signal) -> std::io::Result<Vec<PathBuf>> {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/data");
    let entries = fs::read_dir(data.join(signal.name()))?;
    let mut paths = entries
        .map(|entry| Ok(entry?.path()))
        .collect::<std::io::Result<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}

fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let mut arguments = std::env::args().skip(1);
    let location = arguments.next().unwrap_or("target/delta".to_owned());
    let count = arguments.next().map_or(Ok(6), |count| count.parse())?;

    let storage = otlake::storage::open(&location)?;
    let delta = Arc::new(DeltaCommit::builder(storage.clone()).build()?);
    let dataset = Dataset::builder()
        .partitioning("date={date}/service={resource.service.name}".parse()?)
        .commit(delta.clone())
        .open(storage)?;
    let mut pipeline = Pipeline::on(&dataset).fingerprint().build();

    for signal in [Signal::Logs, Signal::Traces, Signal::Metrics] {
        let paths = payloads(signal)?;
        // Every fifth payload, so that columns are added in between.
        for (number, path) in paths.iter().enumerate().step_by(5).take(count) {
            let encoding = match path.extension() {
                Some(extension) if extension == "gz" => ContentEncoding::Gzip,
                _ => ContentEncoding::Identity,
            };
            let payload = EncodedPayload::new(fs::read(path)?, encoding);
            // The payloads of a signal are a source, in the order of their names.
            let id = BatchId::new(signal.name(), number as u64)?;
            let outcome =
                pipeline.batch(&id, |batch| batch.ingest(signal, Format::Protobuf, payload))?;
            match outcome.start {
                BatchStart::Begun => println!("{id}: {} records", outcome.records.accepted),
                BatchStart::AlreadyFinished => println!("{id} is in the table already"),
            }
        }
    }
    for table in [Table::Logs, Table::Traces, Table::Metrics] {
        let files = delta.files(table)?;
        let rows: u64 = files.iter().map(|file| file.rows).sum();
        let version = delta.version(table)?.ok_or("the table was created above")?;
        println!(
            "{}: version {version}, {} files, {rows} rows",
            table.name(),
            files.len()
        );
        assert!(rows > 0);
    }
    println!("read {location}/logs with deltalake, polars, DuckDB or Spark");
    Ok(())
}

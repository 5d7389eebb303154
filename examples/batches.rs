//! Batches with an identity: a batch that is retried appears in the files exactly once. The first
//! attempt here stops half-way, as if the process were killed.
//!
//! ```text
//! cargo run -p otlake-examples --example batches
//! ```

use std::error::Error;
use std::path::Path;
use std::time::Duration;

use otlake::dataset::{BatchId, Manifest};
use otlake::storage::{Documents, LocalDirectory};
use otlake::{IngestError, Pipeline, PipelineBuilder};

/// Reads the message after an offset of a queue. It is the same whenever it is read.
fn read_from_queue(offset: u64) -> std::io::Result<Vec<u8>> {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/logs");
    std::fs::read(data.join(format!("checkout-python-{offset:03}.binpb")))
}

/// The settings belong to the input: an attempt with another partitioning would look for files of
/// the previous one in other directories.
fn settings() -> Result<PipelineBuilder, Box<dyn Error>> {
    let partitioning = "signal={signal}/date={date}".parse()?;
    Ok(Pipeline::builder()
        .partitioning(partitioning)
        .rows_per_file(20))
}

/// When this returns, the offset can be acknowledged. If it fails, or the process ends first, the
/// queue delivers the same message again.
fn deliver(pipeline: &mut Pipeline, offset: u64) -> Result<(), Box<dyn Error>> {
    let batch = BatchId::new(format!("checkout-0-{offset}"))?;
    let payload = read_from_queue(offset)?;
    for attempt in 1.. {
        let delivered = pipeline
            .begin_batch(&batch)
            .and_then(|()| pipeline.ingest_logs(payload.clone()).map(drop))
            .and_then(|()| pipeline.finish_batch());
        match delivered {
            Ok(()) => break,
            // A retry would be malformed too.
            Err(error @ IngestError::Payload { .. }) => return Err(error.into()),
            Err(error) if attempt == 5 => return Err(error.into()),
            Err(_) => std::thread::sleep(Duration::from_millis(100 << attempt)),
        }
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let lake = LocalDirectory::new("target/otlake-batches");

    let mut killed = settings()?.build_dataset(lake.clone())?;
    killed.begin_batch(&BatchId::new("checkout-0-1")?)?;
    killed.ingest_logs(read_from_queue(1)?)?;
    killed.flush()?;
    drop(killed);

    // When a service starts, it removes the temporary files of killed processes.
    lake.remove_leftovers(Duration::ZERO)?;
    let mut pipeline = settings()?.build_dataset(lake.clone())?;
    for offset in 1..=2 {
        deliver(&mut pipeline, offset)?;
    }

    let mut listed = 0;
    for document in lake.list("_otlake/manifests/logs")? {
        let Some(json) = lake.get(&document.name)? else {
            continue;
        };
        let manifest = Manifest::from_json(&json.bytes)?;
        println!("{}: {} records", document.name, manifest.rows());
        for file in manifest.files() {
            println!("    {} with {}", file.name, file.rows);
        }
        listed += manifest.files().len();
    }
    let there = lake.list("signal=logs")?.len();
    println!("{there} files, {listed} of them in manifests");
    assert_eq!(there, listed, "the first attempt left nothing behind");
    Ok(())
}

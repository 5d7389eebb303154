//! Batches with an identity: each is in the files exactly once, however often it is delivered. The first
//! try ends half-way here, as when the process is killed.
//!
//! ```text
//! cargo run -p otlake-examples --example batches
//! ```

use std::error::Error;
use std::path::Path;
use std::time::Duration;

use otlake::dataset::{BatchId, Manifest};
use otlake::storage::{Documents, LocalDirectory};
use otlake::{Pipeline, PipelineBuilder};

/// Reads what a queue has at an offset, which is the same whenever it is read.
fn read_from_queue(offset: u64) -> std::io::Result<Vec<u8>> {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/logs");
    std::fs::read(data.join(format!("checkout-python-{offset:03}.binpb")))
}

/// The options belong to the input as well: a try with another partitioning would look in other directories
/// for what the one before has left.
fn options() -> Result<PipelineBuilder, Box<dyn Error>> {
    let partitioning = "signal={signal}/date={date}".parse()?;
    Ok(Pipeline::builder()
        .partitioning(partitioning)
        .rows_per_file(20))
}

/// Once this has returned, the offset can be acknowledged. If it fails, or the process ends before that, the
/// queue delivers the same again.
fn deliver(pipeline: &mut Pipeline, offset: u64) -> Result<(), Box<dyn Error>> {
    let payload = read_from_queue(offset)?;
    let id = BatchId::new(format!("checkout-0-{offset}"))?;
    // Writes that fail are tried again: see `PipelineBuilder::retry`.
    let outcome = pipeline.batch(&id, |batch| batch.ingest_logs(payload))?;
    for failure in &outcome.failures {
        println!("offset {offset} was tried again, because {failure}");
    }
    println!("offset {offset}: {} records", outcome.records.accepted);
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let lake = LocalDirectory::new("target/otlake-batches");

    let mut killed = options()?.build(lake.clone())?;
    killed.begin_batch(&BatchId::new("checkout-0-1")?)?;
    killed.ingest_logs(read_from_queue(1)?)?;
    killed.flush()?;
    drop(killed);

    // When a service starts, it removes the open files of processes that were killed.
    lake.remove_leftovers(Duration::ZERO)?;
    let mut pipeline = options()?.build(lake.clone())?;
    for offset in 1..=2 {
        deliver(&mut pipeline, offset)?;
    }

    let mut listed = 0;
    for document in lake.list("_otlake/manifests/logs/")? {
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
    let present = lake.list("signal=logs/")?.len();
    println!("{present} files, {listed} of them in manifests");
    assert_eq!(present, listed, "the first try has left nothing");
    Ok(())
}

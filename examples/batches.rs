//! Batches with an identity: each is in the files exactly once, however often it is delivered. The first
//! attempt ends halfway here, as if the process had been killed.
//!
//! ```text
//! cargo run -p otlake-examples --example batches
//! ```

use std::path::Path;
use std::time::Duration;

use otlake::dataset::{BatchId, BatchStart, Manifest};
use otlake::storage::{Documents, LocalDirectory};
use otlake::{Pipeline, PipelineBuilder};

/// Reads the payload at an offset of a queue, which is the same each time.
fn read_from_queue(offset: u64) -> std::io::Result<Vec<u8>> {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/logs");
    std::fs::read(data.join(format!("checkout-python-{offset:03}.binpb")))
}

/// Returns the options of the pipeline. They must not change between attempts: with another partitioning, an
/// attempt would look for the files of an earlier one in other directories.
fn options() -> anyhow::Result<PipelineBuilder> {
    let partitioning = "signal={signal}/date={date}".parse()?;
    Ok(Pipeline::builder()
        .partitioning(partitioning)
        .rows_per_file(20))
}

/// Delivers the payload at an offset. When this has returned, the offset can be acknowledged. If it fails, or
/// the process ends first, the queue delivers the same payload again.
fn deliver(pipeline: &mut Pipeline, offset: u64) -> anyhow::Result<()> {
    let payload = read_from_queue(offset)?;
    let id = BatchId::new("checkout-0", offset)?;
    // Failed writes are retried: see `PipelineBuilder::retry`.
    let outcome = pipeline.batch(&id, |batch| batch.ingest_logs(payload))?;
    for failure in &outcome.failures {
        println!("offset {offset} was repeated: {failure}");
    }
    match outcome.start {
        BatchStart::Begun => println!("offset {offset}: {} records", outcome.records.accepted),
        BatchStart::AlreadyFinished => println!("offset {offset} is there already"),
    }
    Ok(())
}

fn main() -> anyhow::Result<()> {
    let lake = LocalDirectory::new("target/otlake-batches");

    let mut killed = options()?.build(lake.clone())?;
    if killed.begin_batch(&BatchId::new("checkout-0", 1)?)? == BatchStart::Begun {
        killed.ingest_logs(read_from_queue(1)?)?;
        killed.flush()?;
    }
    drop(killed);

    // A service that starts removes the open files of processes that were killed.
    lake.remove_leftovers(Duration::ZERO)?;
    let mut pipeline = options()?.build(lake.clone())?;
    // The acknowledgement of offset 2 is lost, so the queue delivers it again.
    for offset in [1, 2, 2] {
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
    assert_eq!(present, listed, "the first attempt has left nothing");
    Ok(())
}

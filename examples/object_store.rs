//! Writes files to the storage at a URL or path, and a document that two writers cannot overwrite for each
//! other.
//!
//! ```text
//! cargo run --example object_store
//! cargo run --example object_store --features aws -- s3://bucket/logs
//! ```
//!
//! Credentials and other options come from the environment, such as `AWS_ACCESS_KEY_ID`.

use std::path::Path;

use otlake::Pipeline;
use otlake::storage::{PutIf, PutOutcome, open};

fn main() -> anyhow::Result<()> {
    let location = std::env::args().nth(1);
    // Fails within seconds when the bucket does not exist or rejects the credentials.
    let storage = open(location.as_deref().unwrap_or("target/otlake-bucket/logs"))?;

    // Uploads run on a thread of the storage. In async code, run this block in `spawn_blocking`.
    let payload = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/logs/checkout-python-001.binpb");
    let mut pipeline = Pipeline::builder()
        .rows_per_file(50)
        .build_files(storage.clone())?;
    pipeline.ingest_logs(std::fs::read(payload)?)?;
    pipeline.finish()?;

    // The first writer creates the document; all others read it.
    let owner = r#"{"team":"shop"}"#;
    match storage.put("_otlake/owner.json", owner.into(), PutIf::Absent)? {
        PutOutcome::Stored(_) => println!("these logs are ours now"),
        PutOutcome::Conflict => println!("these logs have an owner already"),
    }
    for file in storage.list("")? {
        println!("{:>8} bytes  {}", file.bytes, file.name);
    }
    Ok(())
}

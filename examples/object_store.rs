//! Files in an object store, and a document that two writers don't overwrite for each other. The
//! store here is object_store's local directory; for a bucket, only the line that creates it
//! differs.
//!
//! ```text
//! cargo run -p otlake-examples --features object-store --example object_store
//! ```

use std::path::Path;
use std::sync::Arc;

use object_store::ObjectStore;
use object_store::local::LocalFileSystem;
use otlake::Pipeline;
use otlake_storage::{Documents, ObjectStorage, PutIf, PutOutcome};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    std::fs::create_dir_all("target/otlake-bucket")?;
    // With the feature `aws`, a bucket:
    //     AmazonS3Builder::from_env().with_bucket_name("lake").build()?
    let store: Arc<dyn ObjectStore> =
        Arc::new(LocalFileSystem::new_with_prefix("target/otlake-bucket")?);
    let storage = ObjectStorage::new(store, "logs")?;

    // Uploads run on a thread of the storage. In async code, run this block in `spawn_blocking`.
    let payload = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/logs/checkout-python-001.binpb");
    let mut pipeline = Pipeline::builder()
        .rows_per_file(50)
        .build_files(storage.clone())?;
    pipeline.ingest_logs(std::fs::read(payload)?)?;
    pipeline.finish()?;

    // The first writer creates it; all others read it.
    match storage.put(
        "_otlake/owner.json",
        r#"{"team":"shop"}"#.into(),
        PutIf::Absent,
    )? {
        PutOutcome::Stored(_) => println!("these logs are ours now"),
        PutOutcome::Conflict => println!("these logs have an owner already"),
    }
    for file in storage.list("")? {
        println!("{:>8} bytes  {}", file.bytes, file.name);
    }
    Ok(())
}

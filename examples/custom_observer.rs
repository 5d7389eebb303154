//! A custom `Observer`: prints what each call of a pipeline has done, and sums up the time spent in the storage.
//!
//! ```text
//! cargo run -p otlake-examples --example custom_observer
//! ```

mod recorded;

use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

use otlake::otlp::ContentEncoding;
use otlake::storage::InMemoryStorage;
use otlake::{Activity, EncodedPayload, Observer, Pipeline};

struct Print {
    /// The observer belongs to the pipeline, so it sends its results elsewhere.
    storing: Sender<Duration>,
}

impl Observer for Print {
    fn observe(&mut self, activity: &Activity<'_>) {
        let operation = activity.operation.name();
        match activity.error {
            Some(error) => println!("{operation} failed: {error}"),
            None => println!(
                "{operation}: {} bytes, {} records, {} rejected, in {:?}",
                activity.payload_bytes,
                activity.records.accepted,
                activity.records.rejected,
                activity.elapsed,
            ),
        }
        for table in &activity.tables {
            // The pipeline may outlive the receiver.
            let _ = self.storing.send(table.storing);
        }
    }
}

fn main() -> anyhow::Result<()> {
    let (storing, stored) = channel();
    let mut pipeline = Pipeline::builder()
        .observer(Print { storing })
        .build(InMemoryStorage::new())?;
    for path in recorded::paths(&["logs"])?.iter().take(3) {
        let extension = path.extension().unwrap_or_default().to_string_lossy();
        let encoding = ContentEncoding::from_extension(&extension);
        pipeline.ingest_logs(EncodedPayload::new(std::fs::read(path)?, encoding))?;
    }
    // A payload that is no payload: the observer is told, too.
    let malformed = pipeline.ingest_logs(b"not protobuf");
    assert!(malformed.is_err_and(|error| error.is_payload()));
    pipeline.finish()?;
    println!("closing files took {:?}", stored.iter().sum::<Duration>());
    Ok(())
}

//! Consumes the partitions of a log with offsets, such as a topic of Kafka: each record is in the files exactly once, whenever
//! the process is killed.
//!
//! ```text
//! cargo run -p otlake-examples --example queue_consumer -- LOG LAKE
//! ```
//!
//! A range of offsets is a batch, and its identity is the partition and the first offset. The same identity has to mean the
//! same records, also after a restart, when the log has become longer. So the range is stored before its records are read;
//! with Kafka, in the metadata of the committed offset.

mod file_log;

use std::error::Error;
use std::ops::Range;

use otlake::Pipeline;
use otlake::dataset::{BatchId, BatchStart};
use otlake::row::Signal;
use otlake::storage::LocalDirectory;

use crate::file_log::FileLog;

/// A log with partitions, whose messages have consecutive offsets.
trait Log {
    /// Returns the partitions that this process consumes. No other process may consume them at the same time.
    fn partitions(&self) -> std::io::Result<Vec<String>>;

    /// Returns the offset after the last message.
    fn end(&self, partition: &str) -> std::io::Result<u64>;

    /// Returns the messages of a range: their signals, and their payloads in protobuf.
    fn read(&self, partition: &str, range: Range<u64>) -> std::io::Result<Vec<(Signal, Vec<u8>)>>;

    /// Returns the range that was stored last. Its start is the committed offset.
    fn stored(&self, partition: &str) -> std::io::Result<Range<u64>>;

    /// Stores a range and commits its start as the offset, in one step.
    fn store(&self, partition: &str, range: Range<u64>) -> std::io::Result<()>;
}

/// The maximum number of messages in a range.
const MESSAGES: u64 = 16;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [log, lake] = &arguments[..] else {
        return Err("usage: queue_consumer LOG LAKE".into());
    };
    let storage = LocalDirectory::new(lake);
    // A process that was killed leaves temporary files.
    storage.remove_leftovers(std::time::Duration::ZERO)?;
    let mut pipeline = Pipeline::builder()
        .partitioning("{table}".parse()?)
        .build(storage)?;
    let log = FileLog::new(log);
    for partition in log.partitions()? {
        consume(&log, &partition, &mut pipeline)?;
    }
    Ok(())
}

/// Consumes a partition up to its end.
fn consume(log: &impl Log, partition: &str, pipeline: &mut Pipeline) -> Result<(), Box<dyn Error>> {
    let mut range = log.stored(partition)?;
    loop {
        if range.is_empty() {
            range.end = log.end(partition)?.min(range.start + MESSAGES);
            if range.is_empty() {
                return Ok(());
            }
            log.store(partition, range.clone())?;
        }
        let messages = log.read(partition, range.clone())?;
        let id = BatchId::new(format!("queue-{partition}"), range.start)?;
        let outcome = pipeline.batch(&id, |batch| {
            for (signal, payload) in messages {
                batch.ingest(signal, otlake::otlp::Format::Protobuf, payload)?;
            }
            Ok(())
        })?;
        match outcome.start {
            BatchStart::Begun => println!(
                "{partition} {range:?}: {} records",
                outcome.records.accepted
            ),
            // The process ended before it had stored its progress.
            BatchStart::AlreadyFinished => println!("{partition} {range:?} is there already"),
        }
        range = range.end..range.end;
        log.store(partition, range.clone())?;
    }
}

//! Consumes the partitions of a log with offsets, such as a topic of Kafka: each record is in the files exactly once, whenever
//! the process is killed.
//!
//! ```text
//! cargo run -p otlake-examples --example queue_consumer -- --log DIRECTORY LAKE
//! cargo run -p otlake-examples --example queue_consumer --features kafka -- \
//!     --brokers HOST:9092 --topic otlp_logs --topic otlp_spans --topic otlp_metrics --group otlake LAKE
//! ```
//!
//! A range of offsets is a batch, and its identity is the partition and the last offset. The same identity has to mean the
//! same records, also after a restart, when the log has become longer. So the range is stored before any of its records is
//! written; with Kafka, in the metadata of the committed offset. All offsets up to that of a finished batch are in the files, so a
//! new range that begins before it is rejected.
//!
//! Payloads are in protobuf (`otlp_proto` of the Collector's Kafka exporter) or JSON (`otlp_json`). `Format::of` tells which.

mod file_log;
#[cfg(feature = "kafka")]
mod kafka_log;
#[cfg(feature = "kafka")]
mod kafka_partition;

use std::error::Error;
use std::io;
use std::ops::Range;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::anyhow;
use clap::Parser;
use otlake::dataset::{BatchId, BatchStart};
use otlake::otlp::Format;
use otlake::row::Signal;
use otlake::storage::LocalDirectory;
use otlake::{BatchError, Pipeline};

use crate::file_log::FileLog;

/// A log with partitions, whose messages have ascending offsets.
trait Log {
    /// Returns the next messages of any partition, or `None` at the end of all partitions. If a range of the partition is
    /// stored, these are exactly the messages of that range; otherwise, they are those after the committed offset.
    fn next(&mut self) -> io::Result<Option<Messages>>;

    /// Stores a range and commits its start as the offset, in one step. Fails if another process consumes the partition by now.
    fn store(&mut self, partition: &str, range: Range<u64>) -> io::Result<()>;
}

/// The messages of a range of offsets. Offsets may be missing: a log can be compacted, or use offsets for messages of its own.
struct Messages {
    partition: String,
    /// The source of the batches of this partition.
    source: String,
    range: Range<u64>,
    /// Whether the range was stored by an earlier attempt.
    stored: bool,
    messages: Vec<Message>,
}

struct Message {
    offset: u64,
    signal: Signal,
    payload: Vec<u8>,
}

/// Consumes a log with offsets, such as a topic of Kafka.
#[derive(Debug, Parser)]
struct Arguments {
    /// Location of the dataset: a directory, `s3://bucket/prefix`, `gs://…` or `az://…`
    lake: String,
    /// Directory of a log in files: PARTITION/OFFSET.SIGNAL
    #[arg(long, required_unless_present = "brokers")]
    log: Option<PathBuf>,
    /// Maximum number of messages in a batch
    #[arg(long, default_value_t = 1000)]
    messages: usize,
    #[command(flatten)]
    kafka: KafkaArguments,
}

/// How to consume topics of Kafka (needs the feature `kafka`).
#[derive(Clone, Debug, clap::Args)]
struct KafkaArguments {
    /// Brokers of Kafka to start from: HOST:PORT,…
    #[arg(long, conflicts_with = "log", requires_all = ["topic", "group"])]
    brokers: Option<String>,
    /// Topic, with its signal unless it has a default name of the Collector's exporter: `otlp_logs`, `shop=traces`
    #[arg(long, requires = "brokers", value_name = "NAME[=SIGNAL]")]
    topic: Vec<String>,
    /// Group of consumers that share the partitions. Offsets are committed under its name
    #[arg(long, requires = "brokers")]
    group: Option<String>,
    /// Seconds for which messages are gathered into a batch
    #[arg(long, default_value = "10", value_parser = seconds)]
    interval: Duration,
    /// Property of librdkafka, such as `session.timeout.ms=10000`
    #[arg(long, requires = "brokers", value_name = "KEY=VALUE")]
    set: Vec<String>,
}

fn seconds(text: &str) -> Result<Duration, Box<dyn Error + Send + Sync>> {
    Ok(Duration::try_from_secs_f64(text.parse()?)?)
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    if !arguments.lake.contains(':') {
        // A process that was killed leaves temporary files.
        LocalDirectory::new(&arguments.lake).remove_leftovers(Duration::ZERO)?;
    }
    let storage = otlake::storage::open(&arguments.lake)?;
    let mut pipeline = Pipeline::builder()
        .partitioning("{table}".parse()?)
        .build(storage)?;
    match &arguments.log {
        Some(directory) => consume(
            &mut FileLog::new(directory, arguments.messages),
            &mut pipeline,
        ),
        #[cfg(feature = "kafka")]
        None => {
            let mut log = kafka_log::KafkaLog::new(&arguments.kafka, arguments.messages)?;
            consume(&mut log, &mut pipeline)
        }
        #[cfg(not(feature = "kafka"))]
        None => Err(anyhow!(
            "this build has no Kafka client: build it with `--features kafka`"
        )),
    }
}

/// Consumes a log up to its end. After an error of the log, the process starts over from what is stored, as it would after a
/// crash.
fn consume(log: &mut impl Log, pipeline: &mut Pipeline) -> anyhow::Result<()> {
    while let Some(messages) = log.next()? {
        let Messages {
            partition, range, ..
        } = &messages;
        if !messages.stored {
            reject_finished(pipeline, &messages)?;
            if !report(partition, log.store(partition, range.clone())) {
                continue;
            }
        }
        let end = range.end;
        deliver(log, pipeline, &messages)?;
        report(partition, log.store(partition, end..end));
    }
    Ok(())
}

/// Prints the error of a call to the log, and returns whether there was none. A range that was not stored is delivered
/// again.
fn report(partition: &str, result: io::Result<()>) -> bool {
    result
        .inspect_err(|error| eprintln!("{partition}: {error}; retrying"))
        .is_ok()
}

/// Returns an error if a new range begins before the end of one that is in the files.
fn reject_finished(pipeline: &mut Pipeline, new: &Messages) -> anyhow::Result<()> {
    // As if the first message was a batch. It is not delivered as one.
    let first = BatchId::new(new.source.as_str(), new.range.start)?;
    let start = pipeline.begin_batch(&first)?;
    pipeline.discard_batch();
    match start {
        BatchStart::Begun => Ok(()),
        BatchStart::AlreadyFinished => Err(finished_before(new)),
    }
}

fn finished_before(new: &Messages) -> anyhow::Error {
    anyhow!(
        "{} {:?} begins before offsets that are in the files, so the committed offset was set back, or another program uses the \
         source {} in this dataset: consume the topic as another group to store its records again, or commit the offset after \
         the last range",
        new.partition,
        new.range,
        new.source
    )
}

/// Delivers messages as a batch.
fn deliver(log: &mut impl Log, pipeline: &mut Pipeline, from: &Messages) -> anyhow::Result<()> {
    let (partition, range) = (&from.partition, &from.range);
    let id = BatchId::new(from.source.as_str(), range.end - 1)?;
    let outcome = pipeline.batch(&id, |batch| {
        for message in &from.messages {
            let format = Format::of(&message.payload);
            match batch.ingest(message.signal, format, message.payload.clone()) {
                // It would fail in the same way whenever it is read, so the partition goes on without the rest of it.
                Err(BatchError::Ingest(error)) if error.is_payload() => {
                    let error = anyhow::Error::from(error);
                    eprintln!("{partition} offset {}: {error:#}", message.offset);
                }
                result => {
                    let summary = result?;
                    if let Some(first) = summary.first_rejection {
                        let rejected = summary.rejected;
                        eprintln!(
                            "{partition} offset {}: {rejected} rejected, the first: {first}",
                            message.offset
                        );
                    }
                }
            }
        }
        Ok(())
    })?;
    match outcome.start {
        BatchStart::Begun => println!(
            "{partition} {range:?}: {} records",
            outcome.records.accepted
        ),
        // An earlier attempt has finished it, but could not store that.
        BatchStart::AlreadyFinished if from.stored || !outcome.failures.is_empty() => {
            println!("{partition} {range:?} is already in the dataset");
        }
        // The range was new, but another program has used its source meanwhile.
        BatchStart::AlreadyFinished => {
            log.store(partition, range.start..range.start)?;
            return Err(finished_before(from));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use otlake::storage::InMemoryStorage;

    use super::*;

    const LOG: &str = r#"{"resourceLogs": [{"scopeLogs": [{"logRecords": [{}]}]}]}"#;

    /// Consumes five messages in ranges of three, and then from an offset on.
    fn consume_again_from(offset: u64) -> (Result<(), String>, u64) {
        let directory = tempfile::tempdir().unwrap();
        let append = |offset| {
            let file = directory.path().join(format!("orders/{offset}.logs"));
            fs::write(file, LOG).unwrap();
        };
        fs::create_dir(directory.path().join("orders")).unwrap();
        (0..5).for_each(append);
        let mut pipeline = Pipeline::builder().build(InMemoryStorage::new()).unwrap();
        let mut log = FileLog::new(directory.path(), 3);
        consume(&mut log, &mut pipeline).unwrap();
        (5..10).for_each(append);
        log.store("orders", offset..offset).unwrap();
        let consumed = consume(&mut log, &mut pipeline).map_err(|error| error.to_string());
        (consumed, pipeline.records().accepted)
    }

    /// Wherever the offset is set back to, no record is stored twice.
    #[test]
    fn an_offset_that_was_set_back_is_rejected() {
        for offset in 0..5 {
            let (consumed, records) = consume_again_from(offset);
            let error = consumed.unwrap_err();
            let expected = format!("orders {offset}..{} begins before", offset + 3);
            assert!(error.starts_with(&expected), "{error}");
            assert_eq!(records, 5);
        }
        assert_eq!(consume_again_from(5), (Ok(()), 10));
    }
}

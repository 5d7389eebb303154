use std::collections::HashMap;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use otlake::Pipeline;
use otlake::otlp::Format;
use otlake::row::Signal;
use otlake::storage::LocalDirectory;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::mocking::MockCluster;
use rdkafka::producer::{BaseRecord, DefaultProducerContext, Producer, ThreadedProducer};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use tempfile::TempDir;

use crate::payloads::{Payloads, marker, recorded};
use crate::rows::rows;

pub const PARTITIONS: i32 = 3;
pub const GROUP: &str = "otlake-test";
/// Properties of the members of the group. The mock broker waits 3 s for further members when the first one joins, and forgets it if its
/// session times out meanwhile.
pub const MEMBER: [(&str, &str); 2] = [
    ("session.timeout.ms", "3500"),
    ("heartbeat.interval.ms", "100"),
];
const TIMEOUT: Duration = Duration::from_secs(60);

/// A broker with a topic for each signal, and the directories of the files.
pub struct Cluster {
    pub directory: TempDir,
    producer: ThreadedProducer<rdkafka::producer::DefaultProducerContext>,
    /// A consumer that never joins the group. It looks at offsets.
    observer: BaseConsumer,
    /// All messages that were sent.
    sent: Vec<(Signal, Vec<u8>)>,
    ends: HashMap<(Signal, i32), i64>,
    /// Last, so that it is dropped after its clients.
    pub mock: MockCluster<'static, DefaultProducerContext>,
}

pub fn topic(signal: Signal) -> &'static str {
    match signal {
        Signal::Logs => "otlp_logs",
        Signal::Traces => "otlp_spans",
        Signal::Metrics => "otlp_metrics",
    }
}

impl Cluster {
    pub fn new() -> Cluster {
        let mock = MockCluster::new(1).unwrap();
        for signal in Signal::ALL {
            mock.create_topic(topic(signal), PARTITIONS, 1).unwrap();
        }
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", mock.bootstrap_servers());
        let mut compressed = config.clone();
        compressed
            .set("compression.type", "zstd")
            .set("linger.ms", "0");
        let directory = TempDir::new().unwrap();
        with_recorded(&directory.path().join("lake"));
        Cluster {
            producer: compressed.create().unwrap(),
            observer: config.set("group.id", GROUP).create().unwrap(),
            directory,
            mock,
            sent: Vec::new(),
            ends: HashMap::new(),
        }
    }

    /// Sends a payload of a random signal to a random partition.
    pub fn produce(&mut self, payloads: &mut Payloads) {
        let signal = Signal::ALL[payloads.random.usize(0..3)];
        let partition = payloads.random.i32(0..PARTITIONS);
        let payload = payloads.next(signal);
        self.send(signal, partition, payload);
    }

    /// Sends a payload, and returns its offset.
    pub fn send(&mut self, signal: Signal, partition: i32, payload: Vec<u8>) -> i64 {
        let record: BaseRecord<'_, (), Vec<u8>> = BaseRecord::to(topic(signal))
            .partition(partition)
            .payload(&payload);
        self.producer
            .send(record)
            .map_err(|(error, _)| error)
            .unwrap();
        self.producer.flush(TIMEOUT).unwrap();
        self.sent.push((signal, payload));
        let end = self.ends.entry((signal, partition)).or_default();
        *end += 1;
        *end - 1
    }

    /// Waits until the group has committed the ends of all partitions, and no range of them is open.
    pub fn wait_until_consumed(&self) {
        let deadline = Instant::now() + Duration::from_secs(180);
        loop {
            let mut list = TopicPartitionList::new();
            for (signal, partition) in self.ends.keys() {
                list.add_partition(topic(*signal), *partition);
            }
            let missing = match self.observer.committed_offsets(list, TIMEOUT) {
                Ok(list) => self
                    .ends
                    .iter()
                    .filter(|((signal, partition), end)| {
                        let found = list.find_partition(topic(*signal), *partition).unwrap();
                        found.offset() != Offset::Offset(**end) || !found.metadata().is_empty()
                    })
                    .map(|(key, end)| format!("{key:?} up to {end}"))
                    .collect(),
                Err(error) => vec![error.to_string()],
            };
            if missing.is_empty() {
                return;
            }
            assert!(Instant::now() < deadline, "not consumed: {missing:?}");
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// Commits an offset as another member of the group.
    pub fn commit(&self, signal: Signal, partition: i32, offset: i64) {
        let member = member(&self.mock);
        member.subscribe(&[topic(signal)]).unwrap();
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(topic(signal), partition, Offset::Offset(offset))
            .unwrap();
        let deadline = Instant::now() + Duration::from_secs(180);
        loop {
            let _ = member.poll(Duration::from_millis(100));
            if member.assignment().unwrap().count() == PARTITIONS as usize
                && member.commit(&list, CommitMode::Sync).is_ok()
            {
                return;
            }
            assert!(Instant::now() < deadline, "the offset was not committed");
        }
    }

    /// Compares the files with those of a pipeline that gets each message once, and returns how many records they have.
    pub fn assert_once(&self) -> usize {
        let directory = self.directory.path().join("expected");
        let mut pipeline = with_recorded(&directory);
        for (signal, payload) in &self.sent {
            // The records before the fault of a malformed payload are kept.
            let _ = pipeline.ingest(*signal, format(payload), payload.clone());
        }
        pipeline.flush().unwrap();
        let (expected, found) = (rows(&directory), rows(&self.lake()));
        let differences: Vec<String> = expected
            .keys()
            .chain(found.keys())
            .filter(|row| expected.get(*row) != found.get(*row))
            .map(|row| {
                format!(
                    "expected {:?}, found {:?}: {row}",
                    expected.get(row),
                    found.get(row)
                )
            })
            .collect();
        assert!(
            differences.is_empty(),
            "{} differences, such as {}",
            differences.len(),
            differences[0]
        );
        found.values().sum()
    }

    pub fn lake(&self) -> std::path::PathBuf {
        self.directory.path().join("lake")
    }
}

fn format(payload: &[u8]) -> Format {
    match payload.first() {
        Some(b'{') => Format::Json,
        _ => Format::Protobuf,
    }
}

/// Opens a dataset that has each recorded payload once, so that its columns have the same types in whatever order messages arrive.
fn with_recorded(directory: &Path) -> Pipeline {
    let builder = Pipeline::builder().partitioning("{table}".parse().unwrap());
    let mut pipeline = builder.build(LocalDirectory::new(directory)).unwrap();
    for signal in Signal::ALL {
        for payload in recorded(signal) {
            pipeline.ingest(signal, format(&payload), payload).unwrap();
        }
        let marker = marker(signal, "first");
        pipeline.ingest(signal, Format::Protobuf, marker).unwrap();
    }
    pipeline.flush().unwrap();
    pipeline
}

fn member(mock: &MockCluster<'static, DefaultProducerContext>) -> BaseConsumer {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", mock.bootstrap_servers())
        .set("group.id", GROUP)
        // Otherwise it commits the messages that it has polled, when it ends.
        .set("enable.auto.commit", "false");
    for (key, value) in MEMBER {
        config.set(key, value);
    }
    config.create().unwrap()
}

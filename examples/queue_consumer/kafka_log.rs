use std::collections::{BTreeMap, HashMap};
use std::io;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use otlake::dataset::BatchId;
use otlake::row::Signal;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer, ConsumerContext, Rebalance};
use rdkafka::error::KafkaError;
use rdkafka::message::Message as _;
use rdkafka::{ClientConfig, ClientContext, Offset, TopicPartitionList};

use crate::kafka_partition::KafkaPartition;
use crate::{KafkaArguments, Log, Message, Messages};

/// Topics of Kafka, whose partitions the consumers of a group share.
///
/// The client is `rdkafka`, because it commits offsets as a member of a group: the broker rejects the commit of a consumer that has
/// lost its partitions. Otherwise two consumers could store different ranges under one identity, for example while a new version
/// of a deployment starts and the old one has not ended. `rskafka`, which needs no C compiler, has no groups.
///
/// The committed offset is the start of a range, and its metadata the end. An empty range means that all before it is finished.
pub struct KafkaLog {
    consumer: BaseConsumer<Assignments>,
    signals: HashMap<String, Signal>,
    group: String,
    /// The partitions of this process, by topic and number.
    partitions: BTreeMap<(String, i32), KafkaPartition>,
    /// The maximum number of messages in a range.
    messages: usize,
    interval: Duration,
    /// When messages that have arrived are delivered, though they don't fill a range.
    due: Instant,
}

/// The maximum bytes of the messages in a range, plus one message.
const RANGE_BYTES: usize = 16 << 20;

/// The bytes of messages of all partitions at which they are delivered before they are due.
const BYTES: usize = 64 << 20;

/// How long to wait for an answer of the brokers.
const TIMEOUT: Duration = Duration::from_secs(10);

impl KafkaLog {
    pub fn new(arguments: &KafkaArguments, messages: usize) -> anyhow::Result<KafkaLog> {
        let signals = arguments
            .topic
            .iter()
            .map(|topic| topic_and_signal(topic))
            .collect::<anyhow::Result<HashMap<_, _>>>()?;
        let group = arguments.group.clone().unwrap_or_default();
        for topic in signals.keys() {
            BatchId::new(source(&group, topic, i32::MAX), 0)?;
        }
        let mut config = ClientConfig::new();
        // Without this, the level follows a logger of the crate `log`, and there is none.
        config.set_log_level(RDKafkaLogLevel::Debug);
        for property in &arguments.set {
            let (key, value) = property
                .split_once('=')
                .with_context(|| format!("{property:?} is not a property: expected KEY=VALUE"))?;
            config.set(key, value);
        }
        config
            .set(
                "bootstrap.servers",
                arguments.brokers.as_deref().unwrap_or_default(),
            )
            .set("group.id", &group)
            // Offsets are committed when their records are durable.
            .set("enable.auto.commit", "false")
            // A new group begins with the oldest message. If the committed offset is gone, `push` and `warn_of_deleted` report it.
            .set("auto.offset.reset", "earliest");
        let consumer: BaseConsumer<Assignments> =
            config.create_with_context(Assignments::default())?;
        let topics: Vec<&str> = signals.keys().map(String::as_str).collect();
        consumer.subscribe(&topics)?;
        Ok(KafkaLog {
            consumer,
            signals,
            group,
            partitions: BTreeMap::new(),
            messages: messages.max(1),
            interval: arguments.interval,
            due: Instant::now() + arguments.interval,
        })
    }

    /// Waits for a message or another event.
    fn poll(&mut self, timeout: Duration) -> io::Result<()> {
        let message = match self.consumer.poll(timeout) {
            Some(Ok(message)) => Some((
                (message.topic().to_owned(), message.partition()),
                u64::try_from(message.offset()).map_err(io::Error::other)?,
                message.payload().map(<[u8]>::to_vec),
            )),
            Some(Err(error @ KafkaError::MessageConsumptionFatal(_))) => {
                return Err(io::Error::other(error));
            }
            // The client retries.
            Some(Err(error)) => {
                eprintln!("{error}");
                None
            }
            None => None,
        };
        self.rebalance();
        let Some((key, offset, payload)) = message else {
            return Ok(());
        };
        let Some(partition) = self.partitions.get_mut(&key) else {
            return Ok(());
        };
        if payload.is_none() {
            eprintln!("{} offset {offset}: the message has no payload", name(&key));
        }
        let message = Message {
            offset,
            signal: self.signals[&key.0],
            payload: payload.unwrap_or_default(),
        };
        if let Err(committed) = partition.push(message) {
            return Err(io::Error::other(format!(
                "{} has offset {offset} after offset {committed} was committed, so it was deleted and created again: consume \
                 it as another group",
                name(&key)
            )));
        }
        Ok(())
    }

    /// Follows the assignments of partitions to this process.
    fn rebalance(&mut self) {
        let mut events = self.consumer.context().events();
        for (assigned, key) in events.drain(..) {
            // A partition that is assigned again may have been consumed by another process meanwhile.
            self.partitions.remove(&key);
            if assigned {
                self.partitions.insert(key, KafkaPartition::default());
            }
        }
    }

    /// Asks the broker for the committed ranges of partitions that have none.
    fn look_up(&mut self) -> Result<(), KafkaError> {
        for (key, partition) in &mut self.partitions {
            if partition.committed.is_some() {
                continue;
            }
            let mut list = TopicPartitionList::new();
            list.add_partition(&key.0, key.1);
            let list = self.consumer.committed_offsets(list, TIMEOUT)?;
            let Some(found) = list.find_partition(&key.0, key.1) else {
                continue;
            };
            found.error()?;
            let range = match found.offset() {
                Offset::Offset(start) => range(start, found.metadata()),
                _ => {
                    let (low, _) = self.consumer.fetch_watermarks(&key.0, key.1, TIMEOUT)?;
                    range(low, "")
                }
            };
            let Some(range) = range else {
                // The offset of another program, which this one must not replace.
                eprintln!(
                    "{} has the metadata {:?} at its committed offset, which is no end of a range: consume the topic as another \
                     group",
                    name(key),
                    found.metadata()
                );
                return Err(KafkaError::Canceled);
            };
            if partition.seek {
                let start = Offset::Offset(i64::try_from(range.start).unwrap_or(i64::MAX));
                self.consumer.seek(&key.0, key.1, start, TIMEOUT)?;
                partition.seek = false;
            }
            partition.committed = Some(range);
        }
        Ok(())
    }

    /// Returns a range that can be delivered. If `due`, it need not be full.
    fn ready(&self, due: bool) -> Option<((String, i32), Range<u64>)> {
        self.partitions.iter().find_map(|(key, partition)| {
            let mut complete = due;
            if due && let Some(stored) = partition.stored() {
                // The retention of the topic may have deleted the rest of it.
                let low = self.consumer.fetch_watermarks(&key.0, key.1, TIMEOUT);
                complete = low.is_ok_and(|(low, _)| low >= 0 && low as u64 >= stored.end);
            }
            let range = partition.ready(self.messages, RANGE_BYTES, complete)?;
            Some((key.clone(), range))
        })
    }

    /// Reports messages that the retention of the topic has deleted before they were read.
    fn warn_of_deleted(&self, key: &(String, i32), start: u64) {
        let first = self.partitions[key].first();
        if first.is_none_or(|first| first > start)
            && let Ok((low, _)) = self.consumer.fetch_watermarks(&key.0, key.1, TIMEOUT)
            && let Ok(low) = u64::try_from(low)
            && low > start
        {
            eprintln!(
                "{} offsets {start}..{low} were deleted before they were read: increase the retention of the topic",
                name(key)
            );
        }
    }
}

impl Log for KafkaLog {
    fn next(&mut self) -> io::Result<Option<Messages>> {
        // At least once for each range, because the group drops consumers that don't poll.
        self.poll(Duration::ZERO)?;
        loop {
            if let Err(error) = self.look_up() {
                eprintln!("{error}; retrying");
                self.poll(Duration::from_millis(500))?;
                continue;
            }
            let bytes: usize = self.partitions.values().map(KafkaPartition::bytes).sum();
            let due = bytes >= BYTES || Instant::now() >= self.due;
            if let Some((key, range)) = self.ready(due) {
                self.warn_of_deleted(&key, range.start);
                let Some(partition) = self.partitions.get_mut(&key) else {
                    continue;
                };
                return Ok(Some(Messages {
                    partition: name(&key),
                    source: source(&self.group, &key.0, key.1),
                    stored: partition.stored().is_some(),
                    messages: partition.take(&range),
                    range,
                }));
            }
            if due {
                self.due = Instant::now() + self.interval;
            }
            let left = self.due.saturating_duration_since(Instant::now());
            self.poll(left.min(Duration::from_millis(500)))?;
        }
    }

    fn store(&mut self, partition: &str, range: Range<u64>) -> io::Result<()> {
        let found = self
            .partitions
            .iter_mut()
            .find(|(key, _)| name(key) == partition);
        let Some((key, state)) = found else {
            return Err(io::Error::other("the partition belongs to another process"));
        };
        let mut list = TopicPartitionList::new();
        let start = i64::try_from(range.start).map_err(io::Error::other)?;
        list.add_partition_offset(&key.0, key.1, Offset::Offset(start))
            .map_err(io::Error::other)?;
        if let (Some(mut element), false) = (list.find_partition(&key.0, key.1), range.is_empty()) {
            element.set_metadata(range.end.to_string());
        }
        // A consumer that was dropped from its group, but has not noticed, commits as no member. The broker accepts that if the group
        // has no members.
        let committed = if self.consumer.assignment_lost() {
            Err(io::Error::other("the group has dropped this process"))
        } else {
            let committed = self.consumer.commit(&list, CommitMode::Sync);
            committed.map_err(io::Error::other)
        };
        match committed {
            Ok(()) => state.committed = Some(range),
            // The broker may have stored it or not.
            Err(_) => state.start_over(),
        }
        committed
    }
}

/// Keeps the assignments of partitions until [`KafkaLog::rebalance`] reads them.
#[derive(Default)]
struct Assignments(Mutex<Vec<Event>>);

/// A partition, and whether it was assigned (true) or revoked (false).
type Event = (bool, (String, i32));

impl Assignments {
    fn events(&self) -> std::sync::MutexGuard<'_, Vec<Event>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ClientContext for Assignments {
    /// Prints what librdkafka reports. Its property `debug` makes it report more.
    fn log(&self, _: RDKafkaLogLevel, facility: &str, message: &str) {
        eprintln!("librdkafka: {facility} {message}");
    }
}

impl ConsumerContext for Assignments {
    fn pre_rebalance(&self, _: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        let (assigned, list) = match rebalance {
            Rebalance::Assign(list) => (true, list),
            Rebalance::Revoke(list) => (false, list),
            Rebalance::Error(error) => return eprintln!("{error}"),
        };
        let elements = list.elements();
        let keys = elements
            .iter()
            .map(|element| (element.topic().to_owned(), element.partition()));
        self.events().extend(keys.map(|key| (assigned, key)));
    }
}

/// Returns the name of a partition in messages.
fn name((topic, partition): &(String, i32)) -> String {
    format!("{topic}[{partition}]")
}

/// Returns the source of the batches of a partition. The length separates groups and topics that contain dashes.
fn source(group: &str, topic: &str, partition: i32) -> String {
    format!("kafka-{}-{group}-{topic}-{partition}", group.len())
}

/// Returns a committed range.
fn range(start: i64, metadata: &str) -> Option<Range<u64>> {
    let start = u64::try_from(start).ok()?;
    let end = match metadata {
        "" => start,
        text => text.parse().ok()?,
    };
    (start <= end).then_some(start..end)
}

fn topic_and_signal(text: &str) -> anyhow::Result<(String, Signal)> {
    let (topic, signal) = match text.split_once('=') {
        Some((topic, signal)) => (topic, signal),
        None => (text, text),
    };
    let signal = match signal {
        "logs" | "otlp_logs" => Signal::Logs,
        "traces" | "otlp_spans" => Signal::Traces,
        "metrics" | "otlp_metrics" => Signal::Metrics,
        _ => {
            bail!(
                "{text:?} has no signal: expected {topic}=logs, {topic}=traces or {topic}=metrics"
            );
        }
    };
    Ok((topic.to_owned(), signal))
}

//! Kills the example `queue_consumer` and its broker while topics grow, and compares the files with those of a pipeline that gets each
//! message once. The broker is librdkafka's mock cluster, which speaks Kafka's protocol over TCP.
//!
//! ```sh
//! cargo build -p otlake-examples --features kafka --example queue_consumer
//! cargo test -p otlake-examples --features kafka --test kafka
//! OTLAKE_ROUNDS=200 cargo test -p otlake-examples --features kafka --test kafka -- kills --nocapture
//! ```

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "kafka/cluster.rs"]
mod cluster;
#[path = "kafka/consumer.rs"]
mod consumer;
#[path = "kafka/payloads.rs"]
mod payloads;
#[path = "kafka/rows.rs"]
mod rows;

use std::thread;
use std::time::Duration;

use otlake::row::Signal;
use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};

use crate::cluster::{Cluster, PARTITIONS};
use crate::consumer::ConsumerProcess;
use crate::payloads::Payloads;

/// The consumer is killed at random moments while the topics grow: each record is in the files once, equal in every field.
#[test]
fn kills() {
    let rounds: usize = std::env::var("OTLAKE_ROUNDS").map_or(36, |rounds| rounds.parse().unwrap());
    // Most of the time passes until the group has noticed that the killed process is gone, so several groups are killed at once.
    let groups: Vec<_> = (0..4)
        .map(|group| thread::spawn(move || kills_of_a_group(rounds.div_ceil(4), group)))
        .collect();
    let in_a_batch: usize = groups.into_iter().map(|group| group.join().unwrap()).sum();
    assert!(in_a_batch > 0, "no process was killed while it consumed");
    println!("{rounds} kills, {in_a_batch} while it consumed");
}

fn kills_of_a_group(rounds: usize, seed: u64) -> usize {
    let mut cluster = Cluster::new();
    let mut payloads = Payloads::new(100 + seed);
    let mut in_a_batch = 0;
    for _ in 0..rounds {
        for _ in 0..payloads.random.usize(10..40) {
            cluster.produce(&mut payloads);
        }
        let consumer = ConsumerProcess::start(&cluster);
        if payloads.random.u8(0..4) > 0 {
            consumer.wait_for_batches(1);
        }
        thread::sleep(Duration::from_millis(payloads.random.u64(0..200)));
        let (batches, idle) = (consumer.batches(), consumer.idle());
        consumer.kill();
        in_a_batch += usize::from(batches > 0 && !idle);
    }
    let consumer = ConsumerProcess::start(&cluster);
    cluster.wait_until_consumed();
    drop(consumer);
    cluster.assert_once();
    in_a_batch
}

/// The brokers fail requests and disappear for a while: the process goes on when they are back, and each record is in the files once.
/// Messages that can't be decoded are reported, and their partitions go on.
#[test]
fn broker_errors() {
    use RDKafkaApiKey as Api;
    use RDKafkaRespErr as E;
    let failures: &[(Api, &[RDKafkaRespErr])] = &[
        (
            Api::OffsetCommit,
            &[
                E::RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT,
                E::RD_KAFKA_RESP_ERR_NOT_COORDINATOR,
                E::RD_KAFKA_RESP_ERR_UNKNOWN,
                E::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED,
                // The broker closes the connection.
                E::RD_KAFKA_RESP_ERR__TRANSPORT,
            ],
        ),
        // The process is no member of its group any more.
        (Api::Heartbeat, &[E::RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID]),
        (
            Api::OffsetCommit,
            &[E::RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION; 3],
        ),
        (
            Api::Fetch,
            &[
                E::RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
                E::RD_KAFKA_RESP_ERR_UNKNOWN,
                E::RD_KAFKA_RESP_ERR__TRANSPORT,
            ],
        ),
        (
            Api::OffsetFetch,
            &[
                E::RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS,
                E::RD_KAFKA_RESP_ERR_UNKNOWN,
            ],
        ),
        (
            Api::ListOffsets,
            &[E::RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION; 4],
        ),
        (
            Api::JoinGroup,
            &[E::RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE; 2],
        ),
    ];
    let mut cluster = Cluster::new();
    let mut payloads = Payloads::new(2);
    let consumer = ConsumerProcess::start(&cluster);
    for (api, errors) in failures {
        cluster.mock.request_errors(*api, errors);
        for _ in 0..20 {
            cluster.produce(&mut payloads);
        }
        cluster.wait_until_consumed();
    }
    let mut malformed = Vec::new();
    for (partition, payload) in [&b"\x0a\x7fcut off"[..], b"{\"resourceLogs\": [", b"\xff"]
        .into_iter()
        .enumerate()
    {
        malformed.push(cluster.send(Signal::Logs, partition as i32, payload.to_vec()));
    }
    cluster.mock.broker_down(-1).unwrap();
    thread::sleep(Duration::from_secs(2));
    cluster.mock.broker_up(-1).unwrap();
    for _ in 0..20 {
        cluster.produce(&mut payloads);
    }
    cluster.wait_until_consumed();
    assert!(consumer.is_running());
    let errors = consumer.kill();
    for (partition, offset) in malformed.into_iter().enumerate() {
        let report = format!("otlp_logs[{partition}] offset {offset}: ");
        assert!(errors.contains(&report), "{report:?} is not in {errors}");
    }
    cluster.assert_once();
}

/// A process is suspended until another one of its group has its partitions, and continues then: the broker rejects what it commits
/// before it knows, and each record is in the files once.
#[test]
fn suspended_process() {
    let mut cluster = Cluster::new();
    let mut payloads = Payloads::new(3);
    let first = ConsumerProcess::start(&cluster);
    let mut produce = |cluster: &mut Cluster| {
        for _ in 0..60 {
            cluster.produce(&mut payloads);
        }
    };
    produce(&mut cluster);
    // A process that is suspended in the middle of a write can hold the lock of the directory.
    cluster.wait_until_consumed();
    first.signal("STOP");
    let second = ConsumerProcess::start(&cluster);
    produce(&mut cluster);
    cluster.wait_until_consumed();
    produce(&mut cluster);
    first.signal("CONT");
    cluster.wait_until_consumed();
    assert!(first.is_running() && second.is_running());
    drop((first, second));
    cluster.assert_once();
}

/// Messages that the topic has deleted before they were read are reported, and the process goes on with those that are left.
#[test]
fn retention() {
    let mut cluster = Cluster::new();
    let mut payloads = Payloads::new(4);
    let consumer = ConsumerProcess::start(&cluster);
    cluster.send(Signal::Logs, 0, payloads.next(Signal::Logs));
    cluster.wait_until_consumed();
    drop(consumer);
    // The mock broker keeps 5 MiB of each partition.
    for _ in 0..12 {
        let large: String = std::iter::repeat_with(|| payloads.random.alphanumeric())
            .take(900_000)
            .collect();
        cluster.send(Signal::Logs, 0, payloads::marker(Signal::Logs, &large));
    }
    let consumer = ConsumerProcess::start(&cluster);
    cluster.wait_until_consumed();
    let errors = consumer.kill();
    assert!(
        errors.contains("otlp_logs[0] offsets 1..")
            && errors.contains("were deleted before they were read"),
        "{errors}"
    );
}

/// If the committed offset is set back, even by one message, the process stops with an error: it stores no record twice, and skips none.
#[test]
fn offset_set_back() {
    let mut cluster = Cluster::new();
    let mut payloads = Payloads::new(5);
    for _ in 0..3 * PARTITIONS * 6 {
        cluster.produce(&mut payloads);
    }
    let consumer = ConsumerProcess::start(&cluster);
    cluster.wait_until_consumed();
    drop(consumer);
    let last = cluster.send(Signal::Logs, 0, payloads.next(Signal::Logs)) - 1;
    for offset in [0, last] {
        cluster.commit(Signal::Logs, 0, offset);
        let mut consumer = ConsumerProcess::start(&cluster);
        consumer.wait_for_end();
        let errors = consumer.kill();
        assert!(errors.contains("was set back"), "{errors}");
    }
    cluster.commit(Signal::Logs, 0, last + 1);
    let consumer = ConsumerProcess::start(&cluster);
    cluster.wait_until_consumed();
    drop(consumer);
    cluster.assert_once();
}

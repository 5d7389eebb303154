use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use otlake::dataset::Partitioning;
use otlake::{Acknowledge, MalformedPayload};

/// Receives OTLP over HTTP and gRPC, and writes the Parquet files of a dataset.
// One field for each option, which is why there are more than a dozen.
#[derive(Debug, Parser)]
pub struct Arguments {
    /// Location of the dataset: a directory, `s3://bucket/prefix`, `gs://…` or `az://…`
    #[arg(long)]
    pub storage: String,
    /// Directories of the files
    #[arg(long, default_value = "{table}/date={date}/hour={hour}")]
    pub partitioning: Partitioning,
    /// Addresses; each accepts OTLP over HTTP and gRPC, `/healthz` and `/metrics`
    #[arg(long, default_values = ["127.0.0.1:4318", "127.0.0.1:4317"])]
    pub listen: Vec<String>,
    /// Answer a request when its records are `durable`, or when it is in `memory`
    #[arg(long, value_parser = ack, default_value = "durable")]
    pub ack: Acknowledge,
    /// Keep the records of a malformed payload `before` the fault, or `nothing`
    #[arg(long, value_parser = malformed, default_value = "before")]
    pub malformed: MalformedPayload,
    /// Workers, each with a thread
    #[arg(long, default_value_t = std::thread::available_parallelism().map_or(1, Into::into))]
    pub workers: usize,
    /// Milliseconds for which requests are gathered before they become durable together
    #[arg(long, value_parser = milliseconds, default_value = "1000")]
    pub group_time: Duration,
    /// Bytes of requests at which a group is written before its time is over
    #[arg(long, default_value_t = 64 << 20)]
    pub group_bytes: usize,
    /// Bytes of requests in memory; further requests are answered with 429
    #[arg(long, default_value_t = 128 << 20)]
    pub queue_bytes: usize,
    /// Bytes of rows and open files in memory
    #[arg(long, default_value_t = 256 << 20)]
    pub memory_bytes: usize,
    /// Bytes of a request, both as sent and inflated
    #[arg(long, default_value_t = 20 << 20)]
    pub body_bytes: usize,
    /// Milliseconds in which a body has to arrive
    #[arg(long, value_parser = milliseconds, default_value = "30000")]
    pub body_time: Duration,
    /// Milliseconds without the head of a request after which a connection is closed
    #[arg(long, value_parser = milliseconds, default_value = "75000")]
    pub idle_time: Duration,
    /// Connections at once; further ones wait
    #[arg(long, default_value_t = 1024)]
    pub connections: usize,
    /// Token that each request must have
    #[arg(long, env = "OTLAKE_BEARER_TOKEN", hide_env_values = true)]
    pub bearer_token: Option<String>,
    /// Files of the certificates and of the private key for TLS, in PEM
    #[arg(long, num_args = 2, value_names = ["CERTIFICATES", "KEY"])]
    pub tls: Vec<PathBuf>,
}

fn ack(text: &str) -> Result<Acknowledge, &'static str> {
    match text {
        "durable" => Ok(Acknowledge::Durable),
        "memory" => Ok(Acknowledge::Queued),
        _ => Err("expected `durable` or `memory`"),
    }
}

fn malformed(text: &str) -> Result<MalformedPayload, &'static str> {
    match text {
        "before" => Ok(MalformedPayload::KeepRecordsBefore),
        "nothing" => Ok(MalformedPayload::RejectAll),
        _ => Err("expected `before` or `nothing`"),
    }
}

fn milliseconds(text: &str) -> Result<Duration, std::num::ParseIntError> {
    text.parse().map(Duration::from_millis)
}

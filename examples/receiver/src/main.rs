//! An OTLP receiver: HTTP and gRPC in, the Parquet files of one dataset out. Every port accepts both protocols. A request is
//! answered when its records are durable. `docs/receiver.md` explains it.
//!
//! ```text
//! cargo run --release -p otlake-receiver -- --storage target/lake
//! ```

mod arguments;
mod server;

use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder};
use otlake::dataset::Dataset;
use otlake::otlp::Limits;
use otlake::storage::LocalDirectory;
use otlake::{FingerprintStage, MetricsObserver, Pipeline, Receiver, Service};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tracing::{error, info};
use tracing_subscriber::EnvFilter;

use crate::arguments::Arguments;
use crate::server::Server;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let log = tracing_subscriber::fmt().json().with_env_filter(filter);
    log.with_writer(std::io::stderr).init();
    let result = run(Arguments::parse()).await;
    result.inspect_err(|error| error!(error = format!("{error:#}"), "the receiver has failed"))
}

async fn run(arguments: Arguments) -> anyhow::Result<()> {
    let seconds = Matcher::Suffix("_seconds".to_owned());
    let metrics = PrometheusBuilder::new()
        .set_buckets_for_metric(seconds, &[0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0])?
        .install_recorder()?;
    let service = tokio::task::block_in_place(|| start(&arguments))?;
    let mut receiver = Receiver::builder()
        .acknowledge(arguments.ack)
        .body_bytes(arguments.body_bytes)
        .body_time(arguments.body_time);
    if let Some(token) = &arguments.bearer_token {
        receiver = receiver.bearer_token(token.as_str());
    }
    let receiver = receiver.build(service.handle());
    let server = Server::new(&arguments, receiver, metrics)?;
    for address in &arguments.listen {
        let listener = TcpListener::bind(address).await?;
        info!(address = %listener.local_addr()?, "accepting connections");
        tokio::spawn(Arc::clone(&server).accept(listener));
    }

    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = terminate.recv() => {}
        interrupted = tokio::signal::ctrl_c() => interrupted?,
    }
    info!("shutting down: requests in flight are answered, and no others are accepted");
    server.shut_down().await;
    service.shutdown().await;
    info!("everything that was accepted is durable");
    Ok(())
}

/// Opens the dataset and starts the workers.
fn start(arguments: &Arguments) -> anyhow::Result<Service<(FingerprintStage,)>> {
    if !arguments.storage.contains(':') {
        // A process that was killed leaves temporary files.
        LocalDirectory::new(&arguments.storage).remove_leftovers(Duration::ZERO)?;
    }
    let dataset = Dataset::builder()
        .partitioning(arguments.partitioning.clone())
        .memory_limit(arguments.memory_bytes)
        .retry_observer(Arc::new(MetricsObserver::new()))
        .open(otlake::storage::open(&arguments.storage)?)?;
    let limits = Limits::default().with_payload_bytes(arguments.body_bytes);
    let malformed = arguments.malformed;
    let service = Service::builder()
        .workers(arguments.workers)
        .queue_bytes(arguments.queue_bytes)
        .group_time(arguments.group_time)
        .group_bytes(arguments.group_bytes);
    Ok(service.start(move |worker| {
        let pipeline = Pipeline::on(&dataset).limits(limits).fingerprint();
        pipeline
            .malformed_payloads(malformed)
            .observer(MetricsObserver::new().with_label("worker", worker.to_string()))
            .build()
    })?)
}

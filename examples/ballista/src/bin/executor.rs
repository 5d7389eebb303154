//! An executor: `executor --scheduler-host localhost --scheduler-port 50050`. Port 0 chooses a free one.

use std::error::Error;
use std::net::TcpListener;
use std::sync::Arc;

use ballista_executor::executor_process::start_executor_process;
use clap::Parser;

#[derive(Parser)]
struct Options {
    #[arg(long, default_value = "localhost")]
    scheduler_host: String,
    #[arg(long, default_value_t = 50050)]
    scheduler_port: u16,
    #[arg(long, default_value = "127.0.0.1")]
    host: String,
    /// The port at which other executors fetch intermediate results.
    #[arg(long, default_value_t = 50051)]
    port: u16,
    #[arg(long, default_value_t = 50052)]
    grpc_port: u16,
    /// Tasks that run at the same time. Default: the number of cores.
    #[arg(long)]
    tasks: Option<usize>,
    /// Seconds between signs of life: less than the scheduler's `--executor-timeout`.
    #[arg(long, default_value_t = 60)]
    heartbeat: u64,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::parse();
    otlake_ballista::log();
    // Intermediate results, which are deleted when the executor ends.
    let work = tempfile::tempdir()?;
    let mut config = otlake_ballista::executor_config();
    config.work_dir = Some(work.path().display().to_string());
    config.scheduler_host = options.scheduler_host;
    config.scheduler_port = options.scheduler_port;
    config.scheduler_connect_timeout_seconds = 30;
    config.executor_heartbeat_interval_seconds = options.heartbeat;
    config.port = free_port(&options.host, options.port)?;
    config.grpc_port = free_port(&options.host, options.grpc_port)?;
    config.bind_host = options.host;
    config.vcores = options.tasks.unwrap_or(config.vcores);
    start_executor_process(Arc::new(config)).await?;
    Ok(())
}

/// Ballista tells others the port before it listens.
fn free_port(host: &str, port: u16) -> Result<u16, Box<dyn Error>> {
    match port {
        0 => Ok(TcpListener::bind((host, 0))?.local_addr()?.port()),
        port => Ok(port),
    }
}

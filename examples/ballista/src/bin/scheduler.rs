//! A scheduler: `scheduler --port 50050`. It prints the address on which it listens; port 0 chooses a free one.

use std::error::Error;
use std::sync::Arc;

use ballista_scheduler::cluster::BallistaCluster;
use ballista_scheduler::scheduler_process::{create_scheduler, start_grpc_service_with_listener};
use clap::Parser;
use datafusion_proto::protobuf::{LogicalPlanNode, PhysicalPlanNode};
use tokio::net::TcpListener;

#[derive(Parser)]
struct Options {
    #[arg(long, default_value = "127.0.0.1")]
    host: String,
    #[arg(long, default_value_t = 50050)]
    port: u16,
    /// Seconds without a sign of life after which the tasks of an executor are given to others.
    #[arg(long, default_value_t = 180)]
    executor_timeout: u64,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::parse();
    otlake_ballista::log();
    let listener = TcpListener::bind((&*options.host, options.port)).await?;
    let address = listener.local_addr()?;
    let mut config = otlake_ballista::scheduler_config();
    config.bind_host = options.host;
    config.bind_port = address.port();
    config.executor_timeout_seconds = options.executor_timeout;
    config.no_executors_grace_period_seconds = options.executor_timeout;
    config.expire_dead_executor_interval_seconds = options.executor_timeout.clamp(1, 15);
    let cluster = BallistaCluster::new_from_config(&config).await?;
    let scheduler =
        create_scheduler::<LogicalPlanNode, PhysicalPlanNode>(cluster, Arc::new(config)).await?;
    println!("{address}");
    start_grpc_service_with_listener(listener, scheduler).await?;
    Ok(())
}

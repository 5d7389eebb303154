//! A client: `client --dataset s3://bucket/lake "SELECT count(*) FROM logs"`. The tables of the dataset have
//! their names: `logs`, `traces`, `metrics`.

use std::error::Error;
use std::time::Duration;

use clap::Parser;
use otlake_datafusion::register_dataset;

#[derive(Parser)]
struct Options {
    #[arg(long, default_value = "df://localhost:50050")]
    scheduler: String,
    /// The URL or the directory of a dataset.
    #[arg(long)]
    dataset: Option<String>,
    /// Seconds after which the client ends with an error. Default: none.
    #[arg(long)]
    timeout: Option<u64>,
    sql: String,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::parse();
    otlake_ballista::log();
    let Some(seconds) = options.timeout else {
        return run(&options).await;
    };
    match tokio::time::timeout(Duration::from_secs(seconds), run(&options)).await {
        Ok(result) => result,
        Err(_) => Err(format!("the query has not ended within {seconds} s").into()),
    }
}

async fn run(options: &Options) -> Result<(), Box<dyn Error>> {
    let context = otlake_ballista::client(&options.scheduler).await?;
    if let Some(dataset) = &options.dataset {
        register_dataset(&context, dataset).await?;
    }
    context.sql(&options.sql).await?.show().await?;
    Ok(())
}

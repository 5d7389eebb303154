//! A client: `client --dataset s3://bucket/lake "SELECT count(*) FROM logs"`. The tables of the dataset have
//! their names: `logs`, `traces`, `metrics`.

use std::error::Error;

use clap::Parser;
use otlake_datafusion::register_dataset;

#[derive(Parser)]
struct Options {
    #[arg(long, default_value = "df://localhost:50050")]
    scheduler: String,
    /// The URL or the directory of a dataset.
    #[arg(long)]
    dataset: Option<String>,
    sql: String,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::parse();
    let context = otlake_ballista::client(&options.scheduler).await?;
    if let Some(dataset) = &options.dataset {
        register_dataset(&context, dataset).await?;
    }
    context.sql(&options.sql).await?.show().await?;
    Ok(())
}

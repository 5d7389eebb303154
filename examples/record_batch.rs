//! Turns the logs of a payload into an Arrow record batch, for a query engine or another file format.
//!
//! ```text
//! cargo run -p otlake-examples --example record_batch -- FILE
//! ```

mod recorded;

use anyhow::Context;
use otlake::arrow::{BatchBuilder, BatchOptions};
use otlake::otlp::{Format, OtlpDecoder};
use otlake::row::{Bytes, Signal};
use otlake::schema::Schema;

fn main() -> anyhow::Result<()> {
    let paths = recorded::paths(&["logs"])?;
    let payload = Bytes::from(std::fs::read(paths.last().context("no files")?)?);
    let payload = otlake::otlp::ContentEncoding::Gzip.inflate(&payload, 64 << 20)?;

    let options = BatchOptions::new().with_plain_strings();
    let mut builder = BatchBuilder::with_options(Schema::logs(), options);
    OtlpDecoder::new().decode(Signal::Logs, Format::of(&payload), &payload, &mut builder)?;
    let batch = builder.finish_batch();

    println!("{} rows", batch.num_rows());
    for (field, column) in batch.schema().fields().iter().zip(batch.columns()) {
        let values = batch.num_rows() - column.null_count();
        println!(
            "{values:>6} values: {}: {}",
            field.name(),
            field.data_type()
        );
    }
    Ok(())
}

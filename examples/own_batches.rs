//! Writes Arrow record batches of your own to a Parquet file. The second one has a column that the first one lacks.
//!
//! ```text
//! cargo run -p otlake-examples --example own_batches
//! ```

use std::fs::File;
use std::sync::Arc;

use otlake::arrow::arrow_array::{ArrayRef, Float64Array, RecordBatch, StringArray};
use otlake::parquet::{Encoder, FileWriter, WriterOptions};

fn main() -> anyhow::Result<()> {
    let city: ArrayRef = Arc::new(StringArray::from(vec!["Oslo", "Lima"]));
    let celsius: ArrayRef = Arc::new(Float64Array::from(vec![Some(-3.5), None]));
    let first = RecordBatch::try_from_iter([("city", city), ("celsius", celsius)])?;
    let city: ArrayRef = Arc::new(StringArray::from(vec!["Pune"]));
    let rain: ArrayRef = Arc::new(Float64Array::from(vec![12.0]));
    let second = RecordBatch::try_from_iter([("city", city), ("rain_mm", rain)])?;

    let mut encoder = Encoder::new(WriterOptions::new().with_compression("zstd:3".parse()?))?;
    std::fs::create_dir_all("target")?;
    let mut file = FileWriter::new(File::create("target/weather.parquet")?);
    for batch in [&first, &second] {
        file.write_row_group(&mut encoder, batch)?;
    }
    let (_, summary) = file.finish(&mut encoder, &[])?;

    println!("{} rows, {} bytes", summary.rows, summary.bytes);
    for column in &summary.columns {
        println!(
            "{}: {}, {} nulls",
            column.name, column.data_type, column.nulls
        );
    }
    assert_eq!((summary.rows, summary.columns.len()), (3, 3));
    Ok(())
}

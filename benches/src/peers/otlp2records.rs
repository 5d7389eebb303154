use ::otlp2records::{InputFormat, transform_logs, transform_metrics, transform_traces};
use arrow_array58::RecordBatch;
use otlake_row::Signal;
use parquet58::arrow::ArrowWriter;
use parquet58::basic::{Compression, ZstdLevel};
use parquet58::file::properties::WriterProperties;

use crate::case::Error;

/// Returns otlp2records' record batches: fixed columns, attributes as JSON text. Data points are in
/// one record batch per kind, except summaries, which it omits.
///
/// # Errors
///
/// Fails if otlp2records rejects the payload.
pub fn to_arrow(signal: Signal, payload: &[u8]) -> Result<Vec<RecordBatch>, Error> {
    Ok(match signal {
        Signal::Logs => vec![transform_logs(payload, InputFormat::Protobuf)?],
        Signal::Traces => vec![transform_traces(payload, InputFormat::Protobuf)?],
        Signal::Metrics => {
            let batches = transform_metrics(payload, InputFormat::Protobuf)?;
            let kinds = [
                batches.gauge,
                batches.sum,
                batches.histogram,
                batches.exp_histogram,
            ];
            kinds.into_iter().flatten().collect()
        }
    })
}

/// Returns the record batch as a Parquet file with ZSTD(1).
///
/// # Errors
///
/// Fails if the writer fails.
pub fn to_parquet(batch: &RecordBatch) -> Result<Vec<u8>, Error> {
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(1)?))
        .build();
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties))?;
    writer.write(batch)?;
    Ok(writer.into_inner()?)
}

use ::otlp2records::{InputFormat, transform_logs};
use arrow_array58::RecordBatch;
use parquet58::arrow::ArrowWriter;
use parquet58::basic::{Compression, ZstdLevel};
use parquet58::file::properties::WriterProperties;

use crate::case::Error;

/// Its batch: fixed columns, attributes as JSON text.
///
/// # Errors
///
/// When it refuses the payload.
pub fn to_arrow(payload: &[u8]) -> Result<RecordBatch, Error> {
    Ok(transform_logs(payload, InputFormat::Protobuf)?)
}

/// The batch in a Parquet file with ZSTD(1).
///
/// # Errors
///
/// When the writer fails.
pub fn to_parquet(batch: &RecordBatch) -> Result<Vec<u8>, Error> {
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(1)?))
        .build();
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties))?;
    writer.write(batch)?;
    Ok(writer.into_inner()?)
}

//! The encoding of scans of OTLP files.

use std::sync::Arc;

use datafusion::common::internal_err;
use datafusion::datasource::physical_plan::{FileScanConfig, FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::error::Result;
use datafusion::execution::TaskContext;
use datafusion::physical_plan::ExecutionPlan;
use datafusion_proto::physical_plan::{
    PhysicalExtensionCodec, PhysicalPlanDecodeContext, PhysicalProtoConverterExtension,
};
use datafusion_proto::protobuf::PhysicalPlanNode;
use prost::Message;
use serde::{Deserialize, Serialize};

use crate::ballista::options::EncodedOptions;
use crate::ballista::tables::{decode_schema, encode_schema, external};
use crate::otlp::source::OtlpSource;

/// The first bytes of the encoding, which no protobuf message begins with.
const PREFIX: &[u8] = b"\0otlake.otlp-scan/1\n";

/// What an executor needs in addition to files and projection.
#[derive(Serialize, Deserialize)]
struct EncodedSource {
    schema: String,
    options: EncodedOptions,
}

/// Appends the encoding of a scan to `buffer`. Returns whether it is one of OTLP files.
///
/// DataFusion encodes files, projection and order of a scan only together with a source that it knows. So they are
/// encoded as a scan of Parquet files, which is never executed, and the source follows.
pub(super) fn encode(
    plan: &dyn ExecutionPlan,
    buffer: &mut Vec<u8>,
    codec: &dyn PhysicalExtensionCodec,
    converter: &dyn PhysicalProtoConverterExtension,
) -> Result<bool> {
    let Some((config, source)) = parts(plan) else {
        return Ok(false);
    };
    let encoded = EncodedSource {
        schema: encode_schema(source.dataset_schema())?,
        options: EncodedOptions::of(source.options()),
    };
    let parquet = Arc::new(ParquetSource::new(
        config.file_source().table_schema().clone(),
    ));
    let files = with_source(config, parquet)?;
    let files = converter
        .execution_plan_to_proto(&files, codec)?
        .encode_to_vec();
    buffer.extend_from_slice(PREFIX);
    buffer.extend_from_slice(&(files.len() as u64).to_le_bytes());
    buffer.extend_from_slice(&files);
    serde_json::to_writer(buffer, &encoded).map_err(external)?;
    Ok(true)
}

/// Returns the scan of an encoding, or `None` if it is that of something else.
pub(super) fn decode(
    buffer: &[u8],
    context: &TaskContext,
    codec: &dyn PhysicalExtensionCodec,
    converter: &dyn PhysicalProtoConverterExtension,
) -> Option<Result<Arc<dyn ExecutionPlan>>> {
    let encoded = buffer.strip_prefix(PREFIX)?;
    Some(read(encoded, context, codec, converter))
}

fn read(
    encoded: &[u8],
    context: &TaskContext,
    codec: &dyn PhysicalExtensionCodec,
    converter: &dyn PhysicalProtoConverterExtension,
) -> Result<Arc<dyn ExecutionPlan>> {
    let parts = encoded.split_first_chunk().and_then(|(length, rest)| {
        let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
        rest.split_at_checked(length)
    });
    let Some((files, source)) = parts else {
        return internal_err!("the encoding of a scan of OTLP files is cut");
    };
    let files = PhysicalPlanNode::decode(files).map_err(external)?;
    let source: EncodedSource = serde_json::from_slice(source).map_err(external)?;
    let memory_pool = Arc::clone(context.memory_pool());
    let context = PhysicalPlanDecodeContext::new(context, codec);
    let files = converter.proto_to_execution_plan(&files, &context)?;
    let files = files.downcast_ref::<DataSourceExec>();
    let config = files.and_then(|files| files.data_source().downcast_ref::<FileScanConfig>());
    let Some(config) = config else {
        return internal_err!("the encoding of a scan of OTLP files has no files");
    };
    let dataset = Arc::new(decode_schema(&source.schema)?);
    let table_schema = config.file_source().table_schema().clone();
    let source = OtlpSource::new(table_schema, dataset, source.options.decode())
        .with_memory_pool(memory_pool);
    with_source(config, Arc::new(source))
}

/// Returns the configuration and the source of a scan of OTLP files.
fn parts(plan: &dyn ExecutionPlan) -> Option<(&FileScanConfig, &OtlpSource)> {
    let scan = plan.downcast_ref::<DataSourceExec>()?;
    let config = scan.data_source().downcast_ref::<FileScanConfig>()?;
    Some((config, config.file_source().downcast_ref()?))
}

/// Returns the same scan with another source of the same columns.
fn with_source(
    config: &FileScanConfig,
    source: Arc<dyn datafusion::datasource::physical_plan::FileSource>,
) -> Result<Arc<dyn ExecutionPlan>> {
    let projected = match config.file_source().projection() {
        Some(projection) => source.try_pushdown_projection(projection)?,
        None => None,
    };
    let config = FileScanConfigBuilder::from(config.clone())
        .with_source(projected.unwrap_or(source))
        .build();
    Ok(DataSourceExec::from_data_source(config))
}

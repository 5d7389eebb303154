//! The encoding of a running backfill.

use std::sync::Arc;

use datafusion::common::internal_err;
use datafusion::datasource::listing::ListingTableUrl;
use datafusion::error::Result;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::physical_plan::ExecutionPlan;
use serde::{Deserialize, Serialize};

use crate::backfill::exec::{BackfillExec, BackfillJob};
use crate::backfill::options::BackfillOptions;
use crate::ballista::options::EncodedOptions;
use crate::ballista::tables::external;

/// The first bytes of the encoding, which no protobuf message begins with.
const PREFIX: &[u8] = b"\0otlake.backfill/1\n";

/// What an executor needs to write the files of its tasks, whose paths are in the input.
#[derive(Serialize, Deserialize)]
struct EncodedBackfill {
    store: String,
    dataset: String,
    options: EncodedBackfillOptions,
    projection: Option<Vec<usize>>,
}

/// The encoding of [`BackfillOptions`].
#[derive(Serialize, Deserialize)]
pub(super) struct EncodedBackfillOptions {
    input: EncodedOptions,
    partitioning: Option<String>,
    sort_by: Vec<String>,
    compression: String,
    memory_limit: usize,
}

impl EncodedBackfillOptions {
    pub(super) fn of(options: &BackfillOptions) -> EncodedBackfillOptions {
        EncodedBackfillOptions {
            input: EncodedOptions::of(options.input),
            partitioning: options.partitioning.as_ref().map(ToString::to_string),
            sort_by: options.sort_by.clone(),
            compression: options.compression.to_string(),
            memory_limit: options.memory_limit,
        }
    }

    pub(super) fn decode(self) -> Result<BackfillOptions> {
        let partitioning = self.partitioning.map(|template| template.parse());
        Ok(BackfillOptions {
            input: self.input.decode(),
            partitioning: partitioning.transpose().map_err(external)?,
            sort_by: self.sort_by,
            compression: self.compression.parse().map_err(external)?,
            memory_limit: self.memory_limit,
        })
    }
}

/// Appends the encoding of a backfill to `buffer`. Returns whether the plan is one.
pub(super) fn encode(plan: &dyn ExecutionPlan, buffer: &mut Vec<u8>) -> Result<bool> {
    let Some(backfill) = plan.downcast_ref::<BackfillExec>() else {
        return Ok(false);
    };
    let job = &backfill.job;
    let encoded = EncodedBackfill {
        store: job.store.as_str().to_owned(),
        dataset: job.dataset.as_str().to_owned(),
        options: EncodedBackfillOptions::of(&job.options),
        projection: job.projection.clone(),
    };
    buffer.extend_from_slice(PREFIX);
    serde_json::to_writer(buffer, &encoded).map_err(external)?;
    Ok(true)
}

/// Returns the backfill of an encoding, or `None` if it is that of something else.
pub(super) fn decode(
    buffer: &[u8],
    inputs: &[Arc<dyn ExecutionPlan>],
) -> Option<Result<Arc<dyn ExecutionPlan>>> {
    let encoded = buffer.strip_prefix(PREFIX)?;
    Some(read(encoded, inputs))
}

fn read(json: &[u8], inputs: &[Arc<dyn ExecutionPlan>]) -> Result<Arc<dyn ExecutionPlan>> {
    let [paths] = inputs else {
        return internal_err!("a backfill has one input");
    };
    let encoded: EncodedBackfill = serde_json::from_slice(json).map_err(external)?;
    let job = BackfillJob {
        store: ObjectStoreUrl::parse(encoded.store)?,
        dataset: ListingTableUrl::parse(encoded.dataset)?,
        options: Arc::new(encoded.options.decode()?),
        projection: encoded.projection,
    };
    Ok(Arc::new(BackfillExec::new(Arc::clone(paths), job)?))
}

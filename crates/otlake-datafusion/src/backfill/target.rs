use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;

use datafusion::common::plan_datafusion_err;
use datafusion::datasource::listing::ListingTableUrl;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::TaskContext;
use datafusion::object_store::ObjectStore;
use otlake_dataset::Dataset;
use otlake_storage::{Documents, LocalDirectory, ObjectStorage};

use super::options::BackfillOptions;
use crate::otlp::error::with_causes;

/// Where the dataset of a backfill is.
#[derive(Debug)]
pub(super) enum Target {
    Directory(PathBuf),
    Store(Arc<dyn ObjectStore>, String),
}

impl Target {
    /// Finds the directory, or the object store in the session of a task.
    pub(super) fn find(url: &ListingTableUrl, context: &TaskContext) -> Result<Target> {
        if url.scheme() == "file" {
            let path = url.get_url().to_file_path();
            let path = path.map_err(|()| plan_datafusion_err!("{url} is not a local path"))?;
            return Ok(Target::Directory(path));
        }
        let store = context.runtime_env().object_store(url)?;
        Ok(Target::Store(store, url.prefix().to_string()))
    }

    /// Opens the dataset, or creates it. This blocks.
    pub(super) fn open(&self, options: &BackfillOptions) -> Result<Dataset> {
        let storage: Arc<dyn Documents> = match self {
            Target::Directory(path) => Arc::new(LocalDirectory::new(path)),
            Target::Store(store, prefix) => {
                let storage = ObjectStorage::new(Arc::clone(store), prefix);
                Arc::new(
                    storage.map_err(|error| failed("open the storage of the dataset", &error))?,
                )
            }
        };
        let dataset = options.dataset().open(storage);
        dataset.map_err(|error| failed("open the dataset", &error))
    }
}

/// Returns the error of a step, with its causes: DataFusion shows only messages.
pub(super) fn failed(step: &str, error: &dyn Error) -> DataFusionError {
    DataFusionError::Execution(format!("cannot {step}: {}", with_causes(error)))
}

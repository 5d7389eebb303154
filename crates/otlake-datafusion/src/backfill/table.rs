use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::plan_err;
use datafusion::datasource::TableType;
use datafusion::datasource::listing::ListingTableUrl;
use datafusion::error::Result;
use datafusion::logical_expr::Expr;
use datafusion::object_store::ObjectMeta;
use datafusion::object_store::path::Path;
use datafusion::physical_plan::ExecutionPlan;
use otlake_dataset::Partitioning;
use otlake_parquet::Compression;

use super::exec::{BackfillExec, BackfillJob};
use super::options::BackfillOptions;
use super::outcome;
use crate::otlp::files;
use crate::otlp::options::OtlpOptions;

/// Writes raw OTLP files to a dataset when it is queried, and returns a row for each file.
///
/// The signals of all payloads are recognised, and each record goes to the table of its signal, with a fingerprint if it
/// is a log, as in a `Pipeline` of the crate `otlake`. On Ballista, executors share the files.
///
/// | column | type | |
/// |---|---|---|
/// | `file` | `Utf8` | the path of the file in its store |
/// | `state` | `Utf8` | `written`; `already written`, by an earlier run; or `left out`, because of a fault |
/// | `records` | `UInt64` | records that this run has written |
/// | `rejected_records` | `UInt64` | records that exceed an input limit |
/// | `faults` | `UInt64` | payloads that cannot be decoded to their end, or whose signal is unknown |
/// | `first_fault` | `Utf8` | the first fault or rejection |
///
/// # Exactly once
///
/// Each file is a batch whose identity is the URL of the file. It becomes visible as a whole. If a query fails or is
/// cancelled, or an executor is lost, run the same query again: it writes the files that are missing. So new files can
/// be added to a directory, but a file that has changed is not read again.
///
/// `LIMIT` ends a query, and with it the backfill, once it has its rows.
///
/// ```
/// use std::sync::Arc;
///
/// use datafusion::prelude::SessionContext;
/// use otlake_datafusion::{Backfill, register_dataset};
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let files = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/data/logs/");
/// # let directory = tempfile::tempdir()?;
/// # let lake = directory.path().join("lake").display().to_string();
/// let context = SessionContext::new();
/// let backfill = Backfill::builder(files, &lake)
///     .partitioning("{table}/date={date}".parse()?)
///     .build()?;
/// let rows = context.read_table(Arc::new(backfill))?.collect().await?;
/// assert!(!rows.is_empty());
///
/// register_dataset(&context, &lake).await?;
/// assert!(context.sql("SELECT * FROM logs").await?.count().await? > 0);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Backfill {
    input: ListingTableUrl,
    dataset: ListingTableUrl,
    options: Arc<BackfillOptions>,
}

impl Backfill {
    /// Returns a builder of a backfill from the files at `input` to the dataset at `dataset`, which may exist or not.
    ///
    /// `input` is a file, a directory with its subdirectories, or a glob, and `dataset` a directory. Both are local, or
    /// URLs of object stores that are registered with the session; the store of the dataset must support conditional
    /// writes.
    pub fn builder(input: impl Into<String>, dataset: impl Into<String>) -> BackfillBuilder {
        BackfillBuilder {
            input: input.into(),
            dataset: dataset.into(),
            options: BackfillOptions::default(),
        }
    }

    #[cfg(feature = "ballista")]
    pub(crate) fn new(
        input: ListingTableUrl,
        dataset: ListingTableUrl,
        options: BackfillOptions,
    ) -> Backfill {
        Backfill {
            input,
            dataset,
            options: Arc::new(options),
        }
    }

    /// Returns where the files are.
    pub fn input(&self) -> &ListingTableUrl {
        &self.input
    }

    /// Returns where the dataset is.
    pub fn dataset(&self) -> &ListingTableUrl {
        &self.dataset
    }

    #[cfg(feature = "ballista")]
    pub(crate) fn options(&self) -> &BackfillOptions {
        &self.options
    }
}

/// A builder of a [`Backfill`].
///
/// Give it the options of the dataset's other writers.
#[derive(Clone, Debug)]
#[must_use]
pub struct BackfillBuilder {
    input: String,
    dataset: String,
    options: BackfillOptions,
}

impl BackfillBuilder {
    /// Sets the limits for input, and whether the rest of a file with a fault is written. Default: such a file is left
    /// out.
    pub fn options(mut self, options: OtlpOptions) -> BackfillBuilder {
        self.options.input = options;
        self
    }

    /// Sets the template of partition directories. Default: a directory for each table.
    pub fn partitioning(mut self, partitioning: Partitioning) -> BackfillBuilder {
        self.options.partitioning = Some(partitioning);
        self
    }

    /// Sets the columns by which the rows of a row group are sorted, ascending with nulls last. Default: none.
    pub fn sort_by<I>(mut self, columns: I) -> BackfillBuilder
    where
        I: IntoIterator<Item: Into<String>>,
    {
        self.options.sort_by = columns.into_iter().map(Into::into).collect();
        self
    }

    /// Sets the codec of the Parquet files. Default: ZSTD(1).
    pub fn compression(mut self, compression: Compression) -> BackfillBuilder {
        self.options.compression = compression;
        self
    }

    /// Sets how many bytes of memory each partition of the query may use. It takes them from the memory pool of the
    /// session when it begins. Default: 256 MiB.
    pub fn memory_limit(mut self, bytes: usize) -> BackfillBuilder {
        self.options.memory_limit = bytes;
        self
    }

    /// Returns the backfill. Nothing is read or written yet.
    ///
    /// # Errors
    ///
    /// Returns an error if the location of the files or of the dataset is not a path or a URL.
    pub fn build(self) -> Result<Backfill> {
        Ok(Backfill {
            input: files::parse(&self.input)?,
            dataset: ListingTableUrl::parse(&self.dataset)?,
            options: Arc::new(self.options),
        })
    }
}

impl Backfill {
    /// Returns whether a file of the same store is one of the dataset and not one to read.
    fn is_of_dataset(&self, file: &Path) -> bool {
        let (input, dataset) = (self.input.prefix(), self.dataset.prefix());
        if !file.prefix_matches(dataset) {
            return false;
        }
        // The files may be in the directory of the dataset, too.
        let files_are_inside = input.prefix_matches(dataset);
        let is_document = || file.parts().any(|part| part.as_ref() == "_otlake");
        !files_are_inside || file.extension() == Some("parquet") || is_document()
    }
}

#[async_trait]
impl TableProvider for Backfill {
    fn schema(&self) -> SchemaRef {
        outcome::schema()
    }

    fn table_type(&self) -> TableType {
        TableType::Temporary
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        _limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let mut found = files::list(state, &self.input).await?;
        let store = self.input.object_store();
        if store == self.dataset.object_store() {
            found.retain(|file| !self.is_of_dataset(&file.location));
        }
        if found.is_empty() {
            let glob = self.input.get_glob().as_ref();
            let glob = glob.map_or("", |glob| glob.as_str());
            return plan_err!("there is no file at {}{glob}", self.input);
        }
        let groups = files::groups(found, state.config().target_partitions());
        let path = |file: ObjectMeta| file.location;
        let paths = |group: Vec<ObjectMeta>| group.into_iter().map(path).collect();
        let partitions: Vec<Vec<Path>> = groups.into_iter().map(paths).collect();
        let job = BackfillJob {
            store,
            dataset: self.dataset.clone(),
            options: Arc::clone(&self.options),
            projection: projection.cloned(),
        };
        let plan = BackfillExec::of_files(&partitions, job)?;
        Ok(Arc::new(plan))
    }
}

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::plan_err;
use datafusion::datasource::TableType;
use datafusion::datasource::file_format::FileFormat;
use datafusion::datasource::listing::{ListingTableUrl, PartitionedFile};
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder};
use datafusion::datasource::table_schema::TableSchema;
use datafusion::error::Result;
use datafusion::logical_expr::Expr;
use datafusion::object_store::ObjectMeta;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;
use otlake_row::Signal;
use otlake_schema::{DatasetSchema, Table};

use super::files;
use super::format::OtlpFormat;
use super::options::OtlpOptions;

/// Raw OTLP files as a table of one signal: a row for each log record, span or data point.
///
/// The files are listed with each query, so new ones are found. The columns stay as they were when the table was
/// opened; values of attributes without a column are in `overflow`.
///
/// ```
/// use std::sync::Arc;
///
/// use datafusion::prelude::SessionContext;
/// use otlake_datafusion::OtlpTable;
/// use otlake_row::Signal;
///
/// # #[tokio::main]
/// # async fn main() -> datafusion::error::Result<()> {
/// # let files = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/data/logs/");
/// let context = SessionContext::new();
/// let logs = OtlpTable::builder(files, Signal::Logs).open(&context.state()).await?;
/// context.register_table("logs", Arc::new(logs))?;
/// let errors = context.sql("SELECT body FROM logs WHERE severity_number >= 17").await?;
/// assert!(errors.count().await? > 0);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct OtlpTable {
    url: ListingTableUrl,
    format: OtlpFormat,
    schema: SchemaRef,
}

impl OtlpTable {
    /// Returns a builder of a table over the files at `path`: a file, a directory with its subdirectories, or a glob,
    /// with or without the URL of an object store that is registered with the session.
    pub fn builder(path: impl Into<String>, signal: Signal) -> OtlpTableBuilder {
        OtlpTableBuilder {
            path: path.into(),
            signal,
            columns: None,
            inferred_files: usize::MAX,
            options: OtlpOptions::new(),
        }
    }

    /// Returns a table with known columns. Nothing is read, so this also works where the files cannot be reached.
    pub fn new(
        url: ListingTableUrl,
        columns: Arc<DatasetSchema>,
        options: OtlpOptions,
    ) -> OtlpTable {
        let format = OtlpFormat::new(columns, options);
        let schema = format.schema();
        OtlpTable {
            url,
            format,
            schema,
        }
    }

    /// Returns where the files are.
    pub fn url(&self) -> &ListingTableUrl {
        &self.url
    }

    /// Returns the columns of the table, with the attributes that they belong to.
    pub fn dataset_schema(&self) -> &Arc<DatasetSchema> {
        self.format.dataset_schema()
    }

    /// Returns the options.
    pub fn options(&self) -> OtlpOptions {
        self.format.options()
    }
}

/// A builder of an [`OtlpTable`].
#[derive(Clone, Debug)]
#[must_use]
pub struct OtlpTableBuilder {
    path: String,
    signal: Signal,
    columns: Option<Arc<DatasetSchema>>,
    inferred_files: usize,
    options: OtlpOptions,
}

impl OtlpTableBuilder {
    /// Sets the columns: those that a dataset has published. Default: the columns are found in the files.
    pub fn columns(mut self, columns: impl Into<Arc<DatasetSchema>>) -> OtlpTableBuilder {
        self.columns = Some(columns.into());
        self
    }

    /// Sets how many files are read to find the columns, in the order of their paths. Values of attributes that only
    /// other files have are in `overflow`. Default: all files.
    pub fn inferred_files(mut self, files: usize) -> OtlpTableBuilder {
        self.inferred_files = files;
        self
    }

    /// Sets the options for reading files.
    pub fn options(mut self, options: OtlpOptions) -> OtlpTableBuilder {
        self.options = options;
        self
    }

    /// Returns the table. If no columns were set, reads the files.
    ///
    /// # Errors
    ///
    /// Returns an error if there is no file at the path, or one cannot be read; if a file has a fault and the options
    /// say that this fails; or if the columns are those of another table.
    pub async fn open(self, state: &dyn Session) -> Result<OtlpTable> {
        let url = files::parse(&self.path)?;
        let table = Table::from(self.signal);
        if let Some(columns) = self.columns {
            let found = columns.table();
            if found != table {
                let (found, expected) = (found.name(), table.name());
                return plan_err!("these are the columns of {found}, not of {expected}");
            }
            return Ok(OtlpTable::new(url, columns, self.options));
        }
        let mut files = files::list(state, &url).await?;
        if files.is_empty() {
            return plan_err!("there is no file at {}", self.path);
        }
        files.truncate(self.inferred_files.max(1));
        let store = state.runtime_env().object_store(&url)?;
        let columns = OtlpFormat::infer_columns(state, &store, &files, table, self.options).await?;
        Ok(OtlpTable::new(url, Arc::new(columns), self.options))
    }
}

#[async_trait]
impl TableProvider for OtlpTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let files = files::list(state, &self.url).await?;
        if files.is_empty() {
            let schema = match projection {
                Some(projection) => Arc::new(self.schema.project(projection)?),
                None => Arc::clone(&self.schema),
            };
            return Ok(Arc::new(EmptyExec::new(schema)));
        }
        let groups = files::groups(files, state.config().target_partitions());
        let file_group = |files: Vec<ObjectMeta>| {
            FileGroup::new(
                files
                    .into_iter()
                    .map(PartitionedFile::new_from_meta)
                    .collect(),
            )
        };
        let table_schema = TableSchema::from(Arc::clone(&self.schema));
        let source = self.format.file_source(table_schema);
        let config = FileScanConfigBuilder::new(self.url.object_store(), source)
            .with_file_groups(groups.into_iter().map(file_group).collect())
            .with_projection_indices(projection.cloned())?
            .with_limit(limit)
            .build();
        self.format.create_physical_plan(state, config).await
    }
}

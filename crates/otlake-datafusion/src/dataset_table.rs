//! The table of a dataset.

mod builder;
mod data_file;
pub(crate) mod error;
mod listing;
mod location;
mod manifests;
mod ordering;
mod partitions;
mod scan;
pub(crate) mod schema;
mod statistics;

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::{ScanArgs, ScanResult, Session, TableProvider};
use datafusion::datasource::TableType;
use datafusion::error::Result;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown};
use datafusion::physical_plan::ExecutionPlan;
use otlake_schema::{DatasetSchema, Table};

pub use self::builder::{DatasetFiles, DatasetTableBuilder};
use self::location::Location;
use self::manifests::ManifestCache;
use self::partitions::is_exact;

/// A table of a dataset: its files as one DataFusion table.
///
/// - **Schema.** The columns of the published schema, then the partition columns. A file that lacks a column has nulls
///   there. Columns that are published later appear when the table is opened again.
/// - **Files.** The table has the files in manifests, so a batch is read once it is committed to the table, and not
///   before. The list of manifests is read for every query, and each manifest once.
/// - **Pruning.** Filters exclude files by their partition and by the statistics in manifests, before any file is
///   opened. In the files that remain DataFusion uses row group statistics, bloom filters and the page index.
/// - **Order.** If all files of a query are sorted alike, and no row lacks a value to sort by, the scan says so, and
///   DataFusion leaves out sorts.
/// - **Counts.** `count(*)`, and minima and maxima of numbers, times and booleans, are answered from manifests.
///
/// ```
/// use std::sync::Arc;
///
/// use datafusion::prelude::SessionContext;
/// use otlake_dataset::Dataset;
/// use otlake_datafusion::DatasetTable;
/// use otlake_row::{Group, Row, RowSink, Signal, Value, fields};
/// use otlake_schema::Table;
/// use otlake_storage::LocalDirectory;
///
/// # let directory = tempfile::tempdir()?;
/// # let lake = directory.path().to_str().ok_or("the path is text")?;
/// let mut writer = Dataset::builder().open(Arc::new(LocalDirectory::new(lake)))?.writer();
/// let mut row = Row::new(Signal::Logs, Group::new(&[]), Group::new(&[]));
/// row.push(fields::BODY, Value::String("order placed"));
/// writer.row(&mut row)?;
/// writer.flush()?;
///
/// # tokio::runtime::Runtime::new()?.block_on(async {
/// let context = SessionContext::new();
/// let logs = DatasetTable::open(&context.state(), lake, Table::Logs).await?;
/// context.register_table("logs", Arc::new(logs))?;
/// let found = context.sql("SELECT count(*) FROM logs WHERE body LIKE '%placed'").await?;
/// let batches = found.collect().await?;
/// # assert_eq!(batches[0].num_rows(), 1);
/// # Ok::<_, datafusion::error::DataFusionError>(())
/// # })?;
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
pub struct DatasetTable {
    location: Location,
    files: DatasetFiles,
    published: DatasetSchema,
    /// The number of columns of files; partition columns come after them.
    file_columns: usize,
    schema: SchemaRef,
    manifests: Arc<ManifestCache>,
}

impl DatasetTable {
    /// Opens the table of a dataset at a URL, such as `s3://bucket/lake`, or at a path of the local file system. The
    /// object store has to be registered with the session's runtime, as for any other table.
    ///
    /// # Errors
    ///
    /// Returns an error if there is no such dataset, or if its published schema or a manifest can't be read.
    pub async fn open(session: &dyn Session, url: &str, table: Table) -> Result<Self> {
        Self::builder(url, table).open(session).await
    }

    /// Returns a builder, for other options than those of [`open`](Self::open).
    pub fn builder(url: impl Into<String>, table: Table) -> DatasetTableBuilder {
        DatasetTableBuilder::new(url.into(), table)
    }

    /// Returns the URL of the dataset.
    pub fn url(&self) -> &str {
        self.location.url()
    }

    /// Returns the table of the dataset.
    pub fn table(&self) -> Table {
        self.location.table
    }

    /// Returns where the table finds its files.
    pub fn files(&self) -> &DatasetFiles {
        &self.files
    }

    /// Returns the published schema, as it was when the table was opened.
    pub fn published_schema(&self) -> &DatasetSchema {
        &self.published
    }

    /// Returns the names of the partition columns.
    pub fn partition_columns(&self) -> impl Iterator<Item = &str> {
        let fields = self.schema.fields().iter().skip(self.file_columns);
        fields.map(|field| field.name().as_str())
    }
}

#[async_trait]
impl TableProvider for DatasetTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        session: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        self.plan(session, projection.map(Vec::as_slice), filters, limit)
            .await
    }

    async fn scan_with_args<'a>(
        &self,
        session: &dyn Session,
        args: ScanArgs<'a>,
    ) -> Result<ScanResult> {
        let filters = args.filters().unwrap_or_default();
        let plan = self.plan(session, args.projection(), filters, args.limit());
        Ok(ScanResult::new(plan.await?))
    }

    fn supports_filters_pushdown(
        &self,
        filters: &[&Expr],
    ) -> Result<Vec<TableProviderFilterPushDown>> {
        let columns: Vec<&str> = self.partition_columns().collect();
        let pushdown = filters
            .iter()
            .map(|filter| match is_exact(filter, &columns) {
                true => TableProviderFilterPushDown::Exact,
                false => TableProviderFilterPushDown::Inexact,
            });
        Ok(pushdown.collect())
    }
}

impl fmt::Debug for DatasetTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DatasetTable")
            .field("url", &self.url())
            .field("table", &self.table())
            .finish_non_exhaustive()
    }
}

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::Session;
use datafusion::common::{GetExt, Statistics, internal_err};
use datafusion::datasource::file_format::FileFormat;
use datafusion::datasource::file_format::file_compression_type::FileCompressionType;
use datafusion::datasource::physical_plan::{FileScanConfig, FileScanConfigBuilder, FileSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::datasource::table_schema::TableSchema;
use datafusion::error::Result;
use datafusion::object_store::{ObjectMeta, ObjectStore};
use datafusion::physical_plan::ExecutionPlan;
use otlake_schema::{DatasetSchema, Table};

use super::columns::table_schema;
use super::inference::infer;
use super::options::OtlpOptions;
use super::source::OtlpSource;

/// The format of raw OTLP files, in every framing and compression, for tables with given columns.
///
/// The records of a file do not say which columns a table of many files has, so a format is made for the columns of
/// one table. [`OtlpFormat::infer_columns`] finds them; the schema document of a dataset has them, too.
#[derive(Clone, Debug)]
pub struct OtlpFormat {
    dataset: Arc<DatasetSchema>,
    options: OtlpOptions,
}

impl OtlpFormat {
    /// Returns the format for a table with the columns of `dataset`. Values of other attributes are in `overflow`.
    pub fn new(dataset: Arc<DatasetSchema>, options: OtlpOptions) -> OtlpFormat {
        OtlpFormat { dataset, options }
    }

    /// Reads files to find the columns of a table, as many at a time as the session has target partitions.
    ///
    /// # Errors
    ///
    /// Returns an error if a file cannot be read, or if it has a fault and the options say that this fails.
    pub async fn infer_columns(
        state: &dyn Session,
        store: &Arc<dyn ObjectStore>,
        files: &[ObjectMeta],
        table: Table,
        options: OtlpOptions,
    ) -> Result<DatasetSchema> {
        let parallel = state.config().target_partitions();
        let memory_pool = &state.runtime_env().memory_pool;
        infer(table, store, files, options, memory_pool, parallel).await
    }

    /// Returns the columns of the table, with the attributes that they belong to.
    pub fn dataset_schema(&self) -> &Arc<DatasetSchema> {
        &self.dataset
    }

    /// Returns the options.
    pub fn options(&self) -> OtlpOptions {
        self.options
    }

    /// Returns the Arrow schema of the table: fields, then attributes, then `overflow`. Strings are `Utf8View` and
    /// bytes `BinaryView`.
    pub fn schema(&self) -> SchemaRef {
        table_schema(&self.dataset)
    }
}

#[async_trait]
impl FileFormat for OtlpFormat {
    fn get_ext(&self) -> String {
        // The name of a file says nothing: the first bytes do.
        String::new()
    }

    fn get_ext_with_compression(&self, compression: &FileCompressionType) -> Result<String> {
        Ok(compression.get_ext())
    }

    fn compression_type(&self) -> Option<FileCompressionType> {
        None
    }

    /// Returns the schema that the format was made for.
    async fn infer_schema(
        &self,
        _state: &dyn Session,
        _store: &Arc<dyn ObjectStore>,
        _objects: &[ObjectMeta],
    ) -> Result<SchemaRef> {
        Ok(self.schema())
    }

    async fn infer_stats(
        &self,
        _state: &dyn Session,
        _store: &Arc<dyn ObjectStore>,
        table_schema: SchemaRef,
        _object: &ObjectMeta,
    ) -> Result<Statistics> {
        Ok(Statistics::new_unknown(&table_schema))
    }

    async fn create_physical_plan(
        &self,
        state: &dyn Session,
        config: FileScanConfig,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let Some(source) = config.file_source().downcast_ref::<OtlpSource>() else {
            return internal_err!("a scan of OTLP files needs the source of their format");
        };
        let memory_pool = Arc::clone(&state.runtime_env().memory_pool);
        let source = source.clone().with_memory_pool(memory_pool);
        let config = FileScanConfigBuilder::from(config)
            .with_source(Arc::new(source))
            .build();
        Ok(DataSourceExec::from_data_source(config))
    }

    fn file_source(&self, table_schema: TableSchema) -> Arc<dyn FileSource> {
        let dataset = Arc::clone(&self.dataset);
        Arc::new(OtlpSource::new(table_schema, dataset, self.options))
    }
}

use datafusion::error::DataFusionError;
use otlake_dataset::ManifestError;
use otlake_schema::DatasetSchemaError;

/// The error of opening or scanning a [`DatasetTable`](crate::DatasetTable). DataFusion returns it as
/// [`DataFusionError::External`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DatasetTableError {
    /// There is neither a published schema nor a file.
    #[error(
        "there is no dataset with a table {table} at {url}: it has neither {document} nor files. Check the URL; \
         other directories of Parquet files can be read as listing tables"
    )]
    NotFound {
        /// The URL of the dataset.
        url: String,
        /// The name of the table.
        table: &'static str,
        /// The document with the published schema, which does not exist.
        document: String,
    },
    /// The published schema is damaged, or was written by an incompatible version.
    #[error("{document} is not the schema of a dataset")]
    Schema {
        /// The path of the document.
        document: String,
        /// The fault of the document.
        source: DatasetSchemaError,
    },
    /// The published schema is that of another table.
    #[error("{document} is the schema of {found}, not of {expected}: was it moved?")]
    OtherTable {
        /// The path of the document.
        document: String,
        /// The table of the document.
        found: &'static str,
        /// The table that was expected.
        expected: &'static str,
    },
    /// A published column has a type that this version does not know.
    #[error(
        "the published column {column:?} has the type {type_name:?}, which this version does not know: update otlake"
    )]
    UnknownType {
        /// The name of the column.
        column: String,
        /// Its type.
        type_name: String,
    },
    /// The types of the table can't be written as Parquet types.
    #[error("the types of the table can't be converted")]
    Types(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A manifest is damaged, or was written by an incompatible version.
    #[error("{document} is not a manifest")]
    Manifest {
        /// The path of the document.
        document: String,
        /// The fault of the document.
        source: ManifestError,
    },
    /// A name in a manifest, or the location itself, is no valid path of an object store.
    #[error("{name:?} is not a valid path in an object store")]
    Path {
        /// The name.
        name: String,
        /// The fault of the name.
        source: datafusion::object_store::path::Error,
    },
}

impl From<DatasetTableError> for DataFusionError {
    fn from(error: DatasetTableError) -> Self {
        DataFusionError::External(Box::new(error))
    }
}

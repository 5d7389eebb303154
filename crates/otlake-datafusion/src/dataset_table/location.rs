use datafusion::datasource::listing::ListingTableUrl;
use datafusion::error::Result;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::object_store::path::Path;
use otlake_dataset::SchemaDocument;
use otlake_schema::Table;

use crate::dataset_table::error::DatasetTableError;
use crate::dataset_table::manifests::path_in;

/// The place of a dataset's table in an object store.
#[derive(Clone, Debug)]
pub(super) struct Location {
    url: ListingTableUrl,
    pub(super) table: Table,
}

impl Location {
    /// Parses the URL of a dataset, or its path in the local file system.
    pub(super) fn parse(url: &str, table: Table) -> Result<Self> {
        let url = ListingTableUrl::parse(url)?;
        Ok(Self { url, table })
    }

    /// Returns the URL of the dataset.
    pub(super) fn url(&self) -> &str {
        self.url.as_str()
    }

    /// Returns the URL under which the object store is registered.
    pub(super) fn store(&self) -> ObjectStoreUrl {
        self.url.object_store()
    }

    /// Returns the path of the dataset in the store.
    pub(super) fn root(&self) -> &Path {
        self.url.prefix()
    }

    /// Returns the path of the published schema.
    pub(super) fn schema_document(&self) -> Result<Path, DatasetTableError> {
        path_in(self.root(), &SchemaDocument::document_name(self.table))
    }

    /// Returns the path of the directory of manifests.
    pub(super) fn manifests(&self) -> Result<Path, DatasetTableError> {
        let name = format!("_otlake/manifests/{}", self.table.name());
        path_in(self.root(), &name)
    }
}

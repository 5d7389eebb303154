//! A catalog that shows one version of a table.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use iceberg::table::Table;
use iceberg::{
    Catalog, Error, ErrorKind, Namespace, NamespaceIdent, Result, TableCommit, TableCreation,
    TableIdent,
};

/// A catalog for one transaction on the version of a table that was examined before.
///
/// A transaction of the `iceberg` crate loads the table again when it commits, and after a conflict, and then applies its
/// actions to whatever it finds. It would add a batch that somebody else has committed in between. Here it finds the
/// version that has been examined, so the catalog reports a conflict if that is no longer the latest, and the caller
/// examines the next one.
#[derive(Debug)]
pub(crate) struct PinnedCatalog {
    catalog: Arc<dyn Catalog>,
    table: Table,
}

impl PinnedCatalog {
    pub(crate) fn new(catalog: Arc<dyn Catalog>, table: Table) -> Self {
        Self { catalog, table }
    }
}

fn unused<T>() -> Result<T> {
    let message = "a transaction only loads and updates its table";
    Err(Error::new(ErrorKind::FeatureUnsupported, message))
}

#[async_trait]
impl Catalog for PinnedCatalog {
    async fn load_table(&self, _table: &TableIdent) -> Result<Table> {
        Ok(self.table.clone())
    }

    /// Never returns an error that the transaction would retry.
    async fn update_table(&self, commit: TableCommit) -> Result<Table> {
        let updated = self.catalog.update_table(commit).await;
        updated.map_err(|error| error.with_retryable(false))
    }

    async fn list_namespaces(&self, _: Option<&NamespaceIdent>) -> Result<Vec<NamespaceIdent>> {
        unused()
    }

    async fn create_namespace(
        &self,
        _: &NamespaceIdent,
        _: HashMap<String, String>,
    ) -> Result<Namespace> {
        unused()
    }

    async fn get_namespace(&self, _: &NamespaceIdent) -> Result<Namespace> {
        unused()
    }

    async fn namespace_exists(&self, _: &NamespaceIdent) -> Result<bool> {
        unused()
    }

    async fn update_namespace(&self, _: &NamespaceIdent, _: HashMap<String, String>) -> Result<()> {
        unused()
    }

    async fn drop_namespace(&self, _: &NamespaceIdent) -> Result<()> {
        unused()
    }

    async fn list_tables(&self, _: &NamespaceIdent) -> Result<Vec<TableIdent>> {
        unused()
    }

    async fn create_table(&self, _: &NamespaceIdent, _: TableCreation) -> Result<Table> {
        unused()
    }

    async fn drop_table(&self, _: &TableIdent) -> Result<()> {
        unused()
    }

    async fn purge_table(&self, _: &TableIdent) -> Result<()> {
        unused()
    }

    async fn table_exists(&self, _: &TableIdent) -> Result<bool> {
        unused()
    }

    async fn rename_table(&self, _: &TableIdent, _: &TableIdent) -> Result<()> {
        unused()
    }

    async fn register_table(&self, _: &TableIdent, _: String) -> Result<Table> {
        unused()
    }
}

//! What commits and schemas of all tables share: the catalog, its runtime and the options.

use std::fmt;
use std::future::Future;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use iceberg::io::FileIO;
use iceberg::table::Table as IcebergTable;
use iceberg::{Catalog, Error, ErrorKind, NamespaceIdent, TableIdent};
use otlake_schema::{DatasetSchema, Table};
use otlake_storage::{
    Retries, RetriesExhausted, RetryObserver, RetryPolicy, StorageError, StorageErrorKind,
};
use tokio::runtime::Handle;

use crate::builder::TimePartition;
use crate::new_table;

/// The catalog and the options of an [`IcebergCommit`](crate::IcebergCommit).
pub(crate) struct Shared {
    pub(crate) catalog: Arc<dyn Catalog>,
    pub(crate) runtime: Handle,
    pub(crate) file_io: FileIO,
    /// The URL of the dataset's storage, without a slash at the end.
    pub(crate) root: String,
    pub(crate) namespace: NamespaceIdent,
    pub(crate) partition: Option<TimePartition>,
    pub(crate) retry: RetryPolicy,
    pub(crate) observer: Option<Arc<dyn RetryObserver>>,
    /// The age above which snapshots are removed.
    pub(crate) snapshot_age: Option<Duration>,
}

impl Shared {
    /// Runs a future on the catalog's runtime and waits for it. The calling thread may be outside of any runtime.
    pub(crate) fn wait<T: Send + 'static>(
        &self,
        future: impl Future<Output = iceberg::Result<T>> + Send + 'static,
    ) -> iceberg::Result<T> {
        let (sender, receiver) = mpsc::sync_channel(1);
        self.runtime.spawn(async move {
            // The receiver waits.
            let _ = sender.send(future.await);
        });
        receiver.recv().unwrap_or_else(|_| {
            let message = "the runtime of the catalog was shut down, or the catalog panicked";
            Err(Error::new(ErrorKind::Unexpected, message))
        })
    }

    /// Returns the name of a table in the catalog.
    pub(crate) fn ident(&self, table: Table) -> TableIdent {
        TableIdent::new(self.namespace.clone(), table.name().to_owned())
    }

    /// Loads a table; `None` if it does not exist.
    pub(crate) fn load(&self, table: Table) -> iceberg::Result<Option<IcebergTable>> {
        let (catalog, ident) = (Arc::clone(&self.catalog), self.ident(table));
        self.wait(async move {
            match catalog.load_table(&ident).await {
                Ok(table) => Ok(Some(table)),
                Err(error)
                    if matches!(
                        error.kind(),
                        ErrorKind::TableNotFound | ErrorKind::NamespaceNotFound
                    ) =>
                {
                    Ok(None)
                }
                // Not every catalog says what kind of error it is.
                Err(error) => match catalog.table_exists(&ident).await {
                    Ok(false) => Ok(None),
                    _ => Err(error),
                },
            }
        })
    }

    /// Creates a table with the columns of a schema, and returns it. If another process creates it at the same time, the
    /// table may have other columns.
    pub(crate) fn create(
        &self,
        table: Table,
        schema: &DatasetSchema,
    ) -> iceberg::Result<IcebergTable> {
        let ident = self.ident(table);
        let location = format!("{}/_otlake/iceberg/{}", self.root, table.name());
        let metadata = new_table::metadata(table, schema, self.partition, location)?;
        let (catalog, file_io) = (Arc::clone(&self.catalog), self.file_io.clone());
        self.wait(async move { new_table::register(&*catalog, &file_io, &ident, metadata).await })
    }

    /// Returns the retries of one change of a table.
    pub(crate) fn retries(&self, table: Table) -> Retries {
        let retries = Retries::new(self.ident(table).to_string(), self.retry);
        retries.with_observer(self.observer.clone())
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared")
            .field("root", &self.root)
            .field("namespace", &self.namespace)
            .finish_non_exhaustive()
    }
}

/// Returns whether a retry can't succeed.
pub(crate) fn is_final(error: &Error) -> bool {
    !matches!(
        error.kind(),
        ErrorKind::CatalogCommitConflicts | ErrorKind::Unexpected
    ) && !error.retryable()
}

/// Waits after a failed change of a table.
pub(crate) fn pause(
    retries: &mut Retries,
    error: Error,
    table: &TableIdent,
) -> Result<(), RetriesExhausted> {
    match error.kind() {
        ErrorKind::CatalogCommitConflicts => retries.pause_after_conflict(),
        _ => {
            let error = StorageError::new("change", table, error);
            retries.pause_in_doubt(error.with_kind(StorageErrorKind::InDoubt))
        }
    }
}

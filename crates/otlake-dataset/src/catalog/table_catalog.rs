//! Makes all writers agree on the types of a table's columns.

use std::sync::{Arc, Mutex, PoisonError, RwLock};

use otlake_schema::{DatasetSchema, Schema, Table};

use crate::catalog::published_schema::{PublishError, PublishedSchema};

/// The columns and types that are published for a table: in a document of the dataset or in its commit target, or
/// without either, in this process only.
#[derive(Debug)]
pub(crate) struct TableCatalog {
    /// The schema that was published last, for writers that have nothing to add.
    current: RwLock<Arc<DatasetSchema>>,
    /// Locked while the schema is extended, which may take requests to the storage.
    source: Mutex<Source>,
    is_published: bool,
}

#[derive(Debug)]
enum Source {
    Published(Box<dyn PublishedSchema>),
    Process(Box<DatasetSchema>),
}

impl TableCatalog {
    /// Shares a schema that other processes share too.
    pub(crate) fn new(published: Box<dyn PublishedSchema>) -> Self {
        Self {
            current: RwLock::new(Arc::new(published.schema().clone())),
            source: Mutex::new(Source::Published(published)),
            is_published: true,
        }
    }

    /// Creates a schema that only the writers of this process share.
    pub(crate) fn in_process(table: Table) -> Self {
        let schema = DatasetSchema::new(table);
        Self {
            current: RwLock::new(Arc::new(schema.clone())),
            source: Mutex::new(Source::Process(Box::new(schema))),
            is_published: false,
        }
    }

    /// Returns whether other processes share the schema, so that its field ids mean something.
    pub(crate) fn is_published(&self) -> bool {
        self.is_published
    }

    /// Returns the schema that was published last, as far as this process knows.
    pub(crate) fn current(&self) -> Arc<DatasetSchema> {
        let current = self.current.read();
        Arc::clone(&current.unwrap_or_else(PoisonError::into_inner))
    }

    /// Publishes the columns that a writer has found, and returns the schema with them.
    ///
    /// # Errors
    ///
    /// Returns an error if the schema could not be extended.
    pub(crate) fn publish(&self, found: &Schema) -> Result<Arc<DatasetSchema>, PublishError> {
        let mut source = self.source.lock().unwrap_or_else(PoisonError::into_inner);
        let schema = match &mut *source {
            Source::Published(published) => {
                published.publish(found)?;
                published.schema()
            }
            Source::Process(schema) => {
                schema.extend(found);
                &**schema
            }
        };
        let schema = Arc::new(schema.clone());
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&schema);
        Ok(schema)
    }
}

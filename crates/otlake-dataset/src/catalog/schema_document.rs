//! The published schema of a dataset as a document next to its files.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use otlake_schema::{DatasetSchema, Schema, Table};
use otlake_storage::{
    Documents, PutIf, PutOutcome, Retries, RetryObserver, RetryPolicy, StorageErrorKind, Version,
};

use crate::catalog::published_schema::{PublishError, PublishedSchema};

/// The [`PublishedSchema`] that is a document next to the files, `_otlake/TABLE.schema.json`. A dataset has one
/// unless its commit target has [its own schema](crate::Commit::published_schema).
///
/// Two writers that extend it at the same time lose nothing: a writer only replaces the document if it is still
/// the one that it has read. The second writer reads the document again and extends the new version.
///
/// ```
/// use std::sync::Arc;
/// use otlake_dataset::{PublishedSchema, SchemaDocument};
/// use otlake_storage::InMemoryStorage;
/// use otlake_row::{Location, Value};
/// use otlake_schema::{Resolved, Schema, Table};
///
/// let mut found = Schema::logs();
/// if let Resolved::Column(user) = found.resolve(Location::Attribute, "user") {
///     found.widen(user, &Value::String("alice"));
/// }
///
/// let storage = Arc::new(InMemoryStorage::new());
/// let mut ours = SchemaDocument::load(storage.clone(), Table::Logs)?;
/// let theirs = SchemaDocument::load(storage.clone(), Table::Logs)?;
/// ours.publish(&found)?;
/// assert!(ours.schema().column("attr_user").is_some());
/// assert!(theirs.schema().column("attr_user").is_none(), "it was loaded before");
/// let later = SchemaDocument::load(storage, Table::Logs)?;
/// assert_eq!(later.schema(), ours.schema());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct SchemaDocument {
    documents: Arc<dyn Documents>,
    name: String,
    /// The version of the document that was read or written last; `None` if it did not exist.
    version: Option<Version>,
    schema: DatasetSchema,
    observer: Option<Arc<dyn RetryObserver>>,
}

/// The number of failed attempts with an unchanged document after which the storage is considered faulty.
const UNCHANGED: u32 = 5;

impl SchemaDocument {
    /// Loads the schema of a table. A dataset without a published schema begins with the columns that every
    /// file has.
    ///
    /// # Errors
    ///
    /// Returns an error if the document can't be read, or is not the schema of this table.
    pub fn load(
        documents: Arc<dyn Documents>,
        table: Table,
    ) -> Result<SchemaDocument, PublishError> {
        let mut published = SchemaDocument {
            documents,
            name: Self::document_name(table),
            version: None,
            schema: DatasetSchema::new(table),
            observer: None,
        };
        published.reload()?;
        Ok(published)
    }

    /// Sets the observer that is called when publishing is retried. Default: none.
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use otlake_dataset::SchemaDocument;
    /// use otlake_schema::Table;
    /// use otlake_storage::{InMemoryStorage, RetryEvent, RetryObserver};
    ///
    /// #[derive(Debug)]
    /// struct Log;
    ///
    /// impl RetryObserver for Log {
    ///     fn retry(&self, retry: &RetryEvent<'_>) {
    ///         eprintln!("{} is written again in {:?}", retry.name, retry.pause);
    ///     }
    /// }
    ///
    /// let document = SchemaDocument::load(Arc::new(InMemoryStorage::new()), Table::Logs)?;
    /// let document = document.with_retry_observer(Some(Arc::new(Log)));
    /// # drop(document);
    /// # Ok::<(), otlake_dataset::PublishError>(())
    /// ```
    #[must_use]
    pub fn with_retry_observer(mut self, observer: Option<Arc<dyn RetryObserver>>) -> Self {
        self.observer = observer;
        self
    }

    /// Returns the name of a table's document in the storage: `_otlake/logs.schema.json`.
    ///
    /// ```
    /// use otlake_dataset::SchemaDocument;
    /// use otlake_schema::Table;
    ///
    /// assert_eq!(SchemaDocument::document_name(Table::Logs), "_otlake/logs.schema.json");
    /// ```
    pub fn document_name(table: Table) -> String {
        format!("_otlake/{}.schema.json", table.name())
    }

    /// Returns whether the document existed when the schema was loaded or published last.
    pub(crate) fn exists(&self) -> bool {
        self.version.is_some()
    }

    fn reload(&mut self) -> Result<(), PublishError> {
        let Some(document) = self.documents.get(&self.name)? else {
            self.version = None;
            return Ok(());
        };
        let schema = DatasetSchema::from_json(&document.bytes).map_err(|source| {
            let name = self.name.clone();
            PublishError::Schema { name, source }
        })?;
        if schema.table() != self.schema.table() {
            return Err(PublishError::Table {
                name: self.name.clone(),
                found: schema.table().name(),
                expected: self.schema.table().name(),
            });
        }
        self.version = Some(document.version);
        self.schema = schema;
        Ok(())
    }
}

impl PublishedSchema for SchemaDocument {
    fn schema(&self) -> &DatasetSchema {
        &self.schema
    }

    /// Publishes by replacing the document. After a conflict it pauses briefly, with jitter, and retries for some
    /// seconds.
    fn publish(&mut self, found: &Schema) -> Result<(), PublishError> {
        let retries = Retries::new(&*self.name, RetryPolicy::default());
        let mut retries = retries.with_observer(self.observer.clone());
        let mut unchanged = 0;
        loop {
            let mut extended = self.schema.clone();
            if !extended.extend(found) && self.version.is_some() {
                return Ok(());
            }
            let condition = match &self.version {
                Some(version) => PutIf::Matches(version.clone()),
                None => PutIf::Absent,
            };
            let json = Bytes::from(extended.to_json());
            let doubt = match self.documents.put(&self.name, json, condition) {
                Ok(PutOutcome::Stored(version)) => {
                    self.version = Some(version);
                    self.schema = extended;
                    return Ok(());
                }
                Ok(PutOutcome::Conflict) => None,
                // Reading the document shows whether it was written.
                Err(error) if error.kind() == StorageErrorKind::InDoubt => Some(error),
                Err(error) => return Err(error.into()),
            };
            let before = self.version.clone();
            let paused = match doubt {
                Some(error) => retries.pause_in_doubt(error),
                None => retries.pause_after_conflict(),
            };
            self.reload()?;
            unchanged = if before == self.version {
                unchanged + 1
            } else {
                0
            };
            if unchanged >= UNCHANGED {
                let (name, attempts) = (self.name.clone(), retries.failed());
                return Err(PublishError::NotWritten { name, attempts });
            }
            paused?;
        }
    }
}

impl fmt::Debug for SchemaDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SchemaDocument")
            .field("name", &self.name)
            .field("version", &self.version)
            .field("schema", &self.schema.version())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use otlake_row::{Location, Value};
    use otlake_schema::Resolved;

    use super::*;
    use otlake_storage::InMemoryStorage;

    fn found(names: impl IntoIterator<Item = (String, Value<'static>)>) -> Schema {
        let mut schema = Schema::logs();
        for (name, value) in names {
            let Resolved::Column(id) = schema.resolve(Location::Attribute, &name) else {
                panic!("{name} overflows");
            };
            schema.widen(id, &value);
        }
        schema
    }

    #[test]
    fn writers_that_extend_it_at_once_lose_nothing_and_change_no_type() {
        const WRITERS: usize = 4;
        const ROUNDS: usize = 50;
        let storage = Arc::new(InMemoryStorage::new());
        let values = [
            Value::Int(1),
            Value::Bool(true),
            Value::String("x"),
            Value::Double(0.5),
        ];
        std::thread::scope(|scope| {
            for (writer, value) in values.iter().enumerate() {
                let storage = Arc::clone(&storage);
                scope.spawn(move || {
                    let mut published = SchemaDocument::load(storage, Table::Logs).unwrap();
                    for round in 0..ROUNDS {
                        let own = (format!("own.{writer}.{}", round % 25), *value);
                        let shared = (format!("shared.{}", round % 25), *value);
                        let before = published.schema().clone();
                        published.publish(&found([own, shared])).unwrap();
                        for column in before.columns() {
                            let after = published.schema().column(column.name()).unwrap();
                            assert_eq!(after.type_name(), column.type_name());
                            assert_eq!(after.id(), column.id());
                        }
                    }
                });
            }
        });
        let schema = SchemaDocument::load(storage, Table::Logs).unwrap();
        for number in 0..25 {
            for writer in 0..WRITERS {
                let name = format!("attr_own_{writer}_{number}");
                assert!(schema.schema().column(&name).is_some(), "{name} is lost");
            }
            assert!(
                schema
                    .schema()
                    .column(&format!("attr_shared_{number}"))
                    .is_some()
            );
        }
    }

    #[test]
    fn a_document_that_is_no_schema_is_an_error_that_names_it() {
        let storage = Arc::new(InMemoryStorage::new());
        let name = SchemaDocument::document_name(Table::Logs);
        let stored = storage.put(&name, "[]".into(), PutIf::Absent).unwrap();
        assert!(matches!(stored, PutOutcome::Stored(_)));
        let error = SchemaDocument::load(storage, Table::Logs).unwrap_err();
        assert!(
            error.to_string().starts_with("_otlake/logs.schema.json "),
            "{error}"
        );
    }
}

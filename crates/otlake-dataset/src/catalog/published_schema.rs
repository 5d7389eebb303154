use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use otlake_schema::{DatasetSchema, DatasetSchemaError, Schema, Table};

use otlake_storage::StorageError;
use otlake_storage::StorageErrorKind;
use otlake_storage::{Documents, PutIf, PutOutcome, Version};

/// The [`DatasetSchema`] of a dataset that several writers share: loaded from the document beside the
/// data, and extended there before a file has what is new.
///
/// Two writers that extend it at once lose nothing: the document is replaced only by who knows what
/// it replaces, and who comes second reads it again.
///
/// ```
/// use std::sync::Arc;
/// use otlake_dataset::PublishedSchema;
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
/// let mut ours = PublishedSchema::load(storage.clone(), Table::Logs)?;
/// let theirs = PublishedSchema::load(storage.clone(), Table::Logs)?;
/// ours.publish(&found)?;
/// assert!(ours.schema().column("attr_user").is_some());
/// assert!(theirs.schema().column("attr_user").is_none(), "it was loaded before");
/// let later = PublishedSchema::load(storage, Table::Logs)?;
/// assert_eq!(later.schema(), ours.schema());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct PublishedSchema {
    documents: Arc<dyn Documents>,
    name: String,
    /// The document as it was read or written last; none if there was none.
    version: Option<Version>,
    schema: DatasetSchema,
}

/// Why the schema of a dataset could not be loaded or published.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PublishError {
    /// The document can't be read or written.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// What is there is no schema.
    #[error("{name}: {source}")]
    Schema {
        /// The document.
        name: String,
        /// What is wrong with it.
        source: DatasetSchemaError,
    },
    /// It is the schema of another table.
    #[error("{name} is the schema of {found}, not of {expected}: is this the right place?")]
    Table {
        /// The document.
        name: String,
        /// The table that it has.
        found: &'static str,
        /// The table that it should have.
        expected: &'static str,
    },
    /// Other writers were faster every time.
    #[error("{name} was changed by others {attempts} times while it was being extended: try again")]
    Contended {
        /// The document.
        name: String,
        /// How often it was tried.
        attempts: u32,
    },
}

/// A writer loses a race only to one that has won it, and each has news only a few times.
const ATTEMPTS: u32 = 1_000;

impl PublishedSchema {
    /// Loads the schema of a table; a dataset that has none yet begins with the columns that every
    /// file has.
    ///
    /// # Errors
    ///
    /// When the document can't be read, or is none.
    pub fn load(
        documents: Arc<dyn Documents>,
        table: Table,
    ) -> Result<PublishedSchema, PublishError> {
        let mut published = PublishedSchema {
            documents,
            name: Self::document_name(table),
            version: None,
            schema: DatasetSchema::new(table),
        };
        published.reload()?;
        Ok(published)
    }

    /// The name of a table's document in the storage: `_otlake/logs.schema.json`.
    pub fn document_name(table: Table) -> String {
        format!("_otlake/{}.schema.json", table.name())
    }

    /// The schema as it was loaded or published last.
    pub fn schema(&self) -> &DatasetSchema {
        &self.schema
    }

    /// Adds what a writer has found to the published schema, and what others have published since.
    ///
    /// # Errors
    ///
    /// When the document can't be read or written. It is as it was then, or has what was found.
    pub fn publish(&mut self, found: &Schema) -> Result<(), PublishError> {
        for _ in 0..ATTEMPTS {
            let mut extended = self.schema.clone();
            if !extended.extend(found) && self.version.is_some() {
                return Ok(());
            }
            let condition = match &self.version {
                Some(version) => PutIf::Matches(version.clone()),
                None => PutIf::Absent,
            };
            let json = Bytes::from(extended.to_json());
            match self.documents.put(&self.name, json, condition) {
                Ok(PutOutcome::Stored(version)) => {
                    self.version = Some(version);
                    self.schema = extended;
                    return Ok(());
                }
                Ok(PutOutcome::Conflict) => {}
                // Reading it again tells.
                Err(error) if error.kind() == StorageErrorKind::InDoubt => {}
                Err(error) => return Err(error.into()),
            }
            self.reload()?;
        }
        Err(PublishError::Contended {
            name: self.name.clone(),
            attempts: ATTEMPTS,
        })
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

impl fmt::Debug for PublishedSchema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PublishedSchema")
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
                    let mut published = PublishedSchema::load(storage, Table::Logs).unwrap();
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
        let schema = PublishedSchema::load(storage, Table::Logs).unwrap();
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
    fn a_document_that_is_none_is_an_error_that_names_it() {
        let storage = Arc::new(InMemoryStorage::new());
        let name = PublishedSchema::document_name(Table::Logs);
        let stored = storage.put(&name, "[]".into(), PutIf::Absent).unwrap();
        assert!(matches!(stored, PutOutcome::Stored(_)));
        let error = PublishedSchema::load(storage, Table::Logs).unwrap_err();
        assert!(
            error.to_string().starts_with("_otlake/logs.schema.json: "),
            "{error}"
        );
    }
}

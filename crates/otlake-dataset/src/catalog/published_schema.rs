//! The columns and types that all writers of a table agree on.

use std::error::Error;
use std::fmt;

use otlake_schema::{DatasetSchema, DatasetSchemaError, Schema};
use otlake_storage::{RetriesExhausted, StorageError};

/// The columns of a table that all of its writers share: their names, types and field ids. Any writer extends them,
/// before one of its files has a new column.
///
/// There are two kinds: a document next to the files, [`SchemaDocument`](crate::SchemaDocument), and the schema of a
/// table in a table format, which assigns field ids itself. A commit target that has such tables returns theirs from
/// [`Commit::published_schema`](crate::Commit::published_schema).
///
/// An implementation ensures, for any number of processes at once:
///
/// - A column that is published never changes its type or its field id, and no other column gets its id.
/// - Two writers that extend the schema at the same time lose nothing: the second one reads what the first one has
///   published, and extends that.
///
/// ```
/// use otlake_dataset::{PublishError, PublishedSchema};
/// use otlake_row::{Location, Value};
/// use otlake_schema::{DatasetSchema, Resolved, Schema, Table};
///
/// /// A schema that only this process knows.
/// #[derive(Debug)]
/// struct InProcess(DatasetSchema);
///
/// impl PublishedSchema for InProcess {
///     fn schema(&self) -> &DatasetSchema {
///         &self.0
///     }
///
///     fn publish(&mut self, found: &Schema) -> Result<(), PublishError> {
///         self.0.extend(found);
///         Ok(())
///     }
/// }
///
/// let mut found = Schema::logs();
/// if let Resolved::Column(user) = found.resolve(Location::Attribute, "user") {
///     found.widen(user, &Value::String("alice"));
/// }
/// let mut published = InProcess(DatasetSchema::new(Table::Logs));
/// published.publish(&found)?;
/// assert!(published.schema().column("attr_user").is_some());
/// # Ok::<(), PublishError>(())
/// ```
pub trait PublishedSchema: fmt::Debug + Send {
    /// Returns the schema as it was loaded or published last.
    fn schema(&self) -> &DatasetSchema;

    /// Adds the columns that a writer has found to the published schema, and loads those that others have published
    /// since. If nobody has published a schema yet, it is created.
    ///
    /// # Errors
    ///
    /// Returns an error if the schema can't be read or written. It is then either unchanged or has all of the columns.
    fn publish(&mut self, found: &Schema) -> Result<(), PublishError>;
}

/// The error of loading or publishing the schema of a dataset.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PublishError {
    /// The document could not be read or written.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The document is not a schema.
    #[error("{name} is not the schema of a dataset")]
    Schema {
        /// The name of the document.
        name: String,
        /// The fault of the document.
        source: DatasetSchemaError,
    },
    /// The document is the schema of another table.
    #[error("{name} is the schema of {found}, not of {expected}: is this the right storage?")]
    Table {
        /// The name of the document.
        name: String,
        /// The table of the document.
        found: &'static str,
        /// The table that was expected.
        expected: &'static str,
    },
    /// The document was not written, although no other writer changed it.
    #[error(
        "{name} could not be written in {attempts} attempts, although no other writer changed it: check \
         that the bucket exists and supports conditional writes"
    )]
    NotWritten {
        /// The name of the document.
        name: String,
        /// The number of attempts.
        attempts: u32,
    },
    /// The document was not written before the deadline.
    #[error(transparent)]
    Exhausted(#[from] RetriesExhausted),
    /// The schema is not a document, but part of a commit target, which could not load or extend it.
    #[error("the schema of {table} could not be loaded from or published in the commit target")]
    Target {
        /// The name of the table.
        table: &'static str,
        /// The error of the commit target.
        source: Box<dyn Error + Send + Sync>,
    },
}

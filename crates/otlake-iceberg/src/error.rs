//! The errors of commits and schemas.

use std::sync::Arc;

use otlake_storage::RetriesExhausted;

/// The error of a commit to an Iceberg table.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IcebergCommitError {
    /// The table could not be loaded, created or changed.
    #[error("the Iceberg table {table} could not be loaded or changed")]
    Catalog {
        /// The name of the table in the catalog.
        table: String,
        /// The error of the catalog.
        source: Arc<iceberg::Error>,
    },
    /// The table did not accept the commit before the deadline.
    #[error(
        "the commit to the Iceberg table {table} was retried until its deadline: repeat it, or set a longer `retry`"
    )]
    Exhausted {
        /// The name of the table in the catalog.
        table: String,
        /// The number of attempts and the first reason.
        source: Arc<RetriesExhausted>,
    },
    /// A file can't be part of the table.
    #[error("the file {file} can't be part of the Iceberg table {table}")]
    File {
        /// The name of the table in the catalog.
        table: String,
        /// The name of the file in the storage.
        file: String,
        /// What is wrong with the file.
        source: FileFault,
    },
    /// The table is partitioned by year, month, day or hour, and the dataset more coarsely.
    #[error(
        "the Iceberg table {table} is partitioned by {field}, which is finer than the partitioning {partitioning:?} of the \
         dataset: partition the dataset at least as finely as the table, for example with \"date={{date}}\" for a table by day"
    )]
    Partitioning {
        /// The name of the table in the catalog.
        table: String,
        /// The partition field, such as `day(timestamp)`.
        field: String,
        /// The partitioning of the dataset.
        partitioning: String,
    },
    /// The thread that committed for a group of writers panicked. It is unknown whether the files are part of the table.
    #[error("the thread that committed to the Iceberg table {table} panicked: repeat the commit")]
    Panicked {
        /// The name of the table in the catalog.
        table: String,
    },
}

/// The reason why a file can't be part of a table.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FileFault {
    /// A column has no field id, so readers would not find it.
    #[error(
        "its column {column} has no field id: open the dataset with this commit target, so that the table assigns one"
    )]
    NoFieldId {
        /// The path of the leaf.
        column: String,
    },
    /// The table never had a column with this field id.
    #[error(
        "its column {column} has the field id {id}, which the table does not know: open the dataset with this commit target, so \
         that columns are published in the table before files have them"
    )]
    UnknownFieldId {
        /// The path of the leaf.
        column: String,
        /// The field id in the file.
        id: i32,
    },
    /// The table has another column with this field id.
    #[error(
        "its column {column} has the field id {id}, which is that of {expected} in the table: the file was written for another table"
    )]
    OtherColumn {
        /// The path of the leaf in the file.
        column: String,
        /// The field id.
        id: i32,
        /// The path of the leaf in the table.
        expected: String,
    },
    /// The column has another type in the table, or a type that Iceberg does not have.
    #[error(
        "its column {column} is of type {found}, but the table expects {expected}: cast it, or use another column name"
    )]
    Type {
        /// The path of the leaf.
        column: String,
        /// The type in the file.
        found: String,
        /// The type in the table.
        expected: String,
    },
    /// The rows of the file don't have one common value for a partition field.
    #[error(
        "its rows are not all in one partition by {field} of {column}: partition the dataset at least as finely as the table, for \
         example with \"date={{date}}\" for a table by day"
    )]
    SeveralPartitions {
        /// The name of the partition field.
        field: String,
        /// The name of the column.
        column: String,
    },
    /// The number of rows, bytes or an offset is too large for Iceberg.
    #[error(
        "its rows, bytes or offsets are above the largest number that Iceberg can hold: write smaller files"
    )]
    TooLarge,
    /// The metrics of the file could not be put together.
    #[error("its metrics could not be written: {0}")]
    Metrics(String),
}

/// The error of loading or extending the schema of an Iceberg table.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IcebergSchemaError {
    /// The table could not be loaded, created or changed.
    #[error("the Iceberg table {table} could not be loaded or changed")]
    Catalog {
        /// The name of the table in the catalog.
        table: String,
        /// The error of the catalog.
        source: Arc<iceberg::Error>,
    },
    /// The table did not accept the new columns before the deadline.
    #[error(
        "the schema of the Iceberg table {table} was not extended before the deadline: repeat the call, or set a longer `retry`"
    )]
    Exhausted {
        /// The name of the table in the catalog.
        table: String,
        /// The number of attempts and the first reason.
        source: RetriesExhausted,
    },
    /// The table has columns that files of a dataset can't have.
    #[error(
        "the Iceberg table {table} was not created by otlake for {expected}, or its columns were changed since: name another table, and \
         otlake creates it"
    )]
    Columns {
        /// The name of the table in the catalog.
        table: String,
        /// The name of the dataset's table.
        expected: &'static str,
        /// What is wrong with a column.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The name of a new column has a dot, which Iceberg does not accept.
    #[error(
        "the column {column:?} can't be added to the Iceberg table {table}, because its name has a dot: use FlatNaming"
    )]
    Name {
        /// The name of the table in the catalog.
        table: String,
        /// The name of the column.
        column: String,
    },
}

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::catalog::Session;
use datafusion::error::Result;
use datafusion::object_store::{Error, ObjectStore, ObjectStoreExt};
use otlake_schema::{DatasetSchema, Table};

use crate::dataset_table::DatasetTable;
use crate::dataset_table::error::DatasetTableError;
use crate::dataset_table::location::Location;
use crate::dataset_table::manifests::ManifestCache;
use crate::dataset_table::schema::arrow_schema;

/// Where a [`DatasetTable`] finds its files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum DatasetFiles {
    /// In manifests. This is the default.
    #[default]
    Manifests,
    /// In a directory of the dataset and the directories below, such as `logs` or `signal=logs`. It must hold files
    /// of one table only.
    ///
    /// This is for datasets whose commit writes no manifests. Files of batches that are not finished are read too,
    /// and only the partition columns exclude files.
    Listing {
        /// The directory, relative to the dataset.
        directory: String,
    },
}

/// A builder for a [`DatasetTable`].
#[derive(Clone, Debug)]
#[must_use]
pub struct DatasetTableBuilder {
    url: String,
    table: Table,
    files: DatasetFiles,
    partition_columns: Option<Vec<String>>,
}

impl DatasetTableBuilder {
    pub(super) fn new(url: String, table: Table) -> Self {
        Self {
            url,
            table,
            files: DatasetFiles::Manifests,
            partition_columns: None,
        }
    }

    /// Sets where the table finds its files. Default: in manifests.
    pub fn files(mut self, files: DatasetFiles) -> Self {
        self.files = files;
        self
    }

    /// Sets the names of the partition columns. Default: those of all files, in the order in which they occur.
    ///
    /// The column is text, as in the name of the directory, and null for files that lack it or are in the default
    /// partition. A name that a published column has is left out.
    pub fn partition_columns(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.partition_columns = Some(names.into_iter().map(Into::into).collect());
        self
    }

    /// Opens the table.
    ///
    /// # Errors
    ///
    /// Returns an error if there is no such dataset, or if its published schema or a manifest can't be read.
    pub async fn open(self, session: &dyn Session) -> Result<DatasetTable> {
        let location = Location::parse(&self.url, self.table)?;
        let store = session.runtime_env().object_store(location.store())?;
        let published = read_schema(&*store, &location).await?;
        // The schema is published with the first attribute. Until then a dataset has the columns that every file has.
        let is_published = published.is_some();
        let published = published.unwrap_or_else(|| DatasetSchema::new(self.table));
        let names = self.partition_columns.clone();
        let mut table = self.build(published, names.unwrap_or_default())?;
        let files = match is_published && self.partition_columns.is_some() {
            true => Vec::new(),
            false => table.list(session).await?,
        };
        if files.is_empty() && !is_published {
            let error = DatasetTableError::NotFound {
                url: location.url().to_owned(),
                table: self.table.name(),
                document: location.schema_document()?.to_string(),
            };
            return Err(error.into());
        }
        if self.partition_columns.is_none() {
            let mut names: Vec<String> = Vec::new();
            for (name, _) in files.iter().flat_map(|file| &file.partition) {
                // A part of the path that is not `NAME=…` has its template as its name.
                if !name.contains('{') && !names.contains(name) {
                    names.push(name.clone());
                }
            }
            let (schema, file_columns) = table_schema(&table.published, names)?;
            (table.schema, table.file_columns) = (schema, file_columns);
        }
        Ok(table)
    }

    /// Creates the table from what was read earlier.
    pub(crate) fn build(
        &self,
        published: DatasetSchema,
        partition_columns: Vec<String>,
    ) -> Result<DatasetTable> {
        let (schema, file_columns) = table_schema(&published, partition_columns)?;
        Ok(DatasetTable {
            location: Location::parse(&self.url, self.table)?,
            files: self.files.clone(),
            published,
            file_columns,
            schema,
            manifests: Arc::new(ManifestCache::default()),
        })
    }
}

/// Returns the schema of the table, and the number of columns of files in it.
fn table_schema(
    published: &DatasetSchema,
    partition_columns: Vec<String>,
) -> Result<(SchemaRef, usize), DatasetTableError> {
    let files = arrow_schema(published)?;
    let count = files.fields().len();
    let partitions = partition_columns.into_iter();
    let partitions = partitions
        .filter(|name| published.column(name).is_none())
        .map(|name| Arc::new(Field::new(name, DataType::Utf8, true)));
    let fields = files.fields().iter().cloned().chain(partitions);
    Ok((Arc::new(Schema::new(fields.collect::<Vec<_>>())), count))
}

/// Returns the published schema, if there is one.
async fn read_schema(
    store: &dyn ObjectStore,
    location: &Location,
) -> Result<Option<DatasetSchema>> {
    let document = location.schema_document()?;
    let bytes = match store.get(&document).await {
        Ok(found) => found.bytes().await?,
        Err(Error::NotFound { .. }) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let schema = DatasetSchema::from_json(&bytes).map_err(|source| DatasetTableError::Schema {
        document: document.to_string(),
        source,
    })?;
    match schema.table() == location.table {
        true => Ok(Some(schema)),
        false => Err(DatasetTableError::OtherTable {
            document: document.to_string(),
            found: schema.table().name(),
            expected: location.table.name(),
        }
        .into()),
    }
}

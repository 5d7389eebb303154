//! The schema of an Iceberg table as the published schema of a dataset's table.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use iceberg::spec::{NestedField, TableMetadata, Type};
use iceberg::table::Table as IcebergTable;
use iceberg::transaction::{AddColumn, ApplyTransactionAction, Transaction};
use otlake_dataset::{PublishError, PublishedSchema};
use otlake_schema::{DatasetColumn, DatasetSchema, Schema, Table};
use serde::{Deserialize, Serialize};

use crate::error::IcebergSchemaError;
use crate::new_table::TABLE;
use crate::pinned::PinnedCatalog;
use crate::shared::{Shared, is_final, pause};
use crate::types::{name_of, primitive};

/// The schema of an Iceberg table: the [`PublishedSchema`] of a dataset that is committed to it.
///
/// New columns are added to the table first. The table assigns their field ids, and they are read back before a file has
/// the columns. Columns that others have added to the table stay, and no attribute gets their names.
pub struct IcebergSchema {
    shared: Arc<Shared>,
    schema: DatasetSchema,
    exists: bool,
}

/// The table property with the attribute of each column and the name that the column has in files, by field id:
/// `{"10000":{"full_name":"attr.user.id","name":"attr_user_id"}}`. The comments of the columns name the attributes as well, but
/// people may change comments, and names.
const OWNERS: &str = "otlake.columns";

#[derive(Serialize, Deserialize)]
struct Owner {
    full_name: String,
    name: String,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    promoted: bool,
}

type Owners = BTreeMap<u32, Owner>;

/// Returns the table property with the attribute of each column.
pub(crate) fn owners(columns: &[DatasetColumn]) -> (String, String) {
    let owners = columns.iter().filter_map(|column| {
        let owner = Owner {
            full_name: column.full_name()?.to_owned(),
            name: column.name().to_owned(),
            promoted: column.is_promoted(),
        };
        Some((column.id(), owner))
    });
    property(&owners.collect())
}

fn property(owners: &Owners) -> (String, String) {
    let json = serde_json::to_string(owners);
    let json = json.unwrap_or_else(|error| unreachable!("numbers and strings: {error}"));
    (OWNERS.to_owned(), json)
}

/// Returns the attribute of each column.
fn owners_of(metadata: &TableMetadata) -> Result<Owners, serde_json::Error> {
    let property = metadata.properties().get(OWNERS);
    property.map_or(Ok(Owners::new()), |json| serde_json::from_str(json))
}

/// Returns the full name of the attribute whose column has a field id.
pub(crate) fn full_name_of(metadata: &TableMetadata, id: i32) -> Option<String> {
    let owner = owners_of(metadata).ok()?.remove(&u32::try_from(id).ok()?)?;
    Some(owner.full_name)
}

/// Returns the names that the columns of attributes have in files, by field id, even if others have renamed or dropped the columns
/// in the table.
pub(crate) fn names_in_files(
    metadata: &TableMetadata,
) -> Result<Vec<(i32, String)>, serde_json::Error> {
    let owners = owners_of(metadata)?.into_iter();
    let names = owners.filter_map(|(id, owner)| Some((i32::try_from(id).ok()?, owner.name)));
    Ok(names.collect())
}

/// Returns whether the columns that every file has are in a table with the field ids that they have in files.
pub(crate) fn has_own_ids(metadata: &TableMetadata) -> bool {
    metadata.properties().contains_key(TABLE)
}

impl IcebergSchema {
    /// Loads the schema of a table. A table that does not exist begins with the columns that every file has.
    pub(crate) fn load(shared: Arc<Shared>, table: Table) -> Result<Self, IcebergSchemaError> {
        let mut published = Self {
            shared,
            schema: DatasetSchema::new(table),
            exists: false,
        };
        let loaded = published.shared.load(table);
        if let Some(table) = loaded.map_err(|error| published.catalog_error(error))? {
            published.read(&table)?;
        }
        Ok(published)
    }

    fn table(&self) -> Table {
        self.schema.table()
    }

    fn read(&mut self, table: &IcebergTable) -> Result<(), IcebergSchemaError> {
        let schema = schema_of(self.table(), table.metadata());
        self.schema = schema.map_err(|source| IcebergSchemaError::Columns {
            table: table.identifier().to_string(),
            expected: self.table().name(),
            source,
        })?;
        self.exists = true;
        Ok(())
    }

    fn extend(&mut self, found: &Schema) -> Result<(), IcebergSchemaError> {
        let mut retries = self.shared.retries(self.table());
        loop {
            let Err(error) = self.try_extend(found)? else {
                return Ok(());
            };
            if is_final(&error) {
                return Err(self.catalog_error(error));
            }
            let ident = self.shared.ident(self.table());
            pause(&mut retries, error, &ident).map_err(|source| IcebergSchemaError::Exhausted {
                table: ident.to_string(),
                source,
            })?;
        }
    }

    /// Extends the schema of the table once. The inner error may be worth a retry.
    fn try_extend(
        &mut self,
        found: &Schema,
    ) -> Result<Result<(), iceberg::Error>, IcebergSchemaError> {
        let table = match self.shared.load(self.table()) {
            Ok(Some(table)) => table,
            Ok(None) => {
                let mut first = DatasetSchema::new(self.table());
                first.extend(found);
                match self.shared.create(self.table(), &first) {
                    Ok(table) => table,
                    Err(error) => return Ok(Err(error)),
                }
            }
            Err(error) => return Ok(Err(error)),
        };
        self.read(&table)?;
        let mut extended = self.schema.clone();
        if !extended.extend(found) {
            return Ok(Ok(()));
        }
        let new = &extended.columns()[self.schema.columns().len()..];
        if let Some(column) = new.iter().find(|column| column.name().contains('.')) {
            return Err(IcebergSchemaError::Name {
                table: table.identifier().to_string(),
                column: column.name().to_owned(),
            });
        }
        match self.add(table, new) {
            Ok(table) => self.read(&table).map(Ok),
            Err(error) => Ok(Err(error)),
        }
    }

    /// Adds columns to the table, and returns it as it is then.
    fn add(&self, table: IcebergTable, new: &[DatasetColumn]) -> iceberg::Result<IcebergTable> {
        let transaction = Transaction::new(&table);
        let mut columns = transaction.update_schema();
        let mut owners = owners_of(table.metadata())?;
        // The next ids are those that the table assigns, because the commit fails if its schema has changed.
        let mut id = table.metadata().last_column_id().unsigned_abs();
        for column in new {
            let Some(kind) = primitive(column.type_name()) else {
                continue;
            };
            let full_name = column.full_name().unwrap_or_default().to_owned();
            let added = AddColumn::builder()
                .name(column.name())
                .field_type(Type::Primitive(kind))
                .doc(full_name.clone());
            columns = columns.add_column(added.build());
            let owner = Owner {
                full_name,
                name: column.name().to_owned(),
                promoted: column.is_promoted(),
            };
            id += 1;
            owners.insert(id, owner);
        }
        let transaction = columns.apply(transaction)?;
        let (name, value) = property(&owners);
        let properties = transaction.update_table_properties().set(name, value);
        let transaction = properties.apply(transaction)?;
        let pinned = PinnedCatalog::new(Arc::clone(&self.shared.catalog), table);
        self.shared
            .wait(async move { transaction.commit(&pinned).await })
    }

    fn catalog_error(&self, source: iceberg::Error) -> IcebergSchemaError {
        IcebergSchemaError::Catalog {
            table: self.shared.ident(self.table()).to_string(),
            source: Arc::new(source),
        }
    }
}

impl PublishedSchema for IcebergSchema {
    fn schema(&self) -> &DatasetSchema {
        &self.schema
    }

    fn publish(&mut self, found: &Schema) -> Result<(), PublishError> {
        if self.exists && !found.has_unpublished_changes(&self.schema) {
            return Ok(());
        }
        let table = self.table().name();
        self.extend(found).map_err(|error| PublishError::Target {
            table,
            source: error.into(),
        })
    }
}

impl fmt::Debug for IcebergSchema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IcebergSchema")
            .field("table", &self.shared.ident(self.table()))
            .field("version", &self.schema.version())
            .finish_non_exhaustive()
    }
}

/// Reads the published schema of a table from its metadata.
fn schema_of(
    table: Table,
    metadata: &TableMetadata,
) -> Result<DatasetSchema, Box<dyn std::error::Error + Send + Sync>> {
    let created_for = metadata.properties().get(TABLE);
    if let Some(found) = created_for
        && found != table.name()
    {
        return Err(format!("its property {TABLE} is {found:?}").into());
    }
    let mut owners = owners_of(metadata)?;
    let own = DatasetSchema::new(table);
    // Another engine may have renamed columns. They keep their names in files, and readers find them by id.
    let own_column = |id: u32, name: &str| {
        let mut columns = own.columns().iter();
        columns.find(|column| match has_own_ids(metadata) {
            true => column.id() == id,
            false => column.name() == name,
        })
    };
    let mut columns = Vec::new();
    // Their names are taken.
    let mut of_others = Vec::new();
    for field in metadata.current_schema().as_struct().fields() {
        let id = u32::try_from(field.id)?;
        let Some(type_name) = name_of(&field.field_type) else {
            of_others.push(field);
            continue;
        };
        let column = match (owners.remove(&id), own_column(id, &field.name)) {
            (Some(owner), _) => {
                let column = DatasetColumn::new(id, owner.name, type_name);
                let column = column.with_full_name(owner.full_name);
                match owner.promoted {
                    true => column.into_promoted(),
                    false => column,
                }
            }
            (None, Some(own)) => DatasetColumn::new(id, own.name(), type_name),
            (None, None) => {
                of_others.push(field);
                continue;
            }
        };
        if field.name != column.name() {
            of_others.push(field);
        }
        columns.push(column);
    }
    let missing = own.columns().iter().find(|expected| {
        let mut names = columns.iter().map(DatasetColumn::name);
        !names.any(|name| name == expected.name())
    });
    if let Some(missing) = missing {
        return Err(format!("it has no column {:?}", missing.name()).into());
    }
    // The version of a schema that is not published is 1.
    let version = u64::try_from(metadata.current_schema_id())? + 2;
    let mut schema = DatasetSchema::from_columns(table, version, columns)?;
    schema.reserve_names(of_others.iter().map(|field: &&_| name(field)));
    Ok(schema)
}

fn name(field: &NestedField) -> &str {
    &field.name
}

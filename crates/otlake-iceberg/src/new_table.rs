//! Creates tables whose columns have the field ids of the files.

use iceberg::io::FileIO;
use iceberg::spec::{
    FormatVersion, NestedFieldRef, Schema, SortOrder, TableMetadata, TableMetadataBuilder,
    UnboundPartitionSpec,
};
use iceberg::table::Table as IcebergTable;
use iceberg::{Catalog, Error, ErrorKind, MetadataLocation, TableIdent};
use otlake_schema::{DatasetSchema, Table};
use serde_json::{Value, json};

use crate::builder::TimePartition;
use crate::published::owners;
use crate::types::field_of;

/// The first field id that a table assigns to a new column. All ids of columns that every file has are smaller.
pub(crate) const FIRST_NEW_ID: i32 = 10_000;

/// The table property with the name of the dataset's table.
pub(crate) const TABLE: &str = "otlake.table";

/// The first id of partition fields, which the Iceberg specification prescribes.
const FIRST_PARTITION_ID: i32 = 1_000;

/// Returns the metadata of a new table.
///
/// A catalog that creates a table numbers its columns anew. Registered metadata keeps its ids, so the columns that every
/// file has keep the field ids that they have in all datasets.
pub(crate) fn metadata(
    table: Table,
    schema: &DatasetSchema,
    partition: Option<TimePartition>,
    location: String,
) -> iceberg::Result<TableMetadata> {
    let mut fields: Vec<NestedFieldRef> = Vec::new();
    for column in schema.columns() {
        let field = field_of(table, column).ok_or_else(|| {
            let (name, found) = (column.name(), column.type_name());
            let message = format!("Iceberg has no type for the column {name} of type {found}");
            Error::new(ErrorKind::FeatureUnsupported, message)
        })?;
        fields.push(field.into());
    }
    let schema_of_files = Schema::builder().with_fields(fields).build()?;
    let time = schema_of_files.field_id_by_name("timestamp");
    let last_id = schema_of_files.highest_field_id().max(FIRST_NEW_ID - 1);
    let properties = [
        (TABLE.to_owned(), table.name().to_owned()),
        owners(schema.columns()),
    ];
    // A table without columns has everything else that a new table needs.
    let empty = TableMetadataBuilder::new(
        Schema::builder().build()?,
        UnboundPartitionSpec::builder().build(),
        SortOrder::unsorted_order(),
        location,
        FormatVersion::V2,
        properties.into(),
    )?;
    let mut metadata = serde_json::to_value(empty.build()?.metadata)?;
    let mut schema = serde_json::to_value(schema_of_files)?;
    schema["schema-id"] = 0.into();
    metadata["schemas"] = json!([schema]);
    metadata["last-column-id"] = last_id.into();
    if let Some(partition) = partition {
        let source = time.ok_or_else(|| {
            let message = "the table has no column for the time of a row";
            Error::new(ErrorKind::FeatureUnsupported, message)
        })?;
        let field = json!({
            "source-id": source, "field-id": FIRST_PARTITION_ID,
            "name": partition.field_name(), "transform": partition.transform().to_string(),
        });
        metadata["partition-specs"] = json!([{"spec-id": 0, "fields": [field]}]);
        metadata["last-partition-id"] = FIRST_PARTITION_ID.into();
    }
    Ok(serde_json::from_value::<TableMetadata>(Value::take(
        &mut metadata,
    ))?)
}

/// Writes the metadata of a new table and registers it. If the table exists by then, returns it.
pub(crate) async fn register(
    catalog: &dyn Catalog,
    file_io: &FileIO,
    ident: &TableIdent,
    metadata: TableMetadata,
) -> iceberg::Result<IcebergTable> {
    if !catalog.namespace_exists(ident.namespace()).await? {
        let created = catalog.create_namespace(ident.namespace(), Default::default());
        if let Err(error) = created.await
            && error.kind() != ErrorKind::NamespaceAlreadyExists
            && !catalog.namespace_exists(ident.namespace()).await?
        {
            return Err(error);
        }
    }
    let location = MetadataLocation::new_with_metadata(metadata.location(), &metadata);
    metadata.write_to(file_io, &location).await?;
    match catalog.register_table(ident, location.to_string()).await {
        Ok(table) => Ok(table),
        // Another process was faster, or the response to this one was lost.
        Err(error) => match catalog.load_table(ident).await {
            Ok(table) => Ok(table),
            Err(_) => Err(error),
        },
    }
}

//! The Arrow schema of a dataset's table.

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::error::Result;
use datafusion::parquet::arrow::{ArrowSchemaConverter, parquet_to_arrow_schema};
use otlake_arrow::BatchBuilder;
use otlake_schema::{DatasetSchema, OVERFLOW, SchemaOptions};

use crate::dataset_table::error::DatasetTableError;

/// The key in the metadata of the field `overflow` under which a table lists the columns of its attributes: a JSON
/// object from [full names](otlake_schema::full_name) to column names.
pub(crate) const ATTRIBUTE_COLUMNS: &str = "otlake.attributes";

/// Returns the columns of all files, with the types that DataFusion reads them with. Strings and bytes are views.
pub(super) fn arrow_schema(published: &DatasetSchema) -> Result<SchemaRef, DatasetTableError> {
    let schema = otlake_schema::Schema::from_dataset(published, SchemaOptions::new());
    let written = BatchBuilder::new(schema.closed()).finish_batch().schema();
    // Lists, maps and structs have the names inside that Parquet prescribes.
    let read = ArrowSchemaConverter::new()
        .with_coerce_types(true)
        .convert(&written)
        .and_then(|parquet| parquet_to_arrow_schema(&parquet, None))
        .map_err(|error| DatasetTableError::Types(error.into()))?;
    let fields = published.columns().iter().map(|column| {
        let field = read.field_with_name(column.name());
        let field = field.map_err(|_| DatasetTableError::UnknownType {
            column: column.name().to_owned(),
            type_name: column.type_name().to_owned(),
        })?;
        let data_type = match field.data_type() {
            DataType::Utf8 => DataType::Utf8View,
            DataType::Binary => DataType::BinaryView,
            other => other.clone(),
        };
        Ok(Field::new(column.name(), data_type, true))
    });
    let fields = fields.collect::<Result<Vec<_>, _>>()?;
    Ok(with_attribute_columns(Schema::new(fields), published))
}

/// Adds the columns of attributes to the metadata of `overflow`, so that `attr(…)` finds them.
pub(crate) fn with_attribute_columns(schema: Schema, published: &DatasetSchema) -> SchemaRef {
    let columns = published.columns().iter();
    let columns: BTreeMap<&str, &str> = columns
        .filter_map(|column| Some((column.full_name()?, column.name())))
        .collect();
    let json = serde_json::to_string(&columns).unwrap_or_default();
    let fields = schema.fields().iter().map(|field| match &**field {
        field if field.name() == OVERFLOW => {
            let mut metadata = field.metadata().clone();
            metadata.insert(ATTRIBUTE_COLUMNS.to_owned(), json.clone());
            Arc::new(field.clone().with_metadata(metadata))
        }
        _ => Arc::clone(field),
    });
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Field, Schema as ArrowSchema, SchemaRef};
use datafusion::arrow::record_batch::RecordBatchOptions;
use datafusion::error::Result;
use otlake_arrow::BatchBuilder;
use otlake_schema::{DatasetSchema, OVERFLOW, Schema, SchemaOptions};

use crate::dataset_table::schema::with_attribute_columns;

/// Returns the Arrow schema of a table of raw OTLP files: fields first, then attributes, then `overflow`.
///
/// Strings and bytes are views, as DataFusion reads them from Parquet, so a query has the same types over raw files
/// and over a dataset.
pub(crate) fn table_schema(dataset: &DatasetSchema) -> SchemaRef {
    let batch = BatchBuilder::new(closed(dataset)).finish_batch();
    let field = |field: &Arc<Field>| {
        let data_type = match field.data_type() {
            DataType::Utf8 | DataType::Dictionary(..) => DataType::Utf8View,
            DataType::Binary => DataType::BinaryView,
            other => other.clone(),
        };
        Field::new(field.name(), data_type, true)
    };
    let fields: Vec<Field> = batch.schema().fields().iter().map(field).collect();
    with_attribute_columns(ArrowSchema::new(fields), dataset)
}

/// Returns a builder of record batches with the columns of `schema`, which are some of the table's.
pub(crate) fn builder(dataset: &DatasetSchema, schema: &ArrowSchema) -> BatchBuilder {
    let names = schema.fields().iter().map(|field| field.name().as_str());
    BatchBuilder::new(closed(dataset)).with_projection(names)
}

/// Returns whether the columns of `schema` need attributes of records. `overflow` has those without a column.
pub(crate) fn have_record_attributes(dataset: &DatasetSchema, schema: &ArrowSchema) -> bool {
    let is_attribute = |name: &str| {
        let column = dataset.column(name);
        let full_name = column.and_then(|column| column.full_name());
        full_name.is_some_and(|full_name| full_name.starts_with(ATTRIBUTE))
    };
    let mut names = schema.fields().iter().map(|field| field.name().as_str());
    names.any(|name| name == OVERFLOW || is_attribute(name))
}

/// The beginning of the full name of a record's attribute.
const ATTRIBUTE: &str = "attr.";

/// Returns a record batch of a [`builder`] with the types of the table. Texts are not copied.
pub(crate) fn with_table_types(batch: RecordBatch, schema: &SchemaRef) -> Result<RecordBatch> {
    let rows = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    let arrays = batch.columns().iter().zip(schema.fields());
    let arrays = arrays
        .map(
            |(array, field)| match array.data_type() == field.data_type() {
                true => Ok(Arc::clone(array)),
                false => cast(array, field.data_type()),
            },
        )
        .collect::<Result<Vec<_>, _>>()?;
    Ok(RecordBatch::try_new_with_options(
        Arc::clone(schema),
        arrays,
        &rows,
    )?)
}

/// Returns the schema of a dataset without room for other columns, because a query has been planned with these.
fn closed(dataset: &DatasetSchema) -> Schema {
    Schema::from_dataset(dataset, SchemaOptions::new()).closed()
}

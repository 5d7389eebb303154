//! Converts record batches of other producers to the published schema.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use arrow_array::{Array, ArrayRef, RecordBatch, RecordBatchOptions, make_array};
use arrow_schema::{ArrowError, DataType, Field, FieldRef, Schema as ArrowSchema};
use otlake_arrow::{BatchBuilder, BatchOptions};
use otlake_row::{Location, Value};
use otlake_schema::{DatasetSchema, Resolved, Schema, SchemaOptions, Table, full_name};

use crate::commit::manifest::type_name;
use crate::error::TableSinkError;

/// The metadata key under which a producer may name the attribute of a column.
const FULL_NAME: &str = "otlake.full_name";

/// The columns of the files of a table: names, types and field ids.
#[derive(Debug)]
pub(crate) struct PublishedTypes {
    published: Arc<DatasetSchema>,
    fields: Arc<ArrowSchema>,
}

impl PublishedTypes {
    /// Creates the types of a published schema, with field ids for attributes if other processes share it.
    pub(crate) fn new(
        published: Arc<DatasetSchema>,
        options: &SchemaOptions,
        field_ids: bool,
    ) -> Self {
        let schema = Schema::from_dataset(&published, options.clone());
        let options = BatchOptions::new().with_field_ids(field_ids);
        // A batch without rows has the columns of one with rows.
        let fields = BatchBuilder::with_options(schema, options)
            .finish_batch()
            .schema();
        Self { published, fields }
    }

    /// Returns the fields, with the columns of the published schema.
    pub(crate) fn fields(&self) -> &Arc<ArrowSchema> {
        &self.fields
    }

    pub(crate) fn version(&self) -> u64 {
        self.published.version()
    }

    /// Returns a batch with the fields of the published schema, and the same values.
    ///
    /// # Errors
    ///
    /// Returns an error for a column that is not published, or has another type.
    pub(crate) fn fit(&self, batch: &RecordBatch) -> Result<RecordBatch, TableSinkError> {
        let mut fields: Vec<FieldRef> = Vec::with_capacity(batch.num_columns());
        let mut arrays: Vec<ArrayRef> = Vec::with_capacity(batch.num_columns());
        for (field, array) in batch.schema().fields().iter().zip(batch.columns()) {
            let mismatch = |published: &str| TableSinkError::Type {
                table: self.published.table().name(),
                column: field.name().clone(),
                published: published.to_owned(),
                found: type_name(field.data_type()),
            };
            let (Some(published), Ok(own)) = (
                self.published.column(field.name()),
                self.fields.field_with_name(field.name()),
            ) else {
                // It was published under another name, because another column has its own.
                return Err(name_taken(field.name()));
            };
            let published = published.type_name();
            let values = value_type(array.data_type());
            if type_name(&without_dictionaries(values)) != published {
                return Err(mismatch(published));
            }
            let own_type = with_dictionaries(own.data_type(), values);
            let array = if is_nested(values) && *values != own_type {
                retyped(array, &own_type).map_err(|_| mismatch(published))?
            } else {
                Arc::clone(array)
            };
            let field = Field::new(field.name(), array.data_type().clone(), true);
            fields.push(Arc::new(field.with_metadata(own.metadata().clone())));
            arrays.push(array);
        }
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        let schema = Arc::new(ArrowSchema::new(fields));
        Ok(RecordBatch::try_new_with_options(schema, arrays, &options)?)
    }
}

/// The column names that the attributes of a partitioning would have if no other column had them. A producer
/// that uses such a name means the attribute.
#[derive(Debug, Default)]
pub(crate) struct AttributeNames(HashMap<String, (Location, String)>);

impl AttributeNames {
    pub(crate) fn new(
        table: Table,
        options: &SchemaOptions,
        attributes: impl Iterator<Item = (Location, String)>,
    ) -> Self {
        let mut schema = Schema::new(table, options.clone());
        let attributes = attributes.filter(|(location, _)| *location != Location::Field);
        let named = attributes.filter_map(|(location, name)| {
            let Resolved::Column(id) = schema.resolve(location, &name) else {
                return None;
            };
            Some((schema.column(id).name().to_owned(), (location, name)))
        });
        Self(named.collect())
    }

    /// Returns the column name of an attribute: the published one, or the one that it would get.
    pub(crate) fn column_of(
        &self,
        published: &DatasetSchema,
        location: Location,
        name: &str,
    ) -> Option<String> {
        if let Some(column) = published.column_of(&full_name(location, name)) {
            return Some(column.name().to_owned());
        }
        let mut named = self.0.iter();
        let named = named.find(|(_, attribute)| attribute.0 == location && attribute.1 == name);
        named.map(|(column, _)| column.clone())
    }
}

/// Adds the columns of a batch that are not published to `found`, and returns whether there are any.
///
/// # Errors
///
/// Returns an error for a new column of a type that no attribute can have, and for two columns of one
/// name.
pub(crate) fn find_new(
    batch: &RecordBatch,
    published: &DatasetSchema,
    attributes: &AttributeNames,
    found: &mut Schema,
) -> Result<bool, TableSinkError> {
    let mut names = HashSet::new();
    let mut any = false;
    for field in batch.schema().fields() {
        if !names.insert(field.name().clone()) {
            return Err(TableSinkError::DuplicateColumn {
                column: field.name().clone(),
            });
        }
        if published.column(field.name()).is_some() {
            continue;
        }
        let sample = match value_type(field.data_type()) {
            DataType::Boolean => Value::Bool(false),
            DataType::Int64 => Value::Int(0),
            DataType::Float64 => Value::Double(0.5),
            DataType::Utf8 => Value::String(""),
            DataType::Binary => Value::Bytes(&[]),
            other => {
                return Err(TableSinkError::NewColumn {
                    column: field.name().clone(),
                    found: type_name(other),
                });
            }
        };
        let attribute = field
            .metadata()
            .get(FULL_NAME)
            .and_then(|name| attribute(name));
        let known = attributes.0.get(field.name());
        let known = known.map(|(location, name)| (*location, name.as_str()));
        // Without an attribute the column has a name of its own.
        let (location, name) = attribute
            .or(known)
            .unwrap_or((Location::Field, field.name()));
        let resolved = found.resolve(location, name);
        let Resolved::Column(id) = resolved else {
            return Err(name_taken(field.name()));
        };
        found.widen(id, &sample);
        any = true;
    }
    Ok(any)
}

/// Returns the location and the name of the attribute with this full name.
fn attribute(full_name: &str) -> Option<(Location, &str)> {
    let (location, name) = full_name.split_once('.')?;
    let location = match location {
        "resource" => Location::Resource,
        "scope" => Location::Scope,
        "attr" => Location::Attribute,
        _ => return None,
    };
    Some((location, name))
}

fn name_taken(column: &str) -> TableSinkError {
    TableSinkError::Name {
        column: column.to_owned(),
    }
}

/// Returns the type of the values of a dictionary, and any other type as it is.
pub(crate) fn value_type(data_type: &DataType) -> &DataType {
    match data_type {
        DataType::Dictionary(_, values) => values,
        other => other,
    }
}

pub(crate) fn is_nested(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::List(_) | DataType::Struct(_) | DataType::Map(_, _)
    )
}

/// Returns a type in which dictionaries inside lists, maps and structs are replaced by their values.
pub(crate) fn without_dictionaries(data_type: &DataType) -> DataType {
    let inner = |field: &FieldRef| {
        let inner = without_dictionaries(value_type(field.data_type()));
        Arc::new(Field::clone(field).with_data_type(inner))
    };
    match data_type {
        DataType::List(item) => DataType::List(inner(item)),
        DataType::Map(entry, sorted) => DataType::Map(inner(entry), *sorted),
        DataType::Struct(members) => DataType::Struct(members.iter().map(inner).collect()),
        other => other.clone(),
    }
}

/// Returns a published type, with dictionaries inside lists, maps and structs where `found` has them.
fn with_dictionaries(published: &DataType, found: &DataType) -> DataType {
    let inner = |(published, found): (&FieldRef, &FieldRef)| {
        let data_type = match found.data_type() {
            dictionary @ DataType::Dictionary(..) => dictionary.clone(),
            other => with_dictionaries(published.data_type(), other),
        };
        Arc::new(Field::clone(published).with_data_type(data_type))
    };
    match (published, found) {
        (DataType::List(published), DataType::List(found)) => {
            DataType::List(inner((published, found)))
        }
        (DataType::Map(published, sorted), DataType::Map(found, _)) => {
            DataType::Map(inner((published, found)), *sorted)
        }
        (DataType::Struct(published), DataType::Struct(found)) => {
            DataType::Struct(published.iter().zip(found).map(inner).collect())
        }
        (published, _) => published.clone(),
    }
}

/// Gives a nested array the names, field ids and nullability of another type of the same shape.
pub(crate) fn retyped(array: &ArrayRef, data_type: &DataType) -> Result<ArrayRef, ArrowError> {
    let data = array.to_data();
    let inner: Vec<&DataType> = match data_type {
        DataType::List(item) | DataType::Map(item, _) => vec![item.data_type()],
        DataType::Struct(members) => members.iter().map(|member| member.data_type()).collect(),
        _ => return Ok(Arc::clone(array)),
    };
    let children = data.child_data().iter().cloned().map(make_array);
    let children = children
        .zip(inner)
        .map(|(child, data_type)| Ok(retyped(&child, data_type)?.to_data()))
        .collect::<Result<Vec<_>, ArrowError>>()?;
    let data = data
        .into_builder()
        .data_type(data_type.clone())
        .child_data(children)
        .build()?;
    Ok(make_array(data))
}

//! The columns of the merged files: the published types, and the field ids of the files.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::{Array, ArrayRef};
use arrow_cast::cast::{CastOptions, cast_with_options};
use arrow_schema::{ArrowError, DataType, Field, FieldRef, Schema as ArrowSchema};

use super::strings::without_needless_dictionary;
use crate::commit::manifest::type_name;
use crate::writer::published_types::{retyped, value_type};

/// The metadata key of a field id in Arrow schemas, by the convention of the parquet crate.
const FIELD_ID: &str = "PARQUET:field_id";

/// The columns of the files that are merged so far, in the order in which they were found.
#[derive(Debug)]
pub(crate) struct Columns {
    published: Arc<ArrowSchema>,
    fields: Vec<FieldRef>,
    by_name: HashMap<String, usize>,
}

/// The reason why a column of a file can't be merged with that of the table.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ColumnFault {
    /// The values can't be converted without loss.
    #[error(
        "its column {column:?} has type {found}, and the table has {expected}: was it written outside of this dataset?"
    )]
    Type {
        column: String,
        found: String,
        expected: String,
    },
    /// Readers that find columns by id would mix up columns.
    #[error(
        "its column {column:?} has field id {found}, and the table has {expected}: was it copied from another dataset?"
    )]
    FieldId {
        column: String,
        found: String,
        expected: String,
    },
    #[error(transparent)]
    Arrow(#[from] ArrowError),
}

impl Columns {
    /// Creates a set without columns. A column that is added has its type in `published`, or else its type in the first
    /// file that has it.
    pub(crate) fn new(published: Arc<ArrowSchema>) -> Self {
        Self {
            published,
            fields: Vec::new(),
            by_name: HashMap::new(),
        }
    }

    pub(crate) fn fields(&self) -> &[FieldRef] {
        &self.fields
    }

    /// Returns the number of a column.
    pub(crate) fn number(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied()
    }

    /// Returns the number of a column of a file, and adds the column if no earlier file had it.
    ///
    /// # Errors
    ///
    /// Returns an error if the column has another field id than in earlier files.
    pub(crate) fn find(&mut self, field: &Field) -> Result<usize, ColumnFault> {
        let id = field.metadata().get(FIELD_ID);
        if let Some(number) = self.number(field.name()) {
            let known = self.fields[number].metadata().get(FIELD_ID);
            return match (known, id) {
                (Some(known), Some(id)) if known != id => Err(ColumnFault::FieldId {
                    column: field.name().clone(),
                    found: id.clone(),
                    expected: known.clone(),
                }),
                _ => Ok(number),
            };
        }
        let published = self.published.field_with_name(field.name()).ok();
        // A table format may have assigned other ids than the published schema, so the ids in the files count.
        let published =
            published.filter(|known| id.is_none() || known.metadata().get(FIELD_ID) == id);
        let field = published.unwrap_or(field);
        let data_type = value_type(field.data_type()).clone();
        let field = field.clone().with_data_type(data_type).with_nullable(true);
        let number = self.fields.len();
        self.by_name.insert(field.name().clone(), number);
        self.fields.push(Arc::new(field));
        Ok(number)
    }

    /// Returns the values of a column of a file in the type that the column has in the table. Dictionaries are kept
    /// where they are smaller than the values.
    ///
    /// # Errors
    ///
    /// Returns an error if the values can't be converted without loss.
    pub(crate) fn fit(&self, number: usize, array: ArrayRef) -> Result<ArrayRef, ColumnFault> {
        let field = &self.fields[number];
        let (wanted, found) = (field.data_type(), value_type(array.data_type()));
        if wanted == found {
            return Ok(without_needless_dictionary(array)?);
        }
        if type_name(wanted) == type_name(found) && wanted.is_nested() {
            // The types differ in names, field ids or nullability of their parts.
            return Ok(retyped(&array, wanted)?);
        }
        if !is_widening(found, wanted) {
            return Err(ColumnFault::Type {
                column: field.name().clone(),
                found: type_name(found),
                expected: type_name(wanted),
            });
        }
        let options = CastOptions {
            safe: false,
            ..CastOptions::default()
        };
        Ok(cast_with_options(&array, wanted, &options)?)
    }
}

/// Returns whether all values of a type are values of another one.
fn is_widening(from: &DataType, to: &DataType) -> bool {
    use DataType::*;
    match to {
        _ if *from == Null => true,
        Int64 => matches!(from, Int8 | Int16 | Int32 | UInt8 | UInt16 | UInt32),
        Float64 => matches!(from, Float16 | Float32 | Int8 | Int16 | Int32),
        Utf8 => matches!(from, LargeUtf8 | Utf8View),
        Binary => matches!(from, LargeBinary | BinaryView | FixedSizeBinary(_)),
        Timestamp(unit, zone) => {
            matches!(from, Timestamp(found, own) if found <= unit && own == zone)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use arrow_array::{Float64Array, Int32Array, Int64Array, StringArray, TimestampSecondArray};
    use arrow_schema::TimeUnit;

    use super::*;

    fn columns(data_type: DataType) -> Columns {
        let field = Field::new("a", data_type, true);
        let mut columns = Columns::new(Arc::new(ArrowSchema::new(vec![field.clone()])));
        columns.find(&field).unwrap();
        columns
    }

    /// Narrower types become the published one; whatever would lose something is an error that names both types.
    #[test]
    fn values_are_widened_and_never_narrowed() {
        let micros = DataType::Timestamp(TimeUnit::Microsecond, None);
        let cases: [(DataType, ArrayRef, bool); 7] = [
            (DataType::Int64, Arc::new(Int32Array::from(vec![1])), true),
            (DataType::Float64, Arc::new(Int32Array::from(vec![1])), true),
            (
                micros.clone(),
                Arc::new(TimestampSecondArray::from(vec![1])),
                true,
            ),
            (
                DataType::Float64,
                Arc::new(Int64Array::from(vec![1])),
                false,
            ),
            (
                DataType::Int64,
                Arc::new(Float64Array::from(vec![1.0])),
                false,
            ),
            (
                DataType::Int64,
                Arc::new(StringArray::from(vec!["1"])),
                false,
            ),
            (DataType::Utf8, Arc::new(Int64Array::from(vec![1])), false),
        ];
        for (wanted, array, fits) in cases {
            let found = array.data_type().clone();
            match columns(wanted.clone()).fit(0, array) {
                Ok(array) => assert!(fits && *array.data_type() == wanted, "{found} to {wanted}"),
                Err(error) => {
                    assert!(!fits, "{found} to {wanted}: {error}");
                    assert!(error.to_string().contains(&type_name(&found)), "{error}");
                }
            }
        }
    }

    /// The id of a column is that of its files, whatever is published; two ids for one column are an error.
    #[test]
    fn field_ids_are_those_of_the_files() {
        let with_id = |id: &str| {
            let metadata = [(FIELD_ID.to_owned(), id.to_owned())].into();
            Field::new("a", DataType::Int64, true).with_metadata(metadata)
        };
        let schema = Arc::new(ArrowSchema::new(vec![with_id("1")]));
        let mut columns = Columns::new(schema);
        assert_eq!(columns.find(&with_id("7")).unwrap(), 0);
        assert_eq!(columns.fields()[0].metadata()[FIELD_ID], "7");
        let without = Field::new("a", DataType::Int64, true);
        assert_eq!(columns.find(&without).unwrap(), 0);
        let error = columns.find(&with_id("1")).unwrap_err();
        assert!(matches!(error, ColumnFault::FieldId { .. }), "{error}");
    }
}

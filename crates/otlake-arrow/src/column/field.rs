//! How a field's values become those of its column.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_schema::{DataType, Field, Fields, TimeUnit};
use otlake_row::Value;
use otlake_schema::{ColumnType, FieldColumn, FieldKind, Member, OVERFLOW_ID};

use super::nested::Nested;
use super::{Utf8Column, Values};

/// The type of a field's column. The fields inside of it have their ids.
pub(crate) fn data_type(field: &FieldColumn) -> DataType {
    let mut ids = (1..).map(|number| FieldColumn::inner_id(field.id, number));
    type_of(field.kind, &mut ids)
}

fn type_of(kind: FieldKind, ids: &mut impl Iterator<Item = u32>) -> DataType {
    match kind {
        FieldKind::Timestamp { .. } => {
            DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
        }
        FieldKind::Map => map_type(ids),
        FieldKind::List(item) => {
            let id = ids.next();
            // The name is that of the Parquet specification.
            DataType::List(Arc::new(field("element", type_of(*item, ids), true, id)))
        }
        FieldKind::Struct(members) => {
            let member = |member: &Member| {
                let id = ids.next();
                field(member.name, type_of(member.kind, ids), true, id)
            };
            DataType::Struct(members.iter().map(member).collect())
        }
        kind => kind.column_type().map_or(DataType::Utf8, type_of_attribute),
    }
}

/// The type of the overflow column.
pub(crate) fn overflow_type() -> DataType {
    map_type(&mut (1..).map(|number| FieldColumn::inner_id(OVERFLOW_ID, number)))
}

/// A map from names to texts. The names inside are those of the Parquet specification.
fn map_type(ids: &mut impl Iterator<Item = u32>) -> DataType {
    let (key, value) = (ids.next(), ids.next());
    let entries = DataType::Struct(Fields::from(vec![
        field("key", DataType::Utf8, false, key),
        field("value", DataType::Utf8, true, value),
    ]));
    DataType::Map(Arc::new(field("key_value", entries, false, None)), false)
}

/// A field with its id where the Parquet schema has it from.
pub(crate) fn field(name: &str, data_type: DataType, nullable: bool, id: Option<u32>) -> Field {
    let field = Field::new(name, data_type, nullable);
    match id {
        Some(id) => field.with_metadata(HashMap::from([(FIELD_ID.to_owned(), id.to_string())])),
        None => field,
    }
}

/// The key of the metadata under which the `parquet` crate looks for it.
const FIELD_ID: &str = "PARQUET:field_id";

/// The type of a column of attributes.
pub(crate) fn type_of_attribute(column_type: ColumnType) -> DataType {
    match column_type {
        ColumnType::Boolean => DataType::Boolean,
        ColumnType::Int64 => DataType::Int64,
        ColumnType::Float64 => DataType::Float64,
        ColumnType::Binary => DataType::Binary,
        _ => DataType::Utf8,
    }
}

/// A field's column without values.
pub(crate) fn values_of(field: &FieldColumn, plain_strings: bool) -> Values {
    match field.kind.column_type() {
        Some(column_type) => Values::new(column_type, plain_strings),
        None => Values::Nested(Box::new(Nested::new(field.kind, &data_type(field)))),
    }
}

/// Pushes the value of a field. Says whether it fits; if not, nothing was pushed, but of lists and
/// messages everything that does fit.
#[inline]
pub(crate) fn push_value(
    kind: FieldKind,
    values: &mut Values,
    value: &Value<'_>,
    text: &mut String,
) -> bool {
    match (kind, value, values) {
        (FieldKind::Int64, Value::Int(_), values)
        | (FieldKind::Float64, Value::Double(_), values)
        | (FieldKind::Boolean, Value::Bool(_), values)
        | (FieldKind::Utf8, Value::String(_), values) => values.push(value, text),
        (FieldKind::Hex, Value::Bytes(bytes), Values::Utf8(column)) => {
            push_hex(column, bytes);
            true
        }
        // A body without a value is one that was not sent.
        (FieldKind::Text, Value::Empty, values) => {
            values.push_nulls(1);
            true
        }
        (FieldKind::Text, value, values) => values.push(value, text),
        (_, value, Values::Nested(column)) => column.push(value, text),
        _ => false,
    }
}

fn push_hex(column: &mut Utf8Column, bytes: &[u8]) {
    // The ids of the protocol have 16 and 8 bytes; those of broken senders any number.
    let mut scratch = [0; 64];
    let hex = match scratch.get_mut(..2 * bytes.len()) {
        Some(hex) => const_hex::encode_to_str(bytes, hex).ok(),
        None => None,
    };
    match hex {
        Some(hex) => column.push(hex),
        None => column.push(&const_hex::encode(bytes)),
    }
}

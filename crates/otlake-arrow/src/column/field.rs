//! Columns of fields: their types and the conversion of their values.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_schema::{DataType, Field, Fields, TimeUnit};
use otlake_row::Value;
use otlake_schema::{ColumnType, FieldColumn, FieldKind, Member, OVERFLOW_ID};

use super::bytes::BytesColumn;
use super::nested::Nested;
use super::{Scratch, Values};

/// Returns the Arrow type of a field's column. The Arrow fields nested in it have their field ids.
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
            // The Parquet specification prescribes this name.
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

/// Returns the Arrow type of the overflow column.
pub(crate) fn overflow_type() -> DataType {
    map_type(&mut (1..).map(|number| FieldColumn::inner_id(OVERFLOW_ID, number)))
}

/// Returns the Arrow type of a map from names to texts. The Parquet specification prescribes the names of
/// the fields in it.
fn map_type(ids: &mut impl Iterator<Item = u32>) -> DataType {
    let (key, value) = (ids.next(), ids.next());
    let entries = DataType::Struct(Fields::from(vec![
        field("key", DataType::Utf8, false, key),
        field("value", DataType::Utf8, true, value),
    ]));
    DataType::Map(Arc::new(field("key_value", entries, false, None)), false)
}

/// Returns an Arrow field. Its field id, if it has one, is in its metadata, where the `parquet` crate looks
/// for it.
pub(crate) fn field(name: &str, data_type: DataType, nullable: bool, id: Option<u32>) -> Field {
    let field = Field::new(name, data_type, nullable);
    match id {
        Some(id) => field.with_metadata(HashMap::from([(FIELD_ID.to_owned(), id.to_string())])),
        None => field,
    }
}

/// The metadata key of the field id.
const FIELD_ID: &str = "PARQUET:field_id";

/// Returns the Arrow type of an attribute's column.
pub(crate) fn type_of_attribute(column_type: ColumnType) -> DataType {
    match column_type {
        ColumnType::Boolean => DataType::Boolean,
        ColumnType::Int64 => DataType::Int64,
        ColumnType::Float64 => DataType::Float64,
        ColumnType::Binary => DataType::Binary,
        _ => DataType::Utf8,
    }
}

/// Returns an empty column for a field.
pub(crate) fn values_of(field: &FieldColumn, plain_strings: bool) -> Values {
    match field.kind.column_type() {
        Some(column_type) => Values::new(column_type, plain_strings),
        None => Values::Nested(Box::new(Nested::new(field.kind, &data_type(field)))),
    }
}

/// Appends the value of a field and returns whether it fits. If it does not fit, nothing is appended,
/// except the parts of lists and messages that fit.
#[inline]
pub(crate) fn push_value(
    kind: FieldKind,
    values: &mut Values,
    value: &Value<'_>,
    scratch: &mut Scratch,
) -> bool {
    match (kind, value, values) {
        (FieldKind::Int64, Value::Int(_), values)
        | (FieldKind::Float64, Value::Double(_), values)
        | (FieldKind::Boolean, Value::Bool(_), values)
        | (FieldKind::Utf8, Value::String(_), values) => values.push(value, scratch),
        (FieldKind::Hex, Value::Bytes(bytes), Values::Utf8(column)) => {
            scratch.bytes += push_hex(column, bytes);
            true
        }
        // A body without a value counts as a body that was not sent.
        (FieldKind::Text, Value::Empty, values) => {
            values.push_nulls(1);
            true
        }
        (FieldKind::Text, value, values) => values.push(value, scratch),
        (_, value, Values::Nested(column)) => column.push(value, scratch),
        _ => false,
    }
}

fn push_hex(column: &mut BytesColumn, bytes: &[u8]) -> usize {
    // The ids of the protocol have 16 or 8 bytes, but a broken sender can send ids of any length.
    let mut scratch = [0; 64];
    let hex = match scratch.get_mut(..2 * bytes.len()) {
        Some(hex) => const_hex::encode_to_str(bytes, hex).ok(),
        None => None,
    };
    match hex {
        Some(hex) => column.push(hex.as_bytes()),
        None => column.push(const_hex::encode(bytes).as_bytes()),
    }
}

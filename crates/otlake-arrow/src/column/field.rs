//! How a field's values become those of its column.

use arrow_schema::{DataType, TimeUnit};
use otlake_row::Value;
use otlake_schema::{ColumnType, FieldKind};

use super::map::MapEntries;
use super::nested::{Nested, item_field, struct_fields};
use super::{Utf8Column, Values};

/// The type of a field's column.
pub(crate) fn data_type(kind: FieldKind) -> DataType {
    match kind {
        FieldKind::Timestamp { .. } => {
            DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
        }
        FieldKind::Map => MapEntries::data_type(),
        FieldKind::List(item) => DataType::List(item_field(*item)),
        FieldKind::Struct(members) => DataType::Struct(struct_fields(members)),
        kind => kind.column_type().map_or(DataType::Utf8, type_of_attribute),
    }
}

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
pub(crate) fn values_of(kind: FieldKind, plain_strings: bool) -> Values {
    match kind.column_type() {
        Some(column_type) => Values::new(column_type, plain_strings),
        None => Values::Nested(Box::new(Nested::new(kind))),
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

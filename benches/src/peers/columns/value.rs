use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use serde_json::{Map, Number, Value as Json};

/// Returns lower-case hex.
pub(super) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |value: u8| char::from(DIGITS[usize::from(value)]);
    let mut out = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        out.push(digit(byte >> 4));
        out.push(digit(byte & 0xf));
    }
    out
}

/// Returns a value as text: strings unchanged, everything else as JSON.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::StringValue(text) => text.clone(),
        Value::BytesValue(bytes) => hex(bytes),
        other => json(Some(other)).to_string(),
    }
}

fn json(value: Option<&Value>) -> Json {
    let inner = |value: &AnyValue| json(value.value.as_ref());
    match value {
        None => Json::Null,
        Some(Value::StringValue(text)) => Json::String(text.clone()),
        Some(Value::BoolValue(boolean)) => Json::Bool(*boolean),
        Some(Value::IntValue(integer)) => Json::Number((*integer).into()),
        Some(Value::StringValueStrindex(index)) => Json::Number((*index).into()),
        Some(Value::DoubleValue(double)) => {
            Number::from_f64(*double).map_or_else(|| Json::String(double.to_string()), Json::Number)
        }
        Some(Value::BytesValue(bytes)) => Json::String(hex(bytes)),
        Some(Value::ArrayValue(array)) => array.values.iter().map(inner).collect(),
        Some(Value::KvlistValue(list)) => {
            let entry = |entry: &KeyValue| {
                (
                    entry.key.clone(),
                    entry.value.as_ref().map_or(Json::Null, inner),
                )
            };
            Json::Object(list.values.iter().map(entry).collect::<Map<_, _>>())
        }
    }
}

use opentelemetry_proto::tonic::common::v1::any_value::Value as Typed;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use otlake_row::Value;

/// A value with exact equality.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the variants are those of otlake_row::Value")]
pub enum CanonicalValue {
    Empty,
    Bool(bool),
    Int(i64),
    /// A double, as its bits.
    Double(u64),
    String(String),
    Bytes(Vec<u8>),
    Array(Vec<CanonicalValue>),
    KvList(Vec<(String, CanonicalValue)>),
}

impl From<&Value<'_>> for CanonicalValue {
    fn from(value: &Value<'_>) -> Self {
        match value {
            Value::Empty => CanonicalValue::Empty,
            Value::Bool(bool) => CanonicalValue::Bool(*bool),
            Value::Int(int) => CanonicalValue::Int(*int),
            Value::Double(double) => CanonicalValue::Double(double.to_bits()),
            Value::String(string) => CanonicalValue::String((*string).to_owned()),
            Value::Bytes(bytes) => CanonicalValue::Bytes(bytes.to_vec()),
            Value::Array(values) => CanonicalValue::Array(values.iter().map(Into::into).collect()),
            Value::KvList(entries) => CanonicalValue::KvList(
                entries
                    .iter()
                    .map(|(name, value)| ((*name).to_owned(), value.into()))
                    .collect(),
            ),
        }
    }
}

impl From<bool> for CanonicalValue {
    fn from(bool: bool) -> Self {
        CanonicalValue::Bool(bool)
    }
}

impl From<i64> for CanonicalValue {
    fn from(int: i64) -> Self {
        CanonicalValue::Int(int)
    }
}

/// Converts a count or a time. It becomes text if it does not fit an `i64`.
impl From<u64> for CanonicalValue {
    fn from(value: u64) -> Self {
        match i64::try_from(value) {
            Ok(value) => CanonicalValue::Int(value),
            Err(_) => CanonicalValue::String(value.to_string()),
        }
    }
}

impl From<f64> for CanonicalValue {
    fn from(double: f64) -> Self {
        CanonicalValue::Double(double.to_bits())
    }
}

impl From<&[u8]> for CanonicalValue {
    fn from(bytes: &[u8]) -> Self {
        CanonicalValue::Bytes(bytes.to_vec())
    }
}

pub(super) fn string(value: &str) -> CanonicalValue {
    CanonicalValue::String(value.to_owned())
}

pub(super) fn array<T: Copy + Into<CanonicalValue>>(values: &[T]) -> CanonicalValue {
    CanonicalValue::Array(values.iter().map(|value| (*value).into()).collect())
}

/// Returns a message inside a record.
pub(super) fn message<const N: usize>(members: [(&str, CanonicalValue); N]) -> CanonicalValue {
    let members = members.map(|(name, value)| (name.to_owned(), value));
    CanonicalValue::KvList(members.into())
}

pub(super) fn attributes(typed: &[KeyValue]) -> Vec<(String, CanonicalValue)> {
    typed
        .iter()
        .map(|kv| (kv.key.clone(), any_value(kv.value.as_ref())))
        .collect()
}

pub(super) fn any_value(value: Option<&AnyValue>) -> CanonicalValue {
    match value.and_then(|value| value.value.as_ref()) {
        // An index into a dictionary that only profiles have.
        None | Some(Typed::StringValueStrindex(_)) => CanonicalValue::Empty,
        Some(Typed::StringValue(value)) => string(value),
        Some(Typed::BoolValue(bool)) => (*bool).into(),
        Some(Typed::IntValue(int)) => (*int).into(),
        Some(Typed::DoubleValue(double)) => (*double).into(),
        Some(Typed::BytesValue(bytes)) => bytes.as_slice().into(),
        Some(Typed::ArrayValue(array)) => CanonicalValue::Array(
            array
                .values
                .iter()
                .map(|value| any_value(Some(value)))
                .collect(),
        ),
        Some(Typed::KvlistValue(kvlist)) => CanonicalValue::KvList(attributes(&kvlist.values)),
    }
}

//! The text of a value, as the OpenTelemetry specification writes it for protocols that have only
//! strings (common specification, "AnyValue representation for non-OTLP protocols"): strings as
//! they are, numbers and booleans as in JSON, bytes in base64, an empty value as the empty string,
//! arrays and maps as JSON text.

use std::fmt;

use base64::Engine;
use base64::display::Base64Display;
use base64::engine::general_purpose::STANDARD;
use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::Value;

/// The largest magnitude up to which every integer is exact in an f64. Up to it a double that is
/// a whole number is written like the integer, so that 3 and 3.0 have one text.
const EXACT: f64 = 9_007_199_254_740_992.0;

impl fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Empty => Ok(()),
            Value::Bool(bool) => write!(f, "{bool}"),
            Value::Int(int) => write!(f, "{int}"),
            Value::Double(double) => match unquoted(*double) {
                Double::Whole(int) => write!(f, "{int}"),
                Double::Named(name) => f.write_str(name),
                Double::Fraction(double) => f.write_str(&json(&double)?),
            },
            Value::String(string) => f.write_str(string),
            Value::Bytes(bytes) => Base64Display::new(bytes, &STANDARD).fmt(f),
            Value::Array(_) | Value::KvList(_) => f.write_str(&json(self)?),
        }
    }
}

fn json(value: &impl Serialize) -> Result<String, fmt::Error> {
    serde_json::to_string(value).map_err(|_| fmt::Error)
}

enum Double {
    Whole(i64),
    Fraction(f64),
    /// JSON has no number for it; proto3's JSON mapping names it.
    Named(&'static str),
}

fn unquoted(double: f64) -> Double {
    if double.is_nan() {
        Double::Named("NaN")
    } else if double.is_infinite() {
        Double::Named(if double > 0.0 {
            "Infinity"
        } else {
            "-Infinity"
        })
    } else if double.fract() == 0.0
        && double.abs() <= EXACT
        && !(double == 0.0 && double.is_sign_negative())
    {
        Double::Whole(double as i64)
    } else {
        Double::Fraction(double)
    }
}

/// JSON as in the text of arrays and maps: bytes as base64 strings, empty values as null, NaN and
/// the infinities as strings. Of a name that repeats in a map every value is written.
impl Serialize for Value<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Value::Empty => serializer.serialize_unit(),
            Value::Bool(bool) => serializer.serialize_bool(*bool),
            Value::Int(int) => serializer.serialize_i64(*int),
            Value::Double(double) => match unquoted(*double) {
                Double::Whole(int) => serializer.serialize_i64(int),
                Double::Fraction(double) => serializer.serialize_f64(double),
                Double::Named(name) => serializer.serialize_str(name),
            },
            Value::String(string) => serializer.serialize_str(string),
            Value::Bytes(bytes) => serializer.serialize_str(&STANDARD.encode(bytes)),
            Value::Array(values) => serializer.collect_seq(values.iter()),
            Value::KvList(entries) => {
                let mut map = serializer.serialize_map(Some(entries.len()))?;
                for (name, value) in entries.iter() {
                    map.serialize_entry(name, value)?;
                }
                map.end()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_follows_the_specification() {
        let cases: &[(Value<'_>, &str)] = &[
            (Value::Empty, ""),
            (Value::Bool(true), "true"),
            (Value::Int(i64::MIN), "-9223372036854775808"),
            (Value::Double(3.0), "3"),
            (Value::Double(-0.0), "-0.0"),
            (Value::Double(1.5), "1.5"),
            (Value::Double(1e300), "1e+300"),
            (Value::Double(9_007_199_254_740_992.0), "9007199254740992"),
            (Value::Double(f64::NAN), "NaN"),
            (Value::Double(f64::NEG_INFINITY), "-Infinity"),
            (Value::String("as \"it\" is"), "as \"it\" is"),
            (Value::Bytes(&[0xde, 0xad]), "3q0="),
            (Value::Array(&[]), "[]"),
            (
                Value::Array(&[
                    Value::Empty,
                    Value::Double(2.0),
                    Value::Double(f64::INFINITY),
                    Value::Bytes(b"\x01"),
                    Value::String("line\n\"quoted\""),
                ]),
                r#"[null,2,"Infinity","AQ==","line\n\"quoted\""]"#,
            ),
            (
                Value::KvList(&[("a", Value::KvList(&[])), ("a", Value::Bool(false))]),
                r#"{"a":{},"a":false}"#,
            ),
        ];
        for (value, text) in cases {
            assert_eq!(value.to_string(), *text, "the text of {value:?}");
        }
    }
}

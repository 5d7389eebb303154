use std::fmt;

use base64::Engine;
use base64::display::Base64Display;
use base64::engine::general_purpose::STANDARD;
use otlake_row::Value;
use serde::ser::{Serialize, SerializeMap, Serializer};

/// The text of a value, for text columns, the overflow column and directory names.
///
/// The text follows the OpenTelemetry specification for protocols that have only strings (common
/// specification, "AnyValue representation for non-OTLP protocols"): strings are left as they are,
/// numbers and booleans are written as in JSON, bytes in base64, an empty value as the empty string,
/// arrays and maps as JSON.
///
/// In JSON, bytes are base64 strings, empty values are null, and NaN and the infinities are strings.
/// If a name repeats in a map, every value is written.
///
/// ```
/// use otlake_row::Value;
/// use otlake_schema::ValueText;
///
/// let list = Value::Array(&[Value::Int(1), Value::Bytes(b"\x01"), Value::Empty]);
/// assert_eq!(ValueText(&list).to_string(), r#"[1,"AQ==",null]"#);
/// assert_eq!(ValueText(&Value::String("as it is")).to_string(), "as it is");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct ValueText<'v, 'a>(pub &'v Value<'a>);

impl fmt::Display for ValueText<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
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
            Value::Array(_) | Value::KvList(_) => f.write_str(&json(&Json(self.0))?),
        }
    }
}

fn json(value: &impl Serialize) -> Result<String, fmt::Error> {
    serde_json::to_string(value).map_err(|_| fmt::Error)
}

/// The largest magnitude up to which every integer is exact in an f64. Up to it a double that is a
/// whole number is written like the integer, so that 3 and 3.0 have one text.
const EXACT: f64 = 9_007_199_254_740_992.0;

enum Double {
    Whole(i64),
    Fraction(f64),
    /// A value for which JSON has no number. The name is that of proto3's JSON mapping.
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

/// A value inside of JSON.
struct Json<'v, 'a>(&'v Value<'a>);

impl Serialize for Json<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
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
            Value::Array(values) => serializer.collect_seq(values.iter().map(Json)),
            Value::KvList(entries) => {
                let mut map = serializer.serialize_map(Some(entries.len()))?;
                for (name, value) in entries.iter() {
                    map.serialize_entry(name, &Json(value))?;
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
            assert_eq!(ValueText(value).to_string(), *text, "the text of {value:?}");
        }
    }
}

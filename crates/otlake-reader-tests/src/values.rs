use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, KeyValueList};
use otlake_testkit::Rng;

use crate::attributes::key_value;

/// The types that a value can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Int,
    String,
    Double,
    Bool,
    Bytes,
    Array,
    Map,
    /// An integer or a double.
    Number,
}

impl Kind {
    pub(crate) const ALL: [Kind; 8] = [
        Kind::Int,
        Kind::String,
        Kind::Double,
        Kind::Bool,
        Kind::Bytes,
        Kind::Array,
        Kind::Map,
        Kind::Number,
    ];

    /// Draws a value. There are few different ones, so that a filter finds several records.
    pub(crate) fn value(self, rng: &mut Rng) -> Value {
        match self {
            Kind::Int => Value::IntValue(*rng.pick(&INTS)),
            Kind::String => Value::StringValue((*rng.pick(&STRINGS)).to_owned()),
            Kind::Double => Value::DoubleValue(*rng.pick(&DOUBLES)),
            Kind::Bool => Value::BoolValue(rng.chance(0.5)),
            Kind::Bytes => Value::BytesValue(rng.pick(&BYTES).to_vec()),
            Kind::Array => Value::ArrayValue(ArrayValue {
                values: (0..rng.below(3)).map(|_| scalar(rng)).collect(),
            }),
            Kind::Map => Value::KvlistValue(KeyValueList {
                values: (0..rng.below(3))
                    .map(|n| key_value(&format!("member.{n}"), scalar(rng).value))
                    .collect(),
            }),
            Kind::Number if rng.chance(0.5) => Kind::Int.value(rng),
            Kind::Number => Kind::Double.value(rng),
        }
    }
}

fn scalar(rng: &mut Rng) -> AnyValue {
    let kind = *rng.pick(&Kind::ALL[..5]);
    AnyValue {
        value: Some(kind.value(rng)),
    }
}

/// No double equals the larger ones.
const INTS: [i64; 9] = [0, 1, -1, 7, 200, 65_536, (1 << 53) + 1, i64::MIN, i64::MAX];
const DOUBLES: [f64; 10] = [
    0.0,
    1.0,
    0.5,
    0.1,
    -2.75,
    1e300,
    5e-324,
    f64::NAN,
    f64::INFINITY,
    f64::NEG_INFINITY,
];
/// Some look like other types, some would break carelessly composed text.
const STRINGS: [&str; 11] = [
    "",
    "checkout",
    "7",
    "true",
    "0.5",
    "O'Neil \"quoted\" \\ back",
    "two\nlines\ttab",
    "größer als ß",
    "名前",
    "👩‍👩‍👧",
    "[1,2]",
];
const BYTES: [&[u8]; 4] = [b"", b"text", &[0, 255, 128, 10], &[0x27; 9]];

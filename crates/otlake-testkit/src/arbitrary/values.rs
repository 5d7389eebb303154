use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, KeyValue, KeyValueList};

use crate::rng::Rng;

/// Maximum nesting depth: enough to nest every kind in every other, and far below any decoder's
/// limit.
const MOST_NESTING: usize = 4;

/// Attribute names. There are few, so that they repeat between records and within one. Some of them
/// map to the same column name.
const KEYS: [&str; 20] = [
    "",
    "a",
    "a.b",
    "a_b",
    "A.B",
    "_",
    "_private",
    "http.method",
    "http_method",
    "ключ",
    "鍵",
    "🔑",
    "with space",
    "quote\"d",
    "service.name",
    "body",
    "timestamp",
    "trace_id",
    "attr_a",
    "nul\0byte",
];

const STRINGS: [&str; 16] = [
    "",
    " ",
    "a",
    "true",
    "1",
    "1.5",
    "NaN",
    "null",
    "{\"a\":1}",
    "[]",
    "line\nbreak\ttab\r",
    "nul\0byte",
    "quote\" and \\backslash",
    "Grüße, мир, 世界, 🌍",
    "e\u{301}\u{202e}\u{feff}",
    "\u{1b}[31mred\u{1b}[0m",
];

const INTEGERS: [i64; 14] = [
    0,
    1,
    -1,
    9,
    127,
    128,
    i32::MAX as i64,
    i32::MIN as i64,
    1 << 53,
    (1 << 53) + 1,
    -(1 << 53) - 1,
    i64::MAX,
    i64::MIN,
    1_760_000_000_000_000_000,
];

const DOUBLES: [f64; 16] = [
    0.0,
    -0.0,
    1.0,
    -1.5,
    0.1,
    1e300,
    5e-324,
    f64::MIN_POSITIVE,
    f64::MAX,
    f64::MIN,
    f64::INFINITY,
    f64::NEG_INFINITY,
    f64::NAN,
    // A signalling NaN and one with a payload.
    f64::from_bits(0x7ff0_0000_0000_0001),
    f64::from_bits(0xfff8_dead_beef_0001),
    9_007_199_254_740_993.0,
];

/// Returns a text that may be empty, long, or of any script.
pub(super) fn string(rng: &mut Rng) -> String {
    match rng.below(10) {
        0..=6 => (*rng.pick(&STRINGS)).to_owned(),
        7 => rng.pick(&STRINGS).repeat(rng.below(40)),
        8 => (0..rng.below(12))
            .filter_map(|_| char::from_u32(rng.below(0x11_0000) as u32))
            .collect(),
        _ => format!(
            "user {} failed after {} ms",
            rng.below(1000),
            rng.below(10_000)
        ),
    }
}

/// Returns a name from a short list.
pub(super) fn key(rng: &mut Rng) -> String {
    (*rng.pick(&KEYS)).to_owned()
}

/// Returns an `i64`, often an extreme one.
pub(super) fn integer(rng: &mut Rng) -> i64 {
    if rng.chance(0.6) {
        *rng.pick(&INTEGERS)
    } else {
        rng.next_u64() as i64 >> rng.below(64)
    }
}

/// Returns a time or a count, often one that exceeds `i64::MAX`.
pub(super) fn unsigned(rng: &mut Rng) -> u64 {
    integer(rng) as u64
}

/// Returns a double, often NaN or infinite.
pub(super) fn double(rng: &mut Rng) -> f64 {
    if rng.chance(0.7) {
        *rng.pick(&DOUBLES)
    } else {
        f64::from_bits(rng.next_u64())
    }
}

/// Returns a number of an enumeration, mostly one below `end`; proto3 enumerations are open, so
/// others occur as well.
pub(super) fn enumeration(rng: &mut Rng, end: usize) -> i32 {
    if rng.chance(0.8) {
        rng.below(end) as i32
    } else {
        integer(rng) as i32
    }
}

/// Returns an id that has the right length, is empty, is all zeros, or has a wrong length.
pub(super) fn id(rng: &mut Rng, len: usize) -> Vec<u8> {
    match rng.below(8) {
        0..=4 => rng.bytes(len),
        5 => Vec::new(),
        6 => vec![0; len],
        _ => {
            let len = rng.below(2 * len + 2);
            rng.bytes(len)
        }
    }
}

/// Returns a `u32`, often 0 or the maximum.
pub(super) fn count(rng: &mut Rng) -> u32 {
    match rng.below(6) {
        0..=2 => 0,
        3 => 1,
        4 => u32::MAX,
        _ => rng.next_u64() as u32,
    }
}

/// Returns attributes, mostly a few, sometimes many. Names repeat.
pub(super) fn attributes(rng: &mut Rng) -> Vec<KeyValue> {
    let most = if rng.chance(0.05) { 60 } else { 7 };
    (0..rng.below(most)).map(|_| key_value(rng, 0)).collect()
}

/// Returns any value, including one of no kind.
pub(super) fn any_value(rng: &mut Rng, nesting: usize) -> AnyValue {
    // At the deepest level, scalars only.
    let kinds = if nesting < MOST_NESTING { 10 } else { 8 };
    let value = match rng.below(kinds) {
        0 | 1 => Value::StringValue(string(rng)),
        2 => Value::BoolValue(rng.chance(0.5)),
        3 => Value::IntValue(integer(rng)),
        4 => Value::DoubleValue(double(rng)),
        5 => {
            let len = rng.below(20);
            Value::BytesValue(rng.bytes(len))
        }
        6 => return AnyValue { value: None },
        // An index into the string table of a profile. The field exists in this message, but has no
        // meaning in logs.
        7 if rng.chance(0.1) => Value::StringValueStrindex(integer(rng) as i32),
        7 => Value::StringValue(string(rng)),
        8 => Value::ArrayValue(ArrayValue {
            values: (0..rng.below(4))
                .map(|_| any_value(rng, nesting + 1))
                .collect(),
        }),
        _ => Value::KvlistValue(KeyValueList {
            values: (0..rng.below(4))
                .map(|_| key_value(rng, nesting + 1))
                .collect(),
        }),
    };
    AnyValue { value: Some(value) }
}

fn key_value(rng: &mut Rng, nesting: usize) -> KeyValue {
    KeyValue {
        key: key(rng),
        value: rng.chance(0.95).then(|| any_value(rng, nesting)),
        key_strindex: if rng.chance(0.02) {
            integer(rng) as i32
        } else {
            0
        },
    }
}

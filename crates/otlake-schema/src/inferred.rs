use otlake_row::Value;

use crate::column_type::ColumnType;

/// The type that a column needs for the values seen so far: an element of a join-semilattice.
///
/// ```text
///                        Utf8
///      ┌──────────┬───────┴───────┬──────────┐
///   Boolean    Binary          Float64     Int64
///      │          │               └─────┬────┘
///      │          │                 ExactInt64
///      └──────────┴───────┬─────────────┘
///                       Empty
/// ```
///
/// Integers up to 2^53 in magnitude are doubles without loss, so they join with doubles to
/// Float64; larger ones join with doubles to Utf8. All other types join to Utf8, because every value
/// has a text: [`ValueText`](crate::ValueText).
///
/// The enum is exhaustive on purpose: another element would change the types of existing columns.
///
/// ```
/// use otlake_row::Value;
/// use otlake_schema::{ColumnType, Inferred};
///
/// let values = [Value::Int(1), Value::Double(0.5), Value::Empty];
/// let joined = values.iter().map(Inferred::of).fold(Inferred::Empty, Inferred::join);
/// assert_eq!(joined.column_type(), Some(ColumnType::Float64));
///
/// // 2^53 + 1 is not a double, so only text holds both.
/// let joined = joined.join(Inferred::of(&Value::Int((1 << 53) + 1)));
/// assert_eq!(joined.column_type(), Some(ColumnType::Utf8));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Inferred {
    /// No value yet.
    #[default]
    Empty,
    /// Booleans.
    Boolean,
    /// Integers, each of them exact as a double.
    ExactInt64,
    /// Integers.
    Int64,
    /// Doubles, and integers that are exact as doubles.
    Float64,
    /// Bytes.
    Binary,
    /// Text.
    Utf8,
}

/// The largest magnitude up to which every integer is exact as a double.
const EXACT: u64 = 1 << 53;

impl Inferred {
    /// Every element.
    pub const ALL: [Inferred; 7] = [
        Inferred::Empty,
        Inferred::Boolean,
        Inferred::ExactInt64,
        Inferred::Int64,
        Inferred::Float64,
        Inferred::Binary,
        Inferred::Utf8,
    ];

    /// Returns the type of one value. Arrays and maps are text: their JSON.
    #[inline]
    pub fn of(value: &Value<'_>) -> Inferred {
        match value {
            Value::Empty => Inferred::Empty,
            Value::Bool(_) => Inferred::Boolean,
            Value::Int(int) if int.unsigned_abs() <= EXACT => Inferred::ExactInt64,
            Value::Int(_) => Inferred::Int64,
            Value::Double(_) => Inferred::Float64,
            Value::Bytes(_) => Inferred::Binary,
            Value::String(_) | Value::Array(_) | Value::KvList(_) => Inferred::Utf8,
        }
    }

    /// Returns the least element that is not below either of the two: its type holds the values of both.
    #[inline]
    #[must_use]
    pub fn join(self, other: Inferred) -> Inferred {
        use Inferred::{Empty, ExactInt64, Float64, Int64, Utf8};
        match (self, other) {
            (a, b) if a == b => a,
            (Empty, a) | (a, Empty) => a,
            (ExactInt64, Int64) | (Int64, ExactInt64) => Int64,
            (ExactInt64, Float64) | (Float64, ExactInt64) => Float64,
            _ => Utf8,
        }
    }

    /// Returns the type of a column with such values, or `None` if there is no value yet.
    #[inline]
    pub fn column_type(self) -> Option<ColumnType> {
        match self {
            Inferred::Empty => None,
            Inferred::Boolean => Some(ColumnType::Boolean),
            Inferred::ExactInt64 | Inferred::Int64 => Some(ColumnType::Int64),
            Inferred::Float64 => Some(ColumnType::Float64),
            Inferred::Binary => Some(ColumnType::Binary),
            Inferred::Utf8 => Some(ColumnType::Utf8),
        }
    }
}

impl From<ColumnType> for Inferred {
    /// Returns the element for a column of this type whose values are unknown: an integer among them may
    /// not be exact as a double.
    fn from(column_type: ColumnType) -> Inferred {
        match column_type {
            ColumnType::Boolean => Inferred::Boolean,
            ColumnType::Int64 => Inferred::Int64,
            ColumnType::Float64 => Inferred::Float64,
            ColumnType::Utf8 => Inferred::Utf8,
            ColumnType::Binary => Inferred::Binary,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Seven elements, so the laws are checked over all of them rather than over a sample.
    #[test]
    fn join_is_a_semilattice() {
        for a in Inferred::ALL {
            assert_eq!(a.join(a), a, "idempotent");
            assert_eq!(a.join(Inferred::Empty), a, "Empty is the least element");
            assert_eq!(
                a.join(Inferred::Utf8),
                Inferred::Utf8,
                "Utf8 is the greatest"
            );
            for b in Inferred::ALL {
                assert_eq!(a.join(b), b.join(a), "commutative for {a:?}, {b:?}");
                for c in Inferred::ALL {
                    let (left, right) = (a.join(b).join(c), a.join(b.join(c)));
                    assert_eq!(left, right, "associative for {a:?}, {b:?}, {c:?}");
                }
            }
        }
    }

    #[test]
    fn integers_join_with_doubles_only_while_they_are_exact() {
        let double = Inferred::of(&Value::Double(0.5));
        for (int, joined) in [
            (1, Inferred::Float64),
            (1 << 53, Inferred::Float64),
            (-(1 << 53), Inferred::Float64),
            ((1 << 53) + 1, Inferred::Utf8),
            (i64::MIN, Inferred::Utf8),
        ] {
            assert_eq!(Inferred::of(&Value::Int(int)).join(double), joined, "{int}");
        }
    }
}

use otlake_row::Value;

use crate::inferred::Inferred;

/// The type of a column of attributes.
///
/// ```
/// use otlake_row::Value;
/// use otlake_schema::ColumnType;
///
/// assert_eq!(ColumnType::from_name("float64"), Some(ColumnType::Float64));
/// assert_eq!(ColumnType::Float64.name(), "float64");
///
/// assert!(ColumnType::Float64.fits(&Value::Double(0.5)));
/// assert!(!ColumnType::Int64.fits(&Value::Double(0.5)));
/// assert!(ColumnType::Utf8.fits(&Value::Double(0.5)), "as text");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum ColumnType {
    /// Booleans.
    Boolean,
    /// Signed 64-bit integers.
    Int64,
    /// 64-bit floating-point numbers.
    Float64,
    /// Text.
    Utf8,
    /// Bytes.
    Binary,
}

impl ColumnType {
    /// Every type.
    pub const ALL: [ColumnType; 5] = [
        ColumnType::Boolean,
        ColumnType::Int64,
        ColumnType::Float64,
        ColumnType::Utf8,
        ColumnType::Binary,
    ];

    /// Returns the name of the type: `boolean`, `int64`, `float64`, `utf8`, `binary`.
    pub fn name(self) -> &'static str {
        match self {
            ColumnType::Boolean => "boolean",
            ColumnType::Int64 => "int64",
            ColumnType::Float64 => "float64",
            ColumnType::Utf8 => "utf8",
            ColumnType::Binary => "binary",
        }
    }

    /// Returns the type with this [name](ColumnType::name).
    pub fn from_name(name: &str) -> Option<ColumnType> {
        ColumnType::ALL
            .into_iter()
            .find(|column_type| column_type.name() == name)
    }

    /// Returns whether a column of this type holds the value without loss. A [`Utf8`](ColumnType::Utf8) column holds
    /// every value, as its text.
    pub fn fits(self, value: &Value<'_>) -> bool {
        Inferred::from(self).join(Inferred::of(value)).column_type() == Some(self)
    }
}

/// A value as OTLP's `AnyValue` has it, borrowed from the payload or the decoder's scratch.
// The tag takes a whole word, so that a value is copied as three words. With a tag of one byte and
// the bool beside it the compiler copies the seven bytes between as two that overlap, and reading
// them back waits for both stores: a third of decoding (docs/performance.md).
#[repr(u64)]
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub enum Value<'a> {
    /// An `AnyValue` in which no value is set, or a missing one.
    #[default]
    Empty,
    /// `bool_value`
    Bool(bool),
    /// `int_value`
    Int(i64),
    /// `double_value`
    Double(f64),
    /// `string_value`
    String(&'a str),
    /// `bytes_value`, and the ids of traces and spans
    Bytes(&'a [u8]),
    /// `array_value`
    Array(&'a [Value<'a>]),
    /// `kvlist_value`, in the order sent; names may repeat
    KvList(&'a [(&'a str, Value<'a>)]),
}

/// What a [`Value`] is, without the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ValueKind {
    /// See [`Value::Empty`]
    Empty,
    /// See [`Value::Bool`]
    Bool,
    /// See [`Value::Int`]
    Int,
    /// See [`Value::Double`]
    Double,
    /// See [`Value::String`]
    String,
    /// See [`Value::Bytes`]
    Bytes,
    /// See [`Value::Array`]
    Array,
    /// See [`Value::KvList`]
    KvList,
}

impl<'a> Value<'a> {
    /// What this value is.
    pub fn kind(&self) -> ValueKind {
        match self {
            Value::Empty => ValueKind::Empty,
            Value::Bool(_) => ValueKind::Bool,
            Value::Int(_) => ValueKind::Int,
            Value::Double(_) => ValueKind::Double,
            Value::String(_) => ValueKind::String,
            Value::Bytes(_) => ValueKind::Bytes,
            Value::Array(_) => ValueKind::Array,
            Value::KvList(_) => ValueKind::KvList,
        }
    }

    /// The string, if this is one.
    pub fn as_str(&self) -> Option<&'a str> {
        match self {
            Value::String(string) => Some(string),
            _ => None,
        }
    }

    /// The integer, if this is one.
    pub fn as_int(&self) -> Option<i64> {
        match self {
            Value::Int(int) => Some(*int),
            _ => None,
        }
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(string: &'a str) -> Self {
        Value::String(string)
    }
}

impl From<i64> for Value<'_> {
    fn from(int: i64) -> Self {
        Value::Int(int)
    }
}

impl From<f64> for Value<'_> {
    fn from(double: f64) -> Self {
        Value::Double(double)
    }
}

impl From<bool> for Value<'_> {
    fn from(bool: bool) -> Self {
        Value::Bool(bool)
    }
}

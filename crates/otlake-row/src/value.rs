/// A value of OTLP's `AnyValue`, borrowed from the payload or from the decoder's scratch memory.
///
/// The enum is exhaustive on purpose: a sink that ignored a kind of value would lose data silently.
///
/// ```
/// use otlake_row::{Value, ValueKind};
///
/// let roles = [Value::String("admin"), Value::String("on call")];
/// let roles = Value::Array(&roles);
/// assert_eq!(roles.kind(), ValueKind::Array);
/// assert_eq!(roles.content_bytes(), (1 + 5) + (1 + 7));
///
/// assert_eq!(Value::Int(42).as_int(), Some(42));
/// assert_eq!(Value::String("42").as_int(), None, "nothing is converted");
/// ```
// The tag takes a whole word, so that a value is copied as three words. With a tag of one byte and the
// bool next to it, the compiler copies the seven bytes in between as two overlapping stores, and reading
// them back waits for both. That was a third of the time of decoding (docs/performance.md).
#[repr(u64)]
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub enum Value<'a> {
    /// An `AnyValue` in which no value is set, or no `AnyValue` at all.
    #[default]
    Empty,
    /// A `bool_value`.
    Bool(bool),
    /// An `int_value`.
    Int(i64),
    /// A `double_value`.
    Double(f64),
    /// A `string_value`.
    String(&'a str),
    /// A `bytes_value`, or the id of a trace or span.
    Bytes(&'a [u8]),
    /// An `array_value`.
    Array(&'a [Value<'a>]),
    /// A `kvlist_value`, in the order sent. Names may repeat.
    KvList(&'a [(&'a str, Value<'a>)]),
}

/// The kind of a [`Value`], without its content. Exhaustive, like [`Value`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ValueKind {
    /// The kind of [`Value::Empty`].
    Empty,
    /// The kind of [`Value::Bool`].
    Bool,
    /// The kind of [`Value::Int`].
    Int,
    /// The kind of [`Value::Double`].
    Double,
    /// The kind of [`Value::String`].
    String,
    /// The kind of [`Value::Bytes`].
    Bytes,
    /// The kind of [`Value::Array`].
    Array,
    /// The kind of [`Value::KvList`].
    KvList,
}

impl<'a> Value<'a> {
    /// Returns the kind of this value.
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

    /// Returns the bytes that the value takes up where it is stored: the length of texts, bytes and names,
    /// 8 for a number, and one more for each value in a list or a map.
    pub fn content_bytes(&self) -> usize {
        match self {
            Value::Empty => 0,
            Value::Bool(_) | Value::Int(_) | Value::Double(_) => size_of::<u64>(),
            Value::String(text) => text.len(),
            Value::Bytes(bytes) => bytes.len(),
            Value::Array(values) => {
                let values = values.iter();
                values.map(|value| 1 + value.content_bytes()).sum()
            }
            Value::KvList(entries) => {
                let entries = entries.iter();
                entries
                    .map(|(name, value)| 1 + name.len() + value.content_bytes())
                    .sum()
            }
        }
    }

    /// Returns the string, if this value is one.
    pub fn as_str(&self) -> Option<&'a str> {
        match self {
            Value::String(string) => Some(string),
            _ => None,
        }
    }

    /// Returns the integer, if this value is one.
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

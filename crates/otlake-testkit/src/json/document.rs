/// A value of a message, before the dialect is chosen.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Json {
    Bool(bool),
    /// An integer. In proto3's JSON, 64-bit integers are strings and 32-bit integers are numbers;
    /// senders mix them up.
    Integer(i128),
    Double(f64),
    /// The number of an enum, and its name if it has one.
    Enum(i32, Option<&'static str>),
    String(String),
    Bytes(Vec<u8>),
    /// The bytes of an id, and the expected length.
    Id(Vec<u8>, usize),
    Array(Vec<Json>),
    Object(Vec<Member>),
}

/// A field of a message.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Member {
    /// The name in the proto file.
    pub(super) name: &'static str,
    pub(super) value: Json,
    /// Whether a missing member means something else than the default value.
    pub(super) explicit: bool,
}

impl Json {
    /// Returns a message without fields.
    pub(super) fn message() -> Json {
        Json::Object(Vec::new())
    }

    /// Adds a field that, when missing, equals its default.
    pub(super) fn field(self, name: &'static str, value: Json) -> Json {
        self.with(name, value, false)
    }

    /// Adds a field whose presence counts: a message, or a member of a oneof.
    pub(super) fn set(self, name: &'static str, value: Option<Json>) -> Json {
        match value {
            Some(value) => self.with(name, value, true),
            None => self,
        }
    }

    fn with(mut self, name: &'static str, value: Json, explicit: bool) -> Json {
        if let Json::Object(members) = &mut self {
            members.push(Member {
                name,
                value,
                explicit,
            });
        }
        self
    }

    pub(super) fn integer(int: impl Into<i128>) -> Json {
        Json::Integer(int.into())
    }

    pub(super) fn string(string: &str) -> Json {
        Json::String(string.to_owned())
    }

    pub(super) fn array<T>(items: &[T], item: impl Fn(&T) -> Json) -> Json {
        Json::Array(items.iter().map(item).collect())
    }

    /// Returns whether this is the default value, which a field has when it is not sent.
    pub(super) fn is_default(&self) -> bool {
        match self {
            Json::Bool(bool) => !bool,
            Json::Integer(int) => *int == 0,
            Json::Double(double) => double.to_bits() == 0,
            Json::Enum(number, _) => *number == 0,
            Json::String(string) => string.is_empty(),
            Json::Bytes(bytes) | Json::Id(bytes, _) => bytes.is_empty(),
            Json::Array(items) => items.is_empty(),
            Json::Object(_) => false,
        }
    }
}

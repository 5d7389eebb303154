/// A value of a message, before it is decided how it is written.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Json {
    Bool(bool),
    /// Integers of 64 bits are strings in proto3's JSON, those of 32 bits are numbers; senders mix
    /// them up.
    Integer(i128),
    Double(f64),
    /// The number of an enum, and its name where it has one.
    Enum(i32, Option<&'static str>),
    String(String),
    Bytes(Vec<u8>),
    /// The bytes of an id, and how many there should be.
    Id(Vec<u8>, usize),
    Array(Vec<Json>),
    Object(Vec<Member>),
}

/// A field of a message.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Member {
    /// As in the proto.
    pub(super) name: &'static str,
    pub(super) value: Json,
    /// Whether not having the member says something else than having its default.
    pub(super) explicit: bool,
}

impl Json {
    /// A message without fields.
    pub(super) fn message() -> Json {
        Json::Object(Vec::new())
    }

    /// With a field that is the same as its default when it is missing.
    pub(super) fn field(self, name: &'static str, value: Json) -> Json {
        self.with(name, value, false)
    }

    /// With a field whose presence counts: a message, or a member of a oneof.
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

    /// Whether it is what a field has that was not sent.
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

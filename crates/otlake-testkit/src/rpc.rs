//! The messages of `google.rpc` that responses of OTLP contain, decoded with prost. opentelemetry-proto does not have them.

/// A `google.rpc.Status`.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Status {
    /// The code, as in `google.rpc.Code`.
    #[prost(int32, tag = "1")]
    pub code: i32,
    /// The message for developers.
    #[prost(string, tag = "2")]
    pub message: String,
    /// Details, each a message of its own type.
    #[prost(message, repeated, tag = "3")]
    pub details: Vec<Any>,
}

/// A `google.protobuf.Any`.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Any {
    /// The type of the message.
    #[prost(string, tag = "1")]
    pub type_url: String,
    /// The encoded message.
    #[prost(bytes = "vec", tag = "2")]
    pub value: Vec<u8>,
}

/// A `google.rpc.RetryInfo`.
#[derive(Clone, PartialEq, prost::Message)]
pub struct RetryInfo {
    /// The pause before the next attempt.
    #[prost(message, optional, tag = "1")]
    pub retry_delay: Option<RetryDelay>,
}

/// A `google.protobuf.Duration`.
#[derive(Clone, PartialEq, prost::Message)]
pub struct RetryDelay {
    /// Whole seconds.
    #[prost(int64, tag = "1")]
    pub seconds: i64,
    /// The rest in nanoseconds.
    #[prost(int32, tag = "2")]
    pub nanos: i32,
}

/// A `google.rpc.BadRequest`.
#[derive(Clone, PartialEq, prost::Message)]
pub struct BadRequest {
    /// The faults, by field.
    #[prost(message, repeated, tag = "1")]
    pub field_violations: Vec<FieldViolation>,
}

/// A `google.rpc.BadRequest.FieldViolation`.
#[derive(Clone, PartialEq, prost::Message)]
pub struct FieldViolation {
    /// The path of the field.
    #[prost(string, tag = "1")]
    pub field: String,
    /// The fault.
    #[prost(string, tag = "2")]
    pub description: String,
}

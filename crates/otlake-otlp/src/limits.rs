use crate::utf8::SHORT;

/// What a sender may ask of the decoder.
///
/// A payload over [`Limits::payload_bytes`] is refused as a whole. A record that goes over one of
/// the other limits is rejected alone, and counted in the [`Summary`](crate::Summary); so are
/// all records of a resource, scope or metric that goes over one. How many different names of
/// attributes are kept is the limit of the interner: [`KeyLimits`](otlake_row::KeyLimits).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Bytes of a payload, after decompression. Default: 64 MiB.
    pub payload_bytes: usize,
    /// Arrays and maps inside one another in an attribute or a body. Default: 32; protobuf's own
    /// decoders give up at about 32 maps or 48 arrays.
    pub nesting_depth: usize,
    /// Attributes of a record, of a resource or of a scope, and entries of a metric's metadata.
    /// Default: 1,024; the OpenTelemetry SDKs stop at 128 unless told otherwise.
    pub attributes: usize,
    /// Values inside the arrays and maps of one record, all together, with its events, links,
    /// exemplars, buckets and quantiles. Default: 65,536. It bounds the memory that the two bytes of
    /// an empty value can ask for.
    pub nested_values: usize,
    /// Bytes of an attribute's name. Default: 4,096.
    pub name_bytes: usize,
    /// Bytes of a string or of bytes: an attribute's value, a body, a field. Default: 16 MiB.
    pub value_bytes: usize,
    /// Records of a payload; those beyond are rejected. Default: 1,000,000.
    pub records: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            payload_bytes: 64 << 20,
            nesting_depth: 32,
            attributes: 1024,
            nested_values: 1 << 16,
            name_bytes: 4096,
            value_bytes: 16 << 20,
            records: 1_000_000,
        }
    }
}

impl Limits {
    /// Sets [`Limits::payload_bytes`].
    #[must_use]
    pub fn with_payload_bytes(mut self, bytes: usize) -> Limits {
        self.payload_bytes = bytes;
        self
    }

    /// Sets [`Limits::nesting_depth`]. Values above 256 are taken as 256, so that decoding stays
    /// within the stack.
    #[must_use]
    pub fn with_nesting_depth(mut self, depth: usize) -> Limits {
        self.nesting_depth = depth.min(256);
        self
    }

    /// Sets [`Limits::attributes`].
    #[must_use]
    pub fn with_attributes(mut self, attributes: usize) -> Limits {
        self.attributes = attributes;
        self
    }

    /// Sets [`Limits::nested_values`].
    #[must_use]
    pub fn with_nested_values(mut self, values: usize) -> Limits {
        self.nested_values = values;
        self
    }

    /// Sets [`Limits::name_bytes`].
    #[must_use]
    pub fn with_name_bytes(mut self, bytes: usize) -> Limits {
        self.name_bytes = bytes;
        self
    }

    /// Sets [`Limits::value_bytes`]. Values below 64 are taken as 64: shorter strings are not looked
    /// at twice.
    #[must_use]
    pub fn with_value_bytes(mut self, bytes: usize) -> Limits {
        self.value_bytes = bytes.max(SHORT);
        self
    }

    /// Sets [`Limits::records`].
    #[must_use]
    pub fn with_records(mut self, records: usize) -> Limits {
        self.records = records;
        self
    }
}

/// What becomes of strings that are not valid UTF-8. The protobuf encoding forbids them, but
/// senders cut strings at a byte, or pass on what they were given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum InvalidUtf8 {
    /// What is invalid is replaced by U+FFFD, and the string counted in
    /// [`Summary::replaced_strings`](crate::Summary::replaced_strings). The default.
    #[default]
    Replace,
    /// The record is rejected.
    Reject,
}

use std::fmt;

/// What a sender may ask of the decoder.
///
/// A payload over [`Limits::payload_bytes`] is refused as a whole. A record that goes over one of
/// the other limits is rejected alone, and counted in the
/// [`Summary`](otlake_row::Summary); so are all records of a resource or scope that goes over one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Bytes of a payload, after decompression. Default: 64 MiB.
    pub payload_bytes: usize,
    /// Arrays and maps inside one another in an attribute or a body. Default: 32; protobuf's own
    /// decoders give up at about 32 maps or 48 arrays.
    pub nesting_depth: usize,
    /// Attributes of a record, of a resource or of a scope. Default: 1,024; the OpenTelemetry SDKs
    /// stop at 128 unless told otherwise.
    pub attributes: usize,
    /// Values inside the arrays and maps of one record, all together. Default: 65,536. It bounds
    /// the memory that the two bytes of an empty value can ask for.
    pub nested_values: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            payload_bytes: 64 << 20,
            nesting_depth: 32,
            attributes: 1024,
            nested_values: 1 << 16,
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
}

/// The limit over which a record went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exceeded {
    NestingDepth(usize),
    Attributes(usize),
    NestedValues(usize),
}

impl fmt::Display for Exceeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Exceeded::NestingDepth(limit) => {
                write!(f, "values are nested deeper than the limit of {limit}")
            }
            Exceeded::Attributes(limit) => {
                write!(f, "there are more attributes than the limit of {limit}")
            }
            Exceeded::NestedValues(limit) => {
                write!(f, "there are more nested values than the limit of {limit}")
            }
        }
    }
}

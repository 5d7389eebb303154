use crate::utf8::SHORT;

/// The input limits of a decoder.
///
/// A payload over [`Limits::payload_bytes`] is an error. A record that exceeds another limit is
/// rejected alone and counted in the [`Summary`](crate::Summary). If a resource, scope or metric exceeds
/// a limit, all of its records are rejected. The number of attribute names that a decoder keeps is limited by
/// [`KeyLimits`](otlake_row::KeyLimits).
///
/// The defaults:
///
/// ```
/// let limits = otlake_otlp::Limits::default();
/// assert_eq!(limits.payload_bytes(), 64 << 20);
/// assert_eq!(limits.records(), 1_000_000);
/// assert_eq!(limits.attributes(), 1_024);
/// assert_eq!(limits.name_bytes(), 4_096);
/// assert_eq!(limits.value_bytes(), 16 << 20);
/// assert_eq!(limits.nesting_depth(), 32);
/// assert_eq!(limits.nested_values(), 65_536);
/// assert_eq!(limits.repetition(), 64);
/// ```
///
/// Lower ones suit senders that are not trusted:
///
/// ```
/// # #[cfg(feature = "json")] {
/// use otlake_otlp::{Format, Limits, OtlpDecoder};
/// use otlake_row::{Bytes, OwnedRow, Signal};
///
/// let limits = Limits::default()
///     .with_payload_bytes(4 << 20)
///     .with_records(10_000)
///     .with_attributes(128)
///     .with_name_bytes(256)
///     .with_value_bytes(64 << 10)
///     .with_nesting_depth(2)
///     .with_nested_values(1_000)
///     .with_repetition(16);
/// let mut decoder = OtlpDecoder::builder().limits(limits).build();
///
/// let payload = Bytes::from_static(
///     br#"{"resourceLogs": [{"scopeLogs": [{"logRecords": [
///         {"body": {"stringValue": "ready"}},
///         {"body": {"arrayValue": {"values": [{"arrayValue": {"values": [{"arrayValue": {}}]}}]}}}
///     ]}]}]}"#,
/// );
/// let mut rows: Vec<OwnedRow> = Vec::new();
/// let summary = decoder.decode(Signal::Logs, Format::Json, &payload, &mut rows)?;
/// assert_eq!((summary.accepted, summary.rejected), (1, 1));
/// let rejection = summary.first_rejection.expect("one is rejected");
/// assert_eq!(
///     rejection.to_string(),
///     "record 2 of the payload: values are nested deeper than the limit of 2"
/// );
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    pub(crate) payload_bytes: usize,
    pub(crate) nesting_depth: usize,
    pub(crate) attributes: usize,
    pub(crate) nested_values: usize,
    pub(crate) name_bytes: usize,
    pub(crate) value_bytes: usize,
    pub(crate) records: usize,
    pub(crate) repetition: usize,
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
            repetition: 64,
        }
    }
}

impl Limits {
    /// The maximum of the limit for nesting, so that decoding stays within the stack.
    const DEEPEST: usize = 256;

    /// The bytes that data points may always repeat.
    const UNCHECKED_REPETITION: usize = 64 << 20;

    /// Returns the maximum size of a payload after decompression, in bytes.
    pub fn payload_bytes(&self) -> usize {
        self.payload_bytes
    }

    /// Returns the maximum nesting of arrays and maps.
    pub fn nesting_depth(&self) -> usize {
        self.nesting_depth
    }

    /// Returns the maximum number of attributes.
    pub fn attributes(&self) -> usize {
        self.attributes
    }

    /// Returns the maximum number of nested values in a record.
    pub fn nested_values(&self) -> usize {
        self.nested_values
    }

    /// Returns the maximum size of an attribute's name, in bytes.
    pub fn name_bytes(&self) -> usize {
        self.name_bytes
    }

    /// Returns the maximum size of a string or of bytes, in bytes.
    pub fn value_bytes(&self) -> usize {
        self.value_bytes
    }

    /// Returns the maximum number of records in a payload.
    pub fn records(&self) -> usize {
        self.records
    }

    /// Returns how many times the size of a payload its data points may repeat.
    pub fn repetition(&self) -> usize {
        self.repetition
    }

    /// Sets the maximum size of a payload after decompression, in bytes. Default: 64 MiB.
    #[must_use]
    pub fn with_payload_bytes(mut self, bytes: usize) -> Limits {
        self.payload_bytes = bytes;
        self
    }

    /// Sets the maximum nesting of arrays and maps in an attribute or a body. Default: 32, because
    /// protobuf's own decoders give up at about 32 maps or 48 arrays. Values above 256 mean 256, so that
    /// decoding stays within the stack.
    #[must_use]
    pub fn with_nesting_depth(mut self, depth: usize) -> Limits {
        self.nesting_depth = depth.min(Self::DEEPEST);
        self
    }

    /// Sets the maximum number of attributes of a record, a resource or a scope, and of entries in a
    /// metric's metadata. Default: 1,024. The default of the OpenTelemetry SDKs is 128.
    #[must_use]
    pub fn with_attributes(mut self, attributes: usize) -> Limits {
        self.attributes = attributes;
        self
    }

    /// Sets the maximum number of values inside the arrays and maps of one record, together with its
    /// events, links, exemplars, buckets and quantiles. Default: 65,536. An empty value takes two bytes in a
    /// payload and many more in memory, and this limit bounds them.
    #[must_use]
    pub fn with_nested_values(mut self, values: usize) -> Limits {
        self.nested_values = values;
        self
    }

    /// Sets the maximum size of an attribute's name, in bytes. Default: 4,096.
    #[must_use]
    pub fn with_name_bytes(mut self, bytes: usize) -> Limits {
        self.name_bytes = bytes;
        self
    }

    /// Sets the maximum size of a string or of bytes: an attribute's value, a body or a field. Default:
    /// 16 MiB. Values below 64 mean 64, because shorter strings are not measured.
    #[must_use]
    pub fn with_value_bytes(mut self, bytes: usize) -> Limits {
        self.value_bytes = bytes.max(SHORT);
        self
    }

    /// Sets the maximum number of records in a payload. Records beyond it are rejected. Default: 1,000,000.
    #[must_use]
    pub fn with_records(mut self, records: usize) -> Limits {
        self.records = records;
        self
    }

    /// Sets how many times the size of a payload its data points may repeat of their metrics: each has the
    /// name, the description, the unit and the metadata of its metric. Points beyond it are rejected. Not
    /// checked below 64 MiB. Default: 64.
    #[must_use]
    pub fn with_repetition(mut self, factor: usize) -> Limits {
        self.repetition = factor;
        self
    }

    /// Returns the bytes that the data points of a payload may repeat of their metrics.
    pub(crate) fn repeated_bytes(&self, payload_bytes: usize) -> usize {
        let bytes = payload_bytes.saturating_mul(self.repetition);
        bytes.max(Self::UNCHECKED_REPETITION)
    }
}

/// The treatment of strings that are not valid UTF-8. Protobuf forbids them, but senders truncate strings in the
/// middle of a character, or pass on what they received.
///
/// ```
/// use otlake_otlp::{Format, InvalidUtf8, OtlpDecoder};
/// use otlake_row::{Bytes, OwnedRow, OwnedValue, Signal, fields};
///
/// // ExportLogsServiceRequest { resource_logs { scope_logs { log_records { body: "h\xff" } } } }
/// let payload = Bytes::from_static(b"\x0a\x0a\x12\x08\x12\x06\x2a\x04\x0a\x02h\xff");
/// let mut rows: Vec<OwnedRow> = Vec::new();
/// let summary = OtlpDecoder::new().decode(Signal::Logs, Format::Protobuf, &payload, &mut rows)?;
/// assert_eq!(rows[0].get(fields::BODY), Some(&OwnedValue::String("h\u{fffd}".into())));
/// assert_eq!(summary.replaced_strings, 1);
///
/// let mut strict = OtlpDecoder::builder().invalid_utf8(InvalidUtf8::Reject).build();
/// let summary = strict.decode(Signal::Logs, Format::Protobuf, &payload, &mut rows)?;
/// assert_eq!((summary.accepted, summary.rejected), (0, 1));
/// # Ok::<(), otlake_otlp::DecodeError<std::convert::Infallible>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum InvalidUtf8 {
    /// U+FFFD replaces the invalid bytes, and the string is counted in
    /// [`Summary::replaced_strings`](crate::Summary::replaced_strings). The default.
    #[default]
    Replace,
    /// The record is rejected.
    Reject,
}

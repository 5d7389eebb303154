use otlake_otlp::{ContentEncoding, InflateError, InflateLimits};
use otlake_row::Bytes;

/// The bytes of a payload and how they are compressed.
///
/// Bytes become a payload that is not compressed:
///
/// ```
/// use otlake::EncodedPayload;
/// use otlake::otlp::ContentEncoding;
///
/// let plain = EncodedPayload::from(vec![0x0a, 0x00]);
/// assert_eq!(plain.encoding(), ContentEncoding::Identity);
///
/// # #[cfg(feature = "gzip")] {
/// let header = "gzip"; // the Content-Encoding of a request
/// let encoding = ContentEncoding::from_header(header).ok_or("415 Unsupported Media Type")?;
/// let payload = EncodedPayload::new(vec![0x1f, 0x8b], encoding);
/// # let _ = payload;
/// # }
/// # Ok::<(), &str>(())
/// ```
#[derive(Clone, Debug)]
pub struct EncodedPayload {
    bytes: Bytes,
    encoding: ContentEncoding,
}

impl EncodedPayload {
    /// Returns the payload with these bytes.
    pub fn new(bytes: impl Into<Bytes>, encoding: ContentEncoding) -> EncodedPayload {
        let bytes = bytes.into();
        EncodedPayload { bytes, encoding }
    }

    /// Returns the bytes as they were sent.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// Returns the compression of the bytes.
    pub fn encoding(&self) -> ContentEncoding {
        self.encoding
    }

    pub(super) fn inflate(&self, limits: InflateLimits) -> Result<Bytes, InflateError> {
        match self.encoding {
            // The decoder checks the size, and reports it as a fault of the payload.
            ContentEncoding::Identity => Ok(self.bytes.clone()),
            encoding => encoding.inflate_within(&self.bytes, limits),
        }
    }
}

/// The treatment of a payload that turns out to be malformed after some of its records.
///
/// ```
/// use otlake::{MalformedPayload, Pipeline, storage::InMemoryStorage};
///
/// // Two logs, the second of which is cut off.
/// let payload = b"\x0a\x0a\x12\x08\x12\x06\x2a\x04\x0a\x02hi\x0a\x0a\x12\x08";
/// let mut pipeline = Pipeline::builder().build(InMemoryStorage::new())?;
/// assert!(pipeline.ingest_logs(payload).is_err());
/// assert_eq!(pipeline.records().accepted, 1, "the first one is kept");
///
/// let mut strict = Pipeline::builder()
///     .malformed_payloads(MalformedPayload::RejectAll)
///     .build(InMemoryStorage::new())?;
/// assert!(strict.ingest_logs(payload).is_err());
/// assert_eq!(strict.records().accepted, 0);
/// # Ok::<(), otlake::dataset::OpenError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum MalformedPayload {
    /// The records before the fault are kept, and the error counts them.
    #[default]
    KeepRecordsBefore,
    /// No record of the payload is kept. Each payload is decoded twice: first to find a fault.
    RejectAll,
}

macro_rules! from_bytes {
    ($($bytes:ty),*) => {$(
        impl From<$bytes> for EncodedPayload {
            fn from(bytes: $bytes) -> EncodedPayload {
                EncodedPayload::new(bytes, ContentEncoding::Identity)
            }
        }
    )*};
}

from_bytes!(Bytes, Vec<u8>, &'static [u8], String, &'static str);

impl<const N: usize> From<&'static [u8; N]> for EncodedPayload {
    fn from(bytes: &'static [u8; N]) -> EncodedPayload {
        EncodedPayload::from(&bytes[..])
    }
}

use otlake_row::{Bytes, Signal};

use super::detect::is_json;
use super::signal::{SignalError, signal_of_json, signal_of_protobuf};

/// The encoding of a payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// Binary protobuf.
    Protobuf,
    /// OTLP/JSON.
    Json,
}

impl Format {
    /// Detects the format of a payload. It is JSON if it begins with a brace, after white space and a byte order mark.
    /// A protobuf request can begin in the same way, with a line feed as a tag and a brace as a length. Then the
    /// bytes after the brace decide.
    ///
    /// ```
    /// use otlake_otlp::Format;
    ///
    /// assert_eq!(Format::of(b" {\"resourceLogs\":[]}"), Format::Json);
    /// assert_eq!(Format::of(b"\x0a\x0a\x12\x08"), Format::Protobuf);
    /// ```
    pub fn of(payload: &[u8]) -> Format {
        if is_json(payload) {
            Format::Json
        } else {
            Format::Protobuf
        }
    }

    /// Returns the format that the `Content-Type` header of an OTLP/HTTP request states, or `None` if it is
    /// another media type.
    ///
    /// ```
    /// use otlake_otlp::Format;
    ///
    /// assert_eq!(Format::from_content_type("application/json; charset=utf-8"), Some(Format::Json));
    /// assert_eq!(Format::from_content_type("application/x-protobuf"), Some(Format::Protobuf));
    /// assert_eq!(Format::from_content_type("text/plain"), None);
    /// ```
    pub fn from_content_type(value: &str) -> Option<Format> {
        let essence = value.split(';').next().unwrap_or_default().trim();
        let is = |name: &str| essence.eq_ignore_ascii_case(name);
        // Some senders write `application/protobuf`.
        if is("application/x-protobuf") || is("application/protobuf") {
            Some(Format::Protobuf)
        } else if is("application/json") {
            Some(Format::Json)
        } else {
            None
        }
    }
}

/// One request of a file.
///
/// ```
/// use otlake_otlp::{Format, Payload, PayloadReader};
/// use otlake_row::Signal;
///
/// let file = br#"{"resourceSpans":[{"scopeSpans":[{"spans":[{"name":"GET"}]}]}]}"#;
/// let payload: Payload = PayloadReader::new(&file[..]).next().expect("there is one")?;
/// assert_eq!(payload.format, Format::Json);
/// assert_eq!((payload.number, payload.offset), (1, 0));
/// assert_eq!(payload.signal()?, Some(Signal::Traces));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Payload {
    /// The inflated request. A JSON document has no white space and no byte order mark before it.
    pub bytes: Bytes,
    /// The format.
    pub format: Format,
    /// The number of the payload in its file, from 1. Broken payloads count, empty ones do not.
    pub number: u64,
    /// The offset of the payload in the inflated file, in bytes.
    pub offset: u64,
}

impl Payload {
    /// Returns the signal, or `None` if the payload does not say. See [`signal_of_json`] and [`signal_of_protobuf`],
    /// which is a good guess.
    ///
    /// # Errors
    ///
    /// Returns an error if the payload holds profiles, or is not a request.
    ///
    /// ```
    /// use otlake_otlp::PayloadReader;
    /// use otlake_row::Signal;
    ///
    /// let file = br#"{"resourceSpans":[]}"#;
    /// let payload = PayloadReader::new(&file[..]).next().expect("there is one")?;
    /// assert_eq!(payload.signal()?, Some(Signal::Traces));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn signal(&self) -> Result<Option<Signal>, SignalError> {
        match self.format {
            Format::Json => signal_of_json(&self.bytes),
            Format::Protobuf => signal_of_protobuf(&self.bytes),
        }
    }
}

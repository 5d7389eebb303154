use std::fmt;

use otlake_row::{Bytes, KeyLimits, Keys, RowSink, Signal};

use crate::error::DecodeError;
#[cfg(not(feature = "json"))]
use crate::error::{Fault, InvalidPayloadKind};
#[cfg(feature = "json")]
use crate::json;
use crate::protobuf;
use crate::run::State;
#[cfg(not(feature = "json"))]
use crate::run::{Arenas, Run};
use crate::values::Rules;
use crate::{Format, InvalidUtf8, Limits, Summary};

/// A decoder of OTLP payloads, of every signal and in every format, to rows.
///
/// Create one and use it for many payloads, because it keeps interned names and its scratch memory.
///
/// ```
/// use otlake_otlp::{Format, Limits, OtlpDecoder};
/// use otlake_row::{Bytes, OwnedRow, Signal};
///
/// let limits = Limits::default().with_attributes(128);
/// let mut decoder = OtlpDecoder::builder().limits(limits).build();
///
/// let mut rows: Vec<OwnedRow> = Vec::new();
/// // ExportLogsServiceRequest { resource_logs { scope_logs { log_records { body: "hi" } } } }
/// let payload = Bytes::from_static(b"\x0a\x0a\x12\x08\x12\x06\x2a\x04\x0a\x02hi");
/// let summary = decoder.decode(Signal::Logs, Format::Protobuf, &payload, &mut rows)?;
/// assert_eq!((summary.accepted, rows.len()), (1, 1));
/// # Ok::<(), otlake_otlp::DecodeError<std::convert::Infallible>>(())
/// ```
pub struct OtlpDecoder {
    pub(crate) state: State,
    #[cfg(feature = "json")]
    tape: json::Tape,
}

impl OtlpDecoder {
    /// Returns a decoder with the default limits.
    pub fn new() -> OtlpDecoder {
        OtlpDecoder::builder().build()
    }

    /// Returns a builder, which sets limits.
    pub fn builder() -> OtlpDecoderBuilder {
        OtlpDecoderBuilder::default()
    }

    /// Decodes one whole payload and pushes its rows into `sink`: a row for each log record, span or data
    /// point. A metric without data points has no row.
    ///
    /// The payload is an export request or the data message of the signal, such as
    /// `ExportLogsServiceRequest` or `LogsData`, which have the same form. [`RowSink::finish`] is not
    /// called, because more payloads may follow.
    ///
    /// # JSON
    ///
    /// [`Format::Json`] is proto3's JSON with the exceptions of OTLP, and with the variations that
    /// senders write: names in camel case or as in the proto, and those before OTLP 0.16
    /// (`instrumentationLibrary`); integers and doubles as numbers or strings, and integers with an
    /// exponent or a fraction of zeros; enums by number or name; ids in hex of either case, or in
    /// base64; bytes in either base64, padded or not; null for what is not set. Members come in any
    /// order, and unknown ones are skipped. A member that is sent twice counts as in protobuf: the last
    /// scalar wins, lists are appended, and messages are merged. A lone surrogate is treated like bytes
    /// that are not UTF-8 (see [`InvalidUtf8`]).
    ///
    /// # Errors
    ///
    /// Returns the first fault of the payload, or the error of the sink. Rows are pushed while the payload is
    /// read, so all rows before the failure have been delivered, and none after it. The error carries the
    /// [`Summary`] of the records before the failure.
    pub fn decode<S: RowSink>(
        &mut self,
        signal: Signal,
        format: Format,
        payload: &Bytes,
        sink: &mut S,
    ) -> Result<Summary, DecodeError<S::Error>> {
        match (format, signal) {
            (Format::Protobuf, Signal::Logs) => {
                self.decode_protobuf::<protobuf::Logs, S>(payload, sink)
            }
            (Format::Protobuf, Signal::Traces) => {
                self.decode_protobuf::<protobuf::Traces, S>(payload, sink)
            }
            (Format::Protobuf, Signal::Metrics) => {
                self.decode_protobuf::<protobuf::Metrics, S>(payload, sink)
            }
            #[cfg(feature = "json")]
            (Format::Json, Signal::Logs) => self.decode_json::<json::Logs, S>(payload, sink),
            #[cfg(feature = "json")]
            (Format::Json, Signal::Traces) => self.decode_json::<json::Traces, S>(payload, sink),
            #[cfg(feature = "json")]
            (Format::Json, Signal::Metrics) => self.decode_json::<json::Metrics, S>(payload, sink),
            #[cfg(not(feature = "json"))]
            (Format::Json, _) => {
                let fail = |_: &mut Run<'_, S>, json: &[u8], _: &mut Arenas| {
                    let kind = InvalidPayloadKind::FeatureOff { feature: "json" };
                    Err(Fault::new(kind, json).into())
                };
                let no_path = |_: &[u8], _| String::new();
                self.state
                    .decode(signal, format, payload, sink, fail, no_path)
            }
        }
    }

    fn decode_protobuf<E: protobuf::Export, S: RowSink>(
        &mut self,
        payload: &Bytes,
        sink: &mut S,
    ) -> Result<Summary, DecodeError<S::Error>> {
        self.state.decode(
            E::SIGNAL,
            Format::Protobuf,
            payload,
            sink,
            protobuf::request::<E, S>,
            protobuf::path_at::<E>,
        )
    }

    #[cfg(feature = "json")]
    fn decode_json<E: json::Export, S: RowSink>(
        &mut self,
        payload: &Bytes,
        sink: &mut S,
    ) -> Result<Summary, DecodeError<S::Error>> {
        let tape = &mut self.tape;
        let result = self.state.decode(
            E::SIGNAL,
            Format::Json,
            payload,
            sink,
            |run, json, arenas| json::request::<E, S>(run, json, arenas, tape),
            |json, rest| json::path_at(json, rest.start),
        );
        tape.shrink();
        result
    }

    /// Returns the interner, which has the names of the keys in rows.
    pub fn keys(&self) -> &Keys {
        &self.state.keys
    }
}

impl Default for OtlpDecoder {
    fn default() -> Self {
        OtlpDecoder::new()
    }
}

impl fmt::Debug for OtlpDecoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OtlpDecoder")
            .field("limits", &self.state.rules.limits)
            .field("invalid_utf8", &self.state.rules.invalid_utf8)
            .field("keys", &self.state.keys)
            .finish_non_exhaustive()
    }
}

/// A builder for an [`OtlpDecoder`].
///
/// ```
/// use otlake_otlp::{Format, InvalidUtf8, Limits, OtlpDecoder, OtlpDecoderBuilder};
/// use otlake_row::{Bytes, Key, KeyLimits, Location, OwnedRow, Signal};
///
/// let builder: OtlpDecoderBuilder = OtlpDecoder::builder()
///     .limits(Limits::default().with_records(10_000))
///     .invalid_utf8(InvalidUtf8::Reject)
///     .key_limits(KeyLimits::default().with_names(0));
/// let mut decoder = builder.build();
///
/// // { log_records { severity_number: 9  attributes { key: "ab"  value { int_value: 1 } } } }
/// let payload = Bytes::from_static(
///     b"\x0a\x10\x12\x0e\x12\x0c\x10\x09\x32\x08\x0a\x02ab\x12\x02\x18\x01",
/// );
/// let mut rows: Vec<OwnedRow> = Vec::new();
/// decoder.decode(Signal::Logs, Format::Protobuf, &payload, &mut rows)?;
/// assert!(rows[0].get(Key::excess(Location::Attribute)).is_some(), "no name is interned");
/// assert_eq!(decoder.keys().len(Location::Attribute), 0);
/// # Ok::<(), otlake_otlp::DecodeError<std::convert::Infallible>>(())
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct OtlpDecoderBuilder {
    rules: Rules,
    key_limits: KeyLimits,
}

impl OtlpDecoderBuilder {
    /// Sets the limits for payloads and records.
    pub fn limits(mut self, limits: Limits) -> OtlpDecoderBuilder {
        self.rules.limits = limits;
        self
    }

    /// Sets the limits for the names of attributes that are interned, for all signals together.
    /// Attributes whose names are beyond the limits are kept under
    /// [`Key::excess`](otlake_row::Key::excess).
    pub fn key_limits(mut self, limits: KeyLimits) -> OtlpDecoderBuilder {
        self.key_limits = limits;
        self
    }

    /// Sets what happens to strings that are not valid UTF-8. Default: they are replaced.
    pub fn invalid_utf8(mut self, invalid_utf8: InvalidUtf8) -> OtlpDecoderBuilder {
        self.rules.invalid_utf8 = invalid_utf8;
        self
    }

    /// Leaves the attributes of records, which are most of a payload, out of the rows, for consumers that need
    /// fields, resources and scopes alone. Attributes inside fields, such as those of events, are kept.
    ///
    /// The attributes are validated nevertheless, so the same records are accepted and rejected as without this
    /// option, and the same payloads have faults. Strings that are not UTF-8 in attributes may not be counted.
    ///
    /// ```
    /// use otlake_otlp::{Format, OtlpDecoder};
    /// use otlake_row::{Bytes, OwnedRow, Signal};
    ///
    /// let mut decoder = OtlpDecoder::builder().without_record_attributes().build();
    /// // { log_records { severity_number: 9  attributes { key: "a"  value { int_value: 1 } } } }
    /// let payload = Bytes::from_static(
    ///     b"\x0a\x10\x12\x0e\x12\x0c\x10\x09\x32\x08\x0a\x02ab\x12\x02\x18\x01",
    /// );
    /// let mut rows: Vec<OwnedRow> = Vec::new();
    /// decoder.decode(Signal::Logs, Format::Protobuf, &payload, &mut rows)?;
    /// assert_eq!((rows.len(), rows[0].cells.len()), (1, 1));
    /// # Ok::<(), otlake_otlp::DecodeError<std::convert::Infallible>>(())
    /// ```
    pub fn without_record_attributes(mut self) -> OtlpDecoderBuilder {
        self.rules.skip_record_attributes = true;
        self
    }

    /// Returns the decoder.
    pub fn build(self) -> OtlpDecoder {
        OtlpDecoder {
            state: State::new(self.rules, Keys::with_limits(self.key_limits)),
            #[cfg(feature = "json")]
            tape: json::Tape::default(),
        }
    }
}

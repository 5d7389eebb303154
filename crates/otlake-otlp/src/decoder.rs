use std::fmt;

use otlake_row::{Bytes, DecodeFailure, Decoder, Keys, RowSink, Summary};

use crate::error::DecodeError;
#[cfg(feature = "json")]
use crate::json;
use crate::limits::{InvalidUtf8, Limits};
use crate::protobuf::export::request;
use crate::protobuf::logs::Logs;
use crate::protobuf::metrics::Metrics;
use crate::protobuf::traces::Traces;
use crate::run::State;
use crate::values::Rules;

macro_rules! decoder {
    ($(#[$doc:meta])* $decoder:ident, $export:ident) => {
        $(#[$doc])*
        ///
        /// Made once and used for many payloads: it keeps the interned names and its scratch.
        pub struct $decoder {
            pub(crate) state: State,
            #[cfg(feature = "json")]
            tape: json::Tape,
        }

        impl $decoder {
            /// A decoder with the default [`Limits`].
            pub fn new() -> $decoder {
                $decoder::with_limits(Limits::default(), Keys::new())
            }

            /// A decoder with limits, and an interner with limits of its own.
            pub fn with_limits(limits: Limits, keys: Keys) -> $decoder {
                let rules = Rules {
                    limits,
                    ..Rules::default()
                };
                $decoder {
                    state: State::new(rules, keys),
                    #[cfg(feature = "json")]
                    tape: json::Tape::default(),
                }
            }

            /// Says what becomes of strings that are not valid UTF-8. Default: they are replaced.
            #[must_use]
            pub fn with_invalid_utf8(mut self, invalid_utf8: InvalidUtf8) -> $decoder {
                self.state.rules.invalid_utf8 = invalid_utf8;
                self
            }

            /// Decodes a payload in OTLP's JSON encoding, to the same rows and under the same contract
            /// as [`Decoder::decode`] does one in protobuf.
            ///
            /// That is proto3's JSON with the exceptions of OTLP, and what senders write beside it:
            /// names in camel case or as in the proto, and those before OTLP 0.16
            /// (`instrumentationLibrary`); integers and doubles as numbers or strings, and integers
            /// with an exponent or a fraction of zeros; enums by number or name; ids in hex of either
            /// case, or in base64; bytes in either base64, padded or not; null for what is not set.
            /// Members come in any order, unknown ones are skipped. What is sent twice counts as in
            /// protobuf: the last of a scalar, lists one behind the other, messages merged. A lone
            /// surrogate is treated as what is not UTF-8 (see
            /// [`with_invalid_utf8`](Self::with_invalid_utf8)).
            ///
            /// # Errors
            ///
            /// When the payload is not JSON, has a value that its field cannot have, or is of another
            /// signal; the records before it are with the sink. When the sink fails.
            #[cfg(feature = "json")]
            pub fn decode_json<S: RowSink>(
                &mut self,
                payload: &Bytes,
                sink: &mut S,
            ) -> Result<Summary, DecodeFailure<DecodeError, S::Error>> {
                let tape = &mut self.tape;
                let result = self.state.decode(payload, sink, |run, json, arenas| {
                    json::request::<json::$export, S>(run, json, arenas, tape)
                });
                tape.shrink();
                result
            }

            /// The interner, for the names of the keys of rows that were kept.
            pub fn keys(&self) -> &Keys {
                &self.state.keys
            }
        }

        impl Default for $decoder {
            fn default() -> Self {
                $decoder::new()
            }
        }

        impl fmt::Debug for $decoder {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($decoder))
                    .field("limits", &self.state.rules.limits)
                    .field("invalid_utf8", &self.state.rules.invalid_utf8)
                    .field("keys", &self.state.keys)
                    .finish_non_exhaustive()
            }
        }

        impl Decoder for $decoder {
            type Error = DecodeError;

            fn decode<S: RowSink>(
                &mut self,
                payload: &Bytes,
                sink: &mut S,
            ) -> Result<Summary, DecodeFailure<DecodeError, S::Error>> {
                self.state.decode(payload, sink, request::<$export, S>)
            }
        }
    };
}

decoder! {
    /// Decodes `ExportLogsServiceRequest` and `LogsData` payloads to a row per log record.
    LogsDecoder, Logs
}

decoder! {
    /// Decodes `ExportTraceServiceRequest` and `TracesData` payloads to a row per span.
    TracesDecoder, Traces
}

decoder! {
    /// Decodes `ExportMetricsServiceRequest` and `MetricsData` payloads to a row per data point, of
    /// all kinds of metrics. A metric without data points has no row.
    MetricsDecoder, Metrics
}

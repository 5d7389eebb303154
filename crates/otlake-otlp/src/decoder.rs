use std::fmt;

use otlake_row::{Bytes, DecodeFailure, Decoder, Keys, RowSink, Summary};

use crate::error::DecodeError;
use crate::limits::{InvalidUtf8, Limits};
use crate::protobuf::export::request;
use crate::protobuf::logs::Logs;
use crate::protobuf::metrics::Metrics;
use crate::protobuf::traces::Traces;
use crate::run::State;
use crate::values::Rules;

macro_rules! decoder {
    ($(#[$doc:meta])* $decoder:ident, $export:ty) => {
        $(#[$doc])*
        ///
        /// Made once and used for many payloads: it keeps the interned names and its scratch.
        pub struct $decoder {
            pub(crate) state: State,
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
                }
            }

            /// Says what becomes of strings that are not valid UTF-8. Default: they are replaced.
            #[must_use]
            pub fn with_invalid_utf8(mut self, invalid_utf8: InvalidUtf8) -> $decoder {
                self.state.rules.invalid_utf8 = invalid_utf8;
                self
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

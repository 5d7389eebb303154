//! What the tests have to know of each signal.

pub use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
pub use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
pub use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use otlake_otlp::{DecodeError, InvalidUtf8, Limits, LogsDecoder, MetricsDecoder, TracesDecoder};
use otlake_row::{Bytes, DecodeFailure, Keys, Summary};
use otlake_testkit::{CanonicalRow, CanonicalRows, JsonRequest};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A signal: its decoder, and its request as prost, serde and the testkit have it.
pub trait Subject: JsonRequest + Serialize + DeserializeOwned {
    type Decoder;

    fn decoder(limits: Limits, invalid_utf8: InvalidUtf8) -> Self::Decoder;

    fn decode_json(
        decoder: &mut Self::Decoder,
        payload: &Bytes,
        rows: &mut CanonicalRows,
    ) -> Result<Summary, DecodeFailure<DecodeError, std::convert::Infallible>>;

    /// A decoder that takes whatever the testkit makes.
    fn generous() -> Self::Decoder {
        let limits = Limits::default()
            .with_attributes(1 << 20)
            .with_nested_values(1 << 20);
        Self::decoder(limits, InvalidUtf8::Replace)
    }
}

macro_rules! subject {
    ($request:ident, $decoder:ident) => {
        impl Subject for $request {
            type Decoder = $decoder;

            fn decoder(limits: Limits, invalid_utf8: InvalidUtf8) -> $decoder {
                $decoder::with_limits(limits, Keys::new()).with_invalid_utf8(invalid_utf8)
            }

            fn decode_json(
                decoder: &mut $decoder,
                payload: &Bytes,
                rows: &mut CanonicalRows,
            ) -> Result<Summary, DecodeFailure<DecodeError, std::convert::Infallible>> {
                decoder.decode_json(payload, rows)
            }
        }
    };
}

subject! { ExportLogsServiceRequest, LogsDecoder }
subject! { ExportTraceServiceRequest, TracesDecoder }
subject! { ExportMetricsServiceRequest, MetricsDecoder }

/// The rows of a payload and its summary, or why it was refused.
#[track_caller]
pub fn decode<S: Subject>(
    decoder: &mut S::Decoder,
    payload: &[u8],
) -> Result<(Vec<CanonicalRow>, Summary), DecodeError> {
    let mut rows = CanonicalRows::default();
    let payload = Bytes::copy_from_slice(payload);
    match S::decode_json(decoder, &payload, &mut rows) {
        Ok(summary) => {
            assert_eq!(
                summary.accepted,
                rows.0.len() as u64,
                "the rows are counted"
            );
            Ok((rows.0, summary))
        }
        Err(DecodeFailure::Payload { error, before }) => {
            assert_eq!(
                before.accepted,
                rows.0.len() as u64,
                "the rows before are counted"
            );
            assert!(error.offset() <= payload.len(), "{error}");
            Err(error)
        }
        Err(DecodeFailure::Sink { error, .. }) => match error {},
    }
}

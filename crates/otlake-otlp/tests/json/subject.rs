//! The facts about each signal that tests need.

pub use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
pub use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
pub use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use otlake_otlp::{Format, InvalidPayload, Limits, OtlpDecoder, Summary};
use otlake_testkit::{CanonicalRow, Decoded, JsonRequest};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A signal, represented by the type of its request.
pub trait Subject: JsonRequest + Serialize + DeserializeOwned {
    #[cfg(feature = "opentelemetry-proto")]
    fn export_request(&self) -> otlake_otlp::ExportRequest<'_>;
}

macro_rules! subject {
    ($($request:ident)*) => {$(
        impl Subject for $request {
            #[cfg(feature = "opentelemetry-proto")]
            fn export_request(&self) -> otlake_otlp::ExportRequest<'_> {
                self.into()
            }
        }
    )*};
}

subject! { ExportLogsServiceRequest ExportTraceServiceRequest ExportMetricsServiceRequest }

/// Returns a decoder that accepts everything that the testkit generates.
pub fn generous() -> OtlpDecoder {
    let limits = Limits::default()
        .with_attributes(1 << 20)
        .with_nested_values(1 << 20);
    OtlpDecoder::builder().limits(limits).build()
}

/// Returns the rows of a payload and its summary, or its fault.
#[track_caller]
pub fn decode<S: Subject>(
    decoder: &mut OtlpDecoder,
    payload: &[u8],
) -> Result<(Vec<CanonicalRow>, Summary), InvalidPayload> {
    let Decoded { result, rows } = Decoded::by(decoder, S::SIGNAL, Format::Json, payload);
    if let Err(error) = &result {
        assert!(error.offset() <= payload.len(), "{error}");
    }
    Ok((rows, result?))
}

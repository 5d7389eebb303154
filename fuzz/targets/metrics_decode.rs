//! Decodes arbitrary bytes as a payload of metrics, with our decoder and with prost: both return
//! the same rows, or both fail.

#![no_main]

mod decode;

use libfuzzer_sys::fuzz_target;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use otlake::otlp::MetricsDecoder;

fuzz_target!(|payload: &[u8]| {
    let (limits, keys) = decode::generous();
    let decoder = MetricsDecoder::with_limits(limits, keys);
    decode::check(
        decoder,
        payload,
        |decoder, request: &ExportMetricsServiceRequest, rows| {
            decoder.decode_request(request, rows).unwrap()
        },
    );
});

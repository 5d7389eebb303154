//! Decodes arbitrary bytes as a payload of traces, with our decoder and with prost: both return the
//! same rows, or both fail.

#![no_main]

mod decode;

use libfuzzer_sys::fuzz_target;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use otlake::otlp::TracesDecoder;

fuzz_target!(|payload: &[u8]| {
    let (limits, keys) = decode::generous();
    let decoder = TracesDecoder::with_limits(limits, keys);
    decode::check(
        decoder,
        payload,
        |decoder, request: &ExportTraceServiceRequest, rows| {
            decoder.decode_request(request, rows).unwrap()
        },
    );
});

//! Any bytes as a payload of traces, decoded by us and by prost: the same rows, or both refuse.

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

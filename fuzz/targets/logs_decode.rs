//! Any bytes as a payload of logs, decoded by us and by prost: the same rows, or both refuse.

#![no_main]

mod decode;

use libfuzzer_sys::fuzz_target;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use otlake::otlp::LogsDecoder;

fuzz_target!(|payload: &[u8]| {
    let (limits, keys) = decode::generous();
    let decoder = LogsDecoder::with_limits(limits, keys);
    decode::check(
        decoder,
        payload,
        |decoder, request: &ExportLogsServiceRequest, rows| {
            decoder.decode_request(request, rows).unwrap()
        },
    );
});

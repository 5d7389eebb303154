//! Decodes arbitrary bytes as a payload of logs, with our decoder and with prost: both return the
//! same rows, or both fail.

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

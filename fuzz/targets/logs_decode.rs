//! Decodes arbitrary bytes as a payload of logs, with our decoder and with prost: both return the
//! same rows, or prost fails, and our decoder fails or rejects records.

#![no_main]

mod decode;

use libfuzzer_sys::fuzz_target;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;

fuzz_target!(|payload: &[u8]| decode::check::<ExportLogsServiceRequest>(payload));

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::common::v1::{EntityRef, InstrumentationScope};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::resource::v1::Resource;

use super::values::{any_value, attributes, count, integer, key, string};
use crate::rng::Rng;

/// A small request that uses what the messages allow: every field, every kind of value nested in
/// every other, empty and missing messages, names that repeat, ids of the wrong length, extreme
/// numbers.
///
/// Valid on the wire: whoever decodes protobuf must accept it.
pub fn arbitrary_logs_request(rng: &mut Rng) -> ExportLogsServiceRequest {
    ExportLogsServiceRequest {
        resource_logs: (0..rng.below(4)).map(|_| resource_logs(rng)).collect(),
    }
}

fn resource_logs(rng: &mut Rng) -> ResourceLogs {
    ResourceLogs {
        resource: rng.chance(0.8).then(|| Resource {
            attributes: attributes(rng),
            dropped_attributes_count: count(rng),
            entity_refs: (0..rng.below(3)).map(|_| entity_ref(rng)).collect(),
        }),
        scope_logs: (0..rng.below(4)).map(|_| scope_logs(rng)).collect(),
        schema_url: string(rng),
    }
}

fn entity_ref(rng: &mut Rng) -> EntityRef {
    EntityRef {
        schema_url: string(rng),
        r#type: string(rng),
        id_keys: (0..rng.below(3)).map(|_| key(rng)).collect(),
        description_keys: (0..rng.below(3)).map(|_| key(rng)).collect(),
    }
}

fn scope_logs(rng: &mut Rng) -> ScopeLogs {
    ScopeLogs {
        scope: rng.chance(0.8).then(|| InstrumentationScope {
            name: string(rng),
            version: string(rng),
            attributes: attributes(rng),
            dropped_attributes_count: count(rng),
        }),
        log_records: (0..rng.below(5)).map(|_| log_record(rng)).collect(),
        schema_url: string(rng),
    }
}

fn log_record(rng: &mut Rng) -> LogRecord {
    LogRecord {
        time_unix_nano: integer(rng) as u64,
        observed_time_unix_nano: integer(rng) as u64,
        // Also numbers that the enumeration does not know: proto3 enums are open.
        severity_number: if rng.chance(0.8) {
            rng.below(25) as i32
        } else {
            integer(rng) as i32
        },
        severity_text: string(rng),
        body: rng.chance(0.9).then(|| any_value(rng, 0)),
        attributes: attributes(rng),
        dropped_attributes_count: count(rng),
        flags: count(rng),
        trace_id: id(rng, 16),
        span_id: id(rng, 8),
        event_name: if rng.chance(0.5) {
            String::new()
        } else {
            string(rng)
        },
    }
}

/// An id of the right length, none, all zeros, or one of a wrong length.
fn id(rng: &mut Rng, len: usize) -> Vec<u8> {
    match rng.below(8) {
        0..=4 => rng.bytes(len),
        5 => Vec::new(),
        6 => vec![0; len],
        _ => {
            let len = rng.below(2 * len + 2);
            rng.bytes(len)
        }
    }
}

#[cfg(test)]
mod tests {
    use opentelemetry_proto::tonic::common::v1::any_value::Value;
    use prost::Message;

    use super::*;

    #[test]
    fn requests_survive_prost() {
        for seed in 0..500 {
            let request = arbitrary_logs_request(&mut Rng::new(seed));
            let bytes = request.encode_to_vec();
            let decoded = ExportLogsServiceRequest::decode(bytes.as_slice()).unwrap();
            // Through bytes, because NaN is not equal to itself.
            assert_eq!(decoded.encode_to_vec(), bytes, "seed {seed}");
        }
    }

    #[test]
    fn every_kind_of_value_comes_up() {
        let mut seen = [false; 9];
        for seed in 0..500 {
            let request = arbitrary_logs_request(&mut Rng::new(seed));
            let scopes = request
                .resource_logs
                .iter()
                .flat_map(|resource| &resource.scope_logs);
            for record in scopes.flat_map(|scope| &scope.log_records) {
                for value in record
                    .attributes
                    .iter()
                    .filter_map(|attribute| attribute.value.as_ref())
                {
                    seen[match value.value {
                        None => 0,
                        Some(Value::StringValue(_)) => 1,
                        Some(Value::BoolValue(_)) => 2,
                        Some(Value::IntValue(_)) => 3,
                        Some(Value::DoubleValue(_)) => 4,
                        Some(Value::ArrayValue(_)) => 5,
                        Some(Value::KvlistValue(_)) => 6,
                        Some(Value::BytesValue(_)) => 7,
                        Some(Value::StringValueStrindex(_)) => 8,
                    }] = true;
                }
            }
        }
        assert_eq!(seen, [true; 9]);
    }
}

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};

use super::groups::{resource, scope, some};
use super::values::{any_value, attributes, count, enumeration, id, string, unsigned};
use crate::rng::Rng;

/// Returns a small request that uses everything the messages allow: every field, every kind of
/// value nested in every other, empty and missing messages, repeated names, ids of the wrong
/// length, extreme numbers.
///
/// The request is valid on the wire: every protobuf decoder must accept it.
pub fn arbitrary_logs_request(rng: &mut Rng) -> ExportLogsServiceRequest {
    ExportLogsServiceRequest {
        resource_logs: some(rng, 4, resource_logs),
    }
}

fn resource_logs(rng: &mut Rng) -> ResourceLogs {
    ResourceLogs {
        resource: resource(rng),
        scope_logs: some(rng, 4, scope_logs),
        schema_url: string(rng),
    }
}

fn scope_logs(rng: &mut Rng) -> ScopeLogs {
    ScopeLogs {
        scope: scope(rng),
        log_records: some(rng, 5, log_record),
        schema_url: string(rng),
    }
}

fn log_record(rng: &mut Rng) -> LogRecord {
    LogRecord {
        time_unix_nano: unsigned(rng),
        observed_time_unix_nano: unsigned(rng),
        severity_number: enumeration(rng, 25),
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

#[cfg(test)]
mod tests {
    use opentelemetry_proto::tonic::common::v1::any_value::Value;

    use super::*;

    #[test]
    fn every_kind_of_value_occurs() {
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

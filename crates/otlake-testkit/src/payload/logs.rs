use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use prost::Message;

use super::attributes::Attributes;
use super::bodies::Bodies;
use super::resources::{Resources, SERVICES};
use super::shape::Shape;
use crate::rng::Rng;

/// Returns the bytes of the `ExportLogsServiceRequest` from [`logs_request`].
pub fn logs_payload(shape: &Shape) -> Vec<u8> {
    logs_request(shape).encode_to_vec()
}

/// Returns a request of log records with the given shape.
///
/// Every record has a time, a severity, a string body and attributes. As in real code, the service
/// named by the resource determines the messages and the possible attributes.
pub fn logs_request(shape: &Shape) -> ExportLogsServiceRequest {
    let mut rng = Rng::new(shape.seed);
    let resources = Resources::new(shape.resource_attributes);
    let services: Vec<Service> = (0..SERVICES.len())
        .map(|number| Service::new(shape, number))
        .collect();
    let mut clock = 1_760_000_000_000_000_000 + shape.seed * 3_600_000_000_000;
    let mut left = shape.records;
    let mut resource_logs = Vec::new();
    while left > 0 {
        let records = left.min(shape.records_per_resource.max(1));
        left -= records;
        let instance = resources.draw(&mut rng);
        let service = &services[instance.service];
        let mut scope_logs = Vec::new();
        // Mostly one logger per group, sometimes two: the records of a group rarely come from a
        // single class.
        let first = if records > 1 && rng.chance(0.3) {
            1 + rng.below(records - 1)
        } else {
            records
        };
        for (number, records) in [(0, first), (1, records - first)] {
            if records > 0 {
                scope_logs.push(ScopeLogs {
                    scope: Some(service.scope(number)),
                    log_records: (0..records)
                        .map(|_| service.record(shape, &mut clock, &mut rng))
                        .collect(),
                    schema_url: String::new(),
                });
            }
        }
        resource_logs.push(ResourceLogs {
            resource: Some(instance.resource.clone()),
            scope_logs,
            schema_url: "https://opentelemetry.io/schemas/1.37.0".to_owned(),
        });
    }
    ExportLogsServiceRequest { resource_logs }
}

/// The properties that the instances of a service have in common.
struct Service {
    number: usize,
    bodies: Bodies,
    attributes: Attributes,
}

impl Service {
    fn new(shape: &Shape, number: usize) -> Self {
        Self {
            number,
            bodies: Bodies::new(number, shape.body_bytes),
            attributes: Attributes::new(number, shape),
        }
    }

    fn scope(&self, number: usize) -> InstrumentationScope {
        let class = ["RequestHandler", "BackgroundWorker"][number % 2];
        InstrumentationScope {
            name: format!("com.acme.{}.{class}", SERVICES[self.number]),
            // Log bridges name a logger but rarely a version.
            version: if self.number.is_multiple_of(3) {
                "2.21.0".to_owned()
            } else {
                String::new()
            },
            attributes: Vec::new(),
            dropped_attributes_count: 0,
        }
    }

    fn record(&self, shape: &Shape, clock: &mut u64, rng: &mut Rng) -> LogRecord {
        *clock += 1 + rng.skewed(4_000_000) as u64;
        let (severity_number, severity_text) = match rng.below(100) {
            0..=69 => (9, "INFO"),
            70..=84 => (5, "DEBUG"),
            85..=94 => (13, "WARN"),
            _ => (17, "ERROR"),
        };
        let traced = rng.chance(shape.trace_share);
        let ids = |len, rng: &mut Rng| if traced { rng.bytes(len) } else { Vec::new() };
        LogRecord {
            time_unix_nano: *clock,
            observed_time_unix_nano: *clock + 20_000 + rng.skewed(200_000) as u64,
            severity_number,
            severity_text: severity_text.to_owned(),
            body: Some(AnyValue {
                value: Some(Value::StringValue(self.bodies.draw(rng))),
            }),
            attributes: self.attributes.draw(rng),
            dropped_attributes_count: 0,
            flags: u32::from(traced),
            trace_id: ids(16, rng),
            span_id: ids(8, rng),
            event_name: String::new(),
        }
    }
}

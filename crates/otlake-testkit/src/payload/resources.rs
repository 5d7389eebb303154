use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::resource::v1::Resource;

use super::text::Text;
use crate::rng::Rng;

/// The services of the simulated system.
pub(super) const SERVICES: [&str; 12] = [
    "checkout",
    "cart",
    "payment",
    "catalog",
    "search",
    "shipping",
    "frontend",
    "accounts",
    "email",
    "recommendation",
    "inventory",
    "fraud",
];
/// Number of running instances, over all services.
const INSTANCES: usize = 36;

/// Attributes of every resource. `{service}` stands for the name of the service.
const ALWAYS: [(&str, &str); 6] = [
    ("service.name", "{service}"),
    ("service.instance.id", "{uuid}"),
    ("k8s.pod.name", "{service}-{x8}-{x5}"),
    ("k8s.namespace.name", "shop"),
    ("telemetry.sdk.language", "java"),
    ("deployment.environment.name", "production"),
];

/// Attributes of some resources.
const SOMETIMES: [(&str, &str); 10] = [
    ("service.version", "4.{d1}.{d1}"),
    ("k8s.node.name", "ip-{d3}-eu-central-1.compute.internal"),
    ("k8s.deployment.name", "{service}"),
    ("host.name", "{service}-{x8}"),
    ("telemetry.sdk.version", "1.5{d1}.0"),
    ("cloud.region", "eu-central-1"),
    ("cloud.availability_zone", "eu-central-1b"),
    ("k8s.container.name", "app"),
    ("container.id", "{x16}{x16}{x16}{x16}"),
    ("k8s.cluster.name", "prod-eu-1"),
];

/// The running instances that send records.
pub(super) struct Resources {
    instances: Vec<Instance>,
}

/// A running instance.
pub(super) struct Instance {
    /// Index into [`SERVICES`].
    pub(super) service: usize,
    pub(super) resource: Resource,
}

impl Resources {
    /// Returns instances with `attributes` attributes on average.
    pub(super) fn new(attributes: f64) -> Self {
        // Independent of the payload's seed: all payloads of a system come from the same instances.
        let mut rng = Rng::new(0x0071_a4e5);
        let mut carry = 0.0;
        let instances = (0..INSTANCES)
            .map(|number| {
                // Carries the fraction over, so that the actual average, not only the expected one,
                // is right.
                let wanted = attributes + carry;
                let count = wanted.round().max(1.0);
                carry = wanted - count;
                let service = number % SERVICES.len();
                Instance {
                    service,
                    resource: resource(SERVICES[service], count as usize, &mut rng),
                }
            })
            .collect();
        Self { instances }
    }

    pub(super) fn draw(&self, rng: &mut Rng) -> &Instance {
        rng.pick(&self.instances)
    }

    pub(super) fn len(&self) -> usize {
        self.instances.len()
    }

    /// Returns instance number `number`.
    ///
    /// # Panics
    ///
    /// Panics if there are not so many instances.
    pub(super) fn get(&self, number: usize) -> &Instance {
        &self.instances[number]
    }
}

fn resource(service: &str, count: usize, rng: &mut Rng) -> Resource {
    let mut left_out = SOMETIMES
        .len()
        .saturating_sub(count.saturating_sub(ALWAYS.len()));
    let mut attributes: Vec<KeyValue> = ALWAYS
        .iter()
        .take(count)
        .map(|(key, text)| key_value(key, string(text, service, rng)))
        .collect();
    for (index, (key, text)) in SOMETIMES.iter().enumerate() {
        // Leaves out exactly `left_out` attributes, each with the same probability.
        if rng.below(SOMETIMES.len() - index) < left_out {
            left_out -= 1;
        } else {
            attributes.push(key_value(key, string(text, service, rng)));
        }
    }
    Resource {
        attributes,
        dropped_attributes_count: 0,
        entity_refs: Vec::new(),
    }
}

fn string(text: &'static str, service: &str, rng: &mut Rng) -> Value {
    let drawn: Vec<String> = text
        .split("{service}")
        .map(|part| Text::parse(part).draw(rng))
        .collect();
    Value::StringValue(drawn.join(service))
}

pub(super) fn key_value(key: &str, value: Value) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue { value: Some(value) }),
        key_strindex: 0,
    }
}

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use otlake_testkit::Rng;

use crate::values::Kind;

/// The attributes of a record, a resource or a scope, with methods to add more.
#[derive(Debug)]
pub(crate) struct Attributes<'a>(pub(crate) &'a mut Vec<KeyValue>);

impl Attributes<'_> {
    pub(crate) fn add(&mut self, name: &str, value: Value) {
        self.0.push(key_value(name, Some(value)));
    }

    pub(crate) fn random(&mut self, name: &str, kind: Kind, rng: &mut Rng) {
        self.add(name, kind.value(rng));
    }

    /// Adds an attribute without a value.
    pub(crate) fn empty(&mut self, name: &str) {
        self.0.push(key_value(name, None));
    }
}

pub(crate) fn key_value(name: &str, value: Option<Value>) -> KeyValue {
    KeyValue {
        key: name.to_owned(),
        value: Some(AnyValue { value }),
        ..KeyValue::default()
    }
}

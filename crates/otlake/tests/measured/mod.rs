//! What the tests and measurements of memory share.

#![allow(dead_code, reason = "each test uses a part of it")]

use std::io::{self, Write};

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use otlake::row::Bytes;
use otlake::storage::{Storage, StorageError, StorageFile};
use otlake_testkit::{Shape, logs_request};
use prost::Message;

/// A storage that keeps nothing, so that only the pipeline's own memory is seen.
#[derive(Debug)]
pub(crate) struct Nowhere;

struct Nothing;

impl Storage for Nowhere {
    fn create(&self, _name: &str) -> Result<Box<dyn StorageFile>, StorageError> {
        Ok(Box::new(Nothing))
    }
}

impl Write for Nothing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl StorageFile for Nothing {
    fn commit(self: Box<Self>) -> Result<(), StorageError> {
        Ok(())
    }
}

/// A payload of records with some 30 of 120 attributes each. Every `records_per_turn` records the next of `tenants`
/// tenants has its turn.
pub(crate) fn of_tenants(
    seed: u64,
    records: usize,
    tenants: usize,
    records_per_turn: usize,
) -> Bytes {
    let shape = Shape {
        records,
        log_attributes: 30.0,
        attribute_names: 120,
        string_share: 0.6,
        ..Shape::ten_thousand()
    };
    let mut request = logs_request(&shape.with_seed(seed));
    let records = request
        .resource_logs
        .iter_mut()
        .flat_map(|resource| &mut resource.scope_logs)
        .flat_map(|scope| &mut scope.log_records);
    for (number, record) in records.enumerate() {
        let tenant = (number / records_per_turn + seed as usize * 100) % tenants;
        let tenant = format!("tenant-{tenant:03}");
        record.attributes.push(KeyValue {
            key: "tenant".to_owned(),
            value: Some(AnyValue {
                value: Some(Value::StringValue(tenant)),
            }),
            ..KeyValue::default()
        });
    }
    request.encode_to_vec().into()
}

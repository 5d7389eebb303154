//! The floors see everything that prost sees: a floor that skipped something would be too low.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use otlake_benches::floors::{Counts, Malformed, Zstd1, walk, walk_utf8};
use otlake_row::Signal;
use otlake_testkit::{Rng, Shape, arbitrary_logs_request, logs_payload, mutate};
use prost::Message;

fn expected(request: &ExportLogsServiceRequest) -> Counts {
    let mut counts = Counts::default();
    for resource_logs in &request.resource_logs {
        string(&mut counts, &resource_logs.schema_url);
        if let Some(resource) = &resource_logs.resource {
            attributes(&mut counts, &resource.attributes);
            for entity in &resource.entity_refs {
                let keys = entity.id_keys.iter().chain(&entity.description_keys);
                keys.chain([&entity.schema_url, &entity.r#type])
                    .for_each(|text| string(&mut counts, text));
            }
        }
        for scope_logs in &resource_logs.scope_logs {
            string(&mut counts, &scope_logs.schema_url);
            if let Some(scope) = &scope_logs.scope {
                string(&mut counts, &scope.name);
                string(&mut counts, &scope.version);
                attributes(&mut counts, &scope.attributes);
            }
            for record in &scope_logs.log_records {
                counts.records += 1;
                string(&mut counts, &record.severity_text);
                string(&mut counts, &record.event_name);
                attributes(&mut counts, &record.attributes);
                any_value(&mut counts, record.body.as_ref());
            }
        }
    }
    counts
}

fn attributes(counts: &mut Counts, attributes: &[KeyValue]) {
    for attribute in attributes {
        counts.attributes += 1;
        string(counts, &attribute.key);
        any_value(counts, attribute.value.as_ref());
    }
}

fn any_value(counts: &mut Counts, value: Option<&AnyValue>) {
    match value.and_then(|value| value.value.as_ref()) {
        Some(Value::StringValue(text)) => string(counts, text),
        Some(Value::ArrayValue(array)) => {
            array
                .values
                .iter()
                .for_each(|value| any_value(counts, Some(value)));
        }
        Some(Value::KvlistValue(list)) => attributes(counts, &list.values),
        _ => {}
    }
}

fn string(counts: &mut Counts, text: &str) {
    counts.strings += usize::from(!text.is_empty());
    counts.string_bytes += text.len();
}

#[test]
fn walks_count_what_prost_decodes() {
    let generated = [
        logs_payload(&Shape {
            records: 500,
            ..Shape::ten_thousand()
        }),
        logs_payload(&Shape::small_groups()),
    ];
    let arbitrary =
        (0..1_000).map(|seed| arbitrary_logs_request(&mut Rng::new(seed)).encode_to_vec());
    for payload in generated.into_iter().chain(arbitrary) {
        let request = ExportLogsServiceRequest::decode(payload.as_slice()).unwrap();
        assert_eq!(walk(&payload), Ok(expected(&request)));
        assert_eq!(walk_utf8(&payload), Ok(expected(&request)));
    }
}

#[test]
fn mutated_payloads_are_walked_or_refused() {
    let (mut walked, mut refused) = (0, 0);
    for seed in 0..3_000 {
        let mut rng = Rng::new(seed);
        let mut payload = arbitrary_logs_request(&mut rng).encode_to_vec();
        mutate(&mut payload, Signal::Logs, &mut rng);
        match walk_utf8(&payload) {
            Ok(counts) => {
                walked += 1;
                assert_eq!(walk(&payload), Ok(counts));
            }
            Err(_) => refused += 1,
        }
    }
    assert!(
        walked > 500 && refused > 500,
        "{walked} walked, {refused} refused"
    );
}

#[test]
fn faults_are_named() {
    assert_eq!(walk(&[0x0a, 5, 0]), Err(Malformed::Truncated));
    assert_eq!(walk(&[0x08, 0x80]), Err(Malformed::Truncated));
    assert_eq!(walk(&[0x80; 11]), Err(Malformed::Varint));
    assert_eq!(walk(&[0x0e]), Err(Malformed::WireType));
    // A schema_url of one byte that is no character.
    let payload = [0x0a, 3, 0x1a, 1, 0xff];
    assert_eq!(walk(&payload).map(|counts| counts.strings), Ok(1));
    assert_eq!(walk_utf8(&payload), Err(Malformed::Utf8));
}

#[test]
fn zstd_compresses_each_buffer_by_itself() {
    let mut zstd = Zstd1::new().unwrap();
    let buffers = [b"one two ".repeat(500), vec![7; 10_000], Vec::new()];
    let one_by_one: usize = buffers
        .iter()
        .map(|buffer| zstd::bulk::compress(buffer, 1).unwrap().len())
        .sum();
    assert_eq!(zstd.compressed_size(&buffers).unwrap(), one_by_one);
    // The context is used again.
    assert_eq!(zstd.compressed_size(&buffers).unwrap(), one_by_one);
    assert_eq!(zstd.compressed_size(&[]).unwrap(), 0);
}

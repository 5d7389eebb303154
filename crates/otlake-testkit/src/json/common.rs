use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, EntityRef, InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::resource::v1::Resource;

use super::document::Json;

pub(super) fn resource(resource: &Resource) -> Json {
    let dropped = resource.dropped_attributes_count;
    Json::message()
        .field("attributes", attributes(&resource.attributes))
        .field("dropped_attributes_count", Json::integer(dropped))
        .field(
            "entity_refs",
            Json::array(&resource.entity_refs, entity_ref),
        )
}

fn entity_ref(entity: &EntityRef) -> Json {
    let strings = |strings: &[String]| Json::array(strings, |string| Json::string(string));
    Json::message()
        .field("schema_url", Json::string(&entity.schema_url))
        .field("type", Json::string(&entity.r#type))
        .field("id_keys", strings(&entity.id_keys))
        .field("description_keys", strings(&entity.description_keys))
}

pub(super) fn scope(scope: &InstrumentationScope) -> Json {
    let dropped = scope.dropped_attributes_count;
    Json::message()
        .field("name", Json::string(&scope.name))
        .field("version", Json::string(&scope.version))
        .field("attributes", attributes(&scope.attributes))
        .field("dropped_attributes_count", Json::integer(dropped))
}

pub(super) fn attributes(attributes: &[KeyValue]) -> Json {
    Json::array(attributes, |attribute| {
        Json::message()
            .field("key", Json::string(&attribute.key))
            .set("value", attribute.value.as_ref().map(any_value))
            .field("key_strindex", Json::integer(attribute.key_strindex))
    })
}

pub(super) fn any_value(value: &AnyValue) -> Json {
    let message = Json::message();
    let Some(value) = &value.value else {
        return message;
    };
    let (name, value) = match value {
        Value::StringValue(string) => ("string_value", Json::string(string)),
        Value::BoolValue(bool) => ("bool_value", Json::Bool(*bool)),
        Value::IntValue(int) => ("int_value", Json::integer(*int)),
        Value::DoubleValue(double) => ("double_value", Json::Double(*double)),
        Value::BytesValue(bytes) => ("bytes_value", Json::Bytes(bytes.clone())),
        Value::StringValueStrindex(index) => ("string_value_strindex", Json::integer(*index)),
        Value::ArrayValue(array) => (
            "array_value",
            Json::message().field("values", Json::array(&array.values, any_value)),
        ),
        Value::KvlistValue(kvlist) => (
            "kvlist_value",
            Json::message().field("values", attributes(&kvlist.values)),
        ),
    };
    message.set(name, Some(value))
}

pub(super) fn trace_id(bytes: &[u8]) -> Json {
    Json::Id(bytes.to_vec(), 16)
}

pub(super) fn span_id(bytes: &[u8]) -> Json {
    Json::Id(bytes.to_vec(), 8)
}

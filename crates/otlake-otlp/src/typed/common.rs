use bumpalo::collections::Vec as BumpVec;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Typed;
use opentelemetry_proto::tonic::common::v1::{AnyValue, EntityRef, InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::resource::v1::Resource;
use otlake_row::{Cell, Row, Value};

use crate::attributes::Attributes;
use crate::error::Result;
use crate::record::{self, Entries};
use crate::values::Values;

pub(super) fn resource<'r>(
    typed: Option<&'r Resource>,
    schema_url: &'r str,
    attributes: &mut Attributes<'_, 'r>,
    fields: &mut record::Resource<'r>,
) -> Result<()> {
    fields.schema_url = attributes.values.text(schema_url);
    let Some(typed) = typed else { return Ok(()) };
    fields.cells.extend(cells(&typed.attributes, attributes));
    for entity in &typed.entity_refs {
        let entity = entity_ref(entity, &mut attributes.values);
        if attributes.values.room() {
            fields.entity_refs.push(entity);
        }
    }
    fields.dropped_attributes_count = typed.dropped_attributes_count;
    Ok(())
}

pub(super) fn scope<'r>(
    typed: Option<&'r InstrumentationScope>,
    schema_url: &'r str,
    attributes: &mut Attributes<'_, 'r>,
    fields: &mut record::Scope<'r>,
) -> Result<()> {
    fields.schema_url = attributes.values.text(schema_url);
    let Some(typed) = typed else { return Ok(()) };
    fields.cells.extend(cells(&typed.attributes, attributes));
    fields.name = attributes.values.text(&typed.name);
    fields.version = attributes.values.text(&typed.version);
    fields.dropped_attributes_count = typed.dropped_attributes_count;
    Ok(())
}

pub(super) fn push_attributes<'r>(
    typed: &'r [KeyValue],
    attributes: &mut Attributes<'_, 'r>,
    row: &mut Row<'r>,
) {
    let skip = attributes.values.rules.skip_record_attributes;
    for cell in cells(typed, attributes).filter(|_| !skip) {
        row.push(cell.key, cell.value);
    }
}

fn cells<'r>(
    typed: &'r [KeyValue],
    attributes: &mut Attributes<'_, 'r>,
) -> impl Iterator<Item = Cell<'r>> {
    typed.iter().filter_map(|KeyValue { key, value, .. }| {
        if !attributes.room() {
            return None;
        }
        let value = optional_value(value.as_ref(), &mut attributes.values, 0);
        attributes.cell(key.as_bytes(), value)
    })
}

/// Returns the attributes of a message inside a record, such as an event.
pub(super) fn entries<'r>(
    typed: &'r [KeyValue],
    values: &mut Values<'r>,
    depth: usize,
) -> Entries<'r> {
    let mut entries = BumpVec::with_capacity_in(values.room_for(typed.len()), values.arena);
    for KeyValue { key, value, .. } in typed {
        let value = optional_value(value.as_ref(), values, depth);
        let name = values.name(key.as_bytes());
        if values.room() {
            entries.push((name, value));
        }
    }
    entries.into_bump_slice()
}

fn optional_value<'r>(
    typed: Option<&'r AnyValue>,
    values: &mut Values<'r>,
    depth: usize,
) -> Value<'r> {
    typed.map_or(Value::Empty, |typed| any_value(typed, values, depth))
}

pub(super) fn any_value<'r>(
    typed: &'r AnyValue,
    values: &mut Values<'r>,
    depth: usize,
) -> Value<'r> {
    match &typed.value {
        None | Some(Typed::StringValueStrindex(_)) => Value::Empty,
        Some(Typed::StringValue(string)) => Value::String(values.text(string)),
        Some(Typed::BoolValue(bool)) => Value::Bool(*bool),
        Some(Typed::IntValue(int)) => Value::Int(*int),
        Some(Typed::DoubleValue(double)) => Value::Double(*double),
        Some(Typed::BytesValue(bytes)) => values.bytes(bytes),
        Some(Typed::ArrayValue(_) | Typed::KvlistValue(_)) if values.too_deep(depth + 1) => {
            Value::Empty
        }
        Some(Typed::ArrayValue(array)) => {
            Value::Array(list(&array.values, values, |item, values| {
                any_value(item, values, depth + 1)
            }))
        }
        Some(Typed::KvlistValue(kvlist)) => {
            Value::KvList(entries(&kvlist.values, values, depth + 1))
        }
    }
}

/// Returns the items of a repeated field as values.
pub(super) fn list<'r, T>(
    typed: &'r [T],
    values: &mut Values<'r>,
    value: impl Fn(&'r T, &mut Values<'r>) -> Value<'r>,
) -> &'r [Value<'r>] {
    let mut list = BumpVec::with_capacity_in(values.room_for(typed.len()), values.arena);
    for item in typed {
        let item = value(item, values);
        if values.room() {
            list.push(item);
        }
    }
    list.into_bump_slice()
}

fn entity_ref<'r>(typed: &'r EntityRef, values: &mut Values<'r>) -> Value<'r> {
    let string = |string: &'r String, values: &mut Values<'r>| Value::String(values.text(string));
    let id_keys = list(&typed.id_keys, values, string);
    let description_keys = list(&typed.description_keys, values, string);
    let (schema_url, r#type) = (values.text(&typed.schema_url), values.text(&typed.r#type));
    record::entity_ref(values.arena, schema_url, r#type, id_keys, description_keys)
}

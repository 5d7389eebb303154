//! common.proto and resource.proto: values, attributes, resources and scopes.

use bumpalo::collections::Vec as BumpVec;
use otlake_row::{Cell, Row, Value};

use super::node::Node;
use crate::attributes::Attributes;
use crate::error::{Result, Within};
use crate::record;
use crate::values::Values;

/// Reads an `AnyValue`. `value` is the value of an earlier occurrence of the same field, with which this one
/// merges: of a oneof the last member is kept, but members that are messages merge.
#[inline]
pub(crate) fn any_value<'r>(
    node: Node<'r>,
    values: &mut Values<'r>,
    value: Value<'r>,
    depth: usize,
) -> Result<Value<'r>> {
    // Fast path: most values are only a string.
    match node.string_value() {
        Some(text) => Ok(Value::String(values.string(text))),
        None => any_value_members(node, values, value, depth),
    }
}

fn any_value_members<'r>(
    node: Node<'r>,
    values: &mut Values<'r>,
    mut value: Value<'r>,
    depth: usize,
) -> Result<Value<'r>> {
    let mut is_unknown = false;
    for (name, node) in node.members()? {
        value = match name {
            b"stringValue" | b"string_value" => {
                Value::String(values.string(node.text().within("stringValue")?))
            }
            b"intValue" | b"int_value" => Value::Int(node.signed64().within("intValue")?),
            b"boolValue" | b"bool_value" => Value::Bool(node.boolean().within("boolValue")?),
            b"doubleValue" | b"double_value" => Value::Double(node.double().within("doubleValue")?),
            b"bytesValue" | b"bytes_value" => values.bytes(node.bytes().within("bytesValue")?),
            b"arrayValue" | b"array_value" => {
                array(node, values, value, depth + 1).within("arrayValue")?
            }
            b"kvlistValue" | b"kvlist_value" => {
                kvlist(node, values, value, depth + 1).within("kvlistValue")?
            }
            b"stringValueStrindex" | b"string_value_strindex" => {
                node.signed32().within("stringValueStrindex")?;
                Value::Empty
            }
            _ => {
                values.unknown(node.text_from_here());
                is_unknown = true;
                continue;
            }
        };
    }
    if is_unknown && matches!(value, Value::Empty) {
        return Ok(values.foreign(node.whole_text()));
    }
    Ok(value)
}

/// Reads an `ArrayValue`, or its list of values without the message around it: one of OTLP's own examples has
/// such a list for a map.
fn array<'r>(
    node: Node<'r>,
    values: &mut Values<'r>,
    before: Value<'r>,
    depth: usize,
) -> Result<Value<'r>> {
    if values.too_deep(depth) {
        return Ok(Value::Empty);
    }
    let mut items = match before {
        Value::Array(before) => values.merged(before),
        _ => BumpVec::new_in(values.arena),
    };
    if node.is_array() {
        push_values(node, values, &mut items, depth)?;
    } else {
        for (name, node) in node.members()? {
            match name {
                b"values" => push_values(node, values, &mut items, depth)?,
                _ => values.unknown(node.text_from_here()),
            }
        }
    }
    Ok(Value::Array(items.into_bump_slice()))
}

fn push_values<'r>(
    node: Node<'r>,
    values: &mut Values<'r>,
    items: &mut BumpVec<'r, Value<'r>>,
    depth: usize,
) -> Result<()> {
    for item in node.items().within("values")? {
        // Proto3's JSON has no null messages in lists, but senders write null for an empty value.
        let value = if item.is_null() {
            Value::Empty
        } else {
            any_value(item, values, Value::Empty, depth).within_item("values", items.len())?
        };
        if values.room() {
            items.push(value);
        }
    }
    Ok(())
}

/// Reads a `KeyValueList`, or its list alone, as [`array`] does.
fn kvlist<'r>(
    node: Node<'r>,
    values: &mut Values<'r>,
    before: Value<'r>,
    depth: usize,
) -> Result<Value<'r>> {
    if values.too_deep(depth) {
        return Ok(Value::Empty);
    }
    let mut entries = match before {
        Value::KvList(before) => values.merged(before),
        _ => BumpVec::new_in(values.arena),
    };
    if node.is_array() {
        push_entries(node, values, &mut entries, depth, "values")?;
    } else {
        for (name, node) in node.members()? {
            match name {
                b"values" => push_entries(node, values, &mut entries, depth, "values")?,
                _ => values.unknown(node.text_from_here()),
            }
        }
    }
    Ok(Value::KvList(entries.into_bump_slice()))
}

/// Adds the attributes of a message inside a record, such as an event, to the previous ones.
pub(crate) fn push_entries<'r>(
    node: Node<'r>,
    values: &mut Values<'r>,
    entries: &mut BumpVec<'r, (&'r str, Value<'r>)>,
    depth: usize,
    field: &'static str,
) -> Result<()> {
    for item in node.items().within(field)? {
        let entry = key_value(item, values, depth).within_item(field, entries.len())?;
        let (name, value) = entry;
        let name = values.name(name);
        if values.room() {
            entries.push((name, value));
        }
    }
    Ok(())
}

/// Reads a `KeyValue`. Its name is not yet validated as UTF-8.
#[inline]
fn key_value<'r>(
    node: Node<'r>,
    values: &mut Values<'r>,
    depth: usize,
) -> Result<(&'r [u8], Value<'r>)> {
    // Fast path: nearly all have only a key and a value, in this order.
    if let Some((key, value)) = node.key_and_value()
        && !value.is_null()
    {
        let value = any_value(value, values, Value::Empty, depth).within("value")?;
        return Ok((key, value));
    }
    let mut key: &[u8] = &[];
    let mut value = Value::Empty;
    let mut is_unknown = false;
    for (name, node) in node.members()? {
        match name {
            b"key" => key = node.text().within("key")?,
            b"value" => value = any_value(node, values, value, depth).within("value")?,
            b"keyStrindex" | b"key_strindex" => {
                node.signed32().within("keyStrindex")?;
            }
            _ => {
                values.unknown(node.text_from_here());
                is_unknown = true;
            }
        }
    }
    if is_unknown && matches!(value, Value::Empty) {
        value = values.foreign(node.whole_text());
    }
    Ok((key, value))
}

/// Reads the attributes of a record, a resource or a scope.
#[inline]
pub(crate) fn attributes<'r>(
    node: Node<'r>,
    attributes: &mut Attributes<'_, 'r>,
    mut push: impl FnMut(Cell<'r>),
) -> Result<()> {
    for item in node.items().within("attributes")? {
        let index = attributes.count();
        if !attributes.room() {
            continue;
        }
        let foreign = attributes.values.foreign_values();
        let (name, value) =
            key_value(item, &mut attributes.values, 0).within_item("attributes", index)?;
        if attributes.values.foreign_values() != foreign {
            // Its text must not decide the type of the attribute's column.
            attributes.push_excess(name, value);
        } else if let Some(cell) = attributes.cell(name, value) {
            push(cell);
        }
    }
    Ok(())
}

/// Reads the attributes of a record, and pushes their cells into the row unless the decoder leaves them out.
#[inline]
pub(crate) fn record_attributes<'r>(
    node: Node<'r>,
    attributes: &mut Attributes<'_, 'r>,
    row: &mut Row<'r>,
) -> Result<()> {
    let skip = attributes.values.rules.skip_record_attributes;
    self::attributes(node, attributes, |cell| {
        if !skip {
            row.push(cell.key, cell.value);
        }
    })
}

/// Adds the items of a repeated field to the previous ones.
pub(crate) fn push_items<'r>(
    node: Node<'r>,
    values: &mut Values<'r>,
    items: &mut BumpVec<'r, Value<'r>>,
    field: &'static str,
    read: impl Fn(Node<'r>, &mut Values<'r>) -> Result<Value<'r>>,
) -> Result<()> {
    for item in node.items().within(field)? {
        let value = read(item, values).within_item(field, items.len())?;
        if values.room() {
            items.push(value);
        }
    }
    Ok(())
}

fn string<'r>(node: Node<'r>, values: &mut Values<'r>) -> Result<Value<'r>> {
    let text = node.text()?;
    Ok(Value::String(values.string(text)))
}

fn entity_ref<'r>(node: Node<'r>, values: &mut Values<'r>) -> Result<Value<'r>> {
    let mut schema_url = "";
    let mut r#type = "";
    let mut id_keys = BumpVec::new_in(values.arena);
    let mut description_keys = BumpVec::new_in(values.arena);
    for (name, node) in node.members()? {
        match name {
            b"schemaUrl" | b"schema_url" => {
                schema_url = values.string(node.text().within("schemaUrl")?);
            }
            b"type" => r#type = values.string(node.text().within("type")?),
            b"idKeys" | b"id_keys" => push_items(node, values, &mut id_keys, "idKeys", string)?,
            b"descriptionKeys" | b"description_keys" => {
                push_items(
                    node,
                    values,
                    &mut description_keys,
                    "descriptionKeys",
                    string,
                )?;
            }
            _ => values.unknown(node.text_from_here()),
        }
    }
    Ok(record::entity_ref(
        values.arena,
        schema_url,
        r#type,
        id_keys.into_bump_slice(),
        description_keys.into_bump_slice(),
    ))
}

/// Reads a `Resource`, which merges with an earlier occurrence.
pub(crate) fn resource<'r>(
    node: Node<'r>,
    attributes: &mut Attributes<'_, 'r>,
    fields: &mut record::Resource<'r>,
) -> Result<()> {
    for (name, node) in node.members()? {
        match name {
            b"attributes" => self::attributes(node, attributes, |cell| fields.cells.push(cell))?,
            b"droppedAttributesCount" | b"dropped_attributes_count" => {
                fields.dropped_attributes_count =
                    node.unsigned32().within("droppedAttributesCount")?;
            }
            b"entityRefs" | b"entity_refs" => {
                let (values, refs) = (&mut attributes.values, &mut fields.entity_refs);
                push_items(node, values, refs, "entityRefs", entity_ref)?;
            }
            _ => attributes.values.unknown(node.text_from_here()),
        }
    }
    Ok(())
}

/// Reads an `InstrumentationScope`, which merges with an earlier occurrence.
pub(crate) fn scope<'r>(
    node: Node<'r>,
    attributes: &mut Attributes<'_, 'r>,
    fields: &mut record::Scope<'r>,
) -> Result<()> {
    for (name, node) in node.members()? {
        let values = &mut attributes.values;
        match name {
            b"name" => fields.name = values.string(node.text().within("name")?),
            b"version" => fields.version = values.string(node.text().within("version")?),
            b"attributes" => self::attributes(node, attributes, |cell| fields.cells.push(cell))?,
            b"droppedAttributesCount" | b"dropped_attributes_count" => {
                fields.dropped_attributes_count =
                    node.unsigned32().within("droppedAttributesCount")?;
            }
            _ => values.unknown(node.text_from_here()),
        }
    }
    Ok(())
}

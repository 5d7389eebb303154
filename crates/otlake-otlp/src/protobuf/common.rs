//! common.proto and resource.proto: values, attributes, resources and scopes.

use bumpalo::collections::Vec as BumpVec;
use otlake_row::{Cell, Row, Value};

use super::wire::{Reader, fields};
use crate::InvalidUtf8;
use crate::attributes::Attributes;
use crate::error::{Result, Within};
use crate::record;
use crate::values::Values;

impl<'r> Values<'r> {
    /// Skips an unknown field and counts it; see [`Reader::skip`].
    #[cold]
    pub(crate) fn skip(&mut self, reader: &mut Reader<'r>, tag: u32, known: &[u32]) -> Result<()> {
        let at = reader.rest();
        reader.skip(tag, known)?;
        self.unknown(at);
        Ok(())
    }

    /// Reads an `AnyValue`. `value` is the value of an earlier occurrence of the same field, with which this
    /// one merges: of a oneof the last member is kept, but members that are messages merge.
    #[inline]
    pub(crate) fn any_value(
        &mut self,
        bytes: &'r [u8],
        value: Value<'r>,
        depth: usize,
    ) -> Result<Value<'r>> {
        // Fast path: most values are only a short string or a small scalar.
        match bytes {
            [ANY_VALUE_STRING, length @ 0..0x80, string @ ..]
                if string.len() == usize::from(*length) =>
            {
                Ok(Value::String(self.string(string)))
            }
            [ANY_VALUE_INT, int @ 0..0x80] => Ok(Value::Int(i64::from(*int))),
            [ANY_VALUE_BOOL, bool @ 0..0x80] => Ok(Value::Bool(*bool != 0)),
            [ANY_VALUE_DOUBLE, a, b, c, d, e, f, g, h] => {
                let bits = u64::from_le_bytes([*a, *b, *c, *d, *e, *f, *g, *h]);
                Ok(Value::Double(f64::from_bits(bits)))
            }
            _ => self.any_value_fields(bytes, value, depth),
        }
    }

    fn any_value_fields(
        &mut self,
        bytes: &'r [u8],
        mut value: Value<'r>,
        depth: usize,
    ) -> Result<Value<'r>> {
        let mut reader = Reader::new(bytes);
        while !reader.is_empty() {
            let tag = reader.tag()?;
            value = match tag {
                any_value::STRING_VALUE => {
                    Value::String(self.string(reader.delimited().within("string_value")?))
                }
                any_value::BOOL_VALUE => Value::Bool(reader.varint().within("bool_value")? != 0),
                any_value::INT_VALUE => Value::Int(reader.varint().within("int_value")? as i64),
                any_value::DOUBLE_VALUE => {
                    Value::Double(f64::from_bits(reader.fixed64().within("double_value")?))
                }
                any_value::BYTES_VALUE => self.bytes(reader.delimited().within("bytes_value")?),
                any_value::ARRAY_VALUE => {
                    let array = reader.delimited();
                    array
                        .and_then(|b| self.array(b, value, depth + 1))
                        .within("array_value")?
                }
                any_value::KVLIST_VALUE => {
                    let kvlist = reader.delimited();
                    kvlist
                        .and_then(|b| self.kvlist(b, value, depth + 1))
                        .within("kvlist_value")?
                }
                any_value::STRING_VALUE_STRINDEX => {
                    reader.varint().within("string_value_strindex")?;
                    Value::Empty
                }
                _ => {
                    self.skip(&mut reader, tag, any_value::KNOWN)?;
                    continue;
                }
            };
        }
        Ok(value)
    }

    fn array(&mut self, bytes: &'r [u8], before: Value<'r>, depth: usize) -> Result<Value<'r>> {
        if self.too_deep(depth) {
            return Ok(Value::Empty);
        }
        let mut values = match before {
            Value::Array(before) => self.merged(before),
            _ => BumpVec::new_in(self.arena),
        };
        let mut reader = Reader::new(bytes);
        while !reader.is_empty() {
            let tag = reader.tag()?;
            if tag != list::VALUES {
                self.skip(&mut reader, tag, list::KNOWN)?;
                continue;
            }
            let value = reader.delimited();
            let value = value
                .and_then(|b| self.any_value(b, Value::Empty, depth))
                .within_item("values", values.len())?;
            if self.room() {
                values.push(value);
            }
        }
        Ok(Value::Array(values.into_bump_slice()))
    }

    fn kvlist(&mut self, bytes: &'r [u8], before: Value<'r>, depth: usize) -> Result<Value<'r>> {
        if self.too_deep(depth) {
            return Ok(Value::Empty);
        }
        let mut entries = match before {
            Value::KvList(before) => self.merged(before),
            _ => BumpVec::new_in(self.arena),
        };
        let mut reader = Reader::new(bytes);
        while !reader.is_empty() {
            let tag = reader.tag()?;
            if tag != list::VALUES {
                self.skip(&mut reader, tag, list::KNOWN)?;
                continue;
            }
            let entry = reader.delimited();
            let entry = entry
                .and_then(|b| self.entry(b, depth))
                .within_item("values", entries.len())?;
            if self.room() {
                entries.push(entry);
            }
        }
        Ok(Value::KvList(entries.into_bump_slice()))
    }

    /// Reads a `KeyValue` whose name is not interned.
    pub(crate) fn entry(&mut self, bytes: &'r [u8], depth: usize) -> Result<(&'r str, Value<'r>)> {
        let (name, value) = self.key_value(bytes, depth)?;
        Ok((self.name(name), value))
    }

    /// Adds an attribute of a message inside a record, such as an event, to the previous ones.
    pub(crate) fn push_entry(
        &mut self,
        reader: &mut Reader<'r>,
        entries: &mut BumpVec<'r, (&'r str, Value<'r>)>,
        field: &'static str,
    ) -> Result<()> {
        let bytes = reader.delimited().within(field)?;
        let entry = self.entry(bytes, 0).within_item(field, entries.len())?;
        if self.room() {
            entries.push(entry);
        }
        Ok(())
    }

    /// Reads a `KeyValue`. Its name is not yet validated as UTF-8.
    #[inline]
    fn key_value(&mut self, bytes: &'r [u8], depth: usize) -> Result<(&'r [u8], Value<'r>)> {
        // Fast path: most have only a short name and a short value.
        if let Some((name, value)) = key_value::short(bytes) {
            let value = self.any_value(value, Value::Empty, depth).within("value")?;
            return Ok((name, value));
        }
        self.key_value_fields(bytes, depth)
    }

    fn key_value_fields(&mut self, bytes: &'r [u8], depth: usize) -> Result<(&'r [u8], Value<'r>)> {
        let mut name: &[u8] = &[];
        let mut value = Value::Empty;
        let mut reader = Reader::new(bytes);
        while !reader.is_empty() {
            let tag = reader.tag()?;
            match tag {
                key_value::KEY => {
                    name = reader.delimited().within("key")?;
                }
                key_value::VALUE => {
                    let any_value = reader.delimited();
                    value = any_value
                        .and_then(|b| self.any_value(b, value, depth))
                        .within("value")?;
                }
                key_value::KEY_STRINDEX => {
                    reader.varint().within("key_strindex")?;
                }
                _ => self.skip(&mut reader, tag, key_value::KNOWN)?,
            }
        }
        Ok((name, value))
    }
}

fn entity_ref<'r>(bytes: &'r [u8], values: &mut Values<'r>) -> Result<Value<'r>> {
    let mut schema_url = "";
    let mut r#type = "";
    let mut id_keys = BumpVec::new_in(values.arena);
    let mut description_keys = BumpVec::new_in(values.arena);
    let mut reader = Reader::new(bytes);
    while !reader.is_empty() {
        let tag = reader.tag()?;
        match tag {
            entity_ref::SCHEMA_URL => {
                schema_url = values.string(reader.delimited().within("schema_url")?);
            }
            entity_ref::TYPE => r#type = values.string(reader.delimited().within("type")?),
            entity_ref::ID_KEYS => {
                let key = reader.delimited().within_item("id_keys", id_keys.len())?;
                if values.room() {
                    id_keys.push(Value::String(values.string(key)));
                }
            }
            entity_ref::DESCRIPTION_KEYS => {
                let key = reader.delimited();
                let key = key.within_item("description_keys", description_keys.len())?;
                if values.room() {
                    description_keys.push(Value::String(values.string(key)));
                }
            }
            _ => values.skip(&mut reader, tag, entity_ref::KNOWN)?,
        }
    }
    let (id_keys, description_keys) = (
        id_keys.into_bump_slice(),
        description_keys.into_bump_slice(),
    );
    Ok(record::entity_ref(
        values.arena,
        schema_url,
        r#type,
        id_keys,
        description_keys,
    ))
}

/// Reads a message of a repeated field in a record or a resource, such as an event, and adds it to the previous
/// ones.
pub(crate) fn push_message<'r>(
    reader: &mut Reader<'r>,
    values: &mut Values<'r>,
    messages: &mut BumpVec<'r, Value<'r>>,
    field: &'static str,
    read: impl FnOnce(&'r [u8], &mut Values<'r>) -> Result<Value<'r>>,
) -> Result<()> {
    let message = reader.delimited().and_then(|bytes| read(bytes, values));
    let message = message.within_item(field, messages.len())?;
    if values.room() {
        messages.push(message);
    }
    Ok(())
}

/// Reads one attribute. Returns `None` if it belongs to the excess or exceeds a limit.
#[inline]
fn attribute<'r>(bytes: &'r [u8], attributes: &mut Attributes<'_, 'r>) -> Result<Option<Cell<'r>>> {
    let index = attributes.count();
    if !attributes.room() {
        return Ok(None);
    }
    let (name, value) = attributes
        .values
        .key_value(bytes, 0)
        .within_item("attributes", index)?;
    Ok(attributes.cell(name, value))
}

/// Reads one attribute of a record, and pushes its cell into the row.
#[inline]
pub(crate) fn push_attribute<'r>(
    reader: &mut Reader<'r>,
    attributes: &mut Attributes<'_, 'r>,
    row: &mut Row<'r>,
) -> Result<()> {
    let bytes = reader.delimited().within("attributes")?;
    if attributes.values.rules.skip_record_attributes {
        return skip_attribute(bytes, attributes);
    }
    if let Some(cell) = attribute(bytes, attributes)? {
        row.push(cell.key, cell.value);
    }
    Ok(())
}

/// Validates one attribute that is left out of the row.
#[inline(never)]
fn skip_attribute<'r>(bytes: &'r [u8], attributes: &mut Attributes<'_, 'r>) -> Result<()> {
    let index = attributes.count();
    if !attributes.room() {
        return Ok(());
    }
    let rules = attributes.values.rules;
    // Fast path: a short name and a short string or small scalar, unless their bytes decide whether the record
    // is accepted.
    if rules.invalid_utf8 == InvalidUtf8::Replace
        && let Some((name, value)) = key_value::short(bytes)
        && name.len() <= rules.limits.name_bytes
        && is_short_scalar(value, rules.limits.value_bytes)
    {
        return Ok(());
    }
    let values = &mut attributes.values;
    let (name, _) = values
        .key_value(bytes, 0)
        .within_item("attributes", index)?;
    values.name(name);
    Ok(())
}

/// Returns whether an `AnyValue` consists of a string of less than 128 bytes within the limit, or of a scalar as it is
/// usually encoded.
#[inline]
fn is_short_scalar(value: &[u8], limit: usize) -> bool {
    match value {
        [ANY_VALUE_STRING, length @ 0..0x80, string @ ..] => {
            string.len() == usize::from(*length) && string.len() <= limit
        }
        [ANY_VALUE_INT | ANY_VALUE_BOOL, 0..0x80] => true,
        [ANY_VALUE_DOUBLE, rest @ ..] => rest.len() == size_of::<f64>(),
        _ => false,
    }
}

/// Reads a `Resource` from all occurrences of its field, which merge.
pub(crate) fn resource<'r>(
    occurrences: impl Iterator<Item = &'r [u8]>,
    attributes: &mut Attributes<'_, 'r>,
    fields: &mut record::Resource<'r>,
) -> Result<()> {
    for bytes in occurrences {
        let mut reader = Reader::new(bytes);
        while !reader.is_empty() {
            let tag = reader.tag()?;
            match tag {
                resource::ATTRIBUTES => {
                    let bytes = reader.delimited().within("attributes")?;
                    fields.cells.extend(attribute(bytes, attributes)?);
                }
                resource::DROPPED_ATTRIBUTES_COUNT => {
                    fields.dropped_attributes_count =
                        reader.varint().within("dropped_attributes_count")? as u32;
                }
                resource::ENTITY_REFS => {
                    let (values, refs) = (&mut attributes.values, &mut fields.entity_refs);
                    push_message(&mut reader, values, refs, "entity_refs", entity_ref)?;
                }
                _ => attributes.values.skip(&mut reader, tag, resource::KNOWN)?,
            }
        }
    }
    Ok(())
}

/// Reads an `InstrumentationScope` from all occurrences of its field, which merge.
pub(crate) fn scope<'r>(
    occurrences: impl Iterator<Item = &'r [u8]>,
    attributes: &mut Attributes<'_, 'r>,
    fields: &mut record::Scope<'r>,
) -> Result<()> {
    for bytes in occurrences {
        let mut reader = Reader::new(bytes);
        while !reader.is_empty() {
            let tag = reader.tag()?;
            let values = &mut attributes.values;
            match tag {
                scope::NAME => fields.name = values.string(reader.delimited().within("name")?),
                scope::VERSION => {
                    fields.version = values.string(reader.delimited().within("version")?);
                }
                scope::ATTRIBUTES => {
                    let bytes = reader.delimited().within("attributes")?;
                    fields.cells.extend(attribute(bytes, attributes)?);
                }
                scope::DROPPED_ATTRIBUTES_COUNT => {
                    fields.dropped_attributes_count =
                        reader.varint().within("dropped_attributes_count")? as u32;
                }
                _ => attributes.values.skip(&mut reader, tag, scope::KNOWN)?,
            }
        }
    }
    Ok(())
}

// The tags of the most frequent members of `AnyValue`, as the one byte that they take on the wire.
const ANY_VALUE_STRING: u8 = any_value::STRING_VALUE as u8;
const ANY_VALUE_BOOL: u8 = any_value::BOOL_VALUE as u8;
const ANY_VALUE_INT: u8 = any_value::INT_VALUE as u8;
const ANY_VALUE_DOUBLE: u8 = any_value::DOUBLE_VALUE as u8;

/// The field of `ArrayValue` and `KeyValueList`.
mod list {
    super::fields! {
        VALUES = delimited(1),
    }
}

mod any_value {
    super::fields! {
        STRING_VALUE = delimited(1),
        BOOL_VALUE = varint(2),
        INT_VALUE = varint(3),
        DOUBLE_VALUE = fixed64(4),
        ARRAY_VALUE = delimited(5),
        KVLIST_VALUE = delimited(6),
        BYTES_VALUE = delimited(7),
        STRING_VALUE_STRINDEX = varint(8),
    }
}

mod key_value {
    super::fields! {
        KEY = delimited(1),
        VALUE = delimited(2),
        KEY_STRINDEX = varint(3),
    }

    /// Returns the name and the value if the message has only these, in this order, each shorter than 128
    /// bytes.
    #[inline]
    pub(super) fn short(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
        const KEY: u8 = self::KEY as u8;
        const VALUE: u8 = self::VALUE as u8;
        let [KEY, length @ 0..0x80, rest @ ..] = bytes else {
            return None;
        };
        let (name, rest) = rest.split_at_checked(usize::from(*length))?;
        let [VALUE, length @ 0..0x80, value @ ..] = rest else {
            return None;
        };
        (value.len() == usize::from(*length)).then_some((name, value))
    }
}

mod entity_ref {
    super::fields! {
        SCHEMA_URL = delimited(1),
        TYPE = delimited(2),
        ID_KEYS = delimited(3),
        DESCRIPTION_KEYS = delimited(4),
    }
}

mod resource {
    super::fields! {
        ATTRIBUTES = delimited(1),
        DROPPED_ATTRIBUTES_COUNT = varint(2),
        ENTITY_REFS = delimited(3),
    }
}

mod scope {
    super::fields! {
        NAME = delimited(1),
        VERSION = delimited(2),
        ATTRIBUTES = delimited(3),
        DROPPED_ATTRIBUTES_COUNT = varint(4),
    }
}

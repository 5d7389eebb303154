//! common.proto and resource.proto: values, attributes, resources and scopes.

use bumpalo::Bump;
use bumpalo::collections::Vec as BumpVec;
use otlake_row::{Cell, Key, Keys, Value, fields};

use super::wire::{Reader, delimited, fixed64, varint};
use crate::error::{Result, Within};
use crate::limits::{Exceeded, Limits};
use crate::names::{Names, Resolved};
use crate::utf8::utf8;

/// Reads values. Nested ones are laid out in the arena, everything else borrows from the payload.
pub(crate) struct Values<'r> {
    pub(crate) arena: &'r Bump,
    limits: Limits,
    nested: usize,
    exceeded: Option<Exceeded>,
}

impl<'r> Values<'r> {
    #[inline]
    pub(crate) fn new(arena: &'r Bump, limits: Limits) -> Values<'r> {
        Values {
            arena,
            limits,
            nested: 0,
            exceeded: None,
        }
    }

    #[cold]
    fn exceed(&mut self, limit: Exceeded) {
        self.exceeded.get_or_insert(limit);
    }

    /// An unsigned number as the row has it: as digits where it does not fit an Int.
    #[inline]
    pub(crate) fn unsigned(&self, value: u64) -> Value<'r> {
        match i64::try_from(value) {
            Ok(int) => Value::Int(int),
            Err(_) => Value::String(self.arena.alloc_str(&value.to_string())),
        }
    }

    /// Reads an `AnyValue` on top of `value`, which is what an earlier occurrence of the same
    /// field set: a oneof keeps the last member, but members that are messages merge.
    #[inline]
    pub(crate) fn any_value(
        &mut self,
        bytes: &'r [u8],
        value: Value<'r>,
        depth: usize,
    ) -> Result<Value<'r>> {
        // Most values are a short string, or a small scalar, and nothing else.
        match bytes {
            [ANY_VALUE_STRING, length @ 0..0x80, string @ ..]
                if string.len() == usize::from(*length) =>
            {
                Ok(Value::String(utf8(string).within("string_value")?))
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
                any_value::STRING_VALUE => Value::String(reader.string().within("string_value")?),
                any_value::BOOL_VALUE => Value::Bool(reader.varint().within("bool_value")? != 0),
                any_value::INT_VALUE => Value::Int(reader.varint().within("int_value")? as i64),
                any_value::DOUBLE_VALUE => {
                    Value::Double(f64::from_bits(reader.fixed64().within("double_value")?))
                }
                any_value::BYTES_VALUE => Value::Bytes(reader.delimited().within("bytes_value")?),
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
                    reader.skip(tag, any_value::KNOWN)?;
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
        let mut values = BumpVec::new_in(self.arena);
        if let Value::Array(before) = before {
            values.extend_from_slice(before);
        }
        let mut reader = Reader::new(bytes);
        while !reader.is_empty() {
            let tag = reader.tag()?;
            if tag != VALUES {
                reader.skip(tag, &[1])?;
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
        let mut entries = BumpVec::new_in(self.arena);
        if let Value::KvList(before) = before {
            entries.extend_from_slice(before);
        }
        let mut reader = Reader::new(bytes);
        while !reader.is_empty() {
            let tag = reader.tag()?;
            if tag != VALUES {
                reader.skip(tag, &[1])?;
                continue;
            }
            let entry = reader.delimited();
            let entry = entry
                .and_then(|b| {
                    let (name, value) = self.key_value(b, depth)?;
                    Ok((utf8(name).within("key")?, value))
                })
                .within_item("values", entries.len())?;
            if self.room() {
                entries.push(entry);
            }
        }
        Ok(Value::KvList(entries.into_bump_slice()))
    }

    /// A `KeyValue`, its name not yet checked for UTF-8.
    #[inline]
    fn key_value(&mut self, bytes: &'r [u8], depth: usize) -> Result<(&'r [u8], Value<'r>)> {
        let mut name: &[u8] = &[];
        let mut value = Value::Empty;
        let mut reader = Reader::new(bytes);
        while !reader.is_empty() {
            let tag = reader.tag()?;
            match tag {
                key_value::KEY => {
                    // A name that a later one replaces must be UTF-8 all the same.
                    if !name.is_empty() {
                        utf8(name).within("key")?;
                    }
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
                _ => reader.skip(tag, key_value::KNOWN)?,
            }
        }
        Ok((name, value))
    }

    fn entity_ref(&mut self, bytes: &'r [u8]) -> Result<Value<'r>> {
        let mut schema_url = "";
        let mut r#type = "";
        let mut id_keys = BumpVec::new_in(self.arena);
        let mut description_keys = BumpVec::new_in(self.arena);
        let mut reader = Reader::new(bytes);
        while !reader.is_empty() {
            let tag = reader.tag()?;
            match tag {
                entity_ref::SCHEMA_URL => schema_url = reader.string().within("schema_url")?,
                entity_ref::TYPE => r#type = reader.string().within("type")?,
                entity_ref::ID_KEYS => {
                    id_keys.push(Value::String(reader.string().within("id_keys")?));
                }
                entity_ref::DESCRIPTION_KEYS => {
                    let key = reader.string().within("description_keys")?;
                    description_keys.push(Value::String(key));
                }
                _ => reader.skip(tag, entity_ref::KNOWN)?,
            }
        }
        Ok(Value::KvList(self.arena.alloc_slice_copy(&[
            ("schema_url", Value::String(schema_url)),
            ("type", Value::String(r#type)),
            ("id_keys", Value::Array(id_keys.into_bump_slice())),
            (
                "description_keys",
                Value::Array(description_keys.into_bump_slice()),
            ),
        ])))
    }

    pub(crate) fn too_deep(&mut self, depth: usize) -> bool {
        let too_deep = depth > self.limits.nesting_depth;
        if too_deep {
            self.exceed(Exceeded::NestingDepth(self.limits.nesting_depth));
        }
        too_deep
    }

    /// Whether there is room for one more nested value.
    pub(crate) fn room(&mut self) -> bool {
        self.nested += 1;
        let room = self.nested <= self.limits.nested_values;
        if !room {
            self.exceed(Exceeded::NestedValues(self.limits.nested_values));
        }
        room
    }
}

/// Reads the attributes of one record, resource or scope.
pub(crate) struct Attributes<'c, 'r> {
    pub(crate) values: Values<'r>,
    keys: &'c mut Keys,
    names: &'c mut Names,
    count: usize,
    excess: Option<BumpVec<'r, (&'r str, Value<'r>)>>,
}

impl<'c, 'r> Attributes<'c, 'r> {
    #[inline]
    pub(crate) fn new(
        values: Values<'r>,
        keys: &'c mut Keys,
        names: &'c mut Names,
    ) -> Attributes<'c, 'r> {
        names.restart();
        Attributes {
            values,
            keys,
            names,
            count: 0,
            excess: None,
        }
    }

    /// Reads one attribute, a `KeyValue`; `None` when it is one of those for [`Self::finish`].
    #[inline]
    pub(crate) fn read(&mut self, bytes: &'r [u8]) -> Result<Option<Cell<'r>>> {
        let index = self.count;
        if !self.room() {
            return Ok(None);
        }
        let (name, value) = self
            .values
            .key_value(bytes, 0)
            .within_item("attributes", index)?;
        let resolved = self.names.resolve(name, self.keys);
        let resolved = resolved.within("key").within_item("attributes", index)?;
        Ok(self.cell(resolved, value))
    }

    /// Takes one attribute that is read already.
    #[cfg(feature = "opentelemetry-proto")]
    pub(crate) fn take(&mut self, name: &'r str, value: Value<'r>) -> Option<Cell<'r>> {
        if !self.room() {
            return None;
        }
        let resolved = self.names.resolve_str(name, self.keys);
        self.cell(resolved, value)
    }

    #[inline]
    fn room(&mut self) -> bool {
        self.count += 1;
        let room = self.count <= self.values.limits.attributes;
        if !room {
            self.values
                .exceed(Exceeded::Attributes(self.values.limits.attributes));
        }
        room
    }

    #[inline]
    fn cell(&mut self, resolved: Resolved<'r>, value: Value<'r>) -> Option<Cell<'r>> {
        match resolved {
            Resolved::Key(key) => Some(Cell { key, value }),
            Resolved::Excess(name) => {
                let arena = self.values.arena;
                self.excess
                    .get_or_insert_with(|| BumpVec::new_in(arena))
                    .push((name, value));
                None
            }
        }
    }

    /// The attributes whose names the interner had no room for, and whether a limit was exceeded.
    #[inline]
    pub(crate) fn finish(self) -> (Option<Cell<'r>>, Option<Exceeded>) {
        let key = Key::excess(self.names.location());
        let excess = self.excess.map(|entries| {
            let value = Value::KvList(entries.into_bump_slice());
            Cell { key, value }
        });
        (excess, self.values.exceeded)
    }
}

/// The cells of a group, or the limit over which they went.
pub(crate) struct GroupCells<'r> {
    pub(crate) cells: BumpVec<'r, Cell<'r>>,
    pub(crate) exceeded: Option<Exceeded>,
}

impl<'r> GroupCells<'r> {
    pub(crate) fn push_schema_url(&mut self, key: Key, schema_url: &'r str) {
        if !schema_url.is_empty() {
            self.cells.push(Cell {
                key,
                value: Value::String(schema_url),
            });
        }
    }
}

/// Room for the cells that a resource usually has, so that they are laid out once.
const USUAL_CELLS: usize = 24;

/// Reads a `Resource`, of which every occurrence is given: they merge.
pub(crate) fn resource<'r>(
    occurrences: &[&'r [u8]],
    mut attributes: Attributes<'_, 'r>,
) -> Result<GroupCells<'r>> {
    let mut cells = BumpVec::with_capacity_in(USUAL_CELLS, attributes.values.arena);
    let mut entity_refs = BumpVec::new_in(attributes.values.arena);
    let mut dropped_attributes_count = 0;
    for &bytes in occurrences {
        let mut reader = Reader::new(bytes);
        while !reader.is_empty() {
            let tag = reader.tag()?;
            match tag {
                resource::ATTRIBUTES => cells.extend(attributes.read(reader.delimited()?)?),
                resource::DROPPED_ATTRIBUTES_COUNT => {
                    dropped_attributes_count =
                        reader.varint().within("dropped_attributes_count")? as u32;
                }
                resource::ENTITY_REFS => {
                    let entity_ref = reader.delimited();
                    let entity_ref = entity_ref
                        .and_then(|b| attributes.values.entity_ref(b))
                        .within_item("entity_refs", entity_refs.len())?;
                    entity_refs.push(entity_ref);
                }
                _ => reader.skip(tag, resource::KNOWN)?,
            }
        }
    }
    if !entity_refs.is_empty() {
        let value = Value::Array(entity_refs.into_bump_slice());
        cells.push(Cell {
            key: fields::RESOURCE_ENTITY_REFS,
            value,
        });
    }
    if dropped_attributes_count != 0 {
        let value = Value::Int(dropped_attributes_count.into());
        cells.push(Cell {
            key: fields::RESOURCE_DROPPED_ATTRIBUTES_COUNT,
            value,
        });
    }
    let (excess, exceeded) = attributes.finish();
    cells.extend(excess);
    Ok(GroupCells { cells, exceeded })
}

/// Reads an `InstrumentationScope`, of which every occurrence is given: they merge.
pub(crate) fn scope<'r>(
    occurrences: &[&'r [u8]],
    mut attributes: Attributes<'_, 'r>,
) -> Result<GroupCells<'r>> {
    let mut cells = BumpVec::new_in(attributes.values.arena);
    let (mut name, mut version) = ("", "");
    let mut dropped_attributes_count = 0;
    for &bytes in occurrences {
        let mut reader = Reader::new(bytes);
        while !reader.is_empty() {
            let tag = reader.tag()?;
            match tag {
                scope::NAME => name = reader.string().within("name")?,
                scope::VERSION => version = reader.string().within("version")?,
                scope::ATTRIBUTES => cells.extend(attributes.read(reader.delimited()?)?),
                scope::DROPPED_ATTRIBUTES_COUNT => {
                    dropped_attributes_count =
                        reader.varint().within("dropped_attributes_count")? as u32;
                }
                _ => reader.skip(tag, scope::KNOWN)?,
            }
        }
    }
    for (key, text) in [(fields::SCOPE_NAME, name), (fields::SCOPE_VERSION, version)] {
        if !text.is_empty() {
            cells.push(Cell {
                key,
                value: Value::String(text),
            });
        }
    }
    if dropped_attributes_count != 0 {
        let value = Value::Int(dropped_attributes_count.into());
        cells.push(Cell {
            key: fields::SCOPE_DROPPED_ATTRIBUTES_COUNT,
            value,
        });
    }
    let (excess, exceeded) = attributes.finish();
    cells.extend(excess);
    Ok(GroupCells { cells, exceeded })
}

// The tags of the most frequent members of `AnyValue`, as the one byte they take on the wire.
const ANY_VALUE_STRING: u8 = any_value::STRING_VALUE as u8;
const ANY_VALUE_BOOL: u8 = any_value::BOOL_VALUE as u8;
const ANY_VALUE_INT: u8 = any_value::INT_VALUE as u8;
const ANY_VALUE_DOUBLE: u8 = any_value::DOUBLE_VALUE as u8;

/// `ArrayValue.values` and `KeyValueList.values`
const VALUES: u32 = delimited(1);

mod any_value {
    use super::{delimited, fixed64, varint};
    pub(super) const STRING_VALUE: u32 = delimited(1);
    pub(super) const BOOL_VALUE: u32 = varint(2);
    pub(super) const INT_VALUE: u32 = varint(3);
    pub(super) const DOUBLE_VALUE: u32 = fixed64(4);
    pub(super) const ARRAY_VALUE: u32 = delimited(5);
    pub(super) const KVLIST_VALUE: u32 = delimited(6);
    pub(super) const BYTES_VALUE: u32 = delimited(7);
    pub(super) const STRING_VALUE_STRINDEX: u32 = varint(8);
    pub(super) const KNOWN: &[u32] = &[1, 2, 3, 4, 5, 6, 7, 8];
}

mod key_value {
    use super::{delimited, varint};
    pub(super) const KEY: u32 = delimited(1);
    pub(super) const VALUE: u32 = delimited(2);
    pub(super) const KEY_STRINDEX: u32 = varint(3);
    pub(super) const KNOWN: &[u32] = &[1, 2, 3];
}

mod entity_ref {
    use super::delimited;
    pub(super) const SCHEMA_URL: u32 = delimited(1);
    pub(super) const TYPE: u32 = delimited(2);
    pub(super) const ID_KEYS: u32 = delimited(3);
    pub(super) const DESCRIPTION_KEYS: u32 = delimited(4);
    pub(super) const KNOWN: &[u32] = &[1, 2, 3, 4];
}

mod resource {
    use super::{delimited, varint};
    pub(super) const ATTRIBUTES: u32 = delimited(1);
    pub(super) const DROPPED_ATTRIBUTES_COUNT: u32 = varint(2);
    pub(super) const ENTITY_REFS: u32 = delimited(3);
    pub(super) const KNOWN: &[u32] = &[1, 2, 3];
}

mod scope {
    use super::{delimited, varint};
    pub(super) const NAME: u32 = delimited(1);
    pub(super) const VERSION: u32 = delimited(2);
    pub(super) const ATTRIBUTES: u32 = delimited(3);
    pub(super) const DROPPED_ATTRIBUTES_COUNT: u32 = varint(4);
    pub(super) const KNOWN: &[u32] = &[1, 2, 3, 4];
}

//! Packs rows into bytes.
//!
//! ```text
//! row    signal:u8 cells
//! cells  count:u32 cell…
//! cell   tag:u8 key:u8|u32 value
//! value  nothing | i8 | i32 | i64 | f64 | length:u8|u32 (text elsewhere, bytes here) | count:u32 item…
//! ```
//!
//! The low four bits of a cell's tag are the [kind](tag) of its value. The next two bits are its location, and
//! the bit above them is set if the key has four bytes. Numbers are little-endian. Only the process that wrote
//! the rows reads them, so the format needs no version.

use super::interner::Names;
use super::packed::Packed;
use otlake_row::{Cell, Key, Keys, Row, Value};

/// The bits of tags: the kinds of values, and the other parts of a cell's tag.
pub(super) mod tag {
    pub(in super::super) const EMPTY: u8 = 0;
    pub(in super::super) const FALSE: u8 = 1;
    pub(in super::super) const TRUE: u8 = 2;
    pub(in super::super) const INT8: u8 = 3;
    pub(in super::super) const INT32: u8 = 4;
    pub(in super::super) const INT64: u8 = 5;
    pub(in super::super) const DOUBLE: u8 = 6;
    pub(in super::super) const STRING8: u8 = 7;
    pub(in super::super) const STRING32: u8 = 8;
    pub(in super::super) const BYTES8: u8 = 9;
    pub(in super::super) const BYTES32: u8 = 10;
    pub(in super::super) const ARRAY: u8 = 11;
    pub(in super::super) const KV_LIST: u8 = 12;

    pub(in super::super) const KIND: u8 = 0x0f;
    pub(in super::super) const LOCATION_SHIFT: u32 = 4;
    pub(in super::super) const WIDE_KEY: u8 = 0x40;
}

pub(super) struct Writer<'p> {
    packed: &'p mut Packed,
}

impl<'p> Writer<'p> {
    pub(super) fn new(packed: &'p mut Packed) -> Writer<'p> {
        Writer { packed }
    }

    #[inline]
    pub(super) fn row(&mut self, row: &Row<'_>, names: &mut Names) {
        self.put([row.signal() as u8]);
        self.cells(row.cells(), row.keys(), names);
    }

    #[inline]
    pub(super) fn cells(&mut self, cells: &[Cell<'_>], source: &Keys, names: &mut Names) {
        self.count(cells.len());
        for cell in cells {
            match names.key(cell.key, source) {
                Some(key) => self.cell(key, &cell.value),
                None => {
                    let alone = [(source.name(cell.key), cell.value)];
                    self.cell(Key::excess(cell.key.location()), &Value::KvList(&alone));
                }
            }
        }
    }

    #[inline]
    fn cell(&mut self, key: Key, value: &Value<'_>) {
        let tag = kind(value) | (key.location() as u8) << tag::LOCATION_SHIFT;
        match u8::try_from(key.index()) {
            Ok(index) => self.put([tag, index]),
            Err(_) => {
                self.put([tag | tag::WIDE_KEY]);
                self.count(key.index());
            }
        }
        self.content(value);
    }

    /// Writes the contents of a value, which come after its kind.
    #[inline]
    fn content(&mut self, value: &Value<'_>) {
        match *value {
            Value::Empty | Value::Bool(_) => {}
            Value::Int(int) => match (i8::try_from(int), i32::try_from(int)) {
                (Ok(int), _) => self.put(int.to_le_bytes()),
                (_, Ok(int)) => self.put(int.to_le_bytes()),
                _ => self.put(int.to_le_bytes()),
            },
            Value::Double(double) => self.put(double.to_le_bytes()),
            Value::String(string) => {
                self.length(string.len());
                self.packed.text.push_str(string);
            }
            Value::Bytes(bytes) => {
                self.length(bytes.len());
                self.packed.bytes.extend_from_slice(bytes);
            }
            Value::Array(values) => {
                self.count(values.len());
                for value in values {
                    self.value(value);
                }
            }
            Value::KvList(entries) => {
                self.count(entries.len());
                for (name, value) in entries {
                    self.value(&Value::String(name));
                    self.value(value);
                }
            }
        }
    }

    fn value(&mut self, value: &Value<'_>) {
        self.put([kind(value)]);
        self.content(value);
    }

    #[inline]
    fn length(&mut self, length: usize) {
        match u8::try_from(length) {
            Ok(length) => self.put([length]),
            Err(_) => self.count(length),
        }
    }

    #[inline]
    fn count(&mut self, count: usize) {
        let count =
            u32::try_from(count).unwrap_or_else(|_| unreachable!("values have at most 4 GiB"));
        self.put(count.to_le_bytes());
    }

    #[inline]
    fn put<const N: usize>(&mut self, bytes: [u8; N]) {
        self.packed.bytes.extend_from_slice(&bytes);
    }
}

#[inline]
fn kind(value: &Value<'_>) -> u8 {
    let by_length = |length: usize, short, long| match u8::try_from(length) {
        Ok(_) => short,
        Err(_) => long,
    };
    match *value {
        Value::Empty => tag::EMPTY,
        Value::Bool(false) => tag::FALSE,
        Value::Bool(true) => tag::TRUE,
        Value::Int(int) if i8::try_from(int).is_ok() => tag::INT8,
        Value::Int(int) if i32::try_from(int).is_ok() => tag::INT32,
        Value::Int(_) => tag::INT64,
        Value::Double(_) => tag::DOUBLE,
        Value::String(string) => by_length(string.len(), tag::STRING8, tag::STRING32),
        Value::Bytes(bytes) => by_length(bytes.len(), tag::BYTES8, tag::BYTES32),
        Value::Array(_) => tag::ARRAY,
        Value::KvList(_) => tag::KV_LIST,
    }
}

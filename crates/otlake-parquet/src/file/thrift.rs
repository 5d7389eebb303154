//! Writes Thrift's compact protocol, as far as Parquet's page headers, page index and footer need it.
//!
//! This is not the `parquet` crate's writer because much of the work for a small file is its metadata: here a chunk's
//! metadata is serialised once, when the chunk is encoded, and the footer copies the bytes.
//! `docs/performance.md` has the figures. Specification: <https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md>

use crate::varint::{put_varint, put_zigzag};

const TRUE: u8 = 1;
const FALSE: u8 = 2;
const I32: u8 = 5;
const I64: u8 = 6;
const BINARY: u8 = 8;
const LIST: u8 = 9;
const STRUCT: u8 = 12;

/// The type of a list's elements.
#[derive(Clone, Copy)]
pub(crate) enum Element {
    /// One byte per element; the specification's number for lists is 2.
    Bool = 2,
    I32 = I32 as isize,
    I64 = I64 as isize,
    Binary = BINARY as isize,
    Struct = STRUCT as isize,
}

/// Writes the fields of one struct, whose ids must ascend.
pub(crate) struct Fields<'a> {
    out: &'a mut Vec<u8>,
    last: i16,
}

impl<'a> Fields<'a> {
    /// Starts a struct.
    pub(crate) fn new(out: &'a mut Vec<u8>) -> Self {
        Self { out, last: 0 }
    }

    /// Continues a struct whose last field was `last`.
    pub(crate) fn resume(out: &'a mut Vec<u8>, last: i16) -> Self {
        Self { out, last }
    }

    fn header(&mut self, id: i16, kind: u8) {
        let delta = id - self.last;
        debug_assert!(delta > 0, "field ids ascend");
        if delta <= 15 {
            self.out.push(((delta as u8) << 4) | kind);
        } else {
            self.out.push(kind);
            put_zigzag(self.out, i64::from(id));
        }
        self.last = id;
    }

    pub(crate) fn bool(&mut self, id: i16, value: bool) {
        self.header(id, if value { TRUE } else { FALSE });
    }

    /// Writes an i8 field, whose value is not zigzag-encoded.
    pub(crate) fn i8(&mut self, id: i16, value: i8) {
        self.header(id, 3);
        self.out.push(value as u8);
    }

    pub(crate) fn i16(&mut self, id: i16, value: i16) {
        self.header(id, 4);
        put_zigzag(self.out, i64::from(value));
    }

    pub(crate) fn i32(&mut self, id: i16, value: i32) {
        self.header(id, I32);
        put_zigzag(self.out, i64::from(value));
    }

    pub(crate) fn i64(&mut self, id: i16, value: i64) {
        self.header(id, I64);
        put_zigzag(self.out, value);
    }

    pub(crate) fn binary(&mut self, id: i16, value: &[u8]) {
        self.header(id, BINARY);
        self.binary_element(value);
    }

    /// Writes a nested struct with the fields that `write` writes.
    pub(crate) fn structure(&mut self, id: i16, write: impl FnOnce(&mut Fields<'_>)) {
        self.header(id, STRUCT);
        self.struct_element(write);
    }

    /// Writes the header of a list; the caller writes `len` elements after it.
    pub(crate) fn list(&mut self, id: i16, element: Element, len: usize) {
        self.header(id, LIST);
        let kind = element as u8;
        if len < 15 {
            self.out.push(((len as u8) << 4) | kind);
        } else {
            self.out.push(0xf0 | kind);
            put_varint(self.out, len as u64);
        }
    }

    pub(crate) fn bool_element(&mut self, value: bool) {
        self.out.push(if value { TRUE } else { FALSE });
    }

    pub(crate) fn i32_element(&mut self, value: i32) {
        put_zigzag(self.out, i64::from(value));
    }

    pub(crate) fn i64_element(&mut self, value: i64) {
        put_zigzag(self.out, value);
    }

    pub(crate) fn binary_element(&mut self, value: &[u8]) {
        put_varint(self.out, value.len() as u64);
        self.out.extend_from_slice(value);
    }

    pub(crate) fn struct_element(&mut self, write: impl FnOnce(&mut Fields<'_>)) {
        let mut fields = Fields::new(self.out);
        write(&mut fields);
        fields.stop();
    }

    /// Writes elements that were serialised before, stop bytes included.
    pub(crate) fn raw_elements(&mut self, bytes: &[u8]) {
        self.out.extend_from_slice(bytes);
    }

    /// Writes fields that were serialised before, of which `last` is the last. They must have been the
    /// first ones of their struct, as these are.
    pub(crate) fn serialised(&mut self, fields: &[u8], last: i16) {
        debug_assert_eq!(self.last, 0, "the first fields of the struct");
        self.out.extend_from_slice(fields);
        self.last = last;
    }

    /// Writes a nested struct, and the fields up to `last` after it, that were serialised before, all but
    /// the header of the first field: that depends on the field before.
    pub(crate) fn serialised_structure(&mut self, id: i16, fields: &[u8], last: i16) {
        self.header(id, STRUCT);
        self.out.extend_from_slice(fields);
        self.last = last;
    }

    /// Returns the position of the next byte.
    pub(crate) fn position(&self) -> usize {
        self.out.len()
    }

    /// Ends the struct.
    pub(crate) fn stop(self) {
        self.out.push(0);
    }
}

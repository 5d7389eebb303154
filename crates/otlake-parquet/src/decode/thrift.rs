//! Reads Thrift's compact protocol, as far as page headers need it.
//!
//! Specification: <https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md>

use crate::decode::byte_reader::ByteReader;
use crate::decode::error::{ChunkDecodeError, damaged};

/// The depth of nested fields up to which they are skipped. Page headers are less deep.
const DEPTH: usize = 16;

/// The header of a field.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FieldHeader {
    pub(crate) id: i16,
    kind: u8,
}

impl ByteReader<'_> {
    /// Returns the header of the next field after `last`, or `None` at the end of the struct.
    pub(crate) fn field(&mut self, last: i16) -> Result<Option<FieldHeader>, ChunkDecodeError> {
        let byte = self.byte()?;
        if byte == 0 {
            return Ok(None);
        }
        let id = match byte >> 4 {
            0 => i16::try_from(self.zigzag()?).map_err(|_| damaged("a field has no number"))?,
            delta => last.wrapping_add(i16::from(delta)),
        };
        let kind = byte & 0x0f;
        Ok(Some(FieldHeader { id, kind }))
    }

    /// Reads a field of type `i32` or `i64`.
    pub(crate) fn integer(&mut self, field: FieldHeader) -> Result<i64, ChunkDecodeError> {
        match field.kind {
            4..=6 => self.zigzag(),
            _ => Err(damaged("a field of a page header has the wrong type")),
        }
    }

    /// Reads the fields of a struct one by one.
    pub(crate) fn structure(
        &mut self,
        field: FieldHeader,
        each: impl FnMut(&mut Self, FieldHeader) -> Result<(), ChunkDecodeError>,
    ) -> Result<(), ChunkDecodeError> {
        match field.kind {
            12 => self.fields(each),
            _ => Err(damaged("a field of a page header has the wrong type")),
        }
    }

    /// Reads fields one by one, until the end of their struct.
    pub(crate) fn fields(
        &mut self,
        mut each: impl FnMut(&mut Self, FieldHeader) -> Result<(), ChunkDecodeError>,
    ) -> Result<(), ChunkDecodeError> {
        let mut last = 0;
        while let Some(field) = self.field(last)? {
            last = field.id;
            each(self, field)?;
        }
        Ok(())
    }

    /// Skips the value of a field.
    pub(crate) fn skip(&mut self, field: FieldHeader) -> Result<(), ChunkDecodeError> {
        match field.kind {
            // The value of a boolean field is in its header.
            1 | 2 => Ok(()),
            kind => self.skip_value(kind, DEPTH),
        }
    }

    fn skip_value(&mut self, kind: u8, depth: usize) -> Result<(), ChunkDecodeError> {
        let depth = depth
            .checked_sub(1)
            .ok_or_else(|| damaged("a page header is nested too deeply"))?;
        match kind {
            1..=3 => self.byte().map(drop),
            4..=6 => self.varint().map(drop),
            7 => self.take(8).map(drop),
            8 => {
                let len = self.varint()?;
                self.take(usize::try_from(len).unwrap_or(usize::MAX))
                    .map(drop)
            }
            9 | 10 => {
                let head = self.byte()?;
                let len = match head >> 4 {
                    15 => self.varint()?,
                    len => u64::from(len),
                };
                (0..len).try_for_each(|_| self.skip_value(head & 0x0f, depth))
            }
            12 => {
                let mut last = 0;
                while let Some(field) = self.field(last)? {
                    last = field.id;
                    if field.kind > 2 {
                        self.skip_value(field.kind, depth)?;
                    }
                }
                Ok(())
            }
            _ => Err(damaged("a page header has a field of an unknown type")),
        }
    }
}

//! A reader of the protobuf wire format. It reads from a slice and copies nothing.

use crate::error::{Fault, InvalidPayloadKind, Result};

const VARINT: u32 = 0;
const FIXED64: u32 = 1;
const DELIMITED: u32 = 2;
const START_GROUP: u32 = 3;
const END_GROUP: u32 = 4;
const FIXED32: u32 = 5;

/// Returns the tag of a varint field. A tag is the field number and the wire type, as on the wire.
pub(crate) const fn varint(field: u32) -> u32 {
    field << 3 | VARINT
}

/// Returns the tag of a field of eight bytes.
pub(crate) const fn fixed64(field: u32) -> u32 {
    field << 3 | FIXED64
}

/// Returns the tag of a field with a length: a string, bytes or a message.
pub(crate) const fn delimited(field: u32) -> u32 {
    field << 3 | DELIMITED
}

/// Returns the tag of a field of four bytes.
pub(crate) const fn fixed32(field: u32) -> u32 {
    field << 3 | FIXED32
}

/// Defines the tags of a message's fields, and `KNOWN`, the list of all of them.
macro_rules! fields {
    ($($field:ident = $wire:ident($number:literal),)*) => {
        $(pub(crate) const $field: u32 = $crate::protobuf::wire::$wire($number);)*
        pub(crate) const KNOWN: &[u32] = &[$($field),*];
    };
}
pub(super) use fields;

/// The maximum nesting of groups, which is prost's. Proto3 has no groups, so they are only skipped.
const GROUP_DEPTH: usize = 100;

/// A cursor over the fields of a message.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'p> {
    rest: &'p [u8],
}

impl<'p> Reader<'p> {
    #[inline]
    pub(crate) fn new(bytes: &'p [u8]) -> Reader<'p> {
        Reader { rest: bytes }
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// Returns the bytes that are left.
    #[inline]
    pub(crate) fn rest(&self) -> &'p [u8] {
        self.rest
    }

    /// Returns the number of bytes that are left.
    #[inline]
    pub(crate) fn remaining(&self) -> usize {
        self.rest.len()
    }

    #[inline]
    pub(crate) fn tag(&mut self) -> Result<u32> {
        if let [byte @ 0..0x80, rest @ ..] = self.rest {
            self.rest = rest;
            return Ok(u32::from(*byte));
        }
        let at = self.rest;
        let tag = self.varint()?;
        u32::try_from(tag)
            .map_err(|_| Fault::new(InvalidPayloadKind::InvalidFieldNumber { tag }, at))
    }

    #[inline]
    pub(crate) fn varint(&mut self) -> Result<u64> {
        match self.rest {
            [byte @ 0..0x80, rest @ ..] => {
                self.rest = rest;
                Ok(u64::from(*byte))
            }
            // Most lengths of records and bodies take two bytes.
            [low, high @ 0..0x80, rest @ ..] => {
                self.rest = rest;
                Ok(u64::from(*low & 0x7f) | u64::from(*high) << 7)
            }
            _ => self.long_varint(),
        }
    }

    fn long_varint(&mut self) -> Result<u64> {
        let mut value = 0;
        for (index, &byte) in self.rest.iter().take(10).enumerate() {
            value |= u64::from(byte & 0x7f) << (7 * index);
            if byte < 0x80 {
                // The tenth byte has only the last of 64 bits.
                if index == 9 && byte > 1 {
                    break;
                }
                self.rest = &self.rest[index + 1..];
                return Ok(value);
            }
        }
        if self.rest.len() < 10 {
            // All bytes that are left say that another one follows.
            return Err(self.truncated(self.rest.len() as u64 + 1));
        }
        Err(Fault::new(InvalidPayloadKind::InvalidVarint, self.rest))
    }

    #[inline]
    pub(crate) fn fixed64(&mut self) -> Result<u64> {
        match self.rest.split_first_chunk() {
            Some((bytes, rest)) => {
                self.rest = rest;
                Ok(u64::from_le_bytes(*bytes))
            }
            None => Err(self.truncated(8)),
        }
    }

    #[inline]
    pub(crate) fn fixed32(&mut self) -> Result<u32> {
        match self.rest.split_first_chunk() {
            Some((bytes, rest)) => {
                self.rest = rest;
                Ok(u32::from_le_bytes(*bytes))
            }
            None => Err(self.truncated(4)),
        }
    }

    /// Returns the content of a field with a length.
    #[inline]
    pub(crate) fn delimited(&mut self) -> Result<&'p [u8]> {
        let length = self.varint()?;
        match usize::try_from(length)
            .ok()
            .and_then(|length| self.rest.split_at_checked(length))
        {
            Some((content, rest)) => {
                self.rest = rest;
                Ok(content)
            }
            None => Err(self.truncated(length)),
        }
    }

    /// Skips an unknown field. `known` are the tags of the message. A field with the number of a known one is a
    /// fault, because it only gets here with another wire type.
    #[cold]
    pub(crate) fn skip(&mut self, tag: u32, known: &[u32]) -> Result<()> {
        let field = tag >> 3;
        let wire_type = tag & 7;
        if known.iter().any(|known| known >> 3 == field) && wire_type <= FIXED32 {
            let kind = InvalidPayloadKind::WireType { field, wire_type };
            return Err(Fault::new(kind, self.rest));
        }
        self.skip_value(tag, 0)
    }

    fn skip_value(&mut self, tag: u32, depth: usize) -> Result<()> {
        let (field, wire_type) = (tag >> 3, tag & 7);
        if field == 0 {
            let kind = InvalidPayloadKind::InvalidFieldNumber { tag: tag.into() };
            return Err(Fault::new(kind, self.rest));
        }
        match wire_type {
            VARINT => self.varint().map(drop),
            FIXED64 => self.fixed64().map(drop),
            DELIMITED => self.delimited().map(drop),
            FIXED32 => self.fixed32().map(drop),
            START_GROUP if depth == GROUP_DEPTH => Err(Fault::new(
                InvalidPayloadKind::GroupsTooDeep { limit: GROUP_DEPTH },
                self.rest,
            )),
            START_GROUP => loop {
                if self.is_empty() {
                    return Err(self.truncated(1));
                }
                let tag = self.tag()?;
                if tag == (field << 3 | END_GROUP) {
                    return Ok(());
                }
                self.skip_value(tag, depth + 1)?;
            },
            END_GROUP => Err(Fault::new(
                InvalidPayloadKind::UnexpectedEndGroup { field },
                self.rest,
            )),
            _ => Err(Fault::new(
                InvalidPayloadKind::InvalidWireType { field, wire_type },
                self.rest,
            )),
        }
    }

    #[cold]
    fn truncated(&self, length: u64) -> Box<Fault> {
        let remaining = self.rest.len();
        Fault::new(
            InvalidPayloadKind::Truncated { length, remaining },
            self.rest,
        )
    }
}

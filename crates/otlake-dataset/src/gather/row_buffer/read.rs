//! Reads packed rows: the reverse of [`write`](super::write).

use bumpalo::Bump;

use super::packed::Part;
use super::write::tag;
use otlake_row::{Cell, Key, Location, Signal, Value};

pub(super) struct Reader<'a> {
    rest: Part<'a>,
    /// The memory for the items of arrays and lists.
    arena: &'a Bump,
}

impl<'a> Reader<'a> {
    pub(super) fn new(part: Part<'a>, arena: &'a Bump) -> Reader<'a> {
        Reader { rest: part, arena }
    }

    /// Reads the signal and the number of cells of the next row, if there is one.
    #[inline]
    pub(super) fn row(&mut self) -> Option<(Signal, usize)> {
        if self.rest.bytes.is_empty() {
            return None;
        }
        let [signal] = self.take();
        Some((Signal::ALL[usize::from(signal)], self.count()))
    }

    /// Reads the cells of a group.
    pub(super) fn cells(&mut self) -> &'a [Cell<'a>] {
        let (count, arena) = (self.count(), self.arena);
        arena.alloc_slice_fill_with(count, |_| self.cell())
    }

    #[inline]
    pub(super) fn cell(&mut self) -> Cell<'a> {
        let [tag] = self.take();
        let index = if tag & tag::WIDE_KEY == 0 {
            let [index] = self.take();
            u32::from(index)
        } else {
            u32::from_le_bytes(self.take())
        };
        let location = Location::ALL[usize::from(tag >> tag::LOCATION_SHIFT & 3)];
        Cell {
            key: Key::new(location, index),
            value: self.content(tag & tag::KIND),
        }
    }

    #[inline]
    fn content(&mut self, kind: u8) -> Value<'a> {
        match kind {
            tag::EMPTY => Value::Empty,
            tag::FALSE => Value::Bool(false),
            tag::TRUE => Value::Bool(true),
            tag::INT8 => Value::Int(i8::from_le_bytes(self.take()).into()),
            tag::INT32 => Value::Int(i32::from_le_bytes(self.take()).into()),
            tag::INT64 => Value::Int(i64::from_le_bytes(self.take())),
            tag::DOUBLE => Value::Double(f64::from_le_bytes(self.take())),
            tag::STRING8 | tag::STRING32 => Value::String(self.text(kind)),
            tag::BYTES8 | tag::BYTES32 => {
                let length = self.length(kind == tag::BYTES8);
                let (bytes, rest) = self.rest.bytes.split_at(length);
                self.rest.bytes = rest;
                Value::Bytes(bytes)
            }
            tag::ARRAY => {
                let (count, arena) = (self.count(), self.arena);
                Value::Array(arena.alloc_slice_fill_with(count, |_| self.value()))
            }
            _ => {
                let (count, arena) = (self.count(), self.arena);
                Value::KvList(arena.alloc_slice_fill_with(count, |_| {
                    let [kind] = self.take();
                    (self.text(kind), self.value())
                }))
            }
        }
    }

    fn value(&mut self) -> Value<'a> {
        let [kind] = self.take();
        self.content(kind)
    }

    #[inline]
    fn text(&mut self, kind: u8) -> &'a str {
        let length = self.length(kind == tag::STRING8);
        let (text, rest) = self.rest.text.split_at(length);
        self.rest.text = rest;
        text
    }

    #[inline]
    fn length(&mut self, short: bool) -> usize {
        if short {
            let [length] = self.take();
            usize::from(length)
        } else {
            self.count()
        }
    }

    #[inline]
    fn count(&mut self) -> usize {
        u32::from_le_bytes(self.take()) as usize
    }

    #[inline]
    fn take<const N: usize>(&mut self) -> [u8; N] {
        let Some((bytes, rest)) = self.rest.bytes.split_first_chunk() else {
            unreachable!("a row was cut short");
        };
        self.rest.bytes = rest;
        *bytes
    }
}

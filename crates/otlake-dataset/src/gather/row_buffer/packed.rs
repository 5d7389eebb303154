//! The memory that rows are packed into.

/// A piece of memory that packed rows are written to. Text is kept apart from tags and numbers, so that it need
/// not be checked for UTF-8 when it is read back.
#[derive(Clone, Debug, Default)]
pub(super) struct Packed {
    pub(super) bytes: Vec<u8>,
    pub(super) text: String,
}

/// The contents of a [`Packed`], or the part of them that was not read yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Part<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) text: &'a str,
}

impl Packed {
    /// Creates an empty piece with capacity for `len` bytes, divided between text and other bytes as in `other`.
    pub(super) fn like(other: &Packed, len: usize) -> Packed {
        let share = |part: usize| (part as u64 * len as u64 / other.len().max(1) as u64) as usize;
        let room = |part: usize| share(part) + share(part) / 8;
        Packed {
            bytes: Vec::with_capacity(room(other.bytes.len())),
            text: String::with_capacity(room(other.text.len())),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.bytes.len() + self.text.len()
    }

    pub(super) fn memory_size(&self) -> usize {
        self.bytes.capacity() + self.text.capacity()
    }

    pub(super) fn shrink(&mut self) {
        self.bytes.shrink_to_fit();
        self.text.shrink_to_fit();
    }

    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.text.clear();
    }

    pub(super) fn all(&self) -> Part<'_> {
        Part {
            bytes: &self.bytes,
            text: &self.text,
        }
    }
}

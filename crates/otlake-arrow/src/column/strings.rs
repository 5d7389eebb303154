use std::ops::Range;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{ArrayRef, BinaryArray, StringArray};
use arrow_buffer::{NullBuffer, OffsetBuffer, ScalarBuffer};

use super::{Extent, recycle_offsets, recycle_vec};

/// The type of a column of byte strings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StringKind {
    Utf8,
    Binary,
}

/// Byte strings, stored one after the other in one buffer.
pub(crate) struct Strings {
    data: Vec<u8>,
    /// The offsets as Arrow defines them: 0, then the end of each string. They are `i32` because a
    /// [`BatchBuilder`](crate::BatchBuilder) is full long before it stores 2 GiB.
    offsets: Vec<i32>,
}

impl Default for Strings {
    fn default() -> Self {
        Strings {
            data: Vec::new(),
            offsets: vec![0],
        }
    }
}

impl Strings {
    pub(super) fn with_capacity(strings: usize, bytes: usize) -> Strings {
        let mut offsets = Vec::with_capacity(strings + 1);
        offsets.push(0);
        Strings {
            data: Vec::with_capacity(bytes),
            offsets,
        }
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Returns the bytes of all strings as one slice.
    #[inline]
    pub(super) fn bytes(&self) -> &[u8] {
        &self.data
    }

    #[inline]
    pub(super) fn push(&mut self, string: &[u8]) {
        self.data.extend_from_slice(string);
        self.offsets.push(self.data.len() as i32);
    }

    pub(super) fn push_empty(&mut self, count: usize) {
        self.offsets
            .resize(self.offsets.len() + count, self.data.len() as i32);
    }

    pub(super) fn repeat_last(&mut self, count: usize) {
        let Some(last) = self.len().checked_sub(1) else {
            return;
        };
        let range = self.range(last);
        self.data.reserve(range.len() * count);
        self.offsets.reserve(count);
        for _ in 0..count {
            self.data.extend_from_within(range.clone());
            self.offsets.push(self.data.len() as i32);
        }
    }

    #[inline]
    fn range(&self, index: usize) -> Range<usize> {
        self.offsets[index] as usize..self.offsets[index + 1] as usize
    }

    #[inline]
    pub(super) fn get(&self, index: usize) -> &[u8] {
        &self.data[self.range(index)]
    }

    /// Returns a string for each of these ids. The id of a null is meaningless, and its string is empty.
    pub(super) fn expand(&self, ids: &[i32], is_null: impl Fn(usize) -> bool) -> Strings {
        let rows = ids.iter().enumerate().filter(|(row, _)| !is_null(*row));
        let bytes = rows.map(|(_, id)| self.range(*id as usize).len()).sum();
        // Strings that grow while they are filled may take up twice as much.
        let mut expanded = Strings::with_capacity(ids.len(), bytes);
        for (row, &id) in ids.iter().enumerate() {
            if is_null(row) {
                expanded.push_empty(1);
            } else {
                expanded.push(self.get(id as usize));
            }
        }
        expanded
    }

    /// Returns whether [`expand`](Self::expand) would enlarge the strings so much that it is better to keep
    /// each of them once.
    pub(super) fn is_expansion(&self, ids: &[i32], is_null: impl Fn(usize) -> bool) -> bool {
        let most = self.data.len() + FREE.max(self.data.len() / 2);
        let (most, mut bytes) = (most.min(MOST), 0);
        ids.iter().enumerate().any(|(row, id)| {
            if !is_null(row) {
                bytes += self.range(*id as usize).len();
            }
            bytes > most
        })
    }

    /// Reuses the memory of an array that [`finish`](Self::finish) returned, if nothing else references it.
    pub(super) fn recycle(&mut self, array: ArrayRef) {
        let Some(typed) = array.as_string_opt::<i32>().cloned() else {
            return;
        };
        drop(array);
        let (offsets, data, _) = typed.into_parts();
        recycle_offsets(&mut self.offsets, offsets);
        recycle_vec(&mut self.data, data);
    }

    pub(super) fn size(&self, extent: Extent) -> usize {
        extent.of(&self.data) + extent.of(&self.offsets)
    }

    pub(super) fn finish(&mut self, kind: StringKind, nulls: Option<NullBuffer>) -> ArrayRef {
        let Strings { data, offsets } = std::mem::take(self);
        let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets));
        match kind {
            StringKind::Utf8 => Arc::new(StringArray::new(offsets, data.into(), nulls)),
            StringKind::Binary => Arc::new(BinaryArray::new(offsets, data.into(), nulls)),
        }
    }
}

/// Number of bytes that repeated strings may always take up. Most resources are small and have few rows in
/// a record batch, so a dictionary would only be in the way. Not measured.
pub(super) const FREE: usize = 64 << 10;

/// Maximum number of bytes that strings are expanded to, so that 32-bit offsets suffice.
pub(super) const MOST: usize = 1 << 30;

#[cfg(test)]
mod tests {
    use super::*;

    /// Values that repeat make the expanded strings larger than the dictionary, and no larger than they have to be.
    #[test]
    fn expanding_allocates_the_strings_of_all_rows_once() {
        let mut strings = Strings::default();
        ["a".repeat(1_000), "b".repeat(1_000)]
            .iter()
            .for_each(|string| strings.push(string.as_bytes()));
        let expanded = strings.expand(&[0, 1, 0, 1], |row| row == 3);
        assert_eq!(expanded.len(), 4);
        assert_eq!(expanded.get(2), strings.get(0));
        assert!(expanded.get(3).is_empty());
        assert_eq!(expanded.data.capacity(), 3_000);
        assert_eq!(expanded.offsets.capacity(), 5);
    }
}

use arrow_buffer::{BooleanBuffer, Buffer, NullBuffer};

use super::Extent;

/// A bitmap of the values of a column that are not null.
///
/// Each value has a bit, which is set if the value is not null. The bits end at the last null, so values
/// that are not null cost nothing here.
#[derive(Default)]
pub(super) struct Validity {
    words: Vec<u64>,
    nulls: usize,
}

const BITS: usize = u64::BITS as usize;

impl Validity {
    /// Records `count` nulls after the `len` values that the column has.
    #[inline]
    pub(super) fn push_nulls(&mut self, len: usize, count: usize) {
        self.nulls += count;
        let (word, offset) = (len / BITS, len % BITS);
        match self.words.get_mut(word) {
            // Most runs are short and lie in one word.
            Some(word) if offset + count < BITS => *word &= !(((1 << count) - 1) << offset),
            _ => self.clear(len, len + count),
        }
    }

    #[inline(never)]
    fn clear(&mut self, begin: usize, end: usize) {
        if begin == end {
            return;
        }
        let words = end.div_ceil(BITS);
        if self.words.len() < words {
            self.words.resize(words, !0);
        }
        for word in begin / BITS..words {
            let from = begin.max(word * BITS) - word * BITS;
            let to = end.min((word + 1) * BITS) - word * BITS;
            // The bits to clear are those at or above `from` and below `to`. If the run ends with the word,
            // no bit is at or above `to`.
            let above = |bit: usize| if bit < BITS { !0u64 << bit } else { 0 };
            self.words[word] &= !(above(from) & !above(to));
        }
    }

    /// Returns the number of nulls.
    pub(super) fn nulls(&self) -> usize {
        self.nulls
    }

    /// Returns whether the value at an index is null.
    #[inline]
    pub(super) fn is_null(&self, index: usize) -> bool {
        let word = self.words.get(index / BITS);
        self.nulls > 0 && word.is_some_and(|word| word & (1 << (index % BITS)) == 0)
    }

    /// Returns the size of the bitmap in bytes. It does not count as a part of the values.
    pub(super) fn size(&self, extent: Extent) -> usize {
        match extent {
            Extent::Values => 0,
            Extent::Memory => extent.of(&self.words),
        }
    }

    /// Removes and returns the nulls among the `len` values, or returns `None` if there are none.
    pub(super) fn finish(&mut self, len: usize) -> Option<NullBuffer> {
        if std::mem::take(&mut self.nulls) == 0 {
            return None;
        }
        let mut words = std::mem::take(&mut self.words);
        words.resize(len.div_ceil(BITS), !0);
        // Arrow numbers the bits of each byte from the lowest one, and so do little-endian words.
        words.iter_mut().for_each(|word| *word = word.to_le());
        Some(NullBuffer::new(BooleanBuffer::new(
            Buffer::from_vec(words),
            0,
            len,
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn runs_of_nulls_are_where_they_were_put(
            runs in proptest::collection::vec((0usize..200, 1usize..200), 0..20),
            rest in 0usize..200,
        ) {
            let mut validity = Validity::default();
            let mut expected = Vec::new();
            for (values, nulls) in runs {
                expected.resize(expected.len() + values, true);
                validity.push_nulls(expected.len(), nulls);
                expected.resize(expected.len() + nulls, false);
            }
            expected.resize(expected.len() + rest, true);
            let found = validity.finish(expected.len());
            let found: Vec<bool> = match &found {
                Some(nulls) => nulls.iter().collect(),
                None => vec![true; expected.len()],
            };
            prop_assert_eq!(found, expected);
        }
    }
}

use arrow_buffer::{BooleanBuffer, Buffer, NullBuffer};

/// Which values of a column are null.
///
/// A bit for each value, set where it is one. The bits are made when a null comes and reach as far
/// as the last one, so a value that is none costs nothing here.
#[derive(Default)]
pub(super) struct Validity {
    words: Vec<u64>,
    nulls: usize,
}

const BITS: usize = u64::BITS as usize;

impl Validity {
    /// Notes `count` nulls behind the `len` values that the column has.
    #[inline]
    pub(super) fn push_nulls(&mut self, len: usize, count: usize) {
        if count == 0 {
            return;
        }
        self.nulls += count;
        let (first, last) = (len / BITS, (len + count).div_ceil(BITS));
        if self.words.len() < last {
            self.words.resize(last, !0);
        }
        let offset = len % BITS;
        if offset + count < BITS {
            // Most runs are short, and lie in one word.
            self.words[first] &= !(((1 << count) - 1) << offset);
        } else {
            self.clear(len, len + count);
        }
    }

    fn clear(&mut self, begin: usize, end: usize) {
        for word in begin / BITS..end.div_ceil(BITS) {
            let from = begin.max(word * BITS) - word * BITS;
            let to = end.min((word + 1) * BITS) - word * BITS;
            // The bits from `from` up, less those from `to` up, which may be none.
            let above = |bit: usize| if bit < BITS { !0u64 << bit } else { 0 };
            self.words[word] &= !(above(from) & !above(to));
        }
    }

    /// How many nulls there are.
    pub(super) fn nulls(&self) -> usize {
        self.nulls
    }

    /// The nulls among the `len` values; `None` if there is none.
    pub(super) fn finish(&mut self, len: usize) -> Option<NullBuffer> {
        if std::mem::take(&mut self.nulls) == 0 {
            return None;
        }
        let mut words = std::mem::take(&mut self.words);
        words.resize(len.div_ceil(BITS), !0);
        // Arrow wants the lowest bit first in each byte, which is what little-endian words have.
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

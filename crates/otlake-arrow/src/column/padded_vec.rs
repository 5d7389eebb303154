use arrow_buffer::{ArrowNativeType, Buffer};

use super::{Extent, recycle_vec};

/// A vector of values, followed by slots that already hold zero, so that a run of nulls only moves the end.
///
/// Most attributes are absent from most rows, and writing a few zeros at a time costs more than writing values.
#[derive(Default)]
pub(super) struct PaddedVec<T> {
    /// The values, then zeros.
    slots: Vec<T>,
    /// The number of values.
    len: usize,
}

/// Number of slots that are prepared at a time. Four times as many make no difference.
const BLOCK: usize = 64;

impl<T: ArrowNativeType> PaddedVec<T> {
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.len
    }

    #[inline]
    pub(super) fn as_slice(&self) -> &[T] {
        &self.slots[..self.len]
    }

    #[inline]
    pub(super) fn push(&mut self, value: T) {
        if self.len == self.slots.len() {
            self.prepare();
        }
        self.slots[self.len] = value;
        self.len += 1;
    }

    #[inline]
    pub(super) fn push_zeros(&mut self, count: usize) {
        self.len += count;
        if self.len > self.slots.len() {
            self.prepare();
        }
    }

    #[inline]
    pub(super) fn extend(&mut self, values: impl Iterator<Item = T>) {
        self.slots.truncate(self.len);
        self.slots.extend(values);
        self.len = self.slots.len();
    }

    /// Appends the last value, if there is one, `count` more times.
    pub(super) fn repeat_last(&mut self, count: usize) {
        if let Some(last) = self.as_slice().last().copied() {
            let begin = self.len;
            self.push_zeros(count);
            self.slots[begin..self.len].fill(last);
        }
    }

    /// Grows the vector to the number of values, and prepares slots after them.
    #[inline(never)]
    fn prepare(&mut self) {
        self.slots.resize(self.len + BLOCK, T::default());
    }

    pub(super) fn size(&self, extent: Extent) -> usize {
        extent.of_items(self.len, self.slots.capacity()) * size_of::<T>()
    }

    /// Removes and returns the values.
    pub(super) fn take(&mut self) -> Vec<T> {
        let mut values = std::mem::take(&mut self.slots);
        values.truncate(std::mem::take(&mut self.len));
        values
    }

    /// Reuses the memory of values that are no longer needed, if the vector has no values yet.
    pub(super) fn recycle(&mut self, buffer: Buffer) {
        if self.len == 0 {
            recycle_vec(&mut self.slots, buffer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Clone, Debug)]
    enum Step {
        Push(i32),
        Zeros(usize),
        Repeat(usize),
        Extend(Vec<i32>),
        TakeAndRecycle,
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            any::<i32>().prop_map(Step::Push),
            (0usize..200).prop_map(Step::Zeros),
            (0usize..200).prop_map(Step::Repeat),
            proptest::collection::vec(any::<i32>(), 0..100).prop_map(Step::Extend),
            Just(Step::TakeAndRecycle),
        ]
    }

    proptest! {
        /// After any steps the values are the same as in a plain `Vec`: prepared slots and recycled memory
        /// never show.
        #[test]
        fn the_values_are_those_of_a_vec(steps in proptest::collection::vec(step(), 0..40)) {
            let mut padded = PaddedVec::<i32>::default();
            let mut expected = Vec::new();
            for step in steps {
                match step {
                    Step::Push(value) => {
                        padded.push(value);
                        expected.push(value);
                    }
                    Step::Zeros(count) => {
                        padded.push_zeros(count);
                        expected.resize(expected.len() + count, 0);
                    }
                    Step::Repeat(count) => {
                        padded.repeat_last(count);
                        if let Some(last) = expected.last().copied() {
                            expected.resize(expected.len() + count, last);
                        }
                    }
                    Step::Extend(values) => {
                        padded.extend(values.iter().copied());
                        expected.extend(values);
                    }
                    Step::TakeAndRecycle => {
                        let taken = padded.take();
                        prop_assert_eq!(&taken, &expected);
                        padded.recycle(taken.into());
                        expected.clear();
                    }
                }
                prop_assert_eq!(padded.len(), expected.len());
                prop_assert_eq!(padded.as_slice(), &expected[..]);
            }
        }
    }
}

use std::sync::Arc;

use arrow_array::{ArrayRef, BooleanArray};
use arrow_buffer::BooleanBufferBuilder;

use super::validity::Validity;

pub(crate) struct BooleanColumn {
    values: BooleanBufferBuilder,
    validity: Validity,
}

impl Default for BooleanColumn {
    fn default() -> Self {
        BooleanColumn {
            values: BooleanBufferBuilder::new(0),
            validity: Validity::default(),
        }
    }
}

impl BooleanColumn {
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.values.len()
    }

    #[inline]
    pub(crate) fn push(&mut self, value: bool) {
        self.values.append(value);
    }

    pub(super) fn push_nulls(&mut self, count: usize) {
        self.validity.push_nulls(self.values.len(), count);
        self.values.append_n(count, false);
    }

    pub(super) fn repeat_last(&mut self, count: usize) {
        let last = self
            .len()
            .checked_sub(1)
            .is_some_and(|last| self.values.get_bit(last));
        self.values.append_n(count, last);
    }

    pub(super) fn memory_size(&self) -> usize {
        self.values.as_slice().len()
    }

    pub(super) fn finish(&mut self) -> ArrayRef {
        let len = self.values.len();
        Arc::new(BooleanArray::new(
            self.values.finish(),
            self.validity.finish(len),
        ))
    }
}

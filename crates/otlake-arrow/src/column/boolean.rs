use std::sync::Arc;

use arrow_array::{ArrayRef, BooleanArray};
use arrow_buffer::BooleanBufferBuilder;

use super::Extent;
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

    /// Appends the last value, which may be null, `count` more times.
    pub(super) fn repeat_last(&mut self, count: usize) {
        let Some(last) = self.len().checked_sub(1) else {
            return;
        };
        if self.validity.is_null(last) {
            self.push_nulls(count);
        } else {
            self.values.append_n(count, self.values.get_bit(last));
        }
    }

    pub(super) fn size(&self, extent: Extent) -> usize {
        let bytes = self.values.as_slice().len();
        extent.of_items(bytes, self.values.capacity() / 8) + self.validity.size(extent)
    }

    pub(super) fn finish(&mut self) -> ArrayRef {
        let len = self.values.len();
        Arc::new(BooleanArray::new(
            self.values.finish(),
            self.validity.finish(len),
        ))
    }
}

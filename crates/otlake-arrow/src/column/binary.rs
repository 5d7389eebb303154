use std::sync::Arc;

use arrow_array::ArrayRef;
use arrow_array::builder::ArrayBuilder;
use arrow_array::builder::BinaryBuilder;

#[derive(Default)]
pub(crate) struct BinaryColumn {
    values: BinaryBuilder,
}

impl BinaryColumn {
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.values.len()
    }

    #[inline]
    pub(super) fn push(&mut self, value: &[u8]) {
        self.values.append_value(value);
    }

    pub(super) fn push_nulls(&mut self, count: usize) {
        self.values.append_nulls(count);
    }

    pub(super) fn repeat_last(&mut self, count: usize) {
        let offsets = self.values.offsets_slice();
        let last = match offsets {
            [.., start, end] => self.values.values_slice()[*start as usize..*end as usize].to_vec(),
            _ => Vec::new(),
        };
        for _ in 0..count {
            self.values.append_value(&last);
        }
    }

    pub(super) fn memory_size(&self) -> usize {
        self.values.values_slice().len() + size_of_val(self.values.offsets_slice())
    }

    pub(super) fn finish(&mut self) -> ArrayRef {
        Arc::new(self.values.finish())
    }
}

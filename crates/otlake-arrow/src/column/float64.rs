use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array};

use super::validity::Validity;

#[derive(Default)]
pub(crate) struct Float64Column {
    values: Vec<f64>,
    validity: Validity,
}

impl Float64Column {
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.values.len()
    }

    #[inline]
    pub(super) fn push(&mut self, value: f64) {
        self.values.push(value);
    }

    pub(super) fn push_nulls(&mut self, count: usize) {
        self.validity.push_nulls(self.values.len(), count);
        self.values.resize(self.values.len() + count, 0.0);
    }

    pub(super) fn repeat_last(&mut self, count: usize) {
        let last = self.values.last().copied().unwrap_or_default();
        self.values.resize(self.values.len() + count, last);
    }

    pub(super) fn memory_size(&self) -> usize {
        size_of_val(self.values.as_slice())
    }

    pub(super) fn finish(&mut self) -> ArrayRef {
        let len = self.values.len();
        let values = std::mem::replace(&mut self.values, Vec::with_capacity(len));
        Arc::new(Float64Array::new(values.into(), self.validity.finish(len)))
    }
}

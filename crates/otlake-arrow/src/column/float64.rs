use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use arrow_array::{ArrayRef, Float64Array};

use super::Extent;
use super::padded_vec::PaddedVec;
use super::validity::Validity;

#[derive(Default)]
pub(crate) struct Float64Column {
    values: PaddedVec<f64>,
    validity: Validity,
}

impl Float64Column {
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.values.len()
    }

    #[inline]
    pub(crate) fn push(&mut self, value: f64) {
        self.values.push(value);
    }

    #[inline]
    pub(super) fn extend(&mut self, values: impl Iterator<Item = f64>) {
        self.values.extend(values);
    }

    #[inline]
    pub(super) fn push_nulls(&mut self, count: usize) {
        self.validity.push_nulls(self.values.len(), count);
        self.values.push_zeros(count);
    }

    /// Appends the last value, which may be null, `count` more times.
    pub(super) fn repeat_last(&mut self, count: usize) {
        let Some(last) = self.values.len().checked_sub(1) else {
            return;
        };
        if self.validity.is_null(last) {
            self.push_nulls(count);
        } else {
            self.values.repeat_last(count);
        }
    }

    pub(super) fn size(&self, extent: Extent) -> usize {
        self.values.size(extent) + self.validity.size(extent)
    }

    pub(super) fn finish(&mut self) -> ArrayRef {
        let values = self.values.take();
        let nulls = self.validity.finish(values.len());
        Arc::new(Float64Array::new(values.into(), nulls))
    }

    /// Reuses the memory of an array that [`Self::finish`] returned, if nothing else references it.
    pub(super) fn recycle(&mut self, array: ArrayRef) {
        let typed = array.as_primitive::<Float64Type>().clone();
        drop(array);
        self.values.recycle(typed.into_parts().1.into_inner());
    }
}

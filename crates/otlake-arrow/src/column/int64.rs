use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{ArrayRef, Int64Array};

use super::Extent;
use super::padded_vec::PaddedVec;
use super::validity::Validity;

#[derive(Default)]
pub(crate) struct Int64Column {
    values: PaddedVec<i64>,
    validity: Validity,
}

impl Int64Column {
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.values.len()
    }

    #[inline]
    pub(crate) fn push(&mut self, value: i64) {
        self.values.push(value);
    }

    #[inline]
    pub(super) fn extend(&mut self, values: impl Iterator<Item = i64>) {
        self.values.extend(values);
    }

    /// Appends zeros that are values and not nulls, for fields that are 0 if they were not sent.
    #[inline]
    pub(crate) fn push_zeros(&mut self, count: usize) {
        self.values.push_zeros(count);
    }

    #[inline]
    pub(super) fn push_nulls(&mut self, count: usize) {
        self.validity.push_nulls(self.values.len(), count);
        self.push_zeros(count);
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
        Arc::new(Int64Array::new(values.into(), nulls))
    }

    /// Reuses the memory of an array that [`Self::finish`] returned, if nothing else references it.
    pub(super) fn recycle(&mut self, array: ArrayRef) {
        let typed = array.as_primitive::<Int64Type>().clone();
        drop(array);
        self.values.recycle(typed.into_parts().1.into_inner());
    }
}

/// The meaning of "size" when the size of a column is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extent {
    /// The size of the values.
    Values,
    /// The allocated memory, or what is allocated when the next value is added, because vectors double.
    Memory,
}

impl Extent {
    /// Returns the size of a vector.
    #[inline]
    pub(crate) fn of<T>(self, vec: &Vec<T>) -> usize {
        self.of_items(vec.len(), vec.capacity()) * size_of::<T>()
    }

    /// Returns the number of items of a vector that count.
    #[inline]
    pub(crate) fn of_items(self, len: usize, capacity: usize) -> usize {
        match self {
            Extent::Values => len,
            Extent::Memory => capacity.max(2 * len),
        }
    }
}

//! The format's numbers of encodings.

/// An encoding of a page, as the format numbers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Encoding(pub(crate) i32);

impl Encoding {
    pub(crate) const PLAIN: Self = Self(0);
    /// An old number of `RLE_DICTIONARY`, and of `PLAIN` for a dictionary page.
    pub(crate) const PLAIN_DICTIONARY: Self = Self(2);
    pub(crate) const RLE: Self = Self(3);
    pub(crate) const DELTA_BINARY_PACKED: Self = Self(5);
    pub(crate) const DELTA_LENGTH_BYTE_ARRAY: Self = Self(6);
    pub(crate) const RLE_DICTIONARY: Self = Self(8);

    /// Returns whether the values of a page are bit-packed numbers and nothing else.
    pub(crate) fn is_packed(self) -> bool {
        matches!(self, Self::RLE_DICTIONARY | Self::DELTA_BINARY_PACKED)
    }
}

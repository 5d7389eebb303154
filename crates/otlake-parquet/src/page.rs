//! Pages and column chunks: levels, encodings of numbers, bounds and bloom filters.

pub(crate) mod bloom;
pub(crate) mod bounds;
pub(crate) mod chunk;
pub(crate) mod delta;
pub(crate) mod layout;
pub(crate) mod levels;
pub(crate) mod pack;
pub(crate) mod page_writer;
pub(crate) mod rle;

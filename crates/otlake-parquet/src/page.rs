//! Pages and column chunks: levels, encodings of numbers, bounds and bloom filters.

pub(crate) mod bloom_filter;
pub(crate) mod bound_store;
pub(crate) mod chunk_draft;
pub(crate) mod chunk_writer;
pub(crate) mod delta;
pub(crate) mod encoding;
pub(crate) mod layout;
pub(crate) mod levels;
pub(crate) mod nested_levels;
pub(crate) mod pack;
pub(crate) mod page_header;
pub(crate) mod page_writer;
pub(crate) mod rle;

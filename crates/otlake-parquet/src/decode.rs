//! Decodes column chunks to arrays.

pub(crate) mod byte_array_decoder;
pub(crate) mod byte_reader;
pub(crate) mod chunk_decoder;
pub(crate) mod delta;
pub(crate) mod error;
pub(crate) mod levels;
pub(crate) mod number_decoder;
pub(crate) mod page_reader;
pub(crate) mod rle;
pub(crate) mod thrift;
pub(crate) mod unpack;

//! Arrays to pages: one encoder for each kind of column.

pub(crate) mod array_encoder;
pub(crate) mod boolean_encoder;
pub(crate) mod byte_array_encoder;
pub(crate) mod decoded_array;
pub(crate) mod dictionary_array_encoder;
pub(crate) mod dictionary_chunk;
pub(crate) mod distinct_table;
pub(crate) mod double_encoder;
pub(crate) mod encoding_memory;
pub(crate) mod integer_encoder;
pub(crate) mod nested_leaves;
pub(crate) mod null_chunk;
pub(crate) mod spliced_column;

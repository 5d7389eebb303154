//! Arrays to pages: one file for each kind of column.

pub(crate) mod booleans;
pub(crate) mod dictionary;
pub(crate) mod dictionary_array;
pub(crate) mod distinct;
pub(crate) mod flat;
pub(crate) mod floats;
pub(crate) mod integers;
pub(crate) mod nested;
pub(crate) mod nulls;
pub(crate) mod splice;
pub(crate) mod strings;

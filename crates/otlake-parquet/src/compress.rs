//! Codecs, and the contexts that are reused for all pages.

pub(crate) mod compression;
pub(crate) mod compressor;
pub(crate) mod decompressor;

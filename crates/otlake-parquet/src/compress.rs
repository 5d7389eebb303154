//! Codecs and the contexts that outlive a page.

pub(crate) mod compression;
pub(crate) mod compressor;

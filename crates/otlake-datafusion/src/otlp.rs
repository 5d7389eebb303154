//! Raw OTLP files as tables.

pub(crate) mod columns;
pub(crate) mod decode;
pub(crate) mod error;
pub(crate) mod file;
pub(crate) mod files;
pub(crate) mod format;
pub(crate) mod inference;
pub(crate) mod input;
mod memory;
mod metrics;
pub(crate) mod options;
pub(crate) mod read_otlp;
pub(crate) mod source;
pub(crate) mod table;

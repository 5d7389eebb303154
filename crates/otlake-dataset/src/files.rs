//! Row groups to rolled files, and the names of files.

pub(crate) mod file_names;
#[allow(clippy::module_inception, reason = "the next step splits the writer")]
pub(crate) mod files;
pub(crate) mod key_values;
pub(crate) mod rolling;

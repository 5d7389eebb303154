//! SQL functions over the text of logs.

pub(crate) mod fingerprint;
pub(crate) mod patterns;
pub(crate) mod severity;
pub(crate) mod template;
pub(crate) mod texts;

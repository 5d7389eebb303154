//! Rows to partitions.

mod escape;
pub(crate) mod partition;
pub(crate) mod partitioner;
pub(crate) mod partitions;
pub(crate) mod template;
mod time;

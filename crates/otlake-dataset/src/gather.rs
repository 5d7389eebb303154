//! Rows to batches: the rows that wait, and the columns they become.

pub(crate) mod row_buffer;
pub(crate) mod row_groups;
pub(crate) mod sort;
mod writing;
